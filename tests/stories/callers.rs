//! S10, the table of callers: every RPC for every role, on what is its own agency's and on what is another's, against a real
//! door. What each may is written in `berth_api::access::TABLE`; nothing here repeats it.

#[macro_use]
mod ways;
mod acts;
mod papers;
mod registers;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use berth_api::access::{May, ROLES, TABLE};
use berth_api::client::Client;
use berth_api::proto::v1 as pb;
use berth_cluster::{Person, until};
use berth_crds::{Agency, Onboarding};
use berth_tests::error::Result;
use berth_tests::stack::Door;
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::door::message;
use crate::ledger::caught_up;
use crate::world::{PATIENCE, World};

/// Who stands for which role.
const PEOPLE: [(&str, &str); 9] = [
    ("requester", "lead-62"),
    ("reader", "reader-62"),
    ("approver", "approver"),
    ("appraiser", "appraiser"),
    ("network", "network"),
    ("governing-body", "governing-body"),
    ("auditor", "auditor"),
    ("platform-operator", "platform"),
    ("stranger", "nobody"),
];

/// Roles in which somebody signs: a call of theirs says in which.
const SIGNERS: [&str; 4] = ["approver", "appraiser", "network", "governing-body"];

/// What is asked about: everything of one agency.
#[derive(Clone, Debug, Default)]
struct Place {
    agency: String,
    open: String,
    decided: String,
    leaving: String,
    environment: String,
    tenant: String,
    prefix: String,
    connection: String,
}

/// One call: what it asks of a place in a role, and whether the caller got in.
type Call = fn(Client, Place, String) -> Pin<Box<dyn Future<Output = bool> + Send>>;

/// Whether somebody got past the question what they may: a refusal for another cause comes after it. That they are not known
/// is no answer to it.
fn passed<T>(answer: &std::result::Result<T, Status>) -> bool {
    let code = answer.as_ref().err().map(Status::code);
    assert_ne!(code, Some(Code::Unauthenticated), "everybody of the table is known");
    !matches!(code, Some(Code::PermissionDenied | Code::NotFound))
}

/// Whether an answer holds something. There is an answer, or no permission: an error of another kind shows nothing either,
/// and proves nothing.
fn shown<T: std::fmt::Debug>(answer: std::result::Result<T, Status>, needle: &str) -> bool {
    match answer {
        Ok(answer) => format!("{answer:?}").contains(needle),
        Err(status) => {
            assert_eq!(status.code(), Code::PermissionDenied, "{status}");
            false
        }
    }
}

fn document() -> Option<pb::Document> {
    let text = str::to_owned;
    let (issuer, number, date, signer) = (text("Sở"), text("1/QĐ"), text("2026-01-05"), text("Trần Bình"));
    Some(pb::Document { issuer, number, date, signer, sha256: "0".repeat(64), ..Default::default() })
}

fn onboarding() -> Option<pb::Onboarding> {
    message("ag-62", "callers-new", |_| {}).onboarding
}

/// Every RPC with a call. Nothing is written: what could write only validates.
fn calls() -> BTreeMap<&'static str, Call> {
    let mut calls: BTreeMap<&'static str, Call> = BTreeMap::new();
    calls.extend(papers::calls());
    calls.extend(acts::calls());
    calls.extend(registers::calls());
    calls
}

fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// A connection of the place's own environment to an end outside.
fn connection(place: &Place) -> pb::Connection {
    let outside = pb::OutsideEnd {
        kind: pb::outside_end::Kind::Named.into(),
        title: "Trục liên thông".into(),
        run_by: "Sở KH&CN".into(),
        ipv4: Some(pb::FamilyEnd { none: "Chỉ có IPv6.".into(), ..Default::default() }),
        ipv6: Some(pb::FamilyEnd { blocks: vec!["2001:db8:1::/48".into()], ..Default::default() }),
    };
    let spec = pb::ConnectionSpec {
        source: Some(pb::ConnectionEnd { environment: place.environment.clone(), ..Default::default() }),
        destination: Some(pb::ConnectionEnd { outside: Some(outside), ..Default::default() }),
        ports: vec![pb::ConnectionPort { protocol: pb::connection_port::Protocol::Tcp.into(), port: 443, end_port: 0 }],
        purpose: "Tra cứu.".into(),
        expires: "2099-12-31".into(),
        legal_basis: "NĐ 47/2020/NĐ-CP [K]".into(),
        letter: None,
        host_names: Vec::new(),
    };
    pb::Connection { spec: Some(spec), ..Default::default() }
}

