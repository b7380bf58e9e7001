//! What is said of devices outside the cluster.

use berth_crds::change::Outside;
use berth_crds::common::UidRef;
use berth_crds::condition::Is;
use berth_crds::{NetworkChange, Reason};
use berth_plan::network::outside::{facts, said};
use serde_json::json;

use super::{moved, plan, world};
use crate::world::*;

fn production(prefixes: &[&str], agency: &str) -> Outside {
    let environment_ref = UidRef { name: "aaaaaa-prod".into(), uid: "uid-aaaaaa-prod".into() };
    Outside { environment_ref, agency: agency.into(), prefixes: prefixes.iter().map(|p| (*p).to_owned()).collect() }
}

fn change(name: &str, at: &str, about: &Outside) -> NetworkChange {
    let spec = json!({"reference": format!("CR-{name}"), "environments": [about], "by": {"username": "minh"}});
    let mut change: NetworkChange = kind("NetworkChange", name, spec);
    change.metadata.creation_timestamp = Some(of(json!(at)));
    change
}

#[test]
fn devices_must_know_the_owner_of_the_day_and_the_prefixes_of_both_families() {
    let world = world();
    let environment = &world.register.environments["aaaaaa-prod"];
    let on = |day_: &str| facts(environment, &moved(), Some(&plan()), day(day_)).unwrap();
    let own = "3fff:a10:1180:8000::/60";
    assert_eq!(on("2026-01-15"), production(&[own], "ag-62"), "before the assignment");
    assert_eq!(on("2026-06-30"), production(&["198.51.100.0/26", own], "ag-62"));
    assert_eq!(on("2026-07-01"), production(&["198.51.100.0/26", own], "ag-73"));
    let unaddressed = environment_without_prefix();
    assert_eq!(facts(&unaddressed, &moved(), Some(&plan()), day("2026-07-01")), None);
}

fn environment_without_prefix() -> berth_crds::Environment {
    environment("aaaaaa-prod", "Prod", json!({}))
}

#[test]
fn the_newest_word_about_the_very_environment_counts() {
    let now = production(&["3fff:a10:1180:8000::/60"], "ag-73");
    let before = production(&["3fff:a10:1180:8000::/60"], "ag-62");
    let (old, new) = (change("1", "2026-06-01T00:00:00Z", &before), change("2", "2026-07-02T00:00:00Z", &now));
    let told = |changes: &[&NetworkChange]| {
        let (is, reason, message) = said(&now, changes.iter().copied());
        (is.as_str(), reason, message)
    };
    assert_eq!(told(&[]).1, Reason::OutsidePending);
    let (is, reason, message) = told(&[&old]);
    assert_eq!((is, reason), (Is::False.as_str(), Reason::OutsideChanged));
    assert!(message.contains("CR-1") && message.contains("ag-62") && message.contains("ag-73"), "{message}");
    for order in [[&old, &new], [&new, &old]] {
        let (is, reason, message) = told(&order);
        assert_eq!((is, reason), (Is::True.as_str(), Reason::OutsideAcknowledged));
        assert!(message.contains("CR-2") && message.contains("minh"), "{message}");
    }
    let (mut early, mut late) = (change("9", "2026-07-02T00:00:00Z", &before), new.clone());
    (early.metadata.resource_version, late.metadata.resource_version) = (Some("999".into()), Some("1000".into()));
    for order in [[&early, &late], [&late, &early]] {
        assert_eq!(told(&order).1, Reason::OutsideAcknowledged, "of one second's two words the later write counts");
    }
    let mut namesake = now.clone();
    namesake.environment_ref.uid = "uid-earlier".into();
    assert_eq!(
        told(&[&change("3", "2026-08-01T00:00:00Z", &namesake)]).1,
        Reason::OutsidePending,
        "another of that name"
    );
}
