//! Exact counts, read from the audit log: they tell what wall time cannot.

use std::collections::BTreeMap;
use std::time::Duration;

use berth_cluster::AuditEvent;
use berth_crds::ConditionType;
use berth_tests::error::Result;

use crate::world::World;

/// The operator's account.
const OPERATOR: &str = "system:serviceaccount:berth-system:berth-operator";
/// Nothing was written for this long: everything has settled.
const QUIET: Duration = Duration::from_millis(1500);

/// Waits until nothing is written any more.
pub async fn quiet(world: &World) -> Result<()> {
    world.cluster.settle(QUIET).await?;
    Ok(())
}

/// What the ledger writes: acts of a second share a segment, so how many segments there are depends on the clock. Which
/// acts they hold does not: `ledger` counts those.
const LEDGER: &[&str] = &["auditrecords", "auditcheckpoints"];

/// Writes of the operator that the API server accepted, Events, Leases and the ledger apart, as `verb resource name`.
pub fn operator_writes(events: &[AuditEvent]) -> Vec<String> {
    writes(events, |resource| !["events", "leases"].contains(&resource) && !LEDGER.contains(&resource))
}

/// Writes of the ledger that the API server accepted.
pub fn ledger_writes(events: &[AuditEvent]) -> Vec<String> {
    writes(events, |resource| LEDGER.contains(&resource))
}

fn writes(events: &[AuditEvent], which: impl Fn(&str) -> bool) -> Vec<String> {
    let ours = events.iter().filter(|e| e.actor() == OPERATOR && e.is_write() && e.code() < 300);
    ours.filter(|e| which(&e.resource()))
        .map(|e| {
            format!("{} {} {}", e.verb, e.resource(), e.object_ref.as_ref().map(|o| o.name.clone()).unwrap_or_default())
        })
        .collect()
}

