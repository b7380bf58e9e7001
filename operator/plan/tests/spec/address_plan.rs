//! The AddressPlan's own status: ranges of the platform, what is due for its roots, whether it is in use.

use std::collections::BTreeSet;

use berth_crds::address::{AddressPlanStatus, ClusterRange, PlanUse, PrefixLevel, RangePurpose, UnannouncedRoot};
use berth_crds::{AddressPlan, ConditionType, condition};
use berth_plan::address::{self, Clash, clashes, open_pools, parse, parse_any, reserved};
use berth_plan::status::address_plan::{Seen, judge};
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::world::{at, day, kind, merge, of as object, today};

fn plan(with: Value) -> AddressPlan {
    let base = json!({"roots": [{"cidr": "3fff:a10::/32", "kind": "Documentation"}],
        "departmentPools": ["1", "2"], "communePools": ["9"]});
    kind("AddressPlan", "default", merge(base, with))
}

fn reserving(ranges: &[(&str, &str)]) -> AddressPlan {
    let ranges: Vec<Value> = ranges.iter().map(|(cidr, purpose)| json!({"cidr": cidr, "purpose": purpose})).collect();
    plan(json!({"reservations": ranges}))
}

fn net(text: &str) -> IpNet {
    parse_any(text).unwrap()
}

fn of(status: &AddressPlanStatus, type_: ConditionType) -> (String, String, String) {
    let c = condition::get(&status.conditions, type_).unwrap();
    (c.status.clone(), c.reason.clone(), c.message.clone())
}

fn told(status: &str, reason: &str, message: &str) -> (String, String, String) {
    (status.to_owned(), reason.to_owned(), message.to_owned())
}

#[test]
fn ranges_beside_the_pools_are_kept_and_the_plan_is_ready() {
    // Pool 0 of a site is the infrastructure's; IPv4 never meets a pool; another province's space is nobody's business.
    let plan = reserving(&[
        ("3fff:a10:1000::/40", "Infrastructure"),
        ("3fff:b10::/48", "Nodes"),
        ("192.0.2.0/24", "Nodes"),
        ("3fff:a10:10ff:64::/96", "Infrastructure"),
    ]);
    assert_eq!(clashes(&plan), []);
    let kept = ["3fff:a10:1000::/40", "3fff:b10::/48", "3fff:a10:10ff:64::/96"].map(|text| parse(text).unwrap());
    assert_eq!(reserved(&plan), BTreeSet::from(kept));
    assert_eq!(open_pools(&plan, "1", PrefixLevel::Agency), address::pools(&plan.spec, "1", PrefixLevel::Agency));
    let status = judge(&plan, &Seen::default(), today(), &at("09:00"));
    assert_eq!(of(&status, ConditionType::Ready), told("True", "Ready", "Ready."));
    let apart = told("True", "RangesApart", "No range of the platform meets a pool of the plan.");
    assert_eq!(of(&status, ConditionType::RangesApart), apart);
    assert_eq!((status.use_, status.observed_generation), (Some(PlanUse::Unused), Some(1)));
    let mut judged = AddressPlan { status: Some(status), ..plan.clone() };
    assert!(!address::is_judged(&plan) && address::is_judged(&judged));
    judged.metadata.generation = Some(2);
    assert!(!address::is_judged(&judged), "an edit is looked at before anything is chosen by it");
}

#[test]
fn a_range_in_a_pool_refuses_the_plan_and_the_pool_gives_nothing_new() {
    let plan = reserving(&[("3fff:a10:1140::/112", "Services")]);
    let pool = parse("3fff:a10:1100::/40").unwrap();
    let clash = Clash { pool, range: net("3fff:a10:1140::/112"), purpose: RangePurpose::Services, live: false };
    assert_eq!(clashes(&plan), [clash]);
    assert_eq!(
        open_pools(&plan, "1", PrefixLevel::Agency),
        [parse("3fff:a10:1200::/40").unwrap()],
        "the other pool goes on"
    );
    assert_eq!(open_pools(&plan, "2", PrefixLevel::Agency).len(), 2, "so does the other site");
    let status = judge(&plan, &Seen::default(), today(), &at("09:00"));
    let why = "3fff:a10:1140::/112 is reserved for Services and meets the pool 3fff:a10:1100::/40.";
    let refused = format!("The address plan meets ranges of the platform: nothing new is numbered there. {why}");
    assert_eq!(of(&status, ConditionType::Ready), told("False", "AddressPlanRefused", &refused));
    assert_eq!(of(&status, ConditionType::Stalled), told("True", "AddressPlanRefused", &refused));
    let overlap = format!("A range of the platform meets a pool of the plan. {why}");
    assert_eq!(of(&status, ConditionType::RangesApart), told("False", "RangesOverlap", &overlap));
}

