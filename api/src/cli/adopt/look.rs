//! What a report is made from, read with the caller's own rights.

use std::fmt::Debug;

use berth_crds::{AddressPlan, Connection, Environment, EnvironmentClass, PolicyProfile, Tenant, labels};
use berth_plan::adoption::Seen;
use berth_plan::desired::{Desired, DesiredNamespace, Input, plan as plan_of};
use berth_plan::{address, grant};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Patch, PatchParams, Request};
use kube::client::Body;
use kube::core::{ClusterResourceScope, NamespaceResourceScope};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::{Result, failure::Failure};
use super::{ours, while_};
use crate::clock::Clock;

/// Labels by which a namespace has a level of Pod Security.
const POD_SECURITY: &str = "pod-security.kubernetes.io/";

/// What the environment is to have, by the function that the operator runs.
pub async fn plan(client: &Client, environment: &Environment) -> Result<Desired> {
    let today = Clock::system().today();
    let (spec, class) = (&environment.spec, grant::in_force(&environment.spec, today).class_ref.name);
    let tenant = one::<Tenant>(client, &spec.tenant_ref.name).await?;
    let prefix = tenant.as_ref().and_then(|t| t.status.as_ref()?.prefix.clone());
    let (class, profile) =
        (one::<EnvironmentClass>(client, &class).await?, one::<PolicyProfile>(client, &spec.profile_ref.name).await?);
    let addresses = one::<AddressPlan>(client, labels::ADDRESS_PLAN).await?;
    let planned = plan_of(&Input {
        environment,
        tenant: tenant.as_ref(),
        class: class.as_ref(),
        profile: profile.as_ref(),
        system_prefix: prefix.as_deref().and_then(address::parse),
        addresses: addresses.as_ref(),
        today,
    });
    planned.map_err(|why| Failure::Local(format!("{} cannot be planned yet: {}", environment.name_any(), why.message)))
}

/// Everything that stands in the namespace.
pub async fn seen(client: &Client, planned: &DesiredNamespace) -> Result<Seen> {
    let name = planned.name.as_str();
    let namespace = one::<Namespace>(client, name).await?;
    let namespace = namespace.ok_or_else(|| Failure::Missing(format!("there is no namespace {name:?}")))?;
    Ok(Seen {
        pod_security: pod_security(client, planned).await?,
        namespace,
        pods: all(client, name).await?,
        services: all(client, name).await?,
        claims: all(client, name).await?,
        quotas: all(client, name).await?,
        limits: all(client, name).await?,
        policies: all(client, name).await?,
        bindings: all(client, name).await?,
        accounts: all(client, name).await?,
        ingresses: all(client, name).await?,
        connections: everywhere(client).await?,
    })
}

async fn one<K>(client: &Client, name: &str) -> Result<Option<K>>
where
    K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned,
{
    let what = format!("reading the {} {name:?}", K::kind(&()));
    Api::<K>::all(client.clone()).get_opt(name).await.map_err(while_(&what))
}

async fn all<K>(client: &Client, namespace: &str) -> Result<Vec<K>>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let what = format!("listing {} of {namespace:?}", K::plural(&()));
    let found = Api::<K>::namespaced(client.clone(), namespace).list(&Default::default()).await;
    Ok(found.map_err(while_(&what))?.items)
}

async fn everywhere(client: &Client) -> Result<Vec<Connection>> {
    let found = Api::<Connection>::all(client.clone()).list(&Default::default()).await;
    Ok(found.map_err(while_("listing the connections"))?.items)
}

/// What the API server says of running pods when it is asked, without effect, for the environment's level of Pod Security: it
/// judges as it would judge pods that start, and tells in warnings.
async fn pod_security(client: &Client, planned: &DesiredNamespace) -> Result<Vec<String>> {
    let level: serde_json::Map<_, _> = planned
        .namespace
        .labels()
        .iter()
        .filter(|(key, _)| key.starts_with(POD_SECURITY))
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    let patch = Patch::Merge(json!({"metadata": {"labels": level}}));
    let request = Request::new(Namespace::url_path(&(), None));
    let request = request.patch(&planned.name, &PatchParams { dry_run: true, ..ours() }, &patch);
    let request = request.map_err(|error| Failure::Local(format!("asking for Pod Security: {error}")))?;
    let answer = client.send(request.map(Body::from)).await.map_err(while_("asking for Pod Security"))?;
    if !answer.status().is_success() {
        let message = format!(
            "asking for Pod Security without effect was answered with {}; ClusterRole {} gives the right",
            answer.status(),
            labels::ROLE_ADOPTER
        );
        return Err(Failure::NotAllowed(message));
    }
    let warnings = answer.headers().get_all(http::header::WARNING).iter();
    Ok(warnings.filter_map(|value| value.to_str().ok()).map(text).collect())
}

/// The text of a warning: `299 - "text"`.
fn text(header: &str) -> String {
    let quoted = header.split_once('"').map_or(header, |(_, rest)| rest);
    quoted.strip_suffix('"').unwrap_or(quoted).replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_warning_is_read_with_what_it_quotes() {
        let header = r#"299 - "existing pods in namespace \"hoso\" violate the new PodSecurity enforce level \"baseline:latest\"""#;
        assert_eq!(
            text(header),
            r#"existing pods in namespace "hoso" violate the new PodSecurity enforce level "baseline:latest""#
        );
        assert_eq!(text("odd"), "odd");
    }
}