/// Everything of an agency: a request that waits for its approval, a connection that waits for the network unit, and a
/// system that a colleague of its lead wants to give back.
async fn place(world: &World, door: &Door, agency: &str) -> Result<Place> {
    let lead = format!("lead-{}", agency.trim_start_matches("ag-"));
    let colleague = format!("colleague-{}", agency.trim_start_matches("ag-"));
    let done = format!("callers-done-{agency}");
    let environment = world.onboard(agency, &done, |_| {}).await?;
    let open = world.ask(&lead, agency, &format!("callers-open-{agency}"), |_| {}).await?;
    let give_back = |spec: &mut Value| {
        *spec = json!({
            "action": "Decommission", "justification": "Không còn dùng.", "revision": environment.spec.basis.revision,
            "environmentRef": {"name": environment.name_any(), "uid": environment.uid()}
        });
    };
    let leaving = world.ask(&colleague, agency, &format!("callers-leaving-{agency}"), give_back).await?;
    let within = |kind: &str, name: &str| format!("agencies/{agency}/{kind}/{name}");
    let mut place = Place {
        agency: format!("agencies/{agency}"),
        open: within("onboardings", &open.name_any()),
        decided: within("onboardings", &done),
        leaving: within("onboardings", &leaving.name_any()),
        tenant: format!("tenants/{}", environment.spec.tenant_ref.name),
        environment: format!("environments/{}", environment.name_any()),
        prefix: environment.status.clone().and_then(|status| status.prefix).ok_or("no prefix")?,
        connection: String::new(),
    };
    let request = pb::CreateConnectionRequest {
        parent: place.agency.clone(),
        connection: Some(connection(&place)),
        ..Default::default()
    };
    let mut client = client(world, door, &lead).await?;
    place.connection = client.connections.create_connection(request).await?.into_inner().name;
    caught_up(world, &[&done]).await?;
    Ok(place)
}

async fn client(world: &World, door: &Door, who: &str) -> Result<Client> {
    let person = world.people.iter().find(|person| person.name == who).ok_or("nobody of that name")?;
    Ok(Client::connect(&door.url, &person.token).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_lets_in_exactly_whom_the_table_says() -> Result<()> {
    let (world, _operator) = World::own_with(vec![
        Person::new("reader-62", ["berth:ag-62:reader"]),
        Person::new("colleague-62", ["berth:ag-62:requester"]),
        Person::new("colleague-66", ["berth:ag-66:requester"]),
    ])
    .await?;
    let members = json!({"spec": {"members": [
        {"subject": {"kind": "Group", "name": "berth:ag-62:requester"}, "role": "Requester"},
        {"subject": {"kind": "Group", "name": "berth:ag-62:reader"}, "role": "Reader"},
    ]}});
    let agencies = Api::<Agency>::all(world.cluster.admin());
    agencies.patch("ag-62", &Default::default(), &Patch::Merge(members)).await?;
    let reader = world.client("reader-62");
    until("the reader reads", PATIENCE, async || {
        let papers = Api::<Onboarding>::namespaced(reader.clone(), "agency-ag-62");
        papers.list(&Default::default()).await.map(drop).map_err(|e| e.to_string())
    })
    .await?;
    // Each caller makes every call within a moment: that is no story about shares.
    let door = Door::start(&world.cluster).await?;
    let (own, other) = (place(&world, &door, "ag-62").await?, place(&world, &door, "ag-66").await?);
    let (calls, mut clients) = (calls(), Vec::new());
    for (_, who) in PEOPLE {
        clients.push(client(&world, &door, who).await?);
    }
    let (mut found, mut written) = (Vec::new(), Vec::new());
    for row in TABLE {
        let call = calls.get(row.path).ok_or_else(|| format!("there is no call for {}", row.path))?;
        for (((role, who), client), may) in PEOPLE.iter().zip(&clients).zip(row.may) {
            let role = if SIGNERS.contains(role) { (*role).to_owned() } else { String::new() };
            for (place, let_in) in [(&own, may != May::No), (&other, may == May::All)] {
                let passed = call(client.clone(), place.clone(), role.clone()).await;
                let line = |passed: bool| format!("{} {who} {} {passed}", row.path, place.agency);
                found.push(line(passed));
                written.push(line(let_in));
            }
        }
    }
    let wrong: Vec<_> =
        found.iter().zip(&written).filter(|(found, written)| found != written).map(|(f, _)| f).collect();
    assert_eq!(wrong, Vec::<&String>::new(), "what was seen, where the table says otherwise");
    println!("{} RPCs × {} roles × 2 agencies: {} calls as the table says", TABLE.len(), PEOPLE.len(), found.len());
    assert_eq!(ROLES, PEOPLE.map(|(role, _)| role));
    door.stop().await
}