fn by_resource(writes: &[String]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for write in writes {
        let mut words = write.split(' ');
        let key = format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn expect(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_has_a_reason_and_is_made_once() -> Result<()> {
    let (world, _operator) = World::own().await?;
    world.onboard("ag-62", "count-0", |_| {}).await?;
    quiet(&world).await?;
    let (mark, before) = (world.cluster.mark()?, world.cluster.etcd_revision().await?);
    // A second system of the agency: the agency's own block is there already.
    let first = world.onboard("ag-62", "count-1", |_| {}).await?;
    quiet(&world).await?;
    let events = world.cluster.audit_since(mark)?;
    let writes = operator_writes(&events);
    let recorded = ledger_writes(&events);
    assert!((1..=4).contains(&recorded.len()), "acts of a second share a segment: {recorded:?}");
    let requests =
        events.iter().filter(|e| e.actor() == OPERATOR && !["watch", "list"].contains(&e.verb.as_str())).count();
    println!(
        "a new system, {} writes of {requests} requests, {} revisions:",
        writes.len(),
        world.cluster.etcd_revision().await? - before
    );
    for (what, n) in by_resource(&writes) {
        println!("  {n} {what}");
    }
    let new_system = expect(&[
        ("create environments", 1),
        ("create namespaces", 1),
        ("create prefixblocks", 1),
        ("create prefixclaims", 1),
        ("create tenants", 1),
        ("patch limitranges", 1),
        ("patch networkpolicies", 2),
        ("patch resourcequotas", 1),
        ("patch rolebindings", 1),
        ("patch serviceaccounts", 1),
        ("update decisions/status", 1),
        ("update environments/status", 3),
        ("update onboardings/status", 3),
        ("update prefixblocks", 1),
        ("update prefixclaims/status", 2),
        ("update sites/status", 1),
        ("update tenants/status", 2),
    ]);
    assert_eq!(by_resource(&writes), new_system);
    ready_comes_last(&events);
    existing_system(&world, &first.spec.tenant_ref.name).await
}

/// `Ready` never precedes a child: the last status write of the environment comes after every child's write.
fn ready_comes_last(events: &[AuditEvent]) {
    let writes = operator_writes(events);
    let last = |what: &str| writes.iter().rposition(|w| w.contains(what)).unwrap();
    for child in ["namespaces", "limitranges", "resourcequotas", "serviceaccounts", "networkpolicies", "rolebindings"] {
        assert!(last(child) < last("environments/status"), "{child} after Ready: {writes:#?}");
    }
    assert!(last("networkpolicies") < last("rolebindings"), "access comes last: {writes:#?}");
    assert!(last("environments/status") < last("onboardings/status"));
}

async fn existing_system(world: &World, tenant: &str) -> Result<()> {
    let mark = world.cluster.mark()?;
    let staging = serde_json::json!({"kind": "Staging", "classRef": {"name": "xs"}});
    let body = crate::world::addition("ag-62", "count-2", tenant, staging);
    world.create("lead-62", body).await?;
    let paper = world.onboarding("ag-62", "count-2").await?;
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Ready).await?;
    quiet(world).await?;
    let writes = operator_writes(&world.cluster.audit_since(mark)?);
    println!("an environment of an existing system, {} writes:", writes.len());
    for (what, n) in by_resource(&writes) {
        println!("  {n} {what}");
    }
    let environment = expect(&[
        ("create environments", 1),
        ("create namespaces", 1),
        ("patch limitranges", 1),
        ("patch networkpolicies", 2),
        ("patch resourcequotas", 1),
        ("patch rolebindings", 1),
        ("patch serviceaccounts", 1),
        ("update decisions/status", 1),
        ("update environments/status", 3),
        ("update onboardings/status", 3),
        ("update sites/status", 1),
    ]);
    assert_eq!(by_resource(&writes), environment);
    let mark = world.cluster.mark()?;
    quiet(world).await?;
    let events = world.cluster.audit_since(mark)?;
    let none = Vec::<String>::new();
    assert_eq!(
        (operator_writes(&events), ledger_writes(&events)),
        (none.clone(), none),
        "nothing when nothing changes"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_environments_the_first_is_ready_before_the_tenth_is_begun() -> Result<()> {
    let (world, operator) = World::own().await?;
    let mut papers = Vec::new();
    for n in 0..50 {
        let agency = ["ag-62", "ag-66", "ag-61"][n % 3];
        papers.push(world.ask(&format!("lead-{}", &agency[3..]), agency, &format!("fifty-{n}"), |_| {}).await?);
    }
    // What is counted below begins after the checks.
    for paper in &papers {
        world.checked(paper).await?;
    }
    // The operator sees all fifty approvals at once: it is not there when they are made.
    operator.stop().await?;
    for paper in &papers {
        world.decide("approver", paper, "Approve").await?;
    }
    let mark = world.cluster.mark()?;
    let _operator = world.operator().await?;
    for paper in &papers {
        world.until(paper, ConditionType::Ready).await?;
    }
    quiet(&world).await?;
    let writes = operator_writes(&world.cluster.audit_since(mark)?);
    once(&writes);
    // 23 per system (its checks were made before), 6 per agency (claim, intent, lock, confirm, bind, prefix), and the address
    // plan says that it is in use.
    let fifty = expect(&[
        ("create environments", 50),
        ("create namespaces", 50),
        ("create prefixblocks", 50 + 3),
        ("create prefixclaims", 50 + 3),
        ("create tenants", 50),
        ("patch limitranges", 50),
        ("patch networkpolicies", 100),
        ("patch resourcequotas", 50),
        ("patch rolebindings", 50),
        ("patch serviceaccounts", 50),
        ("update addressplans/status", 1),
        ("update agencies/status", 3),
        ("update decisions/status", 50),
        ("update environments/status", 150),
        ("update onboardings/status", 100),
        ("update prefixblocks", 50 + 3),
        ("update prefixclaims/status", 100 + 6),
        ("update sites/status", 50),
        ("update tenants/status", 100),
    ]);
    assert_eq!(by_resource(&writes), fifty);
    assert_eq!(writes.len(), 50 * 23 + 3 * 6 + 1);
    let begun_before = begun_before_first_ready(&writes).ok_or("no environment was finished")?;
    println!("{begun_before} environments were begun when the first was Ready; {} writes for 50:", writes.len());
    for (what, n) in by_resource(&writes) {
        println!("  {n} {what}");
    }
    assert!(begun_before < 10, "{begun_before} environments were begun before the first was Ready");
    Ok(())
}

/// Namespaces that were created before the first environment's last status write (names, UIDs, done).
fn begun_before_first_ready(writes: &[String]) -> Option<usize> {
    let mut status_writes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut begun = 0;
    for write in writes {
        if write.starts_with("create namespaces") {
            begun += 1;
        } else if let Some(name) = write.strip_prefix("update environments/status ") {
            let count = status_writes.entry(name).or_default();
            *count += 1;
            if *count == 3 {
                return Some(begun);
            }
        }
    }
    None
}

/// Each child is created exactly once.
fn once(writes: &[String]) {
    let mut namespaces: Vec<&String> = writes.iter().filter(|w| w.starts_with("create namespaces")).collect();
    namespaces.sort();
    let all = namespaces.len();
    namespaces.dedup();
    assert_eq!((namespaces.len(), all), (50, 50));
    let patches = |kind: &str| writes.iter().filter(|w| w.starts_with(&format!("patch {kind} "))).count();
    let counts =
        [patches("resourcequotas"), patches("limitranges"), patches("rolebindings"), patches("networkpolicies")];
    assert_eq!(counts, [50, 50, 50, 100]);
    assert!(writes.iter().all(|w| !w.starts_with("delete")), "nothing is deleted");
}
