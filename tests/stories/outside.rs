//! For the people of routers, firewalls and DNS: whose an address is or was, in both families; and what a transfer changes
//! outside the cluster, which is everything but the prefix.

use std::sync::Arc;

use berth_api::cli::Exit;
use berth_api::client::Client as DoorClient;
use berth_api::proto::v1::{self as pb, address_answer::Standing, address_line::Change};
use berth_cluster::until;
use berth_crds::address::BlockState;
use berth_crds::common::HolderKind;
use berth_crds::{AddressPlan, Agency, ConditionType, Environment, PrefixBlock, Site, Tenant, condition, names};
use berth_tests::error::Result;
use berth_tests::stack::Door;
use jiff::{Timestamp, ToSpan as _};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tonic::Code;

use crate::attack::{JSON, MERGE, send};
use crate::life;
use crate::way::Way;
use crate::world::{Common, Manned, PATIENCE, World, addition};

const REGISTERS: &str = "/apis/berth.dev/v1alpha1";

/// The world of a transfer, which adds to the address plan, and of a system that leaves, which must not take days: neither
/// has anything of the other's.
static WORLD: Common<Manned> = Common::of(2);

async fn world() -> Result<Arc<Manned>> {
    WORLD.enter(life::dayless).await
}

async fn client(world: &World, door: &Door, who: &str) -> Result<DoorClient> {
    let person = world.people.iter().find(|p| p.name == who).ok_or("nobody of that name")?;
    Ok(DoorClient::connect(&door.url, &person.token).await?)
}

