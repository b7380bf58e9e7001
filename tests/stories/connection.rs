//! Connections: nothing is open, an agency asks, the other owner consents, the network unit approves, both sides open; and
//! everything that ends it, or that must not get through.

use std::time::Duration;

use berth_api::proto::v1::{self as pb, decide_connection_request::Verdict, side_reach::Says};
use berth_cluster::until;
use berth_crds::connection::ConnectionState;
use berth_crds::{Connection, Decision, Environment, condition, labels, names};
use berth_tests::error::Result;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{DeleteParams, Patch};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tonic::Code;

use crate::attack::{JSON, MERGE, dry_run, send};
use crate::way::Way;
use crate::world::{PATIENCE, World, code, message, shared};

/// A paper of an agency, from the application zone of one environment to that of another.
pub fn paper(agency: &str, name: &str, from: &Environment, to: &Environment) -> Value {
    let end = |e: &Environment| {
        let zone = if e.spec.zones.is_empty() { Value::Null } else { json!("app") };
        json!({"environment": {"environmentRef": {"name": e.name_any()}, "zone": zone}})
    };
    let expires = (jiff::Timestamp::now() + Duration::from_secs(90 * 24 * 3600)).to_string();
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Connection",
        "metadata": {"name": name, "namespace": names::agency_namespace(agency)},
        "spec": {
            "source": end(from), "destination": end(to), "direction": "Between",
            "ports": [{"protocol": "TCP", "port": 443}], "purpose": "Tra cứu dữ liệu dùng chung.",
            "expiresAt": expires, "legalBasis": "NĐ 47/2020/NĐ-CP [K]"
        }
    })
}

/// A Decision on a connection.
pub fn act(paper: &Connection, role: &str, n: u32, verdict: &str) -> Value {
    let (name, namespace) = (paper.name_any(), paper.namespace().unwrap_or_default());
    let spec = json!({
        "connectionRef": {"name": name, "uid": paper.uid()}, "role": role, "verdict": verdict, "reason": "Lý do.",
        "legalBasis": "Quy chế của tỉnh [A]"
    });
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Decision",
        "metadata": {"name": format!("{name}.{role}.{n}"), "namespace": namespace}, "spec": spec
    })
}

/// Two environments of level 3 of two agencies: ag-62 asks, ag-61 is the other owner.
async fn two(world: &World, story: &str) -> Result<(Environment, Environment)> {
    let level_3 = |spec: &mut Value| spec["system"]["level"] = json!(3);
    let ours = world.onboard("ag-62", &format!("{story}-a"), level_3).await?;
    Ok((ours, world.onboard("ag-61", &format!("{story}-b"), level_3).await?))
}

fn api(world: &World, agency: &str) -> Api<Connection> {
    Api::namespaced(world.cluster.admin(), &names::agency_namespace(agency))
}

pub async fn ask(world: &World, who: &str, body: Value) -> Result<Connection> {
    let made = world.create(who, body).await?;
    Ok(serde_json::from_value(serde_json::to_value(made)?)?)
}

/// Waits until a connection is in a state, and returns it.
pub async fn reaches(world: &World, paper: &Connection, state: ConnectionState) -> Result<Connection> {
    let api: Api<Connection> = Api::namespaced(world.cluster.admin(), &paper.namespace().unwrap_or_default());
    let name = paper.name_any();
    Ok(until(&format!("{name} is {state:?}"), PATIENCE, async || {
        let found = api.get(&name).await.map_err(|e| e.to_string())?;
        let is = found.status.as_ref().and_then(|s| s.summary.as_ref()).is_some_and(|s| s.state == state);
        if is { Ok(found) } else { Err(format!("{:?}", found.status)) }
    })
    .await?)
}

/// The copy that is laid before the other owner.
pub async fn copy(world: &World, paper: &Connection) -> Result<Connection> {
    let paper = reaches(world, paper, ConnectionState::AwaitingConsent).await?;
    let known = paper.status.and_then(|s| s.counterpart).ok_or("no other owner")?;
    let (api, name) = (api(world, &known.agency_ref.name), known.name);
    Ok(until("the copy is there", PATIENCE, async || api.get(&name).await.map_err(|e| e.to_string())).await?)
}

