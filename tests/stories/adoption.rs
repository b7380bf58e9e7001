//! A running namespace becomes an environment's by its UID and a platform operator's word, is not touched in what runs in it,
//! and goes back as it was.

use std::path::Path;

use berth_api::cli::{Arguments, Exit, run};
use berth_cluster::until;
use berth_crds::audit::Act;
use berth_crds::environment::Stage;
use berth_crds::{AuditRecord, ConditionType, Environment, Reason, Tenant, condition, labels};
use berth_tests::error::Result;
use clap::Parser as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, Pod, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{JSON, MERGE, acting_as_account, dry_run, send};
use crate::life;
use crate::world::{PATIENCE, World, changed};

/// Workloads that run before anybody speaks of an environment: two pods that no node has to take.
const REPLICAS: i32 = 2;

/// Lets platform operators look at running namespaces and give them away, as a cluster's administrator does.
async fn let_adopt(world: &World) -> Result<()> {
    let rbac = "rbac.authorization.k8s.io";
    let binding = json!({
        "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "adopters"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": labels::ROLE_ADOPTER},
        "subjects": [{"apiGroup": rbac, "kind": "Group", "name": "berth:platform-operator"}]
    });
    let path = format!("/apis/{rbac}/v1/clusterrolebindings");
    let bound = send(&world.cluster.admin(), "POST", &path, JSON, &binding).await;
    assert!(bound.accepted(), "{bound:?}");
    until("the binding is seen", PATIENCE, async || {
        let answer = send(&world.client("platform"), "GET", "/api/v1/namespaces/default", JSON, &Value::Null).await;
        if answer.accepted() { Ok(()) } else { Err(answer.message) }
    })
    .await?;
    Ok(())
}

/// A namespace of somebody's with a workload in it; returns it once its pods are there.
async fn running(world: &World, name: &str) -> Result<Namespace> {
    let admin = world.cluster.admin();
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": "hoso"}}
    });
    let made = send(&admin, "POST", "/api/v1/namespaces", JSON, &namespace).await;
    assert!(made.accepted(), "{made:?}");
    let web = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": REPLICAS, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "registry.example/c:1"}]}
            }
        }
    });
    let path = format!("/apis/apps/v1/namespaces/{name}/deployments");
    let made = send(&admin, "POST", &path, JSON, &web).await;
    assert!(made.accepted(), "{made:?}");
    until("its pods are there", PATIENCE, async || {
        let pods = pods(world, name).await.map_err(|e| e.to_string())?;
        if pods.len() == usize::try_from(REPLICAS).unwrap_or_default() { Ok(()) } else { Err(format!("{pods:?}")) }
    })
    .await?;
    Ok(Api::<Namespace>::all(admin).get(name).await?)
}

/// UIDs of the pods of a namespace, in order.
async fn pods(world: &World, namespace: &str) -> Result<Vec<String>> {
    let mut uids: Vec<String> = world.within::<Pod>(namespace).await?.iter().filter_map(Pod::uid).collect();
    uids.sort();
    Ok(uids)
}

/// UID and generation of the workload: every change of it would raise the second.
async fn workload(world: &World, namespace: &str) -> Result<(Option<String>, Option<i64>)> {
    let web = Api::<Deployment>::namespaced(world.cluster.admin(), namespace).get("web").await?;
    Ok((web.uid(), web.metadata.generation))
}

/// An approved paper of ag-62 that wishes for a running namespace; returns the environment that came of it.
async fn wished(world: &World, code: &str, namespace: &str) -> Result<Environment> {
    let wish = |spec: &mut Value| spec["environment"]["adopt"] = json!([{"name": namespace}]);
    let paper = world.ask("lead-62", "ag-62", code, wish).await?;
    world.decide("approver", &paper, "Approve").await?;
    let waits = until("the environment waits for a person", PATIENCE, async || {
        let paper = world.onboarding("ag-62", code).await.map_err(|e| e.to_string())?;
        let name = paper.status.and_then(|s| s.environment_ref).ok_or("no environment yet")?.name;
        let environment = says(world, &name, Reason::AdoptionPending).await?;
        // Until its system has a prefix nobody can say what it would put into the namespace.
        let tenants: Api<Tenant> = Api::all(world.cluster.admin());
        let tenant = tenants.get(&environment.spec.tenant_ref.name).await.map_err(|e| e.to_string())?;
        tenant.status.and_then(|s| s.prefix).map(|_| environment).ok_or_else(|| "no prefix yet".to_owned())
    });
    Ok(waits.await?)
}

