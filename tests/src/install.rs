//! Installs exactly the chart's files, and returns when they are in force.

use std::time::Duration;

use berth_cluster::{Cluster, Login, until};
use berth_crds::{Agency, ConditionType, condition};
use kube::api::{DynamicObject, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::error::Result;
use crate::files;

/// Longest wait for CRDs and policies.
const PATIENCE: Duration = Duration::from_secs(60);

/// CRDs, RBAC and policies.
pub async fn berth(cluster: &Cluster) -> Result<()> {
    kinds(cluster).await?;
    apply(cluster, "rbac").await?;
    apply(cluster, "policies").await?;
    in_force(&cluster.admin()).await
}

/// CRDs only.
pub async fn kinds(cluster: &Cluster) -> Result<()> {
    apply(cluster, "crds").await?;
    kubectl(cluster, &["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]).await
}

/// The registers of the demo's province.
pub async fn province(cluster: &Cluster) -> Result<()> {
    let mut args = vec!["apply", "--server-side"];
    let files: Vec<String> = files::yaml(&files::province())?
        .into_iter()
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(|c: char| c.is_ascii_digit())))
        .map(|p| p.to_string_lossy().into_owned())
        .collect();
    for file in &files {
        args.extend(["-f", file]);
    }
    kubectl(cluster, &args).await
}

/// Waits until everybody who acts for an agency can submit papers.
pub async fn agencies_ready(cluster: &Cluster) -> Result<()> {
    let api: Api<Agency> = Api::all(cluster.admin());
    until("every agency with members has its namespace", PATIENCE, async || {
        let agencies = api.list(&Default::default()).await.map_err(|e| e.to_string())?;
        let open = agencies.items.iter().find(|a| {
            let conditions = a.status.clone().unwrap_or_default().conditions;
            !a.spec.members.is_empty() && !condition::is_true(&conditions, ConditionType::NamespaceReady)
        });
        open.map_or(Ok(()), |a| Err(format!("{}: {:?}", a.name_any(), a.status)))
    })
    .await?;
    Ok(())
}

/// Applies one folder of the chart's files.
async fn apply(cluster: &Cluster, part: &str) -> Result<()> {
    let path = files::chart().join("files").join(part);
    kubectl(cluster, &["apply", "--server-side", "--force-conflicts", "-f", &path.to_string_lossy()]).await
}

async fn kubectl(cluster: &Cluster, args: &[&str]) -> Result<()> {
    let output = cluster.kubectl(Login::Admin, args).await?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into())
}

/// Waits until stamps and guards work, on a cluster that was just installed or just started again. Policies are not instant:
/// dry runs show when the stamp works, for each kind, and when guards of the first and last file refuse.
pub async fn in_force(admin: &Client) -> Result<()> {
    until("the admission policies are in force", PATIENCE, async || canaries(admin).await).await?;
    Ok(())
}

async fn canaries(admin: &Client) -> Result<()> {
    for crd in berth_crds::all_crds() {
        let (names, namespaced) = (crd.spec.names, crd.spec.scope == "Namespaced");
        let empty = json!({"metadata": {"name": "canary", "namespace": namespaced.then_some("default")}, "spec": {}});
        // A kind that no stamp can be put on yet is the server's error; that nothing is in it is ours.
        match dry_run(admin, "berth.dev/v1alpha1", &names.kind, &names.plural, empty).await {
            Err(kube::Error::Api(status)) if status.code < 500 => {}
            Err(error) => return Err(format!("the stamp of {}: {error}", names.kind).into()),
            Ok(()) => return Err(format!("an empty {} was accepted", names.kind).into()),
        }
    }
    let stamped = dry_run(admin, "berth.dev/v1alpha1", "Onboarding", "onboardings", paper(None)).await;
    stamped.map_err(|e| format!("the stamp: {e}"))?;
    let forged = dry_run(admin, "berth.dev/v1alpha1", "Onboarding", "onboardings", paper(Some("somebody-else"))).await;
    refused("a forged requester", forged)?;
    let block = json!({
        "cidr": "3fff:fff::/48", "parent": "3fff:fff::/40", "parentUID": "x", "level": "Agency",
        "claimRef": {"name": "x", "uid": "x"}, "state": "Pending"
    });
    let block = json!({"metadata": {"name": "3fff-fff---48"}, "spec": block});
    refused(
        "a block of somebody's own",
        dry_run(admin, "berth.dev/v1alpha1", "PrefixBlock", "prefixblocks", block).await,
    )?;
    let namespace = json!({"metadata": {"name": "agency-canary"}});
    refused("a namespace with our prefix", dry_run(admin, "v1", "Namespace", "namespaces", namespace).await)
}

fn refused(what: &str, result: std::result::Result<(), kube::Error>) -> Result<()> {
    match result {
        Err(kube::Error::Api(status)) if status.is_forbidden() || status.is_invalid() => Ok(()),
        Err(error) => Err(format!("{what}: {error}").into()),
        Ok(()) => Err(format!("{what} was accepted").into()),
    }
}

fn paper(requester: Option<&str>) -> Value {
    let mut spec = json!({"action": "GoLive", "tenantRef": {"name": "aaaaaa"}, "justification": "canary"});
    if let Some(username) = requester {
        spec["requester"] = json!({"username": username});
    }
    json!({"metadata": {"name": "canary", "namespace": "default"}, "spec": spec})
}

async fn dry_run(
    admin: &Client,
    version: &str,
    kind: &str,
    plural: &str,
    body: Value,
) -> std::result::Result<(), kube::Error> {
    let group = version.split_once('/').map_or("", |(g, _)| g);
    let resource = ApiResource {
        group: group.into(),
        version: version.rsplit('/').next().unwrap_or_default().into(),
        api_version: version.into(),
        kind: kind.into(),
        plural: plural.into(),
    };
    let mut body = body;
    body["apiVersion"] = json!(version);
    body["kind"] = json!(kind);
    let object: DynamicObject = serde_json::from_value(body).map_err(kube::Error::SerdeError)?;
    let api: Api<DynamicObject> = match &object.metadata.namespace {
        Some(namespace) => Api::namespaced_with(admin.clone(), namespace, &resource),
        None => Api::all_with(admin.clone(), &resource),
    };
    let params = PostParams { dry_run: true, ..Default::default() };
    api.create(&params, &object).await.map(drop)
}
