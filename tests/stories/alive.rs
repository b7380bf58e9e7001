//! Every guard leaves the cluster alive: Kubernetes' own controllers go on beside them. And the guards hold while nothing
//! of Berth runs, from the first moment of a cold start.

use berth_cluster::{Cluster, Component, until};
use berth_tests::error::Result;
use berth_tests::install;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{JSON, MERGE, acting_as_account, bare, furnished, mallory, send};
use crate::world::{PATIENCE, World, shared};

/// Waits until an object, or its absence, is as a story wants it.
async fn sees(client: &Client, path: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let seen = until(what, PATIENCE, async || {
        let answer = send(client, "GET", path, JSON, &Value::Null).await;
        let object = if answer.code == 404 { Value::Null } else { answer.body };
        if holds(&object) { Ok(object) } else { Err(format!("{} {object}", answer.code)) }
    });
    Ok(seen.await?)
}

/// Where no environment stands: a parameter that is missing refuses before any condition of its policy is asked.
async fn others_come_and_go(world: &World) -> Result<()> {
    let admin = world.cluster.admin();
    let environments = send(&admin, "GET", "/apis/berth.dev/v1alpha1/environments", JSON, &Value::Null).await.body;
    assert_eq!(environments["items"], json!([]), "nothing stands");
    let (all, one) = ("/api/v1/namespaces", "/api/v1/namespaces/somebodys");
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "somebodys"}});
    let labelled = json!({"metadata": {"labels": {"team": "theirs"}}});
    for (method, path, content_type, body) in
        [("POST", all, JSON, namespace), ("PATCH", one, MERGE, labelled), ("DELETE", one, JSON, Value::Null)]
    {
        let answer = send(&admin, method, path, content_type, &body).await;
        assert!(answer.accepted(), "{method}: {answer:?}");
    }
    sees(&admin, one, "the namespace is gone", Value::is_null).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_goes_on_counting() -> Result<()> {
    let world = shared().await?;
    let environment = furnished(world, "alive-quota").await?;
    let base = format!("/api/v1/namespaces/{}", environment.name_any());
    let (admin, quota) = (world.cluster.admin(), format!("{base}/resourcequotas/berth-quota"));
    let used = |quota: &Value| quota["status"]["used"]["pods"].as_str().map(str::to_owned);
    sees(&admin, &quota, "the pod is counted", |q| used(q).as_deref() == Some("1")).await?;
    send(&world.client("lead-62"), "DELETE", &format!("{base}/pods/existing"), JSON, &Value::Null).await;
    // Admission counts up; counting down is the quota controller's, by `resourcequotas/status`.
    sees(&admin, &quota, "the pod is gone from the count", |q| used(q).as_deref() == Some("0")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_of_others_come_and_go_before_any_environment_stands_and_one_with_everything_of_ours_goes_too()
-> Result<()> {
    let world = World::start().await?;
    others_come_and_go(&world).await?;
    let operator = world.operator().await?;
    let name = furnished(&world, "alive-namespace").await?.name_any();
    // Without an operator that would make it anew; leaving is a lifecycle of its own, here its last step.
    operator.crash();
    let path = format!("/api/v1/namespaces/{name}");
    let account = acting_as_account(&world.cluster, berth_guards::OPERATOR, &[]);
    let register = format!("/apis/berth.dev/v1alpha1/environments/{name}");
    let basis = json!({"type": "Direct", "reason": "Thu hồi.", "revision": 2});
    let ends = json!({"spec": {"lifecycle": "Decommissioned", "basis": basis}});
    let ended = send(&world.client("platform"), "PATCH", &register, MERGE, &ends).await;
    assert!(ended.accepted(), "{ended:?}");
    let mut said = ended.body;
    said["status"]["stage"] = json!("Removing");
    let said = send(&account, "PUT", &format!("{register}/status"), JSON, &said).await;
    assert!(said.accepted(), "{said:?}");
    // The policy sees the Environment a moment after it was written.
    until("the operator may remove the namespace", PATIENCE, async || {
        let deleted = send(&account, "DELETE", &path, JSON, &Value::Null).await;
        if deleted.accepted() { Ok(()) } else { Err(format!("{deleted:?}")) }
    })
    .await?;
    let namespace = sees(&world.cluster.admin(), &path, "the namespace is gone", Value::is_null).await?;
    assert_eq!(namespace, Value::Null);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_garbage_collector_takes_dependents_and_finishes_foreground_deletions() -> Result<()> {
    let world = shared().await?;
    let namespace = bare(world, "alivea-prod").await?;
    let (admin, tenant) = (world.cluster.admin(), mallory(&world.cluster).await?);
    let foreground = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"});
    let apps = format!("/apis/apps/v1/namespaces/{namespace}");
    let pod = json!({"metadata": {"labels": {"app": "a"}}, "spec": berth_guards::cases::pod_spec("Always")});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": pod}
    });
    let made = send(&tenant, "POST", &format!("{apps}/deployments"), JSON, &deployment).await;
    assert!(made.accepted(), "{made:?}");
    let pods = format!("/api/v1/namespaces/{namespace}/pods");
    let count = |list: &Value| list["items"].as_array().map_or(0, Vec::len);
    sees(&admin, &pods, "its controllers made the pod", |l| count(l) == 1).await?;
    send(&tenant, "DELETE", &format!("{apps}/deployments/a"), JSON, &foreground).await;
    sees(&admin, &format!("{apps}/deployments/a"), "the Deployment is gone", Value::is_null).await?;
    sees(&admin, &pods, "its pod is gone", |l| count(l) == 0).await?;
    // Of what carries our mark too: the break-glass identity deletes so, and the collector takes its finalizer off.
    let limits = format!("/api/v1/namespaces/{namespace}/limitranges");
    let ours = json!({
        "apiVersion": "v1", "kind": "LimitRange",
        "metadata": {"name": "ours", "labels": {"app.kubernetes.io/managed-by": "berth-operator"}}, "spec": {"limits": []}
    });
    let operator = acting_as_account(&world.cluster, berth_guards::OPERATOR, &[]);
    let made = send(&operator, "POST", &limits, JSON, &ours).await;
    assert!(made.accepted(), "{made:?}");
    let broken = send(&admin, "DELETE", &format!("{limits}/ours"), JSON, &foreground).await;
    assert!(broken.accepted(), "{broken:?}");
    sees(&admin, &format!("{limits}/ours"), "our LimitRange is gone", Value::is_null).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_owner_does_not_let_the_garbage_collector_take_a_namespace() -> Result<()> {
    let world = shared().await?;
    let name = world.onboard("ag-62", "alive-owner", |_| {}).await?.name_any();
    let collector = acting_as_account(&world.cluster, berth_guards::GARBAGE_COLLECTOR, &[]);
    let refused = send(&collector, "DELETE", &format!("/api/v1/namespaces/{name}"), JSON, &Value::Null).await;
    assert!(refused.code == 403 && refused.message.contains("belongs to Berth"), "{refused:?}");
    let plain = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "alive-plain"}});
    send(&world.cluster.admin(), "POST", "/api/v1/namespaces", JSON, &plain).await;
    let control = send(&collector, "DELETE", "/api/v1/namespaces/alive-plain", JSON, &Value::Null).await;
    assert!(control.accepted(), "somebody's own namespace is no matter of ours: {control:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_terminating_is_guarded_like_anything_else() -> Result<()> {
    let world = shared().await?;
    let name = bare(world, "aliveb-prod").await?;
    let (admin, tenant) = (world.cluster.admin(), mallory(&world.cluster).await?);
    let (path, maps) = (format!("/api/v1/namespaces/{name}"), format!("/api/v1/namespaces/{name}/configmaps"));
    let held = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}
    });
    assert!(send(&tenant, "POST", &maps, JSON, &held).await.accepted());
    let operator = acting_as_account(&world.cluster, berth_guards::OPERATOR, &[]);
    assert!(send(&operator, "DELETE", &path, JSON, &Value::Null).await.accepted());
    let now = sees(&admin, &path, "the namespace is terminating", |n| n["status"]["phase"] == "Terminating").await?;
    let mut emptied = now.clone();
    emptied["spec"]["finalizers"] = json!([]);
    let orphaned = send(&tenant, "PUT", &format!("{path}/finalize"), JSON, &emptied).await;
    assert!(orphaned.code == 403 && orphaned.message.contains("spec.finalizers"), "{orphaned:?}");
    for subresource in ["", "/status"] {
        let taken = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
        let taken = send(&tenant, "PATCH", &format!("{path}{subresource}"), MERGE, &taken).await;
        assert_eq!(taken.code, 403, "{taken:?}");
    }
    let released = json!({"metadata": {"finalizers": null}});
    assert!(send(&tenant, "PATCH", &format!("{maps}/held"), MERGE, &released).await.accepted());
    sees(&admin, &path, "the namespace is gone once nothing holds it", Value::is_null).await?;
    Ok(())
}

