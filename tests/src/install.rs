//! Installs exactly the chart's files, and returns when they are in force.

use std::path::PathBuf;
use std::time::Duration;

use berth_cluster::{Cluster, Login, until};
use berth_crds::{Agency, ConditionType, condition};
use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::error::Result;
use crate::files;

/// Longest wait for CRDs and policies.
const PATIENCE: Duration = Duration::from_secs(120);

/// CRDs, RBAC and policies; returns when they are in force.
pub async fn berth(cluster: &Cluster) -> Result<()> {
    stored(cluster).await?;
    parameters(cluster).await
}

/// All that an API server may find in its store when it starts. A policy with parameters is not among it: for such a one
/// an API server asks once which kinds there are, early in its start before CRDs are served, and again after 30 seconds.
pub async fn stored(cluster: &Cluster) -> Result<()> {
    kinds(cluster).await?;
    apply(cluster, &files::yaml(&files::chart().join("files/rbac"))?).await?;
    let (_, others) = policies()?;
    apply(cluster, &others).await?;
    until("stamps and guards work", PATIENCE, async || canaries(&cluster.admin()).await).await?;
    Ok(())
}

/// The policies with parameters; returns when everything is in force. Every world begins with it, so it is done without
/// kubectl, which asks for all that a cluster has first.
pub async fn parameters(cluster: &Cluster) -> Result<()> {
    let (admin, (parameters, _)) = (cluster.admin(), policies()?);
    kinds_are_told(&admin).await?;
    for file in parameters {
        for document in std::fs::read_to_string(file)?.split("\n---\n") {
            policy(&admin, &serde_yaml::from_str(document)?).await?;
        }
    }
    in_force(&admin).await
}

/// Waits until an API server that has just started tells which kinds of ours there are: it asks itself when the first policy
/// with parameters comes.
async fn kinds_are_told(admin: &Client) -> Result<()> {
    until("the kinds are told", PATIENCE, async || {
        let groups = admin.list_api_groups_aggregated().await.map_err(|e| e.to_string())?.items;
        let mut told = groups.iter().flat_map(|group| &group.versions).flat_map(|version| &version.resources);
        let known = told.any(|kind| kind.resource.as_deref() == Some("environments"));
        if known { Ok(()) } else { Err(format!("{} groups without ours", groups.len())) }
    })
    .await?;
    Ok(())
}

/// What `kubectl apply --server-side --force-conflicts` does with a policy or a binding.
async fn policy(admin: &Client, object: &Value) -> Result<()> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let (params, patch) = (PatchParams::apply("kubectl").force().validation_strict(), Patch::Apply(object));
    match object["kind"].as_str().unwrap_or_default() {
        "ValidatingAdmissionPolicy" => {
            Api::<ValidatingAdmissionPolicy>::all(admin.clone()).patch(name, &params, &patch).await?;
        }
        "ValidatingAdmissionPolicyBinding" => {
            Api::<ValidatingAdmissionPolicyBinding>::all(admin.clone()).patch(name, &params, &patch).await?;
        }
        kind => return Err(format!("{name}: {kind} takes no parameters").into()),
    }
    Ok(())
}

/// The policies' files: those that read parameters, and the others.
fn policies() -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut parameters, mut others) = (Vec::new(), Vec::new());
    for file in files::yaml(&files::chart().join("files/policies"))? {
        let reads = std::fs::read_to_string(&file)?.contains("paramKind:");
        if reads { parameters.push(file) } else { others.push(file) }
    }
    Ok((parameters, others))
}

/// CRDs only.
pub async fn kinds(cluster: &Cluster) -> Result<()> {
    apply(cluster, &files::yaml(&files::chart().join("files/crds"))?).await?;
    kubectl(cluster, &["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]).await
}

/// The registers of the demo's province.
pub async fn province(cluster: &Cluster) -> Result<()> {
    let registers =
        |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(|c: char| c.is_ascii_digit()));
    let files: Vec<_> = files::yaml(&files::province())?.into_iter().filter(registers).collect();
    apply(cluster, &files).await
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

async fn apply(cluster: &Cluster, files: &[PathBuf]) -> Result<()> {
    let files: Vec<_> = files.iter().map(|path| path.to_string_lossy()).collect();
    let mut args = vec!["apply", "--server-side", "--force-conflicts"];
    files.iter().for_each(|file| args.extend(["-f", file]));
    kubectl(cluster, &args).await
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
    until("the admission policies are in force", PATIENCE, async || {
        // What comes last is asked first, by one request instead of one for each kind.
        parameters_are_read(admin).await?;
        canaries(admin).await
    })
    .await?;
    Ok(())
}

async fn parameters_are_read(admin: &Client) -> Result<()> {
    match dry_run(admin, "berth.dev/v1alpha1", "Decision", "decisions", decision()).await {
        Err(kube::Error::Api(status)) if status.message.contains("no params found") => Ok(()),
        other => Err(format!("a policy with parameters: {other:?}").into()),
    }
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

/// A Decision where there is no paper.
fn decision() -> Value {
    json!({"metadata": {"name": "canary.approver.1", "namespace": "default"}, "spec": {
        "onboardingRef": {"name": "canary", "uid": "x"}, "role": "approver", "verdict": "Approve"
    }})
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