#[test]
fn what_the_cluster_shows_counts_like_what_the_plan_declares() {
    let plan = plan(json!({}));
    let ranges = [
        ("10.96.0.0/12", RangePurpose::Services),
        ("3fff:a10:1200::/112", RangePurpose::Services),
        // Two nodes: neighbours are shown as one range.
        ("3fff:f00:0:0::/64", RangePurpose::Pods),
        ("3fff:f00:0:1::/64", RangePurpose::Pods),
        ("192.0.2.4/32", RangePurpose::Nodes),
    ];
    let parse = |text: &str| text.parse::<IpNet>().unwrap();
    let seen = Seen { ranges: ranges.iter().map(|(text, p)| (parse(text), *p)).collect(), blocks: true };
    let status = judge(&plan, &seen, today(), &at("09:00"));
    let shown = [
        ("3fff:a10:1200::/112", RangePurpose::Services),
        ("192.0.2.4/32", RangePurpose::Nodes),
        ("3fff:f00::/63", RangePurpose::Pods),
        ("10.96.0.0/12", RangePurpose::Services),
    ];
    let shown = shown.map(|(cidr, purpose)| ClusterRange { cidr: cidr.to_owned(), purpose });
    assert_eq!((status.cluster_ranges.as_slice(), status.use_), (&shown[..], Some(PlanUse::InUse)));
    let (is, reason, message) = of(&status, ConditionType::RangesApart);
    assert_eq!((is.as_str(), reason.as_str()), ("False", "RangesOverlap"));
    assert!(
        message.ends_with("3fff:a10:1200::/112 is in use by Services and meets the pool 3fff:a10:1200::/40."),
        "{message}"
    );
    let seen_plan = AddressPlan { status: Some(status), ..plan };
    assert!(reserved(&seen_plan).contains(&address::parse("3fff:a10:1200::/112").unwrap()), "it is never chosen");
    // Whoever looks again sees the same: nothing moves by itself.
    let again = judge(&seen_plan, &seen, today(), &at("10:00"));
    assert_eq!(Some(again), seen_plan.status);
}

#[test]
fn ranges_are_read_from_the_clusters_own_objects_and_what_is_no_address_is_left_out() {
    let service = |cidrs: Value| object(json!({"metadata": {"name": "kubernetes"}, "spec": {"cidrs": cidrs}}));
    let node = |spec: Value, addresses: Value| object(json!({"spec": spec, "status": {"addresses": addresses}}));
    let seen = Seen::of(
        &[service(json!(["10.96.0.0/12", "3fff:f00::/112"])), object(json!({}))],
        &[
            node(
                json!({"podCIDRs": ["10.244.0.0/24", "3fff:f01::/64", "nonsense"]}),
                json!([{"type": "InternalIP", "address": "192.0.2.4"}, {"type": "Hostname", "address": "n1"}]),
            ),
            node(json!({}), json!([{"type": "InternalIP", "address": "3fff:f02::4"}])),
        ],
        true,
    );
    let told: Vec<(String, RangePurpose)> = seen.ranges.iter().map(|(net, p)| (net.to_string(), *p)).collect();
    let (services, pods, nodes) = (RangePurpose::Services, RangePurpose::Pods, RangePurpose::Nodes);
    let expected = [
        ("10.96.0.0/12", services),
        ("3fff:f00::/112", services),
        ("10.244.0.0/24", pods),
        ("3fff:f01::/64", pods),
        ("192.0.2.4/32", nodes),
        ("3fff:f02::4/128", nodes),
    ];
    assert_eq!((told, seen.blocks), (expected.map(|(text, p)| (text.to_owned(), p)).to_vec(), true));
}

#[test]
fn a_range_around_a_root_meets_every_pool_of_it_and_the_message_stays_short() {
    let plan = reserving(&[("3fff:a00::/24", "Pods")]);
    let met = clashes(&plan);
    assert_eq!((met.len(), open_pools(&plan, "1", PrefixLevel::Agency)), (16 * 3, vec![]));
    let (_, _, message) = of(&judge(&plan, &Seen::default(), today(), &at("09:00")), ConditionType::Ready);
    assert!(message.ends_with("And 44 more.") && message.len() < 600, "{message}");
}

