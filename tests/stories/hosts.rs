//! Host names on a gateway that many share: nobody has one that no open paper grants to its namespace, and nobody has one that
//! another was granted. Beside each refusal stands what passes.

use std::time::Duration;

use berth_cluster::{GATEWAY_API, until};
use berth_crds::connection::ConnectionState;
use berth_crds::{ConditionType, Connection, Environment, condition, labels, names};
use berth_guards::hosts::{self, Hosts, cases};
use berth_tests::error::Result;
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{Answer, JSON, MERGE, bare, dry_run, grant, mallory, send};
use crate::connection::{act, ask, reaches};
use crate::counts::operator_writes;
use crate::networks;
use crate::world::{PATIENCE, World, shared};

/// A host that stories grant.
pub const GRANTED: &str = "granted.example";
/// Requests that are under way at the same time.
const AT_ONCE: usize = 8;

/// An environment of level 1, which waits for no permission to operate, that may be reached from everywhere.
async fn exposed(world: &World, agency: &str, name: &str) -> Result<Environment> {
    world.onboard(agency, name, |spec| spec["environment"]["exposure"] = json!(["Internet", "TSLCD"])).await
}

/// An exposure of an environment under these names.
fn exposure(agency: &str, name: &str, to: &Environment, hosts: &[&str]) -> Value {
    let expires = (jiff::Timestamp::now() + Duration::from_secs(90 * 24 * 3600)).to_string();
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Connection",
        "metadata": {"name": name, "namespace": names::agency_namespace(agency)},
        "spec": {
            "source": {"outside": {"kind": "Internet", "name": "Người dân", "runBy": "Công cộng"}},
            "destination": {"environment": {"environmentRef": {"name": to.name_any()}}},
            "direction": "Inbound", "ports": [{"protocol": "TCP", "port": 443}], "hostNames": hosts,
            "purpose": "Dịch vụ công.", "expiresAt": expires, "legalBasis": "NĐ 224/2026/NĐ-CP [L]"
        }
    })
}

/// An Ingress for one host.
fn ingress(name: &str, host: &str) -> Value {
    let back_end = json!({"service": {"name": "web", "port": {"number": 80}}});
    let paths = json!([{"path": "/", "pathType": "Prefix", "backend": back_end}]);
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name},
        "spec": {"rules": [{"host": host, "http": {"paths": paths}}], "tls": [{"hosts": [host], "secretName": "tls"}]}
    })
}

fn ingresses(namespace: &str) -> String {
    format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses")
}

/// Waits until an Ingress for a host would be accepted, or would not: policies see a namespace a moment after it is written.
async fn passes(client: &Client, namespace: &str, host: &str, wanted: bool) -> Result<Answer> {
    Ok(until(&format!("{host} in {namespace} is granted: {wanted}"), PATIENCE, async || {
        let answer = dry_run(client, "POST", &ingresses(namespace), JSON, &ingress("tried", host)).await;
        if answer.accepted() == wanted { Ok(answer) } else { Err(format!("{answer:?}")) }
    })
    .await?)
}

/// The annotation of a namespace.
async fn annotated(world: &World, namespace: &str) -> Result<Option<String>> {
    let found = Api::<Namespace>::all(world.cluster.admin()).get(namespace).await?;
    Ok(found.annotations().get(labels::HOST_NAMES).cloned())
}

fn not_granted(answer: &Answer, host: &str) -> bool {
    let guard = answer.message.contains("berth-host-names") && answer.message.contains("not granted to this namespace");
    answer.code == 403 && guard && answer.message.contains(host)
}

