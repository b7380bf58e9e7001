//! A cluster that goes back to an earlier state: acts are not taken for those that were recorded before, and prefixes
//! that the ledger speaks of are missed and come back.

use std::sync::Arc;

use berth_crds::audit::{Act, AuditEntry, MAX_WHO};
use berth_crds::{PrefixBlock, PrefixClaim};
use berth_plan::claim::{Import, import};
use berth_plan::ledger::acts::{self, World};
use berth_plan::ledger::prefixes::{self, Lost};
use berth_plan::ledger::{Memory, canonical};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{block, instant, world};
use crate::world::*;

/// Records everything that a world shows.
fn record(memory: &mut Memory, world: &World) -> Vec<AuditEntry> {
    let entries = acts::new(world, memory, instant("10:00"));
    let mut left = entries.clone();
    while !left.is_empty() {
        memory.absorb(&canonical::seal(&memory.head, &mut left));
    }
    entries
}

#[test]
fn another_edit_that_leads_to_the_same_generation_after_a_restore_is_recorded_too() {
    let mut memory = Memory::default();
    let edited = |cpu: &str| {
        let mut site = site(json!({"capacity": {"cpu": cpu}}));
        site.metadata.generation = Some(2);
        World { sites: vec![Arc::new(site)], ..World::default() }
    };
    assert_eq!(record(&mut memory, &edited("700")).len(), 1);
    assert_eq!(record(&mut memory, &edited("700")), []);
    let [again] = &record(&mut memory, &edited("710"))[..] else { panic!("one edit") };
    assert!(again.before.as_ref().unwrap().contains("700") && again.after.as_ref().unwrap().contains("710"));
}

#[test]
fn another_outcome_and_another_quarantine_after_a_restore_are_recorded_too() {
    let (mut memory, first) = (Memory::default(), world());
    record(&mut memory, &first);
    let mut paper = first.onboardings[0].as_ref().clone();
    let outcome = paper.status.as_mut().unwrap().outcome.as_mut().unwrap();
    outcome.decision_uids = vec!["uid-approver.2".into()];
    let second = World { onboardings: vec![Arc::new(paper)], ..World::default() };
    assert_eq!(record(&mut memory, &second).iter().map(|e| e.act).collect::<Vec<_>>(), [Act::Concluded]);
    let mut memory = Memory::default();
    for (until, told) in [("2027-01-01T00:00:00Z", 1), ("2027-01-01T00:00:00Z", 0), ("2027-02-01T00:00:00Z", 1)] {
        let mut world = block("Quarantined", "c", 4, "2026-11-25T09:01");
        let mut block = world.blocks[0].as_ref().clone();
        block.spec.quarantine_until = Some(until.into());
        world.blocks = vec![Arc::new(block)];
        assert_eq!(record(&mut memory, &world).len(), told, "{until}");
    }
}

#[test]
fn what_is_settled_is_looked_at_again_when_it_changes() {
    let mut memory = Memory::default();
    let version = |version: &str, cpu: &str| {
        let mut site = site(json!({"capacity": {"cpu": cpu}}));
        site.metadata.resource_version = Some(version.into());
        World { sites: vec![Arc::new(site)], ..World::default() }
    };
    let before = version("5", "700");
    record(&mut memory, &before);
    assert!(!memory.is_settled(&before.sites[0].metadata));
    memory.settle(&before);
    assert!(memory.is_settled(&before.sites[0].metadata));
    assert_eq!(record(&mut memory, &version("6", "710")).len(), 1);
    assert!(!memory.is_settled(&version("6", "710").sites[0].metadata));
}

#[test]
fn a_name_that_is_too_long_is_cut_with_a_mark_instead_of_stopping_the_ledger() {
    let mut site = site(json!({}));
    site.metadata.annotations = Some([("berth.dev/changed-by".to_owned(), "ế".repeat(600))].into());
    let world = World { sites: vec![Arc::new(site)], ..World::default() };
    let [entry] = &acts::new(&world, &Memory::default(), instant("10:00"))[..] else { panic!("one entry") };
    assert_eq!(entry.who, format!("{}…", "ế".repeat(MAX_WHO - 1)));
}

#[test]
fn an_entry_by_a_paper_counts_from_the_date_of_the_document_that_decided() {
    let mut world = world();
    let by = |uids: Value| {
        json!({"basis": {"type": "Paper", "decisionUIDs": uids, "revision": 1,
        "onboardingRef": {"namespace": "agency-ag-62", "name": "onb-a", "uid": "uid-onb-a"}}})
    };
    world.tenants = vec![Arc::new(tenant("aaaaaa", by(json!(["uid-approver.1"]))))];
    world.environments = vec![
        Arc::new(environment("aaaaaa-prod", "Prod", by(json!(["uid-approver.1"])))),
        Arc::new(environment("aaaaaa-dev", "Dev", by(json!(["uid-somebody-elses"])))),
    ];
    let entries = acts::new(&world, &Memory::default(), instant("10:00"));
    let from = |name: &str| {
        let entry = entries.iter().find(|e| e.act == Act::Registered && e.object.name == name);
        entry.map(|e| e.effective_at.clone())
    };
    // Decided by a document of the 20th, taken down on the 24th.
    let document = Some("2026-11-20".to_owned());
    assert_eq!([from("aaaaaa"), from("aaaaaa-prod")], [document.clone(), document]);
    assert_eq!(from("aaaaaa-dev"), Some("1970-01-01T00:00:00Z".into()), "without a document the write counts");
}

const CIDR: &str = "3fff:a10:1180:8000::/56";