/// Condition `Announced` and the last day, of a root with these dates on a day.
fn announced(
    kind: &str,
    registered: Option<&str>,
    announced: Option<&str>,
    on: &str,
) -> ((String, String), Option<String>) {
    let plan = plan(json!({"roots": [{"cidr": "2400:a10::/32", "kind": kind, "registeredOn": registered,
        "firstAnnouncedOn": announced}]}));
    let status = judge(&plan, &Seen::default(), day(on), &at("09:00"));
    let (is, reason, _) = of(&status, ConditionType::Announced);
    ((is, reason), status.announce_by)
}

#[test]
fn a_registered_root_is_announced_within_six_months_and_a_month_before_it_says_so() {
    let on = |day: &str| announced("Independent", Some("2026-05-31"), None, day);
    let is = |reason: &str| (("False".to_owned(), reason.to_owned()), Some("2026-11-30".to_owned()));
    assert_eq!(on("2026-06-01"), is("AnnouncementPending"));
    assert_eq!(on("2026-10-30"), is("AnnouncementPending"));
    assert_eq!(on("2026-10-31"), is("AnnouncementDue"));
    assert_eq!(on("2026-11-30"), is("AnnouncementDue"));
    assert_eq!(on("2026-12-01"), is("AnnouncementOverdue"));
    let done = (("True".to_owned(), "RootsAnnounced".to_owned()), None);
    assert_eq!(announced("Independent", Some("2026-05-31"), Some("2026-10-01"), "2026-12-01"), done);
    // A day that is still to come is a promise.
    assert_eq!(
        announced("Independent", Some("2026-05-31"), Some("2026-12-24"), "2026-12-01"),
        is("AnnouncementOverdue")
    );
    assert_eq!(
        announced("ProviderAssigned", Some("2026-01-01"), None, "2026-12-01"),
        done,
        "the provider announces it"
    );
    let none = |reason: &str| (("False".to_owned(), reason.to_owned()), None);
    assert_eq!(announced("Independent", None, None, "2026-12-01"), none("RegistrationUnknown"));
    assert_eq!(announced("Documentation", Some("2026-01-01"), None, "2026-12-01"), none("NoRegisteredRoot"));
}

#[test]
fn the_warning_names_every_root_with_its_day_and_the_worst_decides() {
    let root =
        |cidr: &str, registered: Option<&str>| json!({"cidr": cidr, "kind": "Independent", "registeredOn": registered});
    let plan = plan(json!({"roots": [root("2400:a10::/32", Some("2026-06-01")), root("2400:b10::/32", None),
        root("2400:c10::/32", Some("2026-05-01"))]}));
    let status = judge(&plan, &Seen::default(), today(), &at("09:00"));
    let message = "A registered root was not announced within six months and may be revoked. \
        2400:a10::/32: announce it by 2026-12-01 and enter `firstAnnouncedOn`. 2400:b10::/32: enter `registeredOn`. \
        2400:c10::/32: announce it by 2026-11-01 and enter `firstAnnouncedOn`.";
    assert_eq!(of(&status, ConditionType::Announced), told("False", "AnnouncementOverdue", message));
    let unannounced =
        |cidr: &str, by: Option<&str>| UnannouncedRoot { cidr: cidr.into(), announce_by: by.map(Into::into) };
    let due = [
        unannounced("2400:a10::/32", Some("2026-12-01")),
        unannounced("2400:b10::/32", None),
        unannounced("2400:c10::/32", Some("2026-11-01")),
    ];
    assert_eq!((status.unannounced.as_slice(), status.announce_by.as_deref()), (&due[..], Some("2026-11-01")));
    assert_eq!(of(&status, ConditionType::Ready).0, "True", "it is a warning");
}

#[test]
fn a_day_that_is_none_is_said_and_not_guessed() {
    let plan = plan(json!({"roots": [{"cidr": "2400:a10::/32", "kind": "Independent", "registeredOn": "2026-02-30"}]}));
    let status = judge(&plan, &Seen::default(), today(), &at("09:00"));
    let why = "The spec is not valid. `registeredOn` \"2026-02-30\" of 2400:a10::/32 is no date.";
    assert_eq!(of(&status, ConditionType::Ready), told("False", "InvalidSpec", why));
    assert_eq!(of(&status, ConditionType::Announced).1, "RegistrationUnknown");
}