async fn whois(
    client: &mut DoorClient,
    address: &str,
    at: &str,
) -> std::result::Result<pb::AddressAnswer, tonic::Status> {
    let request = pb::WhoisAddressRequest { address: address.into(), at: at.into() };
    let mut answers = client.addresses.whois_address(request).await?.into_inner().answers;
    assert_eq!(answers.len(), 1, "{answers:?}");
    Ok(answers.remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn whois_answers_for_an_address_of_the_province_in_both_families() -> Result<()> {
    let way = Way::open().await?;
    let environment = way.world.onboard("ag-62", "outside-whois", |_| {}).await?;
    let leaf = environment.status.clone().ok_or("no status")?.namespaces[0].prefix.clone().ok_or("no leaf")?;
    let address = leaf.replace("/64", "17");
    let mut network = way.client("network").await?;
    let answer = whois(&mut network, &address, "").await?;
    assert_eq!(
        (answer.standing(), answer.environment.as_str(), answer.agency.as_str(), answer.governing_body.as_str()),
        (
            Standing::Held,
            format!("environments/{}", environment.name_any()).as_str(),
            "agencies/ag-62",
            "agencies/ag-70"
        )
    );
    let basis = answer.basis.ok_or("no basis")?;
    assert_eq!(basis.decision_uids, environment.spec.basis.decision_uids);
    assert!(basis.onboarding.ends_with("/outside-whois") && !answer.block.is_empty() && answer.since.is_some());
    let before = whois(&mut network, &address, "2025-12-31").await?;
    assert_eq!((before.standing(), before.agency.as_str()), (Standing::Free, ""), "the plan had nobody in it then");
    // IPv4, and what an agency's own people see of both.
    let assigned = whois(&mut network, "198.51.100.70", "2026-01-01").await?;
    assert_eq!((assigned.standing(), assigned.agency.as_str()), (Standing::Imported, "agencies/ag-62"));
    assert_eq!(assigned.assignment.map(|a| a.network).as_deref(), Some("TSLCD"));
    let mut own = way.client("lead-62").await?;
    assert_eq!(whois(&mut own, &address, "").await?.standing(), Standing::Held);
    assert_eq!(whois(&mut own, "198.51.100.70", "").await?.standing(), Standing::Imported);
    for (who, asked) in [("lead-61", address.as_str()), ("lead-61", "198.51.100.70"), ("nobody", "3fff:a10:1800::1")] {
        let refusal = whois(&mut way.client(who).await?, asked, "").await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied, "{who}: {refusal}");
    }
    // Bad input names field and value.
    for (asked, at, says) in
        [("3FFF:A10::1", "", "3FFF:A10::1"), ("", "", "address"), ("3fff:a10::1", "31/12/2025", "31/12/2025")]
    {
        let refusal = whois(&mut network, asked, at).await.unwrap_err();
        assert!(refusal.code() == Code::InvalidArgument && refusal.message().contains(says), "{refusal}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_plan_drawing_lines_and_justification() -> Result<()> {
    let way = Way::open().await?;
    way.world.onboard("ag-62", "outside-cli", |_| {}).await?;
    for arguments in [
        &["ip", "plan"][..],
        &["ip", "plan", "-o", "svg"],
        &["ip", "whois", "198.51.100.1", "--at", "2026-01-01"],
        &["ip", "whois", "3fff:a10::/32", "-o", "json"],
        &["ip", "export", "--since", "2025-07-01", "--ptr", "cloud.example"],
        &["ip", "justify", "--growth", "100"],
    ] {
        assert_eq!(way.berth("network", arguments).await?, Exit::Done, "{arguments:?}");
    }
    let mut network = way.client("network").await?;
    let request = pb::GetAddressPlanRequest {
        name: "addressPlans/default".into(),
        picture_root: "3fff:a10::/32".into(),
        ..Default::default()
    };
    let tree = network.addresses.get_address_plan(request.clone()).await?.into_inner();
    assert!(tree.picture.starts_with("<svg") && tree.nodes.iter().any(|n| n.holder == "ag-62" && n.used > 0));
    let refusal = way.client("lead-62").await?.addresses.get_address_plan(request).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);
    // An agency's people see their own lines only.
    let lines = |client: DoorClient| async move {
        let mut client = client;
        client.addresses.export_addresses(pb::ExportAddressesRequest::default()).await.map(|r| r.into_inner().lines)
    };
    let own = lines(way.client("lead-62").await?).await?;
    assert!(!own.is_empty() && own.iter().all(|line| line.agency == "agencies/ag-62"), "{own:?}");
    assert_eq!(lines(way.client("nobody").await?).await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_the_device_says_so_and_the_environment_shows_it_until_something_changes() -> Result<()> {
    let (world, _operator) = World::own().await?;
    let environment = with_budget(&world).await?;
    let environments: Api<Environment> = Api::all(world.cluster.admin());
    let is = async |status: &str, reason: &str| -> Result<String> {
        Ok(until(&format!("OutsideReady is {status}, {reason}"), PATIENCE, async || {
            let conditions =
                environments.get("moving-dev").await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
            match condition::get(&conditions, ConditionType::OutsideReady) {
                Some(c) if c.status == status && c.reason == reason => Ok(c.message.clone()),
                other => Err(format!("{other:?}")),
            }
        })
        .await?)
    };
    is("Unknown", "OutsidePending").await?;
    let door = Door::start(&world.cluster).await?;
    let mut network = client(&world, &door, "network").await?;
    let exported = network.addresses.export_addresses(pb::ExportAddressesRequest::default()).await?.into_inner();
    let ack = |etag: &str| pb::AcknowledgeExportRequest {
        reference: "CR-2026-11".into(),
        etag: etag.into(),
        request_id: "change-1".into(),
        ..Default::default()
    };
    for who in ["lead-67", "approver", "auditor", "nobody"] {
        let refusal = client(&world, &door, who).await?.addresses.acknowledge_export(ack("")).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied, "{who}: {refusal}");
    }
    let stale = network.addresses.acknowledge_export(ack("\"0\"")).await.unwrap_err();
    assert_eq!(stale.code(), Code::FailedPrecondition, "{stale}");
    let made = network.addresses.acknowledge_export(ack(&exported.etag)).await?.into_inner();
    assert_eq!(made.environments, ["environments/moving-dev"]);
    assert_eq!(made.by.clone().map(|by| by.username).as_deref(), Some("network"));
    assert!(is("True", "OutsideAcknowledged").await?.contains("CR-2026-11"));
    let again = network.addresses.acknowledge_export(ack(&exported.etag)).await?.into_inner();
    assert_eq!((again.name, again.uid), (made.name.clone(), made.uid), "a repeat is the same act");
    let nothing = pb::AcknowledgeExportRequest { reference: "CR-2".into(), ..Default::default() };
    assert_eq!(network.addresses.acknowledge_export(nothing).await.unwrap_err().code(), Code::FailedPrecondition);

    // Admission holds whoever has the right, and nobody takes a word back.
    let id = made.name.trim_start_matches("networkChanges/");
    let path = format!("{REGISTERS}/networkchanges");
    let outside = json!({
        "environmentRef": {"name": "moving-dev", "uid": environment.uid()}, "agency": "ag-67", "prefixes": ["3fff:a10::/60"]
    });
    let forged = |spec: Value| {
        let mut body = json!({
            "apiVersion": "berth.dev/v1alpha1", "kind": "NetworkChange", "metadata": {"name": "forged"},
            "spec": {"reference": "CR-3", "environments": [outside]}
        });
        body["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        body
    };
    let as_somebody = forged(json!({"by": {"username": "somebody", "groups": ["berth:network"]}}));
    let plain = forged(json!({}));
    // Whoever was hired may change a device, and does not answer for it.
    for (client, body) in [
        (world.client("network"), &as_somebody),
        (world.client("hired"), &plain),
        (world.cluster.admin(), &plain),
        (world.client("auditor"), &plain),
    ] {
        let answer = send(&client, "POST", &path, JSON, body).await;
        assert_eq!(answer.code, 403, "{answer:?}");
    }
    let gone = send(&world.cluster.admin(), "DELETE", &format!("{path}/{id}"), JSON, &Value::Null).await;
    assert!(gone.code == 403 && gone.message.contains("never deleted"), "{gone:?}");
    let other = json!({"spec": {"reference": "CR-4"}});
    let edited = send(&world.cluster.admin(), "PATCH", &format!("{path}/{id}"), MERGE, &other).await;
    assert!(edited.code == 422 && edited.message.contains("must not change"), "{edited:?}");
    let seen = send(&world.client("auditor"), "GET", &format!("{path}/{id}"), JSON, &Value::Null).await;
    assert_eq!(seen.body["spec"]["by"]["username"], "network");

    // An address of another authority comes: the devices do not know of it.
    assign(&world, "198.51.100.201/32").await?;
    assert!(is("False", "OutsideChanged").await?.contains("198.51.100.201/32"));
    let next = pb::AcknowledgeExportRequest { reference: "CR-2026-12".into(), ..Default::default() };
    network.addresses.acknowledge_export(next).await?;
    assert!(is("True", "OutsideAcknowledged").await?.contains("CR-2026-12"));
    door.stop().await
}

/// An address of another authority for the environment.
async fn assign(world: &World, cidr: &str) -> Result<()> {
    let plan: AddressPlan = Api::all(world.cluster.admin()).get("default").await?;
    let mut assignments = json!(plan.spec.assignments);
    assignments.as_array_mut().ok_or("no list")?.push(json!({
        "cidr": cidr, "network": "TSLCD", "authority": "Cục Bưu điện Trung ương",
        "letter": {"number": "9/CBĐTW", "date": "2026-01-05"}, "holder": {"environmentRef": {"name": "moving-dev"}},
        "purpose": "Liên thông", "from": "2026-01-05"
    }));
    let path = format!("{REGISTERS}/addressplans/default");
    let body = json!({"spec": {"assignments": assignments}});
    let appended = send(&world.client("platform"), "PATCH", &path, MERGE, &body).await;
    assert!(appended.accepted(), "{appended:?}");
    Ok(())
}

fn by_hand(plate: &str, code: &str, agency: &str) -> Value {
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": plate},
        "spec": {
            "code": code, "displayName": {"vi": "Hệ thống cũ"}, "agencyRef": {"name": agency}, "level": 1,
            "siteRef": {"name": "binh-duong-dc1"}, "basis": {"type": "Direct", "reason": "Nhập lại sổ cũ."},
            "owners": [{"agencyRef": {"name": agency}, "from": "2024-01-01"}],
            "operators": [{"agencyRef": {"name": "ag-69"}, "from": "2024-01-01"}],
            "levels": [{"level": 1, "status": "Proposed", "inForce": {"from": "2024-01-01"}}],
            "migrationStage": "Operating"
        }
    })
}

/// An environment of ag-67, whose grants come from its budget.
async fn with_budget(world: &World) -> Result<Environment> {
    let made = send(
        &world.client("platform"),
        "POST",
        &format!("{REGISTERS}/tenants"),
        JSON,
        &by_hand("moving", "IS-97", "ag-67"),
    )
    .await;
    assert!(made.accepted(), "{made:?}");
    let small =
        json!({"kind": "Dev", "classRef": {"name": "xs"}, "quota": {"cpu": "500m", "memory": "1Gi", "storage": "5Gi"}});
    world.create("lead-67", addition("ag-67", "outside-moving", "moving", small)).await?;
    world.until(&world.onboarding("ag-67", "outside-moving").await?, ConditionType::Ready).await?;
    Ok(Api::all(world.cluster.admin()).get("moving-dev").await?)
}

async fn bound_to(world: &World, namespace: &str) -> Result<Vec<String>> {
    let bindings: Api<RoleBinding> = Api::namespaced(world.cluster.admin(), namespace);
    let subjects =
        bindings.list(&Default::default()).await?.items.into_iter().flat_map(|b| b.subjects.unwrap_or_default());
    Ok(subjects.map(|subject| subject.name).collect())
}

async fn sets(client: &mut DoorClient, at: &str, since: &str) -> Result<Vec<(Change, String, String)>> {
    let request = pb::ExportAddressesRequest { at: at.into(), since: since.into(), ..Default::default() };
    let lines = client.addresses.export_addresses(request).await?.into_inner().lines;
    let moving =
        lines.into_iter().filter(|l| l.environment == "environments/moving-dev" && l.set.starts_with("berth-"));
    Ok(moving.map(|line| (line.change(), line.set, line.prefix)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_keeps_the_prefix_and_everything_else_follows_the_owner() -> Result<()> {
    let world = world().await?;
    let environment = with_budget(&world).await?;
    let prefix = environment.status.clone().and_then(|s| s.prefix).ok_or("no prefix")?;
    let namespaces: Api<Namespace> = Api::all(world.cluster.admin());
    let (agencies, sites) = (Api::<Agency>::all(world.cluster.admin()), Api::<Site>::all(world.cluster.admin()));
    let before = namespaces.get("moving-dev").await?;
    let booked = |list: Vec<berth_crds::common::Booking>| {
        list.iter().any(|b| b.kind == HolderKind::Environment && b.name == "moving-dev")
    };
    assert!(booked(agencies.get("ag-67").await?.status.unwrap_or_default().booked), "from the budget");
    assert_eq!(bound_to(&world, "moving-dev").await?, ["berth:ag-67:requester"]);
    // Another authority's address, which the environment keeps, too.
    assign(&world, "198.51.100.200/32").await?;
    let path = format!("{REGISTERS}/addressplans/default");
    let rewritten = json!({"spec": {"assignments": []}});
    let refused = send(&world.client("platform"), "PATCH", &path, MERGE, &rewritten).await;
    assert!(refused.code == 422 && refused.message.contains("must keep every entry"), "{refused:?}");

    let today = berth_api::clock::Clock::system().today();
    let tomorrow = today.tomorrow()?;
    let moved = json!({"spec": {
        "agencyRef": {"name": "ag-66"}, "basis": {"type": "Direct", "reason": "Bàn giao theo quyết định."},
        "owners": [
            {"agencyRef": {"name": "ag-67"}, "from": "2024-01-01", "to": today.to_string()},
            {"agencyRef": {"name": "ag-66"}, "from": tomorrow.to_string()}
        ]
    }});
    let edited = send(&world.client("platform"), "PATCH", &format!("{REGISTERS}/tenants/moving"), MERGE, &moved).await;
    assert!(edited.accepted(), "{edited:?}");
    until("labels, bindings and booking follow the owner", PATIENCE, async || {
        let label =
            namespaces.get("moving-dev").await.map_err(|e| e.to_string())?.labels().get("berth.dev/agency").cloned();
        let bound = bound_to(&world, "moving-dev").await.map_err(|e| e.to_string())?;
        let budget = agencies.get("ag-67").await.map_err(|e| e.to_string())?.status.unwrap_or_default().booked;
        let site = sites.get("binh-duong-dc1").await.map_err(|e| e.to_string())?.status.unwrap_or_default().booked;
        let now = (label, bound, booked(budget), booked(site));
        let expected = (Some("ag-66".to_owned()), vec!["berth:ag-66:requester".to_owned()], false, true);
        if now == expected { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await?;
    let after: Environment = Api::all(world.cluster.admin()).get("moving-dev").await?;
    assert_eq!(after.status.and_then(|s| s.prefix).as_ref(), Some(&prefix));
    let kept = namespaces.get("moving-dev").await?;
    assert_eq!((kept.uid(), kept.name_any()), (before.uid(), before.name_any()), "the namespace stands");

    let door = Door::start(&world.cluster).await?;
    let mut platform = client(&world, &door, "platform").await?;
    let set = |change, agency: &str, family: u8, prefix: &str| {
        (change, format!("berth-{agency}-v{family}"), prefix.to_owned())
    };
    let of = |change, agency| vec![set(change, agency, 4, "198.51.100.200/32"), set(change, agency, 6, &prefix)];
    assert_eq!(sets(&mut platform, &today.to_string(), "").await?, of(Change::Present, "ag-67"));
    assert_eq!(sets(&mut platform, &tomorrow.to_string(), "").await?, of(Change::Present, "ag-66"));
    let midnight = berth_api::clock::Clock::system().start_of(tomorrow) - 1.second();
    let mut expected = [of(Change::Added, "ag-66"), of(Change::Removed, "ag-67")].concat();
    let mut changed = sets(&mut platform, &tomorrow.to_string(), &midnight.to_string()).await?;
    expected.sort_by_key(|e| (e.1.clone(), e.2.clone()));
    changed.sort_by_key(|e| (e.1.clone(), e.2.clone()));
    assert_eq!(changed, expected);
    let answer = whois(&mut platform, "198.51.100.200", &tomorrow.to_string()).await?;
    assert_eq!((answer.environment.as_str(), answer.agency.as_str()), ("environments/moving-dev", "agencies/ag-66"));
    let request = pb::GetEnvironmentRequest { name: "environments/moving-dev".into() };
    let shown = client(&world, &door, "lead-66").await?.environments.get_environment(request).await?.into_inner();
    assert_eq!(shown.assignments.iter().map(|a| a.cidr.as_str()).collect::<Vec<_>>(), ["198.51.100.200/32"]);
    door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_prefix_still_says_whose_it_was() -> Result<()> {
    let world = world().await?;
    let environment = world.onboard("ag-62", "leaver", |_| {}).await?;
    let plate = environment.spec.tenant_ref.name.clone();
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());
    let prefix = tenants.get(&plate).await?.status.and_then(|s| s.prefix).ok_or("no prefix")?;
    life::leave(&world, "leaver-out", &environment.name_any()).await?;
    let blocks: Api<PrefixBlock> = Api::all(world.cluster.admin());
    until("the block is in quarantine", PATIENCE, async || {
        let state = blocks.get(&names::block(&prefix)).await.map_err(|e| e.to_string())?.spec.state;
        if state == BlockState::Quarantined { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await?;
    let door = Door::start(&world.cluster).await?;
    let mut auditor = client(&world, &door, "auditor").await?;
    let address = prefix.replace("/56", "1");
    let now = whois(&mut auditor, &address, "").await?;
    assert_eq!((now.standing(), now.tenant.as_str()), (Standing::Quarantined, format!("tenants/{plate}").as_str()));
    let given_up = now.since.zip(now.until).ok_or("no days")?.0;
    let released = Timestamp::from_second(given_up.seconds)?;
    // Of what is gone from the registers the ledger tells; it is a moment behind.
    let before = until("the ledger tells of the tenant that is gone", PATIENCE, async || {
        let at = (released - 1.second()).to_string();
        let answer = whois(&mut auditor.clone(), &address, &at).await.map_err(|e| e.to_string())?;
        if answer.agency.is_empty() { Err(format!("{answer:?}")) } else { Ok(answer) }
    })
    .await?;
    assert_eq!(
        (before.standing(), before.tenant.as_str(), before.agency.as_str(), before.until),
        (Standing::Held, format!("tenants/{plate}").as_str(), "agencies/ag-62", Some(given_up))
    );
    door.stop().await
}
