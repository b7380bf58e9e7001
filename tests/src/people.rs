//! The people of the demo: invented, declared before the control plane starts.

use berth_cluster::{Cluster, Person};
use serde::Deserialize;

use crate::error::Result;
use crate::files;

/// One entry of `people.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Name of the token file.
    pub file: String,
    /// Username of a person.
    pub username: Option<String>,
    /// Groups of a person.
    #[serde(default)]
    pub groups: Vec<String>,
    /// A pipeline's account instead of a person.
    pub service_account: Option<Account>,
}

/// A service account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Everybody of the demo.
pub fn read() -> Result<Vec<Entry>> {
    files::read(&files::province().join("people.yaml"))
}

impl Entry {
    /// The person that the control plane shall know; none for a service account.
    pub fn person(&self) -> Option<Person> {
        let username = self.username.as_ref()?;
        Some(Person::new(username, self.groups.clone()))
    }
}

/// Creates a pipeline's account and returns its token for the API server and the door.
pub async fn pipeline(cluster: &Cluster, account: &Account) -> Result<String> {
    let api: kube::Api<k8s_openapi::api::core::v1::ServiceAccount> =
        kube::Api::namespaced(cluster.admin(), &account.namespace);
    let body = serde_json::from_value(serde_json::json!({"metadata": {"name": account.name}}))?;
    match api.create(&Default::default(), &body).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        Err(error) => return Err(error.into()),
    }
    let audiences = ["https://kubernetes.default.svc", "berth"];
    Ok(cluster.service_account_token(&account.namespace, &account.name, &audiences).await?)
}