/// Writes that must never succeed, each by somebody with all rights of the cluster.
fn forbidden(namespace: &str) -> Vec<(&'static str, String, &'static str, Value)> {
    let own = format!("/api/v1/namespaces/{namespace}");
    let ours = json!({"metadata": {"labels": {"berth.dev/tenant": "stolen"}}});
    let key = json!({"metadata": {"annotations": {"ipam.cilium.io/ipv6-pool": "other"}}});
    let agency = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "agency-ag-9999"}});
    let berth = "/apis/berth.dev/v1alpha1";
    let block = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "PrefixBlock", "metadata": {"name": "3fff-fff---48"},
        "spec": {
            "cidr": "3fff:fff::/48", "parent": "3fff:fff::/40", "parentUID": "x", "level": "Agency",
            "claimRef": {"name": "x", "uid": "x"}, "claimant": {"kind": "Agency", "name": "x", "uid": "x"},
            "state": "Pending"
        }
    });
    let booked = json!({"status": {"booked": []}});
    let external = json!({"spec": {"externalIPs": ["2001:db8::53"]}});
    let hard = json!({"spec": {"hard": {"pods": "9999"}}});
    vec![
        ("PATCH", own.clone(), MERGE, ours.clone()),
        ("PATCH", format!("{own}/status"), MERGE, ours),
        ("DELETE", own.clone(), JSON, Value::Null),
        ("PATCH", format!("{own}/pods/existing/status"), MERGE, key),
        ("PATCH", format!("{own}/services/existing"), MERGE, external),
        ("PATCH", format!("{own}/resourcequotas/berth-quota"), MERGE, hard),
        ("DELETE", format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"), JSON, Value::Null),
        ("POST", "/api/v1/namespaces".into(), JSON, agency),
        ("POST", format!("{berth}/prefixblocks"), JSON, block),
        ("PATCH", format!("{berth}/sites/binh-duong-dc1/status"), MERGE, booked),
        ("DELETE", format!("{berth}/sites/binh-duong-dc1"), JSON, Value::Null),
        ("DELETE", format!("{berth}/environments/{namespace}"), JSON, Value::Null),
        ("DELETE", format!("{berth}/namespaces/agency-ag-62/onboardings/alive-cold"), JSON, Value::Null),
        ("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sites.berth.dev".into(), JSON, Value::Null),
    ]
}

