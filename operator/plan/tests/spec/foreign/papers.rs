//! Onboardings: every action, with every part that it needs and some that are strangers to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use berth_crds::onboarding::Action;
use berth_crds::{Onboarding, Reason};
use berth_plan::act::{self, Part};
use berth_plan::address::{self, Ask};
use berth_plan::checks::{self, Overall};
use berth_plan::fulfil::Way;
use serde_json::{Map, Value, json};

use super::written::{self, plate};
use super::{CASES, Dice, OTHERS, OWN, PREFIXES, province};
use crate::world::{day, of, subject};

const ACTIONS: [&str; 10] = [
    "New",
    "AddEnvironment",
    "Change",
    "Extend",
    "Suspend",
    "Resume",
    "Decommission",
    "Transfer",
    "RecordLevel",
    "GoLive",
];

/// Texts that would mean something if anybody executed them.
const TEXTS: [&str; 5] = [
    "Cần thêm tài nguyên.",
    "{{ .Values.namespace }} ${HOME} $(id)",
    "metadata:\n  namespace: kube-system\n  labels: {berth.dev/tenant: aaaaaa}",
    "agencies/ag-62/onboardings/onb-first",
    "system:masters",
];

/// A paper that was approved; the same number gives the same one.
fn paper(number: u64) -> Onboarding {
    let mut dice = Dice::of_case(number);
    let action = dice.of(&ACTIONS);
    let parts = act::parts(of(json!(action)));
    let mut spec = Map::from_iter([
        ("action".to_owned(), json!(action)),
        ("justification".to_owned(), json!(dice.of(&TEXTS))),
        ("requester".to_owned(), json!({"username": dice.or(2, &["lan"]), "groups": ["berth:ag-71:requester"]})),
    ]);
    for part in Part::ALL {
        // What the action needs is mostly there, what it has no use for sometimes.
        let given = if parts.is_stranger(*part) { dice.once_in(10) } else { !dice.once_in(12) };
        if given {
            fill(&mut spec, *part, &mut dice);
        }
    }
    for (field, value) in [
        ("onBehalfOf", json!(dice.name())),
        ("supersedes", json!({"name": dice.name(), "uid": dice.of(&["uid-first", "x"])})),
        ("letter", json!({"issuer": "ag-62", "number": "1/UBND", "date": "2026-11-20", "signer": dice.name()})),
    ] {
        if dice.once_in(4) {
            spec.insert(field.into(), value);
        }
    }
    of(json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Onboarding",
        "metadata": {"name": format!("onb-{number}"), "namespace": format!("agency-{OWN}"),
            "uid": format!("uid-paper-{number}"), "creationTimestamp": "2026-11-24T08:00:00Z"},
        "spec": spec, "status": {"outcome": written::outcome()}
    }))
}

fn fill(spec: &mut Map<String, Value>, part: Part, dice: &mut Dice) {
    let value = match part {
        Part::System => system(dice),
        Part::Tenant => json!({"name": dice.or(3, &["bbbbbb", "cccccc"])}),
        Part::Target => {
            spec.insert("revision".into(), json!([1, 1, 1, 0, 2][dice.throw(5)]));
            target(dice)
        }
        Part::Environment => asked(dice),
        Part::EndDate => json!(dice.of(&["2036-12-31", "2020-01-01", "x"])),
        Part::EffectiveDate => json!(dice.of(&["2026-12-31", "2020-01-01"])),
        Part::ForceMajeure => json!(dice.of(&TEXTS)),
        Part::Level => json!({"level": dice.throw(7), "regulation": dice.of(&TEXTS)}),
        Part::Transfer => {
            let body = |dice: &mut Dice| json!({"name": dice.or(2, &[OWN, "ag-62", "ag-73"])});
            json!({"from": body(dice), "to": body(dice)})
        }
    };
    spec.insert(part.fields().0.into(), value);
}

fn system(dice: &mut Dice) -> Value {
    let former = json!([{"agencyRef": {"name": dice.name()}, "from": "2020-01-01", "to": "2025-06-30"}]);
    json!({
        "code": dice.or(2, &["IS-77", "IS-02", "IS-03", "IS-01", "IS-09"]), "displayName": dice.of(&TEXTS),
        "level": 1 + dice.throw(3), "dataKinds": ["Public"],
        "governingBodyRef": {"name": dice.or(2, &["ag-70"])}, "operatorRef": {"name": dice.or(2, &["ag-69"])},
        "formerOwners": if dice.once_in(3) { former } else { json!([]) }
    })
}

/// An environment with its UID, which anybody may know, or another one.
fn target(dice: &mut Dice) -> Value {
    let name = match dice.throw(3) {
        0 => dice.of(&province::OWN).to_owned(),
        1 => dice.of(&province::OTHERS).to_owned(),
        _ => dice.name(),
    };
    let uid = if dice.once_in(4) { dice.name() } else { format!("uid-{name}") };
    json!({"name": name, "uid": uid})
}

fn asked(dice: &mut Dice) -> Value {
    let mut asked = json!({
        "kind": dice.of(&["Prod", "Staging", "Dev"]), "classRef": {"name": dice.or(2, &["xs", "m"])},
        "deployAccount": dice.of(&["None", "PerNamespace"]), "endDate": "2036-12-31"
    });
    for (field, value) in [
        ("quota", json!({"cpu": "1", "memory": "1Gi", "storage": "1Gi"})),
        ("exposure", json!(["Internet", "TSLCD"])),
        ("ipv4Only", json!({"reason": dice.of(&TEXTS), "until": "2027-06-30"})),
        ("requestedPrefix", json!(dice.of(&PREFIXES))),
    ] {
        if dice.once_in(3) {
            asked[field] = value;
        }
    }
    asked
}

