//! The address plan and what people do to it: ranges of the platform, roots without room, hands in blocks and claims.

use berth_cluster::until;
use berth_crds::address::{AddressPlanStatus, PlanUse, RangePurpose};
use berth_crds::{AddressPlan, Agency, ConditionType, PrefixBlock, PrefixClaim, Tenant, condition, labels, names};
use berth_tests::error::Result;
use berth_tests::install;
use berth_tests::stack::Account;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{JSON, MERGE, dry_run, send};
use crate::world::{PATIENCE, World, shared};

const KINDS: &str = "/apis/berth.dev/v1alpha1";
const PLAN: &str = "/apis/berth.dev/v1alpha1/addressplans/default";

/// A system that the platform operator enters by hand.
pub async fn enter(world: &World, plate: &str, agency: &str, code: &str) -> Result<Tenant> {
    let tenant = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": plate},
        "spec": {
            "code": code, "displayName": {"vi": "Hệ thống cũ"}, "agencyRef": {"name": agency}, "level": 1,
            "siteRef": {"name": "binh-duong-dc1"}, "basis": {"type": "Direct", "reason": "Nhập lại sổ cũ."},
            "owners": [{"agencyRef": {"name": agency}, "from": "2026-01-01"}],
            "levels": [{"level": 1, "status": "Proposed", "inForce": {"from": "2026-01-01"}}],
            "migrationStage": "Operating"
        }
    });
    let made = send(&world.client("platform"), "POST", &format!("{KINDS}/tenants"), JSON, &tenant).await;
    if made.accepted() { Ok(serde_json::from_value(made.body)?) } else { Err(format!("{made:?}").into()) }
}

/// Makes the plan anew, before anything is numbered: one pool of departments, whose blocks have this length.
pub async fn plan_anew(world: &World, agency: u8) -> Result<()> {
    let platform = world.client("platform");
    let gone = send(&platform, "DELETE", PLAN, JSON, &Value::Null).await;
    assert!(gone.accepted(), "{gone:?}");
    let plan = json!({"apiVersion": "berth.dev/v1alpha1", "kind": "AddressPlan", "metadata": {"name": "default"}, "spec": {
        "roots": [{"cidr": "3fff:a10::/32", "kind": "Documentation"}], "lengths": {"agency": agency},
        "departmentPools": ["1"], "communePools": ["9"]}});
    let made = send(&platform, "POST", &format!("{KINDS}/addressplans"), JSON, &plan).await;
    assert!(made.accepted(), "{made:?}");
    Ok(())
}

/// Waits until the Tenant's condition `Addressed` has a reason.
async fn addressed(world: &World, plate: &str, reason: &str) -> Result<Tenant> {
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());
    Ok(until(&format!("{plate} says {reason}"), PATIENCE, async || {
        let tenant = tenants.get(plate).await.map_err(|e| e.to_string())?;
        let conditions = tenant.status.clone().unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Addressed) {
            Some(c) if c.reason == reason => Ok(tenant),
            other => Err(format!("{other:?}")),
        }
    })
    .await?)
}

/// Waits until the plan's status is as it should be.
async fn plan_until(world: &World, what: &str, is: impl Fn(&AddressPlanStatus) -> bool) -> Result<AddressPlanStatus> {
    let plans: Api<AddressPlan> = Api::all(world.cluster.admin());
    Ok(until(what, PATIENCE, async || {
        let status = plans.get("default").await.map_err(|e| e.to_string())?.status.unwrap_or_default();
        if is(&status) { Ok(status) } else { Err(format!("{status:?}")) }
    })
    .await?)
}

/// Changes the plan as the platform operator.
async fn edit(world: &World, body: Value) -> Result<()> {
    let edited = send(&world.client("platform"), "PATCH", PLAN, MERGE, &body).await;
    if edited.accepted() { Ok(()) } else { Err(format!("{edited:?}").into()) }
}

