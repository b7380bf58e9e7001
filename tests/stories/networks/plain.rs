//! A cluster whose network takes no prefixes.

use berth_crds::{ConditionType, Reason, condition};
use berth_tests::error::Result;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt};

use crate::counts::operator_writes;
use crate::world::shared;

#[tokio::test(flavor = "multi_thread")]
async fn plain_kubernetes_renders_nothing_and_the_condition_says_so() -> Result<()> {
    let world = shared().await?;
    let mark = world.cluster.mark()?;
    let environment = world.onboard("ag-62", "story-plain", |_| {}).await?;
    let conditions = environment.status.clone().unwrap_or_default().conditions;
    let addressed = condition::get(&conditions, ConditionType::Addressed).ok_or("no condition")?;
    let said = (addressed.status.as_str(), addressed.reason.as_str(), addressed.message.as_str());
    assert_eq!(said, ("True", "NoBackEnd", Reason::NoBackEnd.en()));
    let namespace = Api::<Namespace>::all(world.cluster.admin()).get(&environment.name_any()).await?;
    assert_eq!(namespace.annotations().keys().collect::<Vec<_>>(), ["berth.dev/environment-uid"]);
    let writes = operator_writes(&world.cluster.audit_since(mark)?);
    let foreign: Vec<_> = writes.iter().filter(|w| ["pool", "advertisement"].iter().any(|k| w.contains(k))).collect();
    assert_eq!(foreign, Vec::<&String>::new());
    Ok(())
}
