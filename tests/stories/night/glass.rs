//! Break-glass: off as the chart comes; with a group it opens, warns, marks and is told.

use berth_cluster::{Cluster, until};
use berth_guards::glass;
use berth_tests::error::Result;
use berth_tests::files;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::berth;
use crate::attack::{JSON, MERGE, acting_as, dry_run, send};
use crate::world::{PATIENCE, World};

const GROUP: &str = "berth:break-glass";

/// Puts the group in, as charts/berth/templates/policies.yaml does.
async fn turn_on(cluster: &Cluster) -> Result<()> {
    let (off, on) = (glass::used(), glass::used().replace("[].", &format!(r#"["{GROUP}"]."#)));
    for path in files::yaml(&files::chart().join("files/policies"))? {
        let text = std::fs::read_to_string(&path)?;
        if !text.contains(&off) {
            continue;
        }
        let document = text.split("\n---\n").next().unwrap_or_default();
        let mut object: Value = serde_yaml::from_str(&document.replace(&off, &on))?;
        let plural = match object["kind"].as_str() {
            Some("MutatingAdmissionPolicy") => "mutatingadmissionpolicies",
            _ => "validatingadmissionpolicies",
        };
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let path = format!("/apis/admissionregistration.k8s.io/v1/{plural}/{name}");
        let now = send(&cluster.admin(), "GET", &path, JSON, &Value::Null).await.body;
        object["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"].clone();
        let answer = send(&cluster.admin(), "PUT", &path, JSON, &object).await;
        assert!(answer.accepted(), "{name}: {answer:?}");
    }
    let rbac = "rbac.authorization.k8s.io";
    let binding = json!({
        "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "berth-break-glass"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "berth-break-glass"},
        "subjects": [{"apiGroup": rbac, "kind": "Group", "name": GROUP}]
    });
    let bound = send(&cluster.admin(), "POST", &format!("/apis/{rbac}/v1/clusterrolebindings"), JSON, &binding).await;
    assert!(bound.accepted(), "{bound:?}");
    Ok(())
}

/// The warnings of an answer.
async fn warnings(client: &Client, path: &str, body: &Value) -> Result<String> {
    let request = http::Request::builder().method("PATCH").uri(path).header("Content-Type", MERGE);
    let answer = client.send(request.body(body.to_string().into_bytes().into())?).await?;
    assert!(answer.status().is_success(), "{answer:?}");
    let all = answer.headers().get_all("warning").iter().filter_map(|w| w.to_str().ok());
    Ok(all.collect::<Vec<_>>().join("; "))
}

#[tokio::test(flavor = "multi_thread")]
async fn break_glass_is_off_until_the_chart_names_a_group_and_then_every_use_is_told() -> Result<()> {
    let (world, _operator) = World::own().await?;
    let name = world.onboard("ag-62", "night-glass", |_| {}).await?.name_any();
    let path = format!("/apis/networking.k8s.io/v1/namespaces/{name}/networkpolicies/berth-inside");
    let closed = json!({"spec": {"ingress": null}});
    let someone = acting_as(&world.cluster, "binh", &[GROUP, "system:authenticated"]);
    assert_eq!(dry_run(&someone, "PATCH", &path, MERGE, &closed).await.code, 403, "off, and without a right");
    turn_on(&world.cluster).await?;
    until("the glass is there to be broken", PATIENCE, async || {
        let answer = dry_run(&someone, "PATCH", &path, MERGE, &closed).await;
        if answer.accepted() { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await?;
    // Nobody else got anything by it, and it opens what it opens alone.
    let lead = world.client("lead-62");
    assert_eq!(dry_run(&lead, "PATCH", &path, MERGE, &closed).await.code, 403);
    let (namespace, papers) = (format!("/api/v1/namespaces/{name}"), "/apis/berth.dev/v1alpha1/environments");
    for (method, path) in [
        ("DELETE", namespace.clone()),
        ("GET", format!("{namespace}/secrets")),
        ("DELETE", format!("{papers}/{name}")),
        ("GET", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies".into()),
    ] {
        let answer = dry_run(&someone, method, &path, JSON, &Value::Null).await;
        assert_eq!(answer.code, 403, "{method} {path}: {answer:?}");
    }
    // On hold the edit stands, marked; the release puts it right.
    let door = berth_tests::stack::Door::start(&world.cluster).await?;
    let act = |words: &'static [&'static str]| [&["env"], &words[..1], &[name.as_str()], &words[1..]].concat();
    berth(&world, &door, "platform", &act(&["hold", "--reason", "Sửa tay."])).await?.map_err(|e| e.to_string())?;
    super::says(&world, &name, berth_crds::ConditionType::Held, "Held").await?;
    // Two policies, of which the API server takes notice one after the other.
    until("the mark is put on, with a warning", PATIENCE, async || {
        let warned = warnings(&someone, &path, &closed).await.map_err(|e| e.to_string())?;
        let now = send(&world.cluster.admin(), "GET", &path, JSON, &Value::Null).await.body;
        let mark = &now["metadata"]["annotations"][glass::MARK];
        let both = mark == "binh" && warned.contains("past the guards of Berth");
        if both { Ok(()) } else { Err(format!("{mark} {warned}")) }
    })
    .await?;
    until("an Event names who did it", PATIENCE, async || {
        let events = world.all::<Event>().await.map_err(|e| e.to_string())?;
        let told = |e: &Event| {
            let note = e.note.clone().unwrap_or_default();
            e.reason.as_deref() == Some("BreakGlassUsed")
                && note.contains("\"berth-inside\"")
                && note.contains("\"binh\"")
        };
        if events.iter().any(told) { Ok(()) } else { Err("no Event".to_owned()) }
    })
    .await?;
    let audited = until("the audit log has the annotation", PATIENCE, async || {
        let events = world.cluster.audit().map_err(|e| e.to_string())?;
        let by = |e: &&berth_cluster::AuditEvent| {
            e.impersonated_user.as_ref().is_some_and(|u| u.username == "binh") && e.verb == "patch" && e.code() == 200
        };
        events.iter().filter(by).count().checked_sub(1).ok_or_else(|| "not yet".to_owned())
    })
    .await?;
    println!("{} uses of break-glass in the audit log", audited + 1);
    berth(&world, &door, "platform", &act(&["release", "hold", "--reason", "Xong."]))
        .await?
        .map_err(|e| e.to_string())?;
    let api: Api<NetworkPolicy> = Api::namespaced(world.cluster.admin(), &name);
    until("the policy is what was decided", PATIENCE, async || {
        let spec = api.get("berth-inside").await.map_err(|e| e.to_string())?.spec.unwrap_or_default();
        if spec.ingress.is_some() { Ok(()) } else { Err(format!("{spec:?}")) }
    })
    .await?;
    door.stop().await
}
