//! Quota is a static partition with booking (design §4).

use std::collections::BTreeMap;

use berth_crds::common::{Booking, HolderKind, PaperRef};
use berth_crds::onboarding::OutcomeResult;
use berth_crds::{Onboarding, Site};
use berth_plan::amounts::Amounts;
use berth_plan::booking::{Booked, Ledger, Wish, book, release, waiting};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::*;

fn amounts(cpu: i64, memory_gi: i64) -> Amounts {
    Amounts { cpu_milli: cpu * 1000, memory: memory_gi << 30, ..Default::default() }
}

fn paper(n: u8) -> Option<PaperRef> {
    Some(PaperRef { namespace: "agency-ag-62".into(), name: format!("onb-{n}"), uid: format!("uid-{n}") })
}

const KIND: HolderKind = HolderKind::Environment;

fn wish(name: &str, amounts: Amounts, paper_no: u8) -> Wish<'_> {
    Wish { kind: KIND, name, amounts, paper: paper(paper_no) }
}

fn entry(name: &str, amounts: Amounts, paper_no: u8) -> Booking {
    Booking { name: name.into(), kind: KIND, resources: amounts.to_resources(), onboarding_ref: paper(paper_no) }
}

fn held(ledger: &Ledger, name: &str) -> Amounts {
    ledger.find(KIND, name).map(|b| Amounts::parse(&b.resources).unwrap()).unwrap_or_default()
}

#[test]
fn a_booking_is_one_entry_per_holder_and_says_which_paper_it_answers() {
    let ledger = Ledger { limit: amounts(8, 32), booked: vec![entry("b", amounts(2, 4), 1)] };
    let Booked::Write(list) = book(&ledger, &wish("a", amounts(6, 8), 2)) else { panic!("refused") };
    assert_eq!(list, [entry("a", amounts(6, 8), 2), entry("b", amounts(2, 4), 1)]);
    let full = Ledger { booked: list, ..ledger };
    assert_eq!(book(&full, &wish("a", amounts(6, 8), 2)), Booked::Already);
    let Booked::Write(list) = book(&full, &wish("a", amounts(6, 16), 3)) else { panic!("refused") };
    assert_eq!(list, [entry("a", amounts(6, 16), 3), entry("b", amounts(2, 4), 1)]);
}

#[test]
fn the_first_resource_that_lacks_is_named_with_how_much() {
    let ledger = Ledger { limit: amounts(8, 32), booked: vec![entry("b", amounts(2, 30), 1)] };
    assert_eq!(
        book(&ledger, &wish("a", amounts(6, 4), 2)),
        Booked::NoHeadroom { resource: "memory", lacking: 2 << 30 }
    );
}

#[test]
fn an_environment_and_an_agency_of_one_name_are_two_holders() {
    let budget = Booking { kind: HolderKind::Agency, ..entry("a", amounts(4, 4), 1) };
    let ledger = Ledger { limit: amounts(8, 32), booked: vec![budget.clone()] };
    let Booked::Write(list) = book(&ledger, &wish("a", amounts(4, 4), 2)) else { panic!("refused") };
    assert_eq!(list, [entry("a", amounts(4, 4), 2), budget]);
}

#[test]
fn a_site_promises_its_capacity_times_its_overcommit() {
    let site: Site = site(json!({"capacity": {"cpu": "10", "memory": "7", "storage": "0"}, "overcommitPercent": 150}));
    let limit = Amounts { cpu_milli: 15_000, memory: 10, ..Default::default() };
    assert_eq!(Ledger::of_site(&site), Ledger { limit, booked: vec![] });
}

#[test]
fn a_lowered_limit_takes_nothing_away_and_promises_nothing_more() {
    let ledger = Ledger { limit: amounts(2, 2), booked: vec![entry("a", amounts(4, 4), 1)] };
    assert_eq!(ledger.headroom(), Amounts::default());
    assert_eq!(book(&ledger, &wish("a", amounts(4, 4), 1)), Booked::Already);
    assert!(
        matches!(book(&ledger, &wish("a", amounts(3, 3), 2)), Booked::Write(list) if list == [entry("a", amounts(4, 4), 2)])
    );
    assert!(matches!(book(&ledger, &wish("b", amounts(1, 0), 3)), Booked::NoHeadroom { resource: "cpu", .. }));
}

#[derive(Clone, Debug)]
enum Act {
    /// A paper asks for an amount.
    Book(u8, i64, i64, u8),
    /// The environment's real use changes; it never exceeds the quota in force.
    Use(u8, i64, i64),
    /// The operator frees what is neither granted nor used.
    Release(u8),
    /// A shrink comes in force: `hard` is lowered, use stays what it is.
    Shrink(u8, i64, i64),
}