/// Whether the paper's system is somebody else's, as far as the registers say whose it is.
fn is_foreign(paper: &Onboarding, register: &berth_plan::register::Register) -> bool {
    let plate = register.tenant_of(&paper.spec).or_else(|| {
        let uid = paper.metadata.uid.as_deref();
        register.other_of_code(&paper.spec, OWN, uid).map(|(plate, _)| plate.clone())
    });
    // Whoever is to receive a system asks for what is not theirs yet, from the agency that owns it.
    let receives = paper.spec.transfer.as_ref().is_some_and(|asked| asked.to.name == OWN);
    plate.is_some_and(|plate| register.tenants.get(&plate).is_none_or(|t| t.spec.agency_ref.name != OWN)) && !receives
}

fn word(way: &Way) -> String {
    match way {
        Way::Never { reason, .. } => format!("never, {}", reason.as_str()),
        Way::Later { .. } => "later".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

#[test]
fn a_paper_touches_nothing_of_another_agency_whatever_it_says() {
    let register = province::register();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..CASES {
        let paper = paper(number);
        // The other agency's word on a change of owner: forged in the writers' own namespace, and given in the other's.
        let others = [OWN, "ag-62", "ag-73"].map(|agency| {
            let mut other = paper.clone();
            other.metadata.namespace = Some(format!("agency-{agency}"));
            other.metadata.uid = Some("uid-other".into());
            Arc::new(other)
        });
        let (way, planned) = written::of_paper(&paper, &register, &others);
        assert_eq!(written::strays(&paper, &register, &planned), Vec::<String>::new(), "case {number}: {paper:?}");
        *counts.entry(word(&way)).or_default() += 1;
    }
    println!("{CASES} papers, though approved: {counts:?}; 0 touch anything of others");
    let met = |way: &str| counts.get(way).is_some_and(|n| *n > 20);
    let never = |reason: Reason| met(&format!("never, {}", reason.as_str()));
    assert!(met("create") && met("change") && met("act"), "the papers must get somewhere: {counts:?}");
    assert!(never(Reason::NotActingForAgency) && never(Reason::MissingReference), "and meet others': {counts:?}");
}

#[test]
fn a_paper_about_what_is_not_its_agencys_is_not_decidable_and_says_why_without_telling_whose_it_is() {
    let register = province::register();
    let profile = register.profile(day("2026-11-24")).unwrap().clone();
    let (mut foreign, mut decidable) = (0, 0);
    for number in 0..CASES {
        let mut paper = paper(number);
        paper.status = None;
        let results = checks::all(&subject(&paper, OWN, &profile, &register, &[]));
        let overall = checks::overall(&results);
        decidable += usize::from(overall == Overall::Decidable);
        if !is_foreign(&paper, &register) {
            continue;
        }
        foreign += 1;
        assert_ne!(overall, Overall::Decidable, "case {number}: {paper:?}");
        let (said, asked) = (checks::defects(&results), serde_json::to_string(&paper.spec).unwrap());
        assert!(!said.is_empty(), "case {number}");
        for name in OTHERS.into_iter().filter(|name| !asked.contains(name)) {
            assert!(!said.contains(name), "case {number} tells {name}: {said}");
        }
    }
    println!("{CASES} papers, {foreign} about what is not their agency's, 0 of them decidable; {decidable} are");
    assert!(foreign > 1000 && decidable > 10, "{foreign} {decidable}");
}

#[test]
fn a_wish_for_a_prefix_is_followed_in_the_agencys_own_block_and_nowhere_else() {
    let own = address::parse("3fff:a10:1180::/48").unwrap();
    let taken = BTreeSet::from([address::parse("3fff:a10:1180::/56").unwrap()]);
    let mut followed = 0;
    for number in 0..CASES {
        let mut dice = Dice::of_case(number);
        let wish = if dice.once_in(3) { dice.name() } else { dice.of(&PREFIXES).to_owned() };
        let ask = Ask {
            parents: &[own],
            length: 56,
            taken: &taken,
            returning: BTreeSet::new(),
            wish: Some(&wish),
            grows: None,
        };
        let choice = address::pick(&ask).unwrap();
        assert!(own.contains(&choice.prefix) && !taken.contains(&choice.prefix), "{wish}: {choice}");
        assert_eq!(choice.refused.is_some(), choice.prefix.to_string() != wish, "{wish}: {choice}");
        followed += usize::from(choice.refused.is_none());
    }
    println!("{CASES} wishes, {followed} followed, 0 outside the agency's block");
    assert!(followed > 100);
}

#[test]
fn the_plate_of_a_new_system_follows_from_the_paper_and_from_nothing_that_it_says() {
    let register = province::register();
    let mut seen = BTreeMap::new();
    for number in 0..CASES {
        let paper = paper(number);
        if paper.spec.action != Action::New {
            continue;
        }
        let plate = plate(&paper, &register).unwrap();
        let own = register.tenants.get(&plate).is_none_or(|tenant| tenant.spec.agency_ref.name == OWN);
        assert!(own, "case {number} takes {plate}: {paper:?}");
        if !register.tenants.contains_key(&plate) {
            assert_eq!(seen.insert(plate, number), None, "two papers, one plate");
        }
    }
    assert!(seen.len() > 500, "{}", seen.len());
}
