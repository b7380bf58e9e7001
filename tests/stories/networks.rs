//! Addresses on the networks that a cluster has: pools under the projects' own CRDs, changed, and taken away in the safe
//! order while in use. The projects' own controllers do not run here: the stories play their part (status, nodes).

mod calico;
pub mod cilium;
mod metallb;
mod plain;
mod unread;

use berth_cluster::{Cluster, Foreign, Login, until};
use berth_crds::{ConditionType, Environment, Reason, condition};
use berth_tests::error::Result;
use berth_tests::stack::Operator;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::world::{PATIENCE, World};

/// A world of its own on which one environment stands, and its network's kinds.
pub struct Stage {
    pub world: World,
    /// Runs until the story ends.
    _operator: Operator,
    pub name: String,
}

impl Stage {
    /// Installs a project's CRDs beside a running operator and asks for an environment of level 1.
    pub async fn new(project: Foreign, system: &str) -> Result<Self> {
        let (world, operator) = World::own().await?;
        install(&world.cluster, project).await?;
        let paper = world.ask("lead-62", "ag-62", system, |_| {}).await?;
        world.decide("approver", &paper, "Approve").await?;
        let api: Api<berth_crds::Onboarding> = Api::namespaced(world.cluster.admin(), "agency-ag-62");
        let name = until("the environment is named", PATIENCE, async || {
            let paper = api.get(system).await.map_err(|e| e.to_string())?;
            paper.status.and_then(|s| s.environment_ref).map(|r| r.name).ok_or_else(|| "no environment".to_owned())
        })
        .await?;
        Ok(Self { world, _operator: operator, name })
    }

    pub fn admin(&self) -> Client {
        self.world.cluster.admin()
    }

    pub async fn environment(&self) -> Result<Environment> {
        Ok(Api::all(self.admin()).get(&self.name).await?)
    }

    /// Waits until `Addressed` has a reason, and returns its value and message.
    pub async fn addressed(&self, reason: Reason) -> Result<(String, String)> {
        let api: Api<Environment> = Api::all(self.admin());
        let what = format!("{} is {}", self.name, reason.as_str());
        Ok(until(&what, PATIENCE, async || {
            let status = api.get(&self.name).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
            match condition::get(&status.conditions, ConditionType::Addressed) {
                Some(c) if c.reason == reason.as_str() => Ok((c.status.clone(), c.message.clone())),
                other => Err(format!("{other:?}")),
            }
        })
        .await?)
    }

    /// Waits until `Ready` has a value.
    pub async fn ready(&self, value: &str) -> Result<()> {
        let api: Api<Environment> = Api::all(self.admin());
        until(&format!("Ready is {value}"), PATIENCE, async || {
            let status = api.get(&self.name).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
            match condition::get(&status.conditions, ConditionType::Ready) {
                Some(c) if c.status == value => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await?;
        Ok(())
    }

    /// Annotations of the environment's namespace, its UID mark apart.
    pub async fn keys(&self) -> Result<Value> {
        let mut keys = Api::<Namespace>::all(self.admin()).get(&self.name).await?.annotations().clone();
        keys.remove("berth.dev/environment-uid");
        Ok(json!(keys))
    }

    /// An edit of the environment by a platform operator.
    pub async fn edit(&self, spec: Value) -> Result<()> {
        let mut spec = spec;
        let api: Api<Environment> = Api::all(self.admin());
        let revision = api.get(&self.name).await?.spec.basis.revision.unwrap_or(0) + 1;
        spec["basis"] = json!({"type": "Direct", "reason": "Theo kế hoạch vận hành", "onboardingRef": null, "decisionUIDs": null, "revision": revision});
        api.patch(&self.name, &PatchParams::default(), &Patch::Merge(json!({"spec": spec}))).await?;
        Ok(())
    }

    /// An object of another project: made, changed in its spec, or its status written, as that project or an administrator.
    pub async fn put(&self, api: &Api<DynamicObject>, object: Value) -> Result<DynamicObject> {
        put(api, object).await
    }

    /// Waits until an object is as a test wants it.
    pub async fn until(
        &self,
        api: &Api<DynamicObject>,
        name: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        Ok(until(&format!("{name} {what}"), PATIENCE, async || {
            let object = api.get(name).await.map_err(|e| e.to_string())?;
            let value =
                json!({"metadata": object.metadata, "spec": object.data["spec"], "status": object.data["status"]});
            if wanted(&value) { Ok(value) } else { Err(value.to_string()) }
        })
        .await?)
    }

    /// Waits until an object is gone.
    pub async fn gone(&self, api: &Api<DynamicObject>, name: &str) -> Result<()> {
        until(&format!("{name} is gone"), PATIENCE, async || match api.get_opt(name).await {
            Ok(None) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await?;
        Ok(())
    }

    /// A pod of the tenant. No node runs it; the quota counts it all the same.
    pub async fn pod(&self, name: &str) -> Result<()> {
        let pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "none"}]}});
        let pod: Pod = serde_json::from_value(pod)?;
        let pods: Api<Pod> = Api::namespaced(self.admin(), &self.name);
        until("the pod is made", PATIENCE, async || {
            pods.create(&PostParams::default(), &pod).await.map_err(|e| e.to_string())
        })
        .await?;
        Ok(())
    }

    pub async fn end_pod(&self, name: &str) -> Result<()> {
        let pods: Api<Pod> = Api::namespaced(self.admin(), &self.name);
        pods.delete(name, &DeleteParams::default().grace_period(0)).await?;
        Ok(())
    }
}

/// Makes an object of another project.
pub async fn put(api: &Api<DynamicObject>, object: Value) -> Result<DynamicObject> {
    let object: DynamicObject = serde_json::from_value(object)?;
    Ok(api.create(&PostParams::default(), &object).await?)
}

/// Applies a project's CRDs as they come from it.
pub async fn install(cluster: &Cluster, project: Foreign) -> Result<()> {
    let folder = tokio::task::spawn_blocking(move || project.crds()).await??;
    let folder = folder.to_string_lossy();
    for args in [
        vec!["apply", "--server-side", "-f", &folder],
        vec!["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"],
    ] {
        let output = cluster.kubectl(Login::Admin, &args).await?;
        if !output.status.success() {
            return Err(format!("kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into());
        }
    }
    Ok(())
}

/// Client for a kind of another project.
pub fn kind(client: Client, version: &str, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
    let (group, v) = version.split_once('/').expect("group/version");
    let plural = match kind {
        "BlockAffinity" => "blockaffinities".to_owned(),
        kind => format!("{}s", kind.to_lowercase()),
    };
    let resource =
        ApiResource { group: group.into(), version: v.into(), api_version: version.into(), kind: kind.into(), plural };
    match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    }
}