fn says(status: &AddressPlanStatus, type_: ConditionType, reason: &str) -> bool {
    condition::get(&status.conditions, type_).is_some_and(|c| c.reason == reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_meets_a_range_of_the_platform_gives_nothing_says_so_and_goes_on_when_it_is_mended() -> Result<()> {
    let (world, _operator) = World::own().await?;
    let status = plan_until(&world, "the plan is judged", |s| says(s, ConditionType::Ready, "Ready")).await?;
    let services = status.cluster_ranges.iter().filter(|r| r.purpose == RangePurpose::Services);
    assert_eq!(services.count(), 2, "the API server's own ranges of Services, one of each family: {status:?}");
    assert!(says(&status, ConditionType::Announced, "NoRegisteredRoot") && status.use_ == Some(PlanUse::Unused));

    let around = json!([{"cidr": "3fff:a10::/32", "purpose": "Pods", "note": "default pool of the network"}]);
    edit(&world, json!({"spec": {"reservations": around}})).await?;
    plan_until(&world, "the plan is refused", |s| says(s, ConditionType::Ready, "AddressPlanRefused")).await?;
    enter(&world, "byhand", "ag-62", "IS-98").await?;
    let waits = addressed(&world, "byhand", "AddressPlanRefused").await?;
    assert!(waits.status.unwrap_or_default().prefix.is_none());
    assert_eq!(world.all::<PrefixBlock>().await?.len(), 0, "nothing was numbered");

    edit(&world, json!({"spec": {"reservations": null}})).await?;
    let tenant = addressed(&world, "byhand", "NoBackEnd").await?;
    assert!(tenant.status.unwrap_or_default().prefix.is_some_and(|p| p.starts_with("3fff:a10:1")));

    // A node whose pods are numbered from a pool: what stands stays, and the plan names pool and range.
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
        "spec": {"podCIDR": "3fff:a10:1100::/64", "podCIDRs": ["3fff:a10:1100::/64"]}});
    let made = send(&world.cluster.admin(), "POST", "/api/v1/nodes", JSON, &node).await;
    assert!(made.accepted(), "{made:?}");
    edit(&world, json!({"metadata": {"labels": {"looked": "again"}}})).await?;
    let met = plan_until(&world, "the plan meets the node", |s| says(s, ConditionType::RangesApart, "RangesOverlap"));
    let met = met.await?;
    let message = condition::get(&met.conditions, ConditionType::RangesApart).map(|c| c.message.clone());
    let expected = "3fff:a10:1100::/64 is in use by pods and meets the pool 3fff:a10:1100::/40.";
    assert!(message.is_some_and(|m| m.ends_with(expected)), "{met:?}");
    assert_eq!(world.all::<PrefixBlock>().await?.len(), 2, "agency and system keep their blocks");

    // And it does not go while anything is numbered from it.
    plan_until(&world, "the plan is in use", |s| s.use_ == Some(PlanUse::InUse)).await?;
    for client in [world.client("platform"), world.cluster.admin()] {
        let refused = dry_run(&client, "DELETE", PLAN, JSON, &Value::Null).await;
        assert!(refused.code == 403 && refused.message.contains("Blocks are numbered from this"), "{refused:?}");
    }
    let shrunk = json!({"spec": {"lengths": {"system": 52}}});
    let refused = dry_run(&world.client("platform"), "PATCH", PLAN, MERGE, &shrunk).await;
    assert!(refused.code == 422 && refused.message.contains("`lengths` must not change"), "{refused:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_and_claims_are_nobodys_to_write_not_even_by_the_operators_account_against_the_protocol() -> Result<()> {
    // The operator runs beside it: what is tried is tried dry, and a block in use is nobody's to change but by a release.
    let world = shared().await?;
    enter(world, "locked", "ag-62", "IS-locked").await?;
    addressed(world, "locked", "NoBackEnd").await?;
    let claim: PrefixClaim = Api::all(world.cluster.admin()).get(&names::tenant_claim("locked")).await?;
    let cidr = claim.status.as_ref().and_then(|s| s.bound.as_ref()).map(|b| b.cidr.clone()).unwrap_or_default();
    let block: PrefixBlock = Api::all(world.cluster.admin()).get(&names::block(&cidr)).await?;
    let path = format!("{KINDS}/prefixblocks/{}", block.name_any());
    let (claims, admin) = (format!("{KINDS}/prefixclaims"), world.cluster.admin());
    let account = Account::of(&world.cluster, labels::OPERATOR_ACCOUNT).await?.client(&world.cluster)?;

    let whole = serde_json::to_value(&block)?;
    let changed = |field: &str, value: Value| {
        let mut body = whole.clone();
        body["spec"][field] = value;
        body
    };
    let mut province = serde_json::to_value(&claim)?;
    province["metadata"] = json!({"name": "tenant-province"});
    province["spec"]["level"] = json!("Province");
    let mut forged = province.clone();
    forged["spec"]["level"] = json!("System");
    let hand = "PrefixClaims and PrefixBlocks are written by the operator only";
    let tries = [
        ("a block in use, deleted by hand", &admin, "DELETE", &path, Value::Null, 403, "berth-prefix-"),
        ("a block in use, deleted by the operator", &account, "DELETE", &path, Value::Null, 403, "release it first"),
        ("a confirmed block, edited by hand", &admin, "PUT", &path, changed("state", json!("Releasing")), 403, hand),
        ("another prefix", &account, "PUT", &path, changed("cidr", json!("3fff:a10:1100:ff00::/56")), 422, "must be"),
        (
            "another claimant",
            &account,
            "PUT",
            &path,
            changed("claimant", json!({"kind": "Tenant", "name": "x", "uid": "x"})),
            422,
            "may change",
        ),
        (
            "another claim",
            &account,
            "PUT",
            &path,
            changed("claimRef", json!({"name": "x", "uid": "x"})),
            422,
            "may change only",
        ),
        ("back to pending", &account, "PUT", &path, changed("state", json!("Pending")), 422, "`state` must go from"),
        ("a claim by hand", &admin, "POST", &claims, forged, 403, "a system gets its prefix by an Onboarding"),
        ("a level that does not exist", &account, "POST", &claims, province, 422, "Unsupported value: \"Province\""),
    ];
    for (what, client, method, path, body, code, said) in tries {
        let refused = dry_run(client, method, path, JSON, &body).await;
        assert!(refused.code == code && refused.message.contains(said), "{what}: {refused:?}");
    }
    // The control: what the protocol itself would write next.
    let releasing = dry_run(&account, "PUT", &path, JSON, &changed("state", json!("Releasing"))).await;
    assert!(releasing.accepted(), "{releasing:?}");
    let kept: PrefixBlock = Api::all(admin).get(&block.name_any()).await?;
    assert_eq!(kept.spec, block.spec, "nothing was lost");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_whose_block_is_full_takes_its_buddy_and_the_next_system_is_numbered_there() -> Result<()> {
    // Sixteen systems to an agency: before anything is numbered, a plan may be made anew.
    let world = World::start().await?;
    plan_anew(&world, 52).await?;
    let _operator = world.operator().await?;
    install::agencies_ready(&world.cluster).await?;
    let plates: Vec<String> = ('a'..='q').map(|c| format!("grows{c}")).collect();
    for (n, plate) in plates.iter().enumerate() {
        enter(&world, plate, "ag-62", &format!("IS-{}", 200 + n)).await?;
    }
    let mut prefixes = Vec::new();
    for plate in &plates {
        let tenant = addressed(&world, plate, "NoBackEnd").await?;
        prefixes.extend(tenant.status.unwrap_or_default().prefix);
    }
    prefixes.sort();
    prefixes.dedup();
    let (first, buddy) = ("3fff:a10:1100::/52", "3fff:a10:1100:1000::/52");
    let agencies: Api<Agency> = Api::all(world.cluster.admin());
    let shown = until("the agency shows both blocks", PATIENCE, async || {
        let status = agencies.get("ag-62").await.map_err(|e| e.to_string())?.status.unwrap_or_default();
        if status.further_prefixes.is_empty() { Err(format!("{status:?}")) } else { Ok(status) }
    });
    let shown = shown.await?;
    assert_eq!((shown.prefix.as_deref(), shown.further_prefixes), (Some(first), vec![buddy.to_owned()]));
    let beside: Vec<&String> = prefixes.iter().filter(|p| p.starts_with("3fff:a10:1100:1000:")).collect();
    assert_eq!((prefixes.len(), beside), (17, vec![&"3fff:a10:1100:1000::/56".to_owned()]));
    let claim: PrefixClaim = Api::all(world.cluster.admin()).get("agency-ag-62.2").await?;
    let choice = claim.status.unwrap_or_default().choice.unwrap_or_default();
    let expected = format!("{first} is full, and {buddy} is its buddy: together they are 3fff:a10:1100::/51.");
    assert_eq!(choice, expected);
    Ok(())
}