fn any_act() -> impl Strategy<Value = Act> {
    let (name, n) = (0u8..4, 0i64..9);
    prop_oneof![
        (name.clone(), n.clone(), n.clone(), 0u8..6).prop_map(|(h, c, m, p)| Act::Book(h, c, m, p)),
        (name.clone(), n.clone(), n.clone()).prop_map(|(h, c, m)| Act::Use(h, c, m)),
        name.clone().prop_map(Act::Release),
        (name, n.clone(), n).prop_map(|(h, c, m)| Act::Shrink(h, c, m)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_sum_never_exceeds_the_limit_nor_a_holder_falls_below_its_use(
        acts in proptest::collection::vec(any_act(), 1..40)
    ) {
        let mut ledger = Ledger { limit: amounts(12, 12), booked: vec![] };
        let mut used: BTreeMap<String, Amounts> = BTreeMap::new();
        let mut granted: BTreeMap<String, Amounts> = BTreeMap::new();
        for act in acts {
            match act {
                Act::Book(h, c, m, p) => {
                    let (name, asked) = (h.to_string(), amounts(c, m));
                    let before = held(&ledger, &name);
                    match book(&ledger, &wish(&name, asked, p)) {
                        Booked::Write(list) => {
                            ledger.booked = list;
                            prop_assert_eq!(held(&ledger, &name), before.max(asked));
                            granted.insert(name, asked);
                        }
                        Booked::Already => {
                            prop_assert!(asked.fits(before));
                            granted.insert(name, asked);
                        }
                        Booked::NoHeadroom { lacking, .. } => {
                            prop_assert!(lacking > 0);
                            prop_assert!(!asked.minus(before).fits(ledger.headroom()));
                        }
                    }
                }
                Act::Use(h, c, m) => {
                    let most = granted.get(&h.to_string()).copied().unwrap_or_default();
                    used.insert(h.to_string(), amounts(c, m).min(most));
                }
                Act::Shrink(h, c, m) => {
                    granted.entry(h.to_string()).and_modify(|g| *g = g.min(amounts(c, m)));
                }
                Act::Release(h) => {
                    let name = h.to_string();
                    let of = |map: &BTreeMap<String, Amounts>| map.get(&name).copied().unwrap_or_default();
                    let before = held(&ledger, &name);
                    let paper = ledger.find(KIND, &name).and_then(|b| b.onboarding_ref.clone());
                    match release(&ledger, &name, paper.as_ref(), of(&granted), of(&used)) {
                        Some(list) => {
                            ledger.booked = list;
                            prop_assert_eq!(held(&ledger, &name), of(&granted).max(of(&used)).min(before));
                            prop_assert_ne!(held(&ledger, &name), before);
                        }
                        None => prop_assert_eq!(of(&granted).max(of(&used)).min(before), before),
                    }
                }
            }
            prop_assert!(ledger.used().fits(ledger.limit), "{:?} of {:?}", ledger.used(), ledger.limit);
            prop_assert_eq!(ledger.used().plus(ledger.headroom()), ledger.limit);
            for (name, used) in &used {
                prop_assert!(used.fits(held(&ledger, name)), "{} uses more than is booked", name);
            }
            let mut names: Vec<_> = ledger.booked.iter().map(|b| (b.kind, &b.name)).collect();
            names.dedup();
            prop_assert_eq!(names.len(), ledger.booked.len());
        }
    }
}

fn approved(name: &str, priority: i64, decided: &str, with: Value) -> Onboarding {
    let base = json!({"metadata": {"name": name, "uid": format!("uid-{name}")}, "status": {"outcome": {
        "result": OutcomeResult::Approved, "decisionUIDs": ["d"], "priority": priority,
        "decidedAt": format!("2026-11-24T{decided}:00Z"), "recordedAt": "2026-11-24T12:00:00.000000Z"
    }}});
    onboarding(merge(base, with))
}

#[test]
fn the_queue_goes_by_priority_then_approval_then_record_then_name() {
    let later_record = json!({"status": {"outcome": {"recordedAt": "2026-11-24T12:00:00.000001Z"}}});
    let mut queue = [
        approved("e", 5, "10:00", later_record),
        approved("d", 5, "10:00", json!({})),
        approved("c", 5, "10:00", json!({})),
        approved("b", 5, "09:00", json!({})),
        approved("a", 1, "11:00", json!({})),
    ];
    queue.sort_by_key(|o| waiting(o).unwrap());
    let names: Vec<_> = queue.iter().map(|o| o.metadata.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
}

#[test]
fn only_an_approved_request_that_is_neither_withdrawn_nor_booked_waits() {
    let condition = |type_: &str, is: &str| {
        json!({"status": {"conditions": [{"type": type_, "status": is, "reason": "x", "message": "",
            "lastTransitionTime": "2026-11-24T12:00:00Z"}]}})
    };
    let table = [
        ("fresh", approved("a", 5, "09:00", json!({})), true),
        ("no headroom", approved("a", 5, "09:00", condition("Booked", "False")), true),
        ("withdrawn", approved("a", 5, "09:00", condition("Withdrawn", "True")), false),
        ("booked", approved("a", 5, "09:00", condition("Booked", "True")), false),
        ("ready", approved("a", 5, "09:00", condition("Ready", "True")), false),
        ("undecided", onboarding(json!({})), false),
        ("rejected", decided(OutcomeResult::Rejected, &["d"]), false),
        ("returned", decided(OutcomeResult::Returned, &["d"]), false),
    ];
    for (case, onboarding, waits) in table {
        assert_eq!(waiting(&onboarding).is_some(), waits, "{case}");
    }
}

mod budgets {
    //! Bookings move with an agency's budget.

    use super::*;
    use berth_plan::booking::{Settled, settle, take_back};

    fn budget(cpu: i64, memory: i64) -> Booking {
        Booking {
            name: "ag-62".into(),
            kind: HolderKind::Agency,
            resources: amounts(cpu, memory).to_resources(),
            onboarding_ref: None,
        }
    }

    fn theirs(booking: &Booking) -> bool {
        booking.name.starts_with('a')
    }

    fn stays(_: &Booking) -> bool {
        false
    }

    #[test]
    fn what_passed_to_another_agency_leaves_the_list_once_it_is_booked_there() {
        let own = [entry("a", amounts(3, 4), 1), entry("b", amounts(2, 4), 2)];
        let site = Ledger { limit: amounts(10, 40), booked: vec![budget(8, 8)] };
        let settled = |elsewhere: bool| {
            settle(&site, "ag-62", Some(amounts(8, 8)), &own, theirs, |b| elsewhere && !theirs(b)).own
        };
        assert_eq!(settled(false), own, "twice rather than nowhere");
        assert_eq!(settled(true), own[..1]);
        let site = Ledger { booked: vec![entry("b", amounts(2, 4), 2)], ..site };
        let gone = settle(&site, "ag-62", None, &own, theirs, |b| !theirs(b));
        let expected = Settled { own: vec![], site: own.to_vec(), lacking: None };
        assert_eq!(gone, expected, "a budget that goes takes nothing of others along");
    }

    #[test]
    fn a_budget_takes_the_environments_along_and_gives_them_back_when_it_goes() {
        let (own, other) = (entry("a", amounts(3, 4), 1), entry("b", amounts(2, 4), 2));
        let site = Ledger { limit: amounts(10, 40), booked: vec![own.clone(), other.clone()] };
        let with = settle(&site, "ag-62", Some(amounts(8, 8)), &[], theirs, stays);
        let expected = Settled { own: vec![own.clone()], site: vec![other.clone(), budget(8, 8)], lacking: None };
        assert_eq!(with, expected);
        let site = Ledger { booked: with.site, ..site };
        assert_eq!(settle(&site, "ag-62", Some(amounts(8, 8)), &with.own, theirs, stays), expected, "and stays so");
        let without = settle(&site, "ag-62", None, &with.own, theirs, stays);
        assert_eq!(without, Settled { own: vec![], site: vec![own, other], lacking: None });
    }

    #[test]
    fn a_budget_that_falls_frees_the_rest_and_one_that_does_not_fit_is_refused() {
        let own = [entry("a", amounts(3, 4), 1)];
        let site = Ledger { limit: amounts(10, 40), booked: vec![entry("b", amounts(2, 4), 2), budget(8, 8)] };
        let fallen = settle(&site, "ag-62", Some(amounts(1, 8)), &own, theirs, stays);
        assert_eq!(fallen.site[1], budget(3, 8), "not below what is given");
        assert_eq!(settle(&site, "ag-62", Some(amounts(9, 8)), &own, theirs, stays).lacking, Some("cpu"));
        let shrunk = Ledger { limit: amounts(4, 40), ..site };
        assert_eq!(
            settle(&shrunk, "ag-62", Some(amounts(5, 8)), &own, theirs, stays).lacking,
            None,
            "less than before fits"
        );
    }

    #[test]
    fn what_a_paper_booked_for_nothing_goes_back_to_the_paper_that_stands() {
        let ledger = Ledger { limit: amounts(10, 40), booked: vec![entry("a", amounts(8, 8), 2)] };
        assert_eq!(take_back(&ledger, "a", "uid-1", None), None, "not its booking");
        assert_eq!(take_back(&ledger, "a", "uid-2", None), Some(vec![]));
        let standing = Some((amounts(2, 4), paper(1)));
        assert_eq!(take_back(&ledger, "a", "uid-2", standing), Some(vec![entry("a", amounts(2, 4), 1)]));
    }
}
