//! The guard table against the real API server: every key and field, in every way, from somebody whom RBAC lets through;
//! beside each refusal the same request without the key, which passes.

use berth_cluster::until;
use berth_guards::backends;
use berth_guards::cases::{self, Way};
use berth_guards::children::{self, Others};
use berth_guards::shapes::Family;
use berth_tests::error::Result;
use berth_tests::files;
use futures::{StreamExt, stream};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{Answer, JSON, MERGE, TOO_MUCH, acting_as_account, bare, dry_run, furnished, mallory, send};
use crate::world::{PATIENCE, shared};

/// Requests that are under way at the same time.
const AT_ONCE: usize = 8;

fn content_type(way: &Way) -> &'static str {
    if way.method == "PATCH" { MERGE } else { JSON }
}

fn policy(way: &Way) -> &'static str {
    match way.family {
        Some(Family::Pods) => "berth-pod-keys",
        Some(Family::Templates) => "berth-template-keys",
        Some(Family::Services) => "berth-service-keys",
        None => "berth-namespace-keys",
    }
}

async fn attempt(client: &Client, way: &Way, body: &Value) -> Answer {
    dry_run(client, way.method, &way.path, content_type(way), body).await
}

/// Refusals that are missing or come from elsewhere.
async fn unguarded(client: &Client, tries: Vec<(&Way, String, Value)>) -> Vec<String> {
    let judged = stream::iter(tries).map(|(way, what, body)| async move {
        let answer = attempt(client, way, &body).await;
        let guarded = answer.code == 403 && answer.message.contains(policy(way)) && answer.message.contains(&what);
        (!guarded).then(|| format!("{} {} with {what}: {} {}", way.method, way.path, answer.code, answer.message))
    });
    judged.buffer_unordered(AT_ONCE).filter_map(async |found| found).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_way_to_write_metadata_takes_a_key_of_a_network_back_end() -> Result<()> {
    let world = shared().await?;
    let environment = furnished(world, "guard-keys").await?;
    let (client, ways) = (mallory(&world.cluster).await?, cases::ways(&environment.name_any()));
    for way in &ways {
        let control = attempt(&client, way, &way.with_key("example.com/note")).await;
        assert!(control.accepted(), "{} {}: {control:?}", way.method, way.path);
    }
    let tries = ways.iter().flat_map(|way| {
        cases::keys().map(move |(_, key)| (way, key.sample())).map(|(way, key)| {
            let body = way.with_key(&key);
            (way, key, body)
        })
    });
    let tries: Vec<_> = tries.collect();
    println!("{} ways, {} refusals", ways.len(), tries.len());
    assert_eq!(unguarded(&client, tries).await, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_manifest_takes_a_field_that_leads_around_the_granted_addresses() -> Result<()> {
    let world = shared().await?;
    let environment = furnished(world, "guard-fields").await?;
    let client = mallory(&world.cluster).await?;
    // Pod Security would refuse some of it first: in a namespace without its labels the guard stands alone.
    let ways = cases::ways(&bare(world, "guarde-prod").await?);
    let tries = ways.iter().flat_map(|way| way.fields().map(move |f| (way, f.name.to_owned(), way.with_field(f))));
    let tries: Vec<_> = tries.collect();
    assert_eq!(tries.len(), 12, "a pod, eight templates, three fields of a Service");
    assert_eq!(unguarded(&client, tries).await, Vec::<String>::new());
    // The tenant's administrator as the chart makes one: nothing but the guard is in the way here either.
    let service = format!("/api/v1/namespaces/{}/services/existing", environment.name_any());
    let patch = json!({"spec": {"externalIPs": ["2001:db8::53"]}});
    let refused = dry_run(&world.client("lead-62"), "PATCH", &service, MERGE, &patch).await;
    assert!(refused.code == 403 && refused.message.contains("externalIPs"), "{refused:?}");
    let control = json!({"spec": {"ports": [{"port": 81}]}});
    let control = dry_run(&world.client("lead-62"), "PATCH", &service, MERGE, &control).await;
    assert!(control.accepted(), "{control:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_network_back_end_writes_its_own_keys_and_no_others() -> Result<()> {
    let world = shared().await?;
    let environment = furnished(world, "guard-backends").await?;
    mallory(&world.cluster).await?;
    let ways = cases::ways(&environment.name_any());
    let live: Vec<&Way> = ways.iter().filter(|w| w.method == "PATCH").collect();
    assert_eq!(live.len(), 6, "pods and Services with their status, the namespace with its status");
    for (n, back_end) in backends::ALL.iter().enumerate() {
        let foreign = &backends::ALL[(n + 1) % backends::ALL.len()];
        for identity in back_end.identities {
            let client = acting_as_account(&world.cluster, identity, &[TOO_MUCH]);
            for way in &live {
                let own = attempt(&client, way, &way.with_key(&back_end.keys[0].sample())).await;
                assert!(own.accepted(), "{identity} {}: {own:?}", way.path);
                let other = attempt(&client, way, &way.with_key(&foreign.keys[0].sample())).await;
                assert!(
                    other.code == 403 && other.message.contains(foreign.title),
                    "{identity} {}: {other:?}",
                    way.path
                );
            }
        }
    }
    // A name that only looks like one is nobody's.
    for lookalike in ["system:serviceaccount:kube-system:cilium2", "system:serviceaccount:ag-62:cilium"] {
        let client = acting_as_account(&world.cluster, lookalike, &[TOO_MUCH]);
        let refused = attempt(&client, live[0], &live[0].with_key("ipam.cilium.io/ipv6-pool")).await;
        assert_eq!(refused.code, 403, "{lookalike}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_neither_changed_nor_taken_away_nor_drowned_in_others() -> Result<()> {
    let world = shared().await?;
    let environment = furnished(world, "guard-removal").await?;
    let client = mallory(&world.cluster).await?;
    let pod = format!("/api/v1/namespaces/{}/pods/existing", environment.name_any());
    let annotate = |value: Value| json!({"metadata": {"annotations": {"ovn.kubernetes.io/ip_address": value}}});
    let back_end = acting_as_account(&world.cluster, "system:serviceaccount:kube-system:ovn", &[TOO_MUCH]);
    let written = send(&back_end, "PATCH", &pod, MERGE, &annotate(json!("3fff:a10::5"))).await;
    assert!(written.accepted(), "{written:?}");
    for value in [json!("3fff:a10::6"), Value::Null] {
        let refused = send(&client, "PATCH", &pod, MERGE, &annotate(value)).await;
        assert!(refused.code == 403 && refused.message.contains("ovn.kubernetes.io/ip_address"), "{refused:?}");
    }
    let beside = json!({"metadata": {"annotations": {"example.com/note": "x"}}});
    assert!(send(&client, "PATCH", &pod, MERGE, &beside).await.accepted(), "other keys go on beside it");
    let mut many: serde_json::Map<String, Value> = (0..20_000).map(|n| (format!("a.b/{n}"), json!(""))).collect();
    many.insert("z.ovn.kubernetes.io/ip_pool".into(), json!("x"));
    let many = json!({"metadata": {"annotations": many}});
    // A busy API server may run out of time over so many: that is no answer, and no acceptance either.
    let flood = until("an answer in time", PATIENCE, async || {
        let answer = dry_run(&client, "PATCH", &pod, MERGE, &many).await;
        if answer.code == 504 { Err(answer.message) } else { Ok(answer) }
    })
    .await?;
    assert_eq!(flood.code, 403, "a key does not drown in others: {flood:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_made_is_changed_deleted_and_forged_by_nobody_else() -> Result<()> {
    let world = shared().await?;
    let environment = furnished(world, "guard-children").await?;
    let (client, namespace) = (mallory(&world.cluster).await?, environment.name_any());
    for child in children::ALL {
        let version = if child.group.is_empty() { "/api/v1".into() } else { format!("/apis/{}/v1", child.group) };
        let all = format!("{version}/namespaces/{namespace}/{}", child.resource);
        let ours = send(&client, "GET", &all, JSON, &Value::Null).await.body;
        let name = ours["items"][0]["metadata"]["name"].as_str().ok_or("the operator made none")?;
        let one = format!("{all}/{name}");
        let relabel = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
        let note = json!({"metadata": {"annotations": {"example.com/note": "x"}}});
        let whole = dry_run(&client, "DELETE", &all, JSON, &Value::Null).await;
        let tries = [
            ("relabelled", dry_run(&client, "PATCH", &one, MERGE, &relabel).await),
            ("edited", dry_run(&client, "PATCH", &one, MERGE, &note).await),
            ("deleted", dry_run(&client, "DELETE", &one, JSON, &Value::Null).await),
            ("deleted as a collection", whole),
            ("forged", dry_run(&client, "POST", &all, JSON, &made(child, true)).await),
        ];
        for (what, answer) in tries {
            let refused = answer.code == 403 && answer.message.contains("berth-tenant-children");
            assert!(refused, "{} {what}: {answer:?}", child.kind);
        }
        let plain = dry_run(&client, "POST", &all, JSON, &made(child, false)).await;
        assert_eq!(plain.accepted(), child.others == Others::Free, "{}: {plain:?}", child.kind);
    }
    Ok(())
}

/// An object of somebody's own, with or without the operator's mark.
pub fn made(child: &children::Child, marked: bool) -> Value {
    let version = if child.group.is_empty() { "v1".into() } else { format!("{}/v1", child.group) };
    let mut body = json!({"apiVersion": version, "kind": child.kind, "metadata": {"name": "made"}});
    match child.kind {
        "NetworkPolicy" => body["spec"] = json!({"podSelector": {}, "ingress": [{}]}),
        "RoleBinding" => {
            let group = "rbac.authorization.k8s.io";
            body["roleRef"] = json!({"apiGroup": group, "kind": "ClusterRole", "name": "berth-tenant-view"});
            body["subjects"] = json!([{"apiGroup": group, "kind": "Group", "name": "berth:ag-67:requester"}]);
        }
        "LimitRange" => body["spec"] = json!({"limits": []}),
        _ => body["spec"] = json!({}),
    }
    if marked {
        body["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "berth-operator"});
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guards_are_valid_with_every_list_of_accounts_that_the_chart_can_put_in() -> Result<()> {
    let admin = shared().await?.cluster.admin();
    let policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
    for path in files::yaml(&files::chart().join("files/policies"))? {
        let text = std::fs::read_to_string(&path)?;
        if !text.contains("_identities") {
            continue;
        }
        // As charts/berth/templates/policies.yaml does: the line after the name, from bracket to bracket.
        for list in ["[]", r#"["system:serviceaccount:net:agent"]"#] {
            let lines = text.lines().scan(0, |after, line| {
                *after = if line.contains("- name: ") && line.ends_with("_identities") { 1 } else { *after + 1 };
                Some(if *after == 3 && line.contains("['system:") {
                    format!("        {list}")
                } else {
                    line.to_owned()
                })
            });
            let rendered = lines.collect::<Vec<_>>().join("\n");
            let replaced = rendered.lines().filter(|line| line.trim() == list).count();
            assert_eq!(replaced, backends::ALL.len(), "{}", path.display());
            let policy = rendered.split("\n---\n").next().unwrap_or_default();
            let mut policy: Value = serde_yaml::from_str(policy)?;
            policy["metadata"]["name"] = json!("rendered");
            let answer = dry_run(&admin, "POST", policies, JSON, &policy).await;
            assert!(answer.accepted(), "{} with {list}: {answer:?}", path.display());
        }
    }
    Ok(())
}