fn why(paper: &Connection, type_: ConditionType) -> (String, String) {
    let conditions = paper.status.clone().unwrap_or_default().conditions;
    condition::get(&conditions, type_).map(|c| (c.reason.clone(), c.message.clone())).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paper_grants_a_host_name_to_one_namespace_until_it_is_closed() -> Result<()> {
    let world = shared().await?;
    let host = "dichvucong.hosts.example";
    let (ours, theirs) = (exposed(world, "ag-62", "hosts-a").await?, exposed(world, "ag-61", "hosts-b").await?);
    let (own, other) = (ours.name_any(), theirs.name_any());
    let (lead, rival) = (world.client("lead-62"), world.client("lead-61"));
    // The tenant's administrator may write an Ingress, and no host is its own.
    let refused = dry_run(&lead, "POST", &ingresses(&own), JSON, &ingress("web", host)).await;
    assert!(not_granted(&refused, host), "{refused:?}");
    assert_eq!(annotated(world, &own).await?, None);

    let mark = world.cluster.mark()?;
    let asked = ask(world, "lead-62", exposure("ag-62", "conn-hosts-a", &ours, &[host])).await?;
    let asked = reaches(world, &asked, ConnectionState::AwaitingDecision).await?;
    let early = dry_run(&lead, "POST", &ingresses(&own), JSON, &ingress("web", host)).await;
    assert!(not_granted(&early, host), "asking grants nothing: {early:?}");
    world.sign("network", act(&asked, "network", 1, "Approve")).await?;
    let open = reaches(world, &asked, ConnectionState::Open).await?;
    assert_eq!(open.status.map(|s| s.host_names), Some(vec![host.to_owned()]));
    assert_eq!(annotated(world, &own).await?.as_deref(), Some(host));
    passes(&lead, &own, host, true).await?;
    let made = send(&lead, "POST", &ingresses(&own), JSON, &ingress("web", host)).await;
    assert!(made.accepted(), "{made:?}");
    let one = format!("{}/web", ingresses(&own));
    let moved = json!({"spec": ingress("web", "khac.hosts.example")["spec"]});
    let moved = dry_run(&lead, "PATCH", &one, MERGE, &moved).await;
    assert!(not_granted(&moved, "khac.hosts.example"), "{moved:?}");
    // Nobody but the operator grants: the guard of our keys stands before the annotation.
    let forged = json!({"metadata": {"annotations": {(labels::HOST_NAMES): "khac.hosts.example"}}});
    let forged =
        send(&mallory(&world.cluster).await?, "PATCH", &format!("/api/v1/namespaces/{own}"), MERGE, &forged).await;
    assert!(forged.code == 403 && forged.message.contains("berth-namespace-keys"), "{forged:?}");

    // Another agency does not get it, and does not learn who has it.
    let second = ask(world, "lead-61", exposure("ag-61", "conn-hosts-b", &theirs, &[host])).await?;
    let second = reaches(world, &second, ConnectionState::Refused).await?;
    let (reason, message) = why(&second, ConditionType::Accepted);
    assert_eq!(reason, "HostNameTaken");
    assert!(message.contains("an environment of another agency") && !message.contains("hosts-a"), "{message}");
    let refused = passes(&rival, &other, host, false).await?;
    assert!(not_granted(&refused, host), "{refused:?}");
    assert_eq!(annotated(world, &other).await?, None);

    // Closed: nothing new, and nothing changed in what stands; the other agency's turn comes by itself.
    world.sign("lead-62", act(&asked, "owner", 1, "Close")).await?;
    reaches(world, &asked, ConnectionState::Closed).await?;
    assert_eq!(annotated(world, &own).await?, None);
    until("one write granted, one took away", PATIENCE, async || {
        let writes = operator_writes(&world.cluster.audit_since(mark).map_err(|e| e.to_string())?);
        let named = writes.iter().filter(|write| **write == format!("patch namespaces {own}")).count();
        if named == 2 { Ok(()) } else { Err(named.to_string()) }
    })
    .await?;
    let refused = passes(&lead, &own, host, false).await?;
    assert!(not_granted(&refused, host), "{refused:?}");
    let changed = json!({"spec": {"tls": null}});
    let changed = dry_run(&lead, "PATCH", &one, MERGE, &changed).await;
    assert!(not_granted(&changed, host), "{changed:?}");
    let labelled = dry_run(&lead, "PATCH", &one, MERGE, &json!({"metadata": {"labels": {"a": "b"}}})).await;
    assert!(labelled.accepted(), "{labelled:?}");
    let second = reaches(world, &second, ConnectionState::AwaitingDecision).await?;
    world.sign("network", act(&second, "network", 1, "Approve")).await?;
    reaches(world, &second, ConnectionState::Open).await?;
    passes(&rival, &other, host, true).await?;
    let deleted = send(&lead, "DELETE", &one, JSON, &Value::Null).await;
    assert!(deleted.accepted(), "{deleted:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_object_takes_a_host_that_is_not_granted() -> Result<()> {
    // Without an operator: what it would write is written in its name.
    let world = World::start().await?;
    networks::install(&world.cluster, GATEWAY_API).await?;
    let client = mallory(&world.cluster).await?;
    let ours = bare(&world, "hostsa-prod").await?;
    grant(&world, &ours, Some(GRANTED)).await?;
    passes(&client, &ours, GRANTED, true).await?;
    let plain = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plain"}});
    assert!(send(&world.cluster.admin(), "POST", "/api/v1/namespaces", JSON, &plain).await.accepted());

    let all = cases::cases(GRANTED);
    let judged = stream::iter(&all).map(|case| {
        let (client, ours) = (&client, &ours);
        async move {
            let what = format!("{} with {}", case.shape.kind, case.what);
            let answer = dry_run(client, "POST", &case.shape.path(ours), JSON, &case.body).await;
            let right = match case.refusal {
                None => answer.accepted(),
                Some(part) => {
                    answer.code == 403 && answer.message.contains("berth-host-names") && answer.message.contains(part)
                }
            };
            // In a namespace that is none of ours nothing of it is the guard's matter.
            let control = dry_run(client, "POST", &case.shape.path("plain"), JSON, &case.body).await;
            (!right || !control.accepted()).then(|| format!("{what}: {answer:?}; elsewhere {control:?}"))
        }
    });
    let wrong: Vec<String> = judged.buffer_unordered(AT_ONCE).filter_map(async |found| found).collect().await;
    println!("{} manifests of {} kinds", all.len(), hosts::ALL.len());
    assert_eq!(wrong, Vec::<String>::new());
    let kinds = |which: &dyn Fn(&cases::Case) -> bool| all.iter().filter(|case| which(case)).count();
    assert!(kinds(&|case| case.refusal.is_none() && case.what == "a granted host") >= 6, "every kind has its control");
    assert!(kinds(&|case| case.shape.hosts == Hosts::Every) >= 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_when_a_grant_ends_is_not_changed_and_not_in_the_way() -> Result<()> {
    let world = shared().await?;
    let (client, namespace) = (mallory(&world.cluster).await?, bare(world, "hostsb-prod").await?);
    grant(world, &namespace, Some("a.hosts.example,b.hosts.example")).await?;
    passes(&client, &namespace, "b.hosts.example", true).await?;
    let mut body = ingress("web", "a.hosts.example");
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let made = send(&client, "POST", &ingresses(&namespace), JSON, &body).await;
    assert!(made.accepted(), "{made:?}");
    let one = format!("{}/web", ingresses(&namespace));
    // Metadata comes by the status, too.
    let alias = json!({"metadata": {"annotations": {"nginx.ingress.kubernetes.io/server-alias": "stolen.example"}}});
    for path in [one.clone(), format!("{one}/status")] {
        let refused = dry_run(&client, "PATCH", &path, MERGE, &alias).await;
        assert!(refused.code == 403 && refused.message.contains("server-alias"), "{path}: {refused:?}");
    }
    let reached = json!({"status": {"loadBalancer": {"ingress": [{"ip": "2001:db8::1"}]}}});
    let reached = send(&client, "PATCH", &format!("{one}/status"), MERGE, &reached).await;
    assert!(reached.accepted(), "the gateway writes where it is reached: {reached:?}");
    grant(world, &namespace, Some("b.hosts.example")).await?;
    passes(&client, &namespace, "a.hosts.example", false).await?;
    let back_end = json!([{"op": "replace", "path": "/spec/rules/0/http/paths/0/path", "value": "/x"}]);
    let changed = dry_run(&client, "PATCH", &one, crate::attack::JSON_PATCH, &back_end).await;
    assert!(not_granted(&changed, "a.hosts.example"), "{changed:?}");
    let other = json!({"spec": ingress("web", "b.hosts.example")["spec"]});
    let other = dry_run(&client, "PATCH", &one, MERGE, &other).await;
    assert!(other.accepted(), "a granted name instead: {other:?}");
    let deleted = send(&client, "DELETE", &one, JSON, &Value::Null).await;
    assert!(deleted.accepted(), "{deleted:?}");
    let released = send(&client, "PATCH", &one, MERGE, &json!({"metadata": {"finalizers": null}})).await;
    assert!(released.accepted(), "a finalizer comes off: {released:?}");
    Ok(())
}