/// The environment, once its `Ready` has the reason.
async fn says(world: &World, name: &str, reason: Reason) -> std::result::Result<Environment, String> {
    let environment =
        Api::<Environment>::all(world.cluster.admin()).get(name).await.map_err(|error| error.to_string())?;
    let conditions = environment.status.clone().unwrap_or_default().conditions;
    match condition::get(&conditions, ConditionType::Ready) {
        Some(ready) if ready.reason == reason.as_str() => Ok(environment),
        other => Err(format!("{other:?}")),
    }
}

async fn reaches(world: &World, name: &str, reason: Reason) -> Result<Environment> {
    let what = format!("{name} says {}", reason.as_str());
    Ok(until(&what, PATIENCE, async || says(world, name, reason).await).await?)
}

/// Runs `berth admin …` with the kubeconfig of somebody.
async fn admin(world: &World, folder: &Path, who: &str, words: &[&str]) -> Result<Exit> {
    let person = world.people.iter().find(|p| p.name == who).ok_or("nobody of that name")?;
    let kubeconfig = folder.join(format!("{who}.kubeconfig"));
    if !kubeconfig.exists() {
        world.cluster.write_kubeconfig(person, &kubeconfig)?;
    }
    let kubeconfig = kubeconfig.display().to_string();
    let all = [&["berth", "admin"][..], words, &["--kubeconfig", &kubeconfig]].concat();
    Ok(run(Arguments::try_parse_from(all)?).await.unwrap_or_else(|failure| {
        println!("{who}: {words:?}: {failure:?}");
        failure.exit()
    }))
}

/// `berth admin adopt` as somebody.
async fn adopt(
    world: &World,
    folder: &Path,
    who: &str,
    to: &str,
    namespace: &str,
    uid: &str,
    write: bool,
) -> Result<Exit> {
    let mut words = vec!["adopt", namespace, "--uid", uid, "--environment", to];
    if write {
        words.extend(["--apply", "--reason", "Tiếp nhận theo công văn 12/STTTT."]);
    }
    admin(world, folder, who, &words).await
}

/// What carries our mark in a namespace, by kind.
async fn ours(world: &World, namespace: &str) -> Result<Vec<String>> {
    fn marked<K: kube::Resource<DynamicType = ()>>(objects: &[K]) -> Vec<String> {
        let ours = |o: &&K| o.labels().get(labels::MANAGED_BY).is_some_and(|by| by == labels::OPERATOR);
        objects.iter().filter(ours).map(|o| format!("{}/{}", K::kind(&()), o.name_any())).collect()
    }
    Ok([
        marked(&world.within::<ResourceQuota>(namespace).await?),
        marked(&world.within::<LimitRange>(namespace).await?),
        marked(&world.within::<NetworkPolicy>(namespace).await?),
        marked(&world.within::<RoleBinding>(namespace).await?),
        marked(&world.within::<ServiceAccount>(namespace).await?),
    ]
    .concat())
}