async fn effect(world: &World, decision: &Decision) -> Result<String> {
    Ok(world.effect(decision).await?.1)
}

/// Policies that stand for a connection anywhere, as `namespace direction`.
pub async fn standing(world: &World, paper: &Connection) -> Result<Vec<String>> {
    let all = world.all::<NetworkPolicy>().await?;
    let of = all.iter().filter(|p| p.labels().get(labels::CONNECTION) == paper.uid().as_ref());
    let told = of.map(|p| {
        let types = p.spec.as_ref().and_then(|s| s.policy_types.clone()).unwrap_or_default();
        format!("{} {}", p.namespace().unwrap_or_default(), types.join(","))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    Ok(told)
}

/// Asks, consents, approves, and waits until it is open.
pub async fn open(world: &World, story: &str) -> Result<(Environment, Environment, Connection, Connection)> {
    let (ours, theirs) = two(world, story).await?;
    let asked = ask(world, "lead-62", paper("ag-62", &format!("conn-{story}"), &ours, &theirs)).await?;
    let copy = copy(world, &asked).await?;
    world.sign("lead-61", act(&copy, "owner", 1, "Consent")).await?;
    world.sign("network", act(&asked, "network", 1, "Approve")).await?;
    let open = reaches(world, &asked, ConnectionState::Open).await?;
    Ok((ours, theirs, open, copy))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_between_two_agencies_opens_when_owner_and_network_unit_say_yes_and_closes_when_one_says_no()
-> Result<()> {
    let way = Way::open().await?;
    let world = way.world;
    let (ours, theirs) = two(world, "between").await?;
    let (from, to) = (format!("{}-app", ours.name_any()), format!("{}-app", theirs.name_any()));
    let why = async |who: &str, to: &str| -> Result<pb::Reach> {
        let (source, destination) = (from.clone(), to.to_owned());
        let request = pb::CheckReachRequest { source, destination, port: 443, ..Default::default() };
        Ok(way.client(who).await?.connections.check_reach(request).await?.into_inner())
    };
    let before = why("lead-62", &to).await?;
    assert!(before.families.len() == 2 && before.families.iter().all(|f| !f.allowed), "{before:?}");
    // Another body's environment looks like none at all, and of two others' nothing is said.
    assert_eq!(why("lead-62", "zzzzzz-prod-app").await?, before);
    assert!(why("lead-66", &to).await.is_err());
    let asked = ask(world, "lead-62", paper("ag-62", "conn-between", &ours, &theirs)).await?;
    let copy = copy(world, &asked).await?;
    assert_eq!((copy.spec.requester.username.as_str(), &copy.spec.ports), ("berth:auto", &asked.spec.ports));
    // Each agency reads its own paper, and no other's.
    let read = |who: &str, paper: &Connection| -> Api<Connection> {
        Api::namespaced(world.client(who), &paper.namespace().unwrap_or_default())
    };
    read("lead-61", &copy).get(&copy.name_any()).await?;
    assert_eq!(code(read("lead-61", &asked).get(&asked.name_any()).await), 403);
    assert_eq!(code(read("lead-62", &copy).get(&copy.name_any()).await), 403);
    // The network unit may say yes first; nothing opens before the other owner consents.
    let approval = world.sign("network", act(&asked, "network", 1, "Approve")).await?;
    let wrong = world.sign("approver", act(&asked, "approver", 1, "Approve")).await?;
    assert_eq!(effect(world, &wrong).await?, "VoidRole");
    let early: Api<Decision> = Api::namespaced(world.cluster.admin(), "agency-ag-62");
    assert_eq!(early.get(&approval.name_any()).await?.status.and_then(|s| s.effect), None);
    assert_eq!(standing(world, &asked).await?, Vec::<String>::new());
    let consent = world.sign("lead-61", act(&copy, "owner", 1, "Consent")).await?;
    assert_eq!(effect(world, &consent).await?, "Effective");
    assert_eq!(effect(world, &approval).await?, "Effective");
    let open = reaches(world, &asked, ConnectionState::Open).await?;
    let uids = open.status.as_ref().and_then(|s| s.outcome.clone()).map(|o| o.decision_uids).unwrap_or_default();
    assert_eq!(uids, [consent.uid().unwrap_or_default(), approval.uid().unwrap_or_default()]);
    let mut expected = vec![format!("{from} Egress"), format!("{to} Ingress")];
    expected.sort();
    assert_eq!(standing(world, &asked).await?, expected);
    reaches(world, &copy, ConnectionState::Open).await?;
    let during = why("lead-62", &to).await?;
    let name = name_of(&asked);
    for family in &during.families {
        let by = |side: &Option<pb::SideReach>| side.clone().map(|s| (s.says(), s.connection)).unwrap_or_default();
        assert!(family.allowed, "{during:?}");
        assert_eq!(by(&family.leaving), (Says::Allowed, name.clone()));
        assert_eq!(by(&family.entering), (Says::Allowed, name.clone()));
    }
    // The other owner takes it back, on its own copy.
    let close = world.sign("lead-61", act(&copy, "owner", 2, "Close")).await?;
    assert_eq!(effect(world, &close).await?, "Effective");
    let closed = reaches(world, &asked, ConnectionState::Closed).await?;
    assert_eq!(closed.status.and_then(|s| s.closed).and_then(|c| c.decision_uid), close.uid());
    assert_eq!(standing(world, &asked).await?, Vec::<String>::new());
    let again = world.sign("network", act(&asked, "network", 2, "Approve")).await?;
    assert_eq!(effect(world, &again).await?, "VoidClosed");
    reaches(world, &copy, ConnectionState::Closed).await?;
    let after = why("lead-62", &to).await?;
    assert!(after.families.iter().all(|f| !f.allowed), "{after:?}");
    Ok(())
}

fn name_of(paper: &Connection) -> String {
    let namespace = paper.namespace().unwrap_or_default();
    format!("agencies/{}/connections/{}", names::agency_of_namespace(&namespace).unwrap_or_default(), paper.name_any())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_closes_by_itself_at_its_end_and_says_so_before() -> Result<()> {
    let world = shared().await?;
    let ours = world.onboard("ag-62", "expiring-a", |_| {}).await?;
    let other = world.onboard("ag-62", "expiring-b", |_| {}).await?;
    let mut body = paper("ag-62", "conn-expiring", &ours, &other);
    body["spec"]["expiresAt"] = json!((jiff::Timestamp::now() + Duration::from_secs(45)).to_string());
    let asked = ask(world, "lead-62", body).await?;
    world.sign("network", act(&asked, "network", 1, "Approve")).await?;
    let expired = reaches(world, &asked, ConnectionState::Expired).await?;
    let status = expired.status.unwrap_or_default();
    assert!(jiff::Timestamp::now() >= asked.spec.expires_at.0, "not before its end");
    assert_eq!(status.closed.map(|c| c.reason).as_deref(), Some("Expired"));
    assert_eq!(standing(world, &asked).await?, Vec::<String>::new());
    let events: Api<k8s_openapi::api::events::v1::Event> = Api::namespaced(world.cluster.admin(), "agency-ag-62");
    let told = events.list(&Default::default()).await?.items.into_iter().any(|event| {
        let about = event.regarding.and_then(|r| r.name).as_deref() == Some("conn-expiring");
        about && event.reason.as_deref() == Some("ExpiresSoon")
    });
    assert!(told, "an Event gives notice of the end");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_what_they_asked_for_nor_consents_to_it_for_another() -> Result<()> {
    let world = shared().await?;
    let (ours, theirs) = two(world, "eyes").await?;
    let own = ask(world, "network-62", paper("ag-62", "conn-eyes-own", &ours, &theirs)).await?;
    let two_hats = ask(world, "two-agencies", paper("ag-62", "conn-eyes-two", &ours, &theirs)).await?;
    // What whoever asked would decide is refused as soon as the policies see the paper; the same by somebody else is not.
    let path = "/apis/berth.dev/v1alpha1/namespaces/agency-ag-62/decisions";
    let approval = act(&own, "network", 1, "Approve");
    until("the policies see the paper", PATIENCE, async || {
        let answer = dry_run(&world.client("network-62"), "POST", path, JSON, &approval).await;
        if answer.message.contains("you asked for this Connection") { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await?;
    world.sign("network", approval).await?;
    let copy = copy(world, &two_hats).await?;
    let consent = world.sign("two-agencies", act(&copy, "owner", 1, "Consent")).await?;
    assert_eq!(effect(world, &consent).await?, "VoidSelfApproval");
    assert_eq!(standing(world, &two_hats).await?, Vec::<String>::new());
    // Who has no part in it has no say in it.
    for stranger in ["lead-66", "nobody", "contractor", "platform"] {
        assert_eq!(code(world.create(stranger, act(&copy, "owner", 2, "Consent")).await), 403, "{stranger}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forged_what_is_any_and_what_belongs_to_others_does_not_get_in() -> Result<()> {
    let world = shared().await?;
    let (ours, theirs) = two(world, "hostile").await?;
    let other = world.onboard("ag-67", "hostile-c", |_| {}).await?;
    // A positive control: the same paper without anything wrong.
    let fine = ask(world, "lead-62", paper("ag-62", "conn-hostile-fine", &ours, &theirs)).await?;
    assert_eq!(fine.spec.requester.username, "lead-62");
    let refused: [(&str, Value, u16); 11] = [
        ("counterpartOf", json!({"counterpartOf": {"namespace": "agency-ag-61", "name": "conn-x", "uid": "u"}}), 422),
        ("requester", json!({"requester": {"username": "somebody-else"}}), 403),
        ("every address", json!({"direction": "Inbound", "source": outside("0.0.0.0/0", "::/0")}), 422),
        ("half of all", json!({"direction": "Inbound", "source": outside("128.0.0.0/1", "8000::/1")}), 422),
        ("every port", json!({"ports": [{"protocol": "TCP", "port": 1, "endPort": 65535}]}), 422),
        ("no ports", json!({"ports": []}), 422),
        ("no end", json!({"expiresAt": null}), 422),
        // The API server takes them for a date-time, and no list with one of them can be read any more, by anybody.
        ("an end with something behind it", json!({"expiresAt": "2027-03-31T17:00:00ZTomorrow"}), 422),
        ("an end in no zone of this world", json!({"expiresAt": "2027-03-31T17:00:00+99:99"}), 422),
        ("an end of ten digits", json!({"expiresAt": "2027-03-31T17:00:00.0123456789Z"}), 422),
        ("an end with the calendar", json!({"expiresAt": "9999-12-31T23:59:59Z"}), 422),
    ];
    for (what, change, expected) in refused {
        let mut body = paper("ag-62", "conn-hostile", &ours, &theirs);
        for (key, value) in change.as_object().into_iter().flatten() {
            body["spec"][key] = value.clone();
        }
        assert_eq!(code(world.create("lead-62", body).await), expected, "{what}");
    }
    let mut forged = paper("ag-61", &names::counterpart(&fine.uid().unwrap_or_default()), &ours, &theirs);
    forged["spec"]["counterpartOf"] = json!({"namespace": "agency-ag-62", "name": fine.name_any(), "uid": fine.uid()});
    assert!(
        message(world.create("lead-61", forged).await).contains("`spec.counterpartOf` is written by the operator only")
    );
    // Somebody else's environments: the paper says so, and no decision about it counts.
    let foreign = ask(world, "lead-62", paper("ag-62", "conn-hostile-foreign", &theirs, &other)).await?;
    let foreign = reaches(world, &foreign, ConnectionState::Refused).await?;
    let accepted = foreign.status.clone().unwrap_or_default().conditions;
    let accepted = condition::get(&accepted, berth_crds::ConditionType::Accepted).cloned();
    assert_eq!(accepted.map(|c| c.reason).as_deref(), Some("NotYourEnvironment"));
    world.sign("network", act(&foreign, "network", 1, "Approve")).await?;
    // Papers are evidence: not edited, not deleted, their status is the operator's.
    let admin = api(world, "ag-62");
    assert_eq!(code(admin.delete(&fine.name_any(), &DeleteParams::default()).await), 403);
    let longer = Patch::Merge(json!({"spec": {"purpose": "Khác."}}));
    assert!(
        message(admin.patch(&fine.name_any(), &Default::default(), &longer).await).contains("`spec` must not change")
    );
    let outcome = json!({"status": {"outcome": {"result": "Approved", "decidedAt": "2026-11-24T00:00:00Z"}}});
    let path = format!("/apis/berth.dev/v1alpha1/namespaces/agency-ag-62/connections/{}/status", fine.name_any());
    assert_eq!(send(&world.cluster.admin(), "PATCH", &path, MERGE, &outcome).await.code, 403);
    assert_eq!(standing(world, &foreign).await?, Vec::<String>::new());
    Ok(())
}

fn outside(ipv4: &str, ipv6: &str) -> Value {
    json!({"outside": {"kind": "Named", "name": "Bất kỳ", "runBy": "Không rõ", "ipv4": {"blocks": [ipv4]}, "ipv6": {"blocks": [ipv6]}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_a_connection_is_guarded_repaired_and_gone_with_its_environment() -> Result<()> {
    let world = shared().await?;
    let (ours, theirs, asked, _) = open(world, "guarded").await?;
    let place = format!("{}-app", theirs.name_any());
    let policies: Api<NetworkPolicy> = Api::namespaced(world.cluster.admin(), &place);
    let name = names::connection_policy("ag-62", &asked.name_any());
    let planned = policies.get(&name).await?;
    // The tenant's own administrator has no right to it, and whoever has too much right meets the guard.
    let tenant: Api<NetworkPolicy> = Api::namespaced(world.client("lead-61"), &place);
    tenant.get(&name).await?;
    assert_eq!(code(tenant.delete(&name, &DeleteParams::default()).await), 403);
    let mallory: Api<NetworkPolicy> = Api::namespaced(crate::attack::mallory(&world.cluster).await?, &place);
    let all = Patch::Merge(json!({"spec": {"ingress": [{}]}}));
    assert_eq!(code(mallory.patch(&name, &Default::default(), &all).await), 403);
    assert_eq!(code(mallory.delete(&name, &DeleteParams::default()).await), 403);
    // The break-glass identity passes; what it did is undone.
    let restored = async |what: &str| -> Result<()> {
        until(what, PATIENCE, async || match policies.get(&name).await {
            Ok(found) if found.spec == planned.spec => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await?;
        Ok(())
    };
    policies.patch(&name, &Default::default(), &all).await?;
    restored("the policy is as it was").await?;
    policies.delete(&name, &DeleteParams::default()).await?;
    restored("the policy is back").await?;
    // An environment that leaves takes its openings along.
    let leave = json!({"spec": {
        "lifecycle": "Decommissioned", "basis": {"type": "Direct", "reason": "Ngừng sử dụng.", "revision": 2}
    }});
    let path = format!("/apis/berth.dev/v1alpha1/environments/{}", ours.name_any());
    let left = send(&world.client("platform"), "PATCH", &path, MERGE, &leave).await;
    assert!(left.accepted(), "{left:?}");
    let closed = reaches(world, &asked, ConnectionState::Closed).await?;
    assert_eq!(closed.status.and_then(|s| s.closed).map(|c| c.reason).as_deref(), Some("EnvironmentGone"));
    assert_eq!(standing(world, &asked).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn through_the_door_an_agency_asks_the_other_consents_the_network_unit_approves_and_an_owner_closes() -> Result<()>
{
    let way = Way::open().await?;
    let world = way.world;
    let (ours, theirs) = two(world, "door-conn").await?;
    let end = |e: &Environment| pb::ConnectionEnd {
        environment: format!("environments/{}", e.name_any()),
        zone: "app".into(),
        outside: None,
    };
    let spec = pb::ConnectionSpec {
        source: Some(end(&ours)),
        destination: Some(end(&theirs)),
        ports: vec![pb::ConnectionPort {
            protocol: pb::connection_port::Protocol::Tcp as i32,
            port: 8443,
            end_port: 0,
        }],
        purpose: "Tra cứu.".into(),
        expires: berth_api::clock::Clock::system().today().checked_add(jiff::Span::new().days(60))?.to_string(),
        legal_basis: "NĐ 47/2020/NĐ-CP [K]".into(),
        letter: None,
        host_names: Vec::new(),
    };
    let request = pb::CreateConnectionRequest {
        parent: "agencies/ag-62".into(),
        connection: Some(pb::Connection { spec: Some(spec), ..Default::default() }),
        request_id: "door-conn".into(),
        validate_only: false,
    };
    let mut lead = way.client("lead-62").await?;
    let made = lead.connections.create_connection(request.clone()).await?.into_inner();
    let again = lead.connections.create_connection(request.clone()).await?.into_inner();
    assert_eq!((&made.name, &made.uid), (&again.name, &again.uid));
    let stranger = way.client("lead-66").await?.connections.create_connection(request).await.unwrap_err();
    assert_eq!(stranger.code(), Code::PermissionDenied);
    let id = made.name.rsplit('/').next().unwrap_or_default();
    let copy = copy(world, &api(world, "ag-62").get(id).await?).await?;
    let copy = name_of(&copy);
    let decide = |name: &str, verdict: Verdict| pb::DecideConnectionRequest {
        name: name.into(),
        verdict: verdict as i32,
        reason: "Lý do.".into(),
        ..Default::default()
    };
    let mut other = way.client("lead-61").await?;
    let list = pb::ListConnectionsRequest { parent: "agencies/-".into(), page_size: 500, ..Default::default() };
    let seen = other.connections.list_connections(list).await?.into_inner().connections;
    assert!(
        seen.iter().any(|c| c.name == copy && c.counterpart_of == made.name)
            && seen.iter().all(|c| c.name != made.name)
    );
    // Consent belongs to the copy, and to its owner.
    let wrong = lead.connections.decide_connection(decide(&made.name, Verdict::Consent)).await.unwrap_err();
    assert_eq!(wrong.code(), Code::FailedPrecondition, "{wrong}");
    let foreign = lead.connections.decide_connection(decide(&copy, Verdict::Consent)).await.unwrap_err();
    assert_eq!(foreign.code(), Code::PermissionDenied, "{foreign}");
    until("the policies see the copy", PATIENCE, async || {
        let mut other = way.client("lead-61").await.map_err(|e| e.to_string())?;
        other.connections.decide_connection(decide(&copy, Verdict::Consent)).await.map(drop).map_err(|e| e.to_string())
    })
    .await?;
    let mut network = way.client("network").await?;
    let approve = pb::DecideConnectionRequest { request_id: "yes".into(), ..decide(&made.name, Verdict::Approve) };
    network.connections.decide_connection(approve.clone()).await?;
    network.connections.decide_connection(approve.clone()).await?;
    let another = pb::DecideConnectionRequest { reason: "Lý do khác.".into(), ..approve };
    let reused = network.connections.decide_connection(another).await.unwrap_err();
    assert_eq!(reused.code(), Code::AlreadyExists, "{reused}");
    let paper = reaches(world, &api(world, "ag-62").get(id).await?, ConnectionState::Open).await?;
    let get = pb::GetConnectionRequest { name: made.name.clone() };
    assert_eq!(lead.connections.get_connection(get).await?.into_inner().state(), pb::connection::State::Open);
    lead.connections.decide_connection(decide(&made.name, Verdict::Close)).await?;
    reaches(world, &paper, ConnectionState::Closed).await?;
    assert_eq!(standing(world, &paper).await?, Vec::<String>::new());
    Ok(())
}
