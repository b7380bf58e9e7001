//! Whose an address is, or was.

use std::sync::Arc;

use berth_crds::audit::Act;
use berth_plan::network::View;
use berth_plan::network::whois::{Answer, Standing, whois};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{block, entry, noon, world};

fn asked(address: &str, day: &str) -> Vec<Answer> {
    let world = world();
    whois(&View::new(&world, noon(day)), address.parse::<ipnet::IpNet>().unwrap())
}

fn one(address: &str, day: &str) -> Answer {
    let mut answers = asked(address, day);
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

fn instant(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[test]
fn an_address_of_a_namespace_leads_to_environment_system_owner_and_decision() {
    let answer = one("3fff:a10:1180:8008::17/128", "2026-11-24");
    let system = answer.system.clone().unwrap();
    assert_eq!(
        (answer.namespace.as_deref(), answer.environment.as_deref(), system.tenant.as_str(), system.code.as_str()),
        (Some("aaaaaa-prod-db"), Some("aaaaaa-prod"), "aaaaaa", "IS-01")
    );
    assert_eq!(answer.agency.as_deref(), Some("ag-73"), "the owner, not the agency in whose block it was numbered");
    assert_eq!(system.governing_body.as_deref(), Some("ag-70"));
    let basis = answer.basis.clone().unwrap();
    assert_eq!(basis.decision_uids, ["uid-approver.1"]);
    assert_eq!(basis.onboarding_ref.unwrap().name, "onb-first");
    assert_eq!(answer.block.as_deref(), Some("3fff-a10-1180-8000---56"));
    assert_eq!(answer.prefix, Some("3fff:a10:1180:8008::/64".parse().unwrap()));
    assert_eq!((answer.standing, answer.since, answer.until), (Standing::Held, instant("2026-03-02T01:00:00Z"), None));
}

#[test]
fn before_a_transfer_it_was_the_former_owners_and_the_prefix_is_the_same() {
    for (day, agency) in [("2026-06-30", "ag-62"), ("2026-07-01", "ag-73"), ("2026-11-24", "ag-73")] {
        let answer = one("3fff:a10:1180:8000::1/128", day);
        assert_eq!(
            (answer.agency.as_deref(), answer.block.as_deref()),
            (Some(agency), Some("3fff-a10-1180-8000---56"))
        );
    }
}

#[test]
fn an_environment_is_named_from_its_day_and_before_it_the_system_alone() {
    let staging = |day| one("3fff:a10:1180:8010::1/128", day).environment;
    assert_eq!((staging("2026-08-14"), staging("2026-08-15")), (None, Some("aaaaaa-staging".into())));
}

#[test]
fn a_released_prefix_still_says_whose_it_was_on_a_day() {
    let before = one("3fff:a10:1180:4000::1/128", "2026-07-15");
    assert_eq!(
        (before.standing, before.environment.as_deref(), before.since, before.until),
        (Standing::Held, Some("bbbbbb-prod"), instant("2026-04-01T02:00:00Z"), instant("2026-09-01T02:00:00Z"))
    );
    assert_eq!(before.basis.unwrap().decision_uids, ["uid-b"], "by what the ledger recorded: the object is gone");
    let now = one("3fff:a10:1180:4000::1/128", "2026-11-24");
    assert_eq!(
        (now.standing, now.system.unwrap().tenant.as_str(), now.since, now.until),
        (Standing::Quarantined, "bbbbbb", instant("2026-09-01T02:00:00Z"), instant("2026-12-01T02:00:00Z"))
    );
    let after = one("3fff:a10:1180:4000::1/128", "2026-12-02");
    assert_eq!((after.standing, after.agency.as_deref()), (Standing::Reserved, Some("ag-62")), "in the agency's block");
    assert_eq!(one("3fff:a10:1180:4000::1/128", "2026-02-28").standing, Standing::Free, "before anybody had a block");
}

#[test]
fn a_quarantine_that_is_put_off_lasts_longer_and_began_once() {
    let mut world = world();
    let after = json!({"cidr": "3fff:a10:1180:4000::/56", "claim": "tenant-bbbbbb",
        "quarantineUntil": "2027-03-01T02:00:00Z"});
    let name = "3fff-a10-1180-4000---56";
    world.ledger.push(entry(Act::PrefixReleased, "PrefixBlock", name, "2026-11-20T02:00:00Z", after));
    world.blocks.retain(|block| block.spec.claim_ref.name != "tenant-bbbbbb");
    let answer = |day| {
        let answers = whois(&View::new(&world, noon(day)), "3fff:a10:1180:4000::1/128".parse().unwrap());
        (answers[0].standing, answers[0].since, answers[0].until)
    };
    let kept = (Standing::Quarantined, instant("2026-09-01T02:00:00Z"), instant("2027-03-01T02:00:00Z"));
    assert_eq!((answer("2026-10-01"), answer("2026-12-24")), (kept, kept));
    assert_eq!(answer("2026-07-15").0, Standing::Held);
}

#[test]
fn a_block_that_was_collected_and_given_to_another_is_attributed_by_instant() {
    let mut world = world();
    // Noticed a day late, when the name had a new block already.
    world.blocks.retain(|block| block.spec.claim_ref.name != "tenant-bbbbbb");
    let mut again = block("3fff:a10:1180:4000::/56", "tenant-cccccc", Value::Null);
    again.metadata.uid = Some("uid-again".into());
    again.metadata.creation_timestamp = Some(serde_json::from_value(json!("2026-12-02T02:00:00Z")).unwrap());
    world.blocks.push(std::sync::Arc::new(again));
    let mut given = entry(
        Act::PrefixGiven,
        "PrefixBlock",
        "3fff-a10-1180-4000---56",
        "2026-12-02T02:00:00Z",
        json!({"cidr": "3fff:a10:1180:4000::/56", "claim": "tenant-cccccc"}),
    );
    given.object.uid = "uid-again".into();
    world.ledger.push(given);
    let gone = entry(Act::Removed, "PrefixBlock", "3fff-a10-1180-4000---56", "2026-12-03T02:00:00Z", Value::Null);
    world.ledger.push(gone);
    let whose = |day| {
        let answers = whois(&View::new(&world, noon(day)), "3fff:a10:1180:4000::1/128".parse().unwrap());
        (answers[0].standing, answers[0].system.clone().map(|system| system.tenant))
    };
    assert_eq!(whose("2026-08-01"), (Standing::Held, Some("bbbbbb".into())));
    assert_eq!(whose("2026-11-24"), (Standing::Quarantined, Some("bbbbbb".into())));
    assert_eq!(whose("2026-12-04"), (Standing::Held, Some("cccccc".into())));
}

#[test]
fn an_assignment_of_each_network_answers_for_its_own_days() {
    let networks = |address: &str, day: &str| -> Vec<String> {
        asked(address, day).into_iter().map(|a| a.assignment.map(|a| a.network).unwrap_or_default()).collect()
    };
    assert_eq!(networks("198.51.100.7/32", "2026-10-31"), ["TSLCD", "Internet"], "the narrowest first");
    assert_eq!(networks("198.51.100.7/32", "2026-11-24"), ["TSLCD"]);
    let answer = one("198.51.100.7/32", "2026-11-24");
    assert_eq!(
        (answer.standing, answer.environment.as_deref(), answer.agency.as_deref()),
        (Standing::Imported, Some("aaaaaa-prod"), Some("ag-73"))
    );
    assert_eq!(answer.basis.unwrap().decision_uids, ["uid-approver.1"]);
    let then = asked("198.51.100.7/32", "2026-06-30");
    let owners: Vec<_> = then.iter().map(|answer| answer.agency.as_deref()).collect();
    assert_eq!(owners, [Some("ag-62"), None], "the system's owner of the day, and infrastructure");
}

#[test]
fn a_further_block_of_an_agency_is_the_agencys() {
    let mut world = world();
    world.blocks.push(Arc::new(block("3fff:a10:1199::/48", "agency-ag-62.2", json!({}))));
    let answer = &whois(&View::new(&world, noon("2026-08-01")), "3fff:a10:1199::1/128".parse().unwrap())[0];
    assert_eq!((answer.standing, answer.agency.as_deref()), (Standing::Reserved, Some("ag-62")));
}

#[test]
fn what_nobody_has_is_an_answer() {
    let standing = |address: &str| one(address, "2026-11-24").standing;
    assert_eq!(standing("3fff:a10:1100::1/128"), Standing::Free);
    assert_eq!(standing("3fff:a10:1000::1/128"), Standing::Reserved, "pool 0 is infrastructure's");
    assert_eq!(standing("3fff:a10:2100::1/128"), Standing::Reserved, "no site numbers from digit 2");
    assert_eq!(standing("3fff:c00::1/128"), Standing::Outside);
    assert_eq!(standing("192.0.2.1/32"), Standing::Outside);
    let wide = one("3fff:a10:1180::/48", "2026-11-24");
    assert_eq!((wide.standing, wide.agency.as_deref(), wide.systems_inside), (Standing::Reserved, Some("ag-62"), 1));
}