/// Adopted and given back, for whoever counts what the operator does.
pub async fn comes_and_goes(world: &World) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let_adopt(world).await?;
    let uid = running(world, "week-running").await?.uid().ok_or("no UID")?;
    let name = wished(world, "week-adopts", "week-running").await?.name_any();
    assert_eq!(adopt(world, folder.path(), "platform", &name, "week-running", &uid, true).await?, Exit::Done);
    reaches(world, &name, Reason::Ready).await?;
    let words = ["release", &name, "--apply", "--reason", "Trả lại đơn vị cũ."];
    assert_eq!(admin(world, folder.path(), "platform", &words).await?, Exit::Done);
    reaches(world, &name, Reason::Released).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_namespace_is_adopted_by_its_uid_untouched_and_goes_back_as_it_was() -> Result<()> {
    let world = changed().await?;
    let folder = tempfile::tempdir()?;
    let (world, folder) = (&world, folder.path());
    let_adopt(world).await?;
    let found = running(world, "hoso").await?;
    let uid = found.uid().ok_or("no UID")?;
    let (pods_before, web_before) = (pods(world, "hoso").await?, workload(world, "hoso").await?);
    let name = wished(world, "adopts", "hoso").await?.name_any();
    let namespaces: Api<Namespace> = Api::all(world.cluster.admin());
    let untouched = async || -> Result<()> {
        assert_eq!(namespaces.get("hoso").await?.resource_version(), found.resource_version(), "nobody wrote it");
        Ok(())
    };
    let mark = world.cluster.mark()?;

    // Who may not, what is another, and what only looks writes nothing.
    let at = async |who: &str, uid: &str, write| adopt(world, folder, who, &name, "hoso", uid, write).await;
    assert_eq!(at("lead-62", &uid, true).await?, Exit::NotAllowed);
    assert_eq!(at("auditor", &uid, true).await?, Exit::NotAllowed);
    assert_eq!(at("platform", "another-uid", true).await?, Exit::Failed);
    assert_eq!(adopt(world, folder, "platform", &name, "kube-system", &uid, true).await?, Exit::Failed);
    assert_eq!(at("platform", &uid, false).await?, Exit::Done);
    untouched().await?;

    // Nor does the operator take what nobody gave, nor anybody else name a UID, nor a platform operator give what is not to give.
    let operator = acting_as_account(&world.cluster, berth_guards::OPERATOR, &[]);
    let (path, env_path) = ("/api/v1/namespaces/hoso", format!("/apis/berth.dev/v1alpha1/environments/{name}"));
    let taken = json!({"metadata": {
        "labels": {"app.kubernetes.io/managed-by": "berth-operator", "berth.dev/environment": name},
        "annotations": {"berth.dev/environment-uid": "x"}
    }});
    let given = json!({"metadata": {"annotations": {(labels::ADOPT): name}}});
    assert_eq!(dry_run(&operator, "PATCH", path, MERGE, &taken).await.code, 403, "nobody gave it");
    assert_eq!(dry_run(&operator, "PATCH", path, MERGE, &given).await.code, 403, "it gives nothing to itself");
    let both = json!({"metadata": {"labels": taken["metadata"]["labels"],
        "annotations": {"berth.dev/environment-uid": "x", (labels::ADOPT): name}}});
    assert_eq!(dry_run(&operator, "PATCH", path, MERGE, &both).await.code, 403, "nor both at once");
    let platform = world.client("platform");
    assert!(
        dry_run(&platform, "PATCH", path, MERGE, &given).await.accepted(),
        "the same by a platform operator passes"
    );
    for system in ["kube-system", "default", "berth-system", "agency-ag-62"] {
        let path = format!("/api/v1/namespaces/{system}");
        assert_eq!(dry_run(&platform, "PATCH", &path, MERGE, &given).await.code, 403, "{system}");
    }
    let of_another = world.onboard("ag-61", "adopts-other", |_| {}).await?.name_any();
    let other_path = format!("/api/v1/namespaces/{of_another}");
    assert_eq!(dry_run(&platform, "PATCH", &other_path, MERGE, &given).await.code, 403, "an environment's already");
    let names = |uid: &str, revision: i64| {
        json!({"spec": {"adopt": [{"name": "hoso", "uid": uid}],
            "basis": {"type": "Direct", "reason": "Tiếp nhận.", "revision": revision}}})
    };
    let by_admin = dry_run(&world.cluster.admin(), "PATCH", &env_path, MERGE, &names(&uid, 2)).await;
    assert_eq!(by_admin.code, 403, "no platform operator: {}", by_admin.message);
    untouched().await?;

    // A UID that is another's is told, and put right; then it is taken over.
    let wrong = send(&platform, "PATCH", &env_path, MERGE, &names("another-uid", 2)).await;
    assert!(wrong.accepted(), "{wrong:?}");
    let refused = reaches(world, &name, Reason::AdoptionRefused).await?;
    let conditions = refused.status.unwrap_or_default().conditions;
    let message = condition::get(&conditions, ConditionType::Ready).map(|c| c.message.clone()).unwrap_or_default();
    assert!(message.contains("not another-uid as named"), "{message}");
    untouched().await?;
    assert_eq!(at("platform", &uid, true).await?, Exit::Done);
    let ready = reaches(world, &name, Reason::Ready).await?;
    let status = ready.status.clone().unwrap_or_default();
    let held: Vec<_> = status.namespaces.iter().map(|n| (n.name.as_str(), n.uid.as_deref())).collect();
    assert_eq!(held, [("hoso", Some(uid.as_str()))]);
    let addressed = condition::get(&status.conditions, ConditionType::Addressed).map(|c| c.reason.clone());
    assert_eq!(addressed.as_deref(), Some("AddressesKept"));
    assert!(world.onboarding("ag-62", "adopts").await?.status.is_some_and(|s| s.environment_ref.is_some()));

    // Everything of an environment is there, and nothing that runs was written by anybody who could restart it.
    let taken = namespaces.get("hoso").await?;
    assert_eq!(taken.uid().as_deref(), Some(uid.as_str()));
    assert_eq!(taken.labels().get("team").map(String::as_str), Some("hoso"), "what others wrote stays");
    assert_eq!(taken.labels().get(labels::ENVIRONMENT), Some(&name));
    for object in [
        "ResourceQuota/berth-quota",
        "LimitRange/berth-limits",
        "NetworkPolicy/berth-default-deny",
        "RoleBinding/berth-admin",
    ] {
        assert!(ours(world, "hoso").await?.iter().any(|o| o == object), "{object}");
    }
    let seen = Api::<Deployment>::namespaced(world.client("lead-62"), "hoso").get("web").await?;
    assert_eq!(seen.uid(), web_before.0, "its owner's people are in");
    assert_eq!((pods(world, "hoso").await?, workload(world, "hoso").await?), (pods_before.clone(), web_before.clone()));

    // What is held becomes nothing else, and is never deleted.
    let moved = json!({"spec": {"adopt": [{"name": "another", "uid": "u"}],
        "basis": {"type": "Direct", "reason": "Đổi.", "revision": 4}}});
    let moved = dry_run(&platform, "PATCH", &env_path, MERGE, &moved).await;
    assert!(moved.code == 403 && moved.message.contains("must not change"), "{moved:?}");
    assert_eq!(dry_run(&operator, "DELETE", path, JSON, &Value::Null).await.code, 403);
    let let_go = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
    assert_eq!(dry_run(&operator, "PATCH", path, MERGE, &let_go).await.code, 403, "its environment does not say so");
    let quota = format!("{path}/resourcequotas/berth-quota");
    let other_quota = format!("{other_path}/resourcequotas/berth-quota");
    assert_eq!(dry_run(&operator, "DELETE", &other_quota, JSON, &Value::Null).await.code, 403, "not of what it made");
    assert!(dry_run(&operator, "DELETE", &quota, JSON, &Value::Null).await.accepted());

    // Given back: as it was, but for the level of Pod Security; booked is nothing any more, and the record stays.
    assert!(life::booked(world, &name).await?);
    let words = ["release", &name, "--apply", "--reason", "Trả lại đơn vị cũ."];
    assert_eq!(admin(world, folder, "lead-62", &words).await?, Exit::NotAllowed);
    assert_eq!(admin(world, folder, "platform", &words[..2]).await?, Exit::Done);
    reaches(world, &name, Reason::Ready).await?;
    assert_eq!(admin(world, folder, "platform", &words).await?, Exit::Done);
    let released = reaches(world, &name, Reason::Released).await?;
    let status = released.status.unwrap_or_default();
    assert_eq!((status.stage, status.namespaces.len()), (Some(Stage::Removed), 0));
    let back = namespaces.get("hoso").await?;
    assert_eq!(back.uid().as_deref(), Some(uid.as_str()));
    let mut kept = back.labels().clone();
    kept.retain(|key, _| !key.starts_with("pod-security.kubernetes.io/"));
    assert_eq!((&kept, back.annotations()), (found.labels(), found.annotations()));
    assert_eq!(ours(world, "hoso").await?, Vec::<String>::new());
    let account = Api::<ServiceAccount>::namespaced(world.cluster.admin(), "hoso").get("default").await?;
    assert_eq!(account.automount_service_account_token, None);
    assert!(!life::booked(world, &name).await?);
    assert_eq!((pods(world, "hoso").await?, workload(world, "hoso").await?), (pods_before, web_before));
    assert_eq!(written_workloads(world, mark)?, Vec::<String>::new());
    recorded(world, &uid).await
}

