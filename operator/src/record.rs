//! Status writes: compare-and-swap with the resourceVersion that was read.

use std::fmt::Debug;

use kube::api::PostParams;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::Cache;
use crate::error::{Result, while_};

/// Replaces the status of an object and remembers the answer.
pub async fn status<K>(api: &Api<K>, cache: &Cache<K>, object: &K) -> Result<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + 'static,
{
    let what = format!("{} {:?}", K::kind(&()), object.name_any());
    let written = api
        .replace_status(
            &object.name_any(),
            &PostParams { field_manager: Some(berth_crds::labels::OPERATOR.into()), ..Default::default() },
            object,
        )
        .await
        .map_err(while_("write the status of", what))?;
    cache.note(&written);
    Ok(written)
}