/// What went wrong with one round of forbidden writes, and how many were answered at all.
async fn round(client: &Client, writes: &[(&'static str, String, &'static str, Value)]) -> (Vec<String>, usize) {
    let (mut succeeded, mut answered) = (Vec::new(), 0);
    for (method, path, content_type, body) in writes {
        let answer = send(client, method, path, content_type, body).await;
        answered += usize::from(answer.code != 0);
        if answer.accepted() {
            succeeded.push(format!("{method} {path}"));
        }
    }
    (succeeded, answered)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_cold_start_with_nothing_of_ours_running_every_forbidden_write_is_refused() -> Result<()> {
    let (world, operator) = World::own().await?;
    let name = furnished(&world, "alive-cold").await?.name_any();
    operator.crash();
    let (cluster, writes): (&Cluster, _) = (&world.cluster, forbidden(&name));
    let client = mallory(cluster).await?;
    for component in [Component::ControllerManager, Component::ApiServer, Component::Etcd] {
        cluster.kill(component)?;
    }
    cluster.restart(Component::Etcd).await?;
    // From before the port opens until long after it is ready: there is no moment between.
    let (start, attack) = tokio::join!(cluster.restart(Component::ApiServer), async {
        let (mut succeeded, mut answered, mut rounds) = (Vec::new(), 0, 0);
        // Three rounds in which everything was answered come after the start, however long that takes.
        while rounds < 3 {
            let (through, n) = round(&client, &writes).await;
            succeeded.extend(through);
            answered += n;
            rounds += usize::from(n == writes.len());
        }
        (succeeded, answered)
    });
    start?;
    let (succeeded, answered) = attack;
    println!("{answered} forbidden writes answered from the first moment on, {} accepted", succeeded.len());
    assert_eq!(succeeded, Vec::<String>::new());
    // Until an API server knows the kinds of the policies' parameters it refuses with 422 instead.
    install::in_force(&cluster.admin()).await?;
    for (method, path, content_type, body) in &writes {
        let answer = send(&client, method, path, content_type, body).await;
        assert_eq!(answer.code, 403, "{method} {path}: {answer:?}");
    }
    let note = json!({"metadata": {"labels": {"example.com/note": "x"}}});
    let control = send(&client, "PATCH", &format!("/api/v1/namespaces/{name}"), MERGE, &note).await;
    assert!(control.accepted(), "what is not forbidden passes: {control:?}");
    Ok(())
}