/// The system's block as the ledger knows it, and the ledger.
fn known(state: &str, until: Option<&str>) -> (PrefixBlock, Memory) {
    let mut memory = Memory::default();
    record(&mut memory, &world());
    let mut block =
        block(state, "c", if until.is_some() { 4 } else { 2 }, "2026-11-25T09:01").blocks[0].as_ref().clone();
    block.spec.quarantine_until = until.map(str::to_owned);
    record(&mut memory, &World { blocks: vec![Arc::new(block.clone())], ..World::default() });
    (block, memory)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_prefix_is_lost_when_the_cluster_does_not_have_it_for_its_claimant() {
    let (block, memory) = known("Confirmed", None);
    let now = at("2026-11-26T00:00:00Z");
    let [lost] = &memory.prefixes.lost(&[], now)[..] else { panic!("one is lost") };
    assert_eq!(lost.to_string(), format!("{CIDR} of Tenant aaaaaa (aaaaaa-prod)"));
    assert_eq!((&lost.spec, &lost.held_by), (&block.spec, &None));
    let held = |change: fn(&mut PrefixBlock)| {
        let mut block = block.clone();
        change(&mut block);
        memory.prefixes.lost(&[Arc::new(block)], now)
    };
    assert_eq!(held(|_| {}), []);
    assert_eq!(held(|b| b.spec.state = of(json!("Pending"))), [], "a lock in any state holds");
    let [taken] = &held(|b| b.spec.claimant.uid = "another".into())[..] else { panic!("it is another's") };
    assert_eq!(taken.to_string(), format!("{CIDR} of Tenant aaaaaa (aaaaaa-prod), which Tenant aaaaaa has now"));
    let message = prefixes::frozen(&[lost.clone(), lost.clone(), lost.clone(), lost.clone()]);
    assert!(message.ends_with("and 1 more. Run `berth-operator import-register`."), "{message}");
}

#[test]
fn a_quarantine_is_missed_until_it_is_over_and_a_given_prefix_for_ever() {
    let until = Some("2027-01-01T00:00:00Z");
    let (_, mut released) = known("Quarantined", until);
    let cidrs = |memory: &Memory, now: &str| memory.prefixes.lost(&[], at(now)).len();
    assert_eq!([cidrs(&released, "2026-12-31T00:00:00Z"), cidrs(&released, "2026-12-31T23:30:00Z")], [1, 0]);
    let removal = |memory: &Memory| {
        let known = memory.known().values().find(|known| known.object.kind == "PrefixBlock").unwrap().clone();
        vec![acts::removed(&known, instant("11:00"))]
    };
    released.absorb(&canonical::seal(&released.head, &mut removal(&released)));
    assert_eq!(cidrs(&released, "2026-12-31T00:00:00Z"), 0, "seen to go after its quarantine");
    let (_, mut given) = known("Confirmed", None);
    given.absorb(&canonical::seal(&given.head, &mut removal(&given)));
    assert_eq!(cidrs(&given, "2030-01-01T00:00:00Z"), 1, "no confirmed block goes rightly");
}

fn claim(status: Value) -> PrefixClaim {
    of(json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "PrefixClaim", "metadata": {"name": "tenant-aaaaaa", "uid": "c"},
        "spec": {"level": "System", "claimant": {"kind": "Tenant", "name": "aaaaaa", "uid": "uid-aaaaaa"},
            "parentClaimRef": {"name": "agency-ag-62"}, "siteRef": {"name": "dc1"}},
        "status": status
    }))
}

fn lost(state: &str, until: Option<&str>) -> Lost {
    let (_, memory) = known(state, until);
    memory.prefixes.lost(&[], at("2026-11-26T00:00:00Z")).remove(0)
}

#[test]
fn a_claim_that_is_there_intends_what_it_had_and_its_block_is_locked_for_it() {
    let now = at("2026-11-26T00:00:00Z");
    let given = lost("Confirmed", None);
    let Import { intent, block } =
        import(&given, "new-parent", Some(claim(json!({"candidate": "3fff:a10:1180:4000::/56"}))), now).unwrap();
    assert_eq!(intent.unwrap().status.unwrap().candidate.as_deref(), Some(CIDR));
    let mut expected = given.spec.clone();
    (expected.state, expected.parent_uid) = (of(json!("Pending")), "new-parent".into());
    assert_eq!(block.spec, expected);
    assert_eq!(block.metadata.name.as_deref(), Some("3fff-a10-1180-8000---56"));
    assert_eq!(block.metadata.labels.unwrap().values().collect::<Vec<_>>(), ["3fff0a10118080000000000000000000"]);
}

#[test]
fn without_its_claim_a_prefix_is_kept_from_others_as_if_it_were_given_up_now() {
    let now = at("2026-11-26T00:00:00Z");
    let namesake = || {
        let mut claim = claim(json!({}));
        claim.metadata.uid = Some("another".into());
        claim
    };
    let bound = || claim(json!({"bound": {"cidr": "3fff:a10:1180:4000::/56", "blockUID": "b"}}));
    for claim in [None, Some(namesake()), Some(bound())] {
        let Import { intent, block } = import(&lost("Confirmed", None), "p", claim, now).unwrap();
        assert_eq!((intent, block.spec.state), (None, of(json!("Quarantined"))));
        assert_eq!(block.spec.quarantine_until.as_deref(), Some("2026-12-26T00:00:00Z"));
    }
    let until = "2027-01-01T00:00:00Z";
    let kept = import(&lost("Quarantined", Some(until)), "p", Some(claim(json!({}))), now).unwrap();
    assert_eq!((kept.intent, kept.block.spec.quarantine_until.as_deref()), (None, Some(until)));
}