/// Writes of the operator on anything that runs, and deletes of a pod by anybody, in `hoso` since a mark.
fn written_workloads(world: &World, mark: berth_cluster::AuditMark) -> Result<Vec<String>> {
    let runs = ["pods", "replicasets", "deployments", "statefulsets", "daemonsets", "jobs"];
    let events = world.cluster.audit_since(mark)?;
    let touched = events.iter().filter(|e| {
        let Some(object) = e.object_ref.as_ref().filter(|o| o.namespace == "hoso") else { return false };
        let by_us = e.actor() == berth_guards::OPERATOR;
        let real = !e.request_uri.contains("dryRun");
        let ends = e.verb.starts_with("delete");
        real && e.is_write() && runs.contains(&object.resource.as_str()) && (by_us || ends)
    });
    Ok(touched.map(|e| format!("{} {} {}", e.actor(), e.verb, e.request_uri)).collect())
}

/// The ledger says that it was adopted, and given back; never that it was created or is gone.
async fn recorded(world: &World, uid: &str) -> Result<()> {
    until("the ledger has both acts", PATIENCE, async || {
        let records = world.all::<AuditRecord>().await.map_err(|e| e.to_string())?;
        let entries = records.iter().flat_map(|r| &r.spec.entries).filter(|e| e.object.uid == uid);
        let acts: Vec<Act> = entries.map(|e| e.act).collect();
        if acts == [Act::NamespaceAdopted, Act::NamespaceReleased] { Ok(()) } else { Err(format!("{acts:?}")) }
    })
    .await?;
    Ok(())
}
