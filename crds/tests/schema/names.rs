//! Derived names: two different things never share one, and the rules of the schemas agree with the code.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use berth_crds::decision::SignerRole;
use berth_crds::environment::{EnvironmentKind, Zone};
use berth_crds::{host, names};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::rules::{refusals, schema};

const ZONES: &[Zone] = &[Zone::Dmz, Zone::App, Zone::Db, Zone::Mgmt];

fn plates() -> impl Strategy<Value = String> {
    "[a-z][a-z2-7]{5}"
}

/// Tenants as nasty as a hand-written one can be: made of the words that names are joined from.
fn tenants() -> impl Strategy<Value = String> {
    let words = select(vec!["a", "b7", "prod", "dev", "app", "db", "mgmt", "tenant"]);
    prop_oneof![plates(), proptest::collection::vec(words, 1..4).prop_map(|words| words.join("-"))]
}

fn kinds() -> impl Strategy<Value = EnvironmentKind> {
    select(EnvironmentKind::ALL)
}

fn zones() -> impl Strategy<Value = Option<Zone>> {
    option::of(select(ZONES))
}

/// Canonical, masked prefixes of the space that a province is numbered from.
fn prefixes() -> impl Strategy<Value = (Ipv6Addr, u8)> {
    // Few set bits, so that runs of zeros, which canonical text shortens, are common.
    let address = (any::<u128>(), any::<u128>(), any::<u128>()).prop_map(|(a, b, c)| a & b & c);
    (address, 3u8..=64).prop_map(|(address, length)| {
        let global = (address >> 3) | (1 << 125);
        (Ipv6Addr::from_bits(global & (u128::MAX << (128 - u32::from(length)))), length)
    })
}

fn is_dns_label(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 63 && text.starts_with(ends) && text.ends_with(ends) && text.chars().all(|c| ends(c) || c == '-')
}

#[test]
fn no_zone_is_called_like_a_kind_of_environment_and_none_has_a_hyphen() {
    let words: Vec<_> =
        EnvironmentKind::ALL.iter().map(|k| k.suffix()).chain(ZONES.iter().map(|z| z.as_str())).collect();
    let distinct: BTreeSet<_> = words.iter().collect();
    assert_eq!(distinct.len(), words.len());
    assert!(words.iter().all(|word| !word.contains('-') && is_dns_label(word)));
}

#[test]
fn the_longest_namespace_of_a_plate_fits_a_label() {
    for kind in EnvironmentKind::ALL {
        for zone in ZONES {
            assert!(is_dns_label(&names::namespace(&names::environment("abcdef", kind.suffix()), Some(zone.as_str()))));
        }
    }
}

#[test]
fn the_schema_knows_every_kind_zone_and_role_of_the_code() {
    for kind in EnvironmentKind::ALL {
        assert_eq!(json!(kind).as_str().unwrap().to_lowercase(), kind.suffix());
    }
    for zone in ZONES {
        assert_eq!(json!(zone), zone.as_str());
    }
    for role in SignerRole::ALL {
        assert_eq!(json!(role), role.as_str());
        assert!(!role.as_str().contains('.'), "a dot would end the role in a Decision's name");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn two_environments_never_share_a_name((a, b) in ((tenants(), kinds()), (tenants(), kinds()))) {
        let name = |(tenant, kind): &(String, EnvironmentKind)| names::environment(tenant, kind.suffix());
        prop_assert_eq!(name(&a) == name(&b), a == b, "{:?} {:?}", a, b);
    }

    #[test]
    fn two_zones_never_share_a_namespace(
        (a, b) in ((tenants(), kinds(), zones()), (tenants(), kinds(), zones()))
    ) {
        let name = |(tenant, kind, zone): &(String, EnvironmentKind, Option<Zone>)| {
            names::namespace(&names::environment(tenant, kind.suffix()), zone.map(Zone::as_str))
        };
        prop_assert_eq!(name(&a) == name(&b), a == b, "{:?} {:?}", a, b);
    }

    #[test]
    fn tenant_kind_and_zone_are_read_back_from_a_namespace(tenant in tenants(), kind in kinds(), zone in zones()) {
        let namespace = names::namespace(&names::environment(&tenant, kind.suffix()), zone.map(Zone::as_str));
        let mut rest = namespace.as_str();
        let found_zone = ZONES.iter().copied().find(|z| rest.ends_with(&format!("-{}", z.as_str())));
        if let Some(zone) = found_zone {
            rest = &rest[..rest.len() - zone.as_str().len() - 1];
        }
        let found_kind = EnvironmentKind::ALL.iter().copied().find(|k| rest.ends_with(&format!("-{}", k.suffix())));
        prop_assert_eq!(found_zone, zone);
        prop_assert_eq!(found_kind, Some(kind));
        prop_assert_eq!(&rest[..rest.len() - kind.suffix().len() - 1], tenant);
    }

    #[test]
    fn a_decision_is_read_back_from_its_name(
        onboarding in "[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", role in select(SignerRole::ALL), n in 1u32..=9999
    ) {
        let name = names::decision(&onboarding, role.as_str(), n);
        prop_assert_eq!(names::parse_decision(&name), Some((onboarding.as_str(), role.as_str(), n)));
    }

    #[test]
    fn what_is_read_as_a_decision_is_written_the_same(name in r"[a-c]{0,2}[.][a-c]{0,2}[.][+0-9]{1,5}") {
        if let Some((onboarding, role, n)) = names::parse_decision(&name) {
            prop_assert_eq!(names::decision(onboarding, role, n), name);
        }
    }

    #[test]
    fn a_prefix_is_read_back_from_the_name_of_its_block((address, length) in prefixes()) {
        let cidr = format!("{address}/{length}");
        let name = names::block(&cidr);
        prop_assert!(is_dns_label(&name), "{}", name);
        let (left, right) = name.rsplit_once('-').expect("the slash became a hyphen");
        prop_assert_eq!(format!("{}/{right}", left.replace('-', ":")), cidr);
    }

    #[test]
    fn an_agency_is_read_back_from_its_paper_namespace(agency in "[a-z]{2,3}-[0-9]{1,4}") {
        let namespace = names::agency_namespace(&agency);
        prop_assert!(is_dns_label(&namespace));
        prop_assert_eq!(names::agency_of_namespace(&namespace), Some(agency.as_str()));
    }

    #[test]
    fn a_claim_of_an_agency_is_never_a_claim_of_a_tenant(agency in tenants(), tenant in tenants()) {
        prop_assert_ne!(names::agency_claim(&agency), names::tenant_claim(&tenant));
    }

    #[test]
    fn a_plate_is_a_label_that_begins_with_a_letter(uid in ".{0,60}", attempt in 0usize..8) {
        let plate = names::plate(&uid, attempt).expect("a hash holds eight plates");
        prop_assert_eq!(plate.len(), names::PLATE_LENGTH);
        prop_assert!(is_dns_label(&plate) && plate.starts_with(|c: char| c.is_ascii_lowercase()), "{}", plate);
        prop_assert_eq!(names::plate(&uid, attempt), Some(plate));
    }

    #[test]
    fn an_onboarding_depends_on_where_its_parts_end(
        text in "[a-z0-9:-]{3,30}", cuts in proptest::collection::vec(0usize..=30, 4)
    ) {
        let cut = |a: usize, b: usize| {
            let (a, b) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
            (&text[..a], &text[a..b], &text[b..])
        };
        let (one, two) = (cut(cuts[0], cuts[1]), cut(cuts[2], cuts[3]));
        let name = |(agency, user, request)| names::onboarding(agency, user, request);
        prop_assert_eq!(name(one) == name(two), one == two);
        prop_assert!(is_dns_label(&name(one)), "the name has no dot, as Decisions need");
    }
}

proptest! {
    // These run the rules of a schema, which costs some milliseconds each.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn the_rule_on_block_names_agrees_with_the_code((address, length) in prefixes()) {
        let cidr = format!("{address}/{length}");
        let block = |name: String| json!({
            "metadata": {"name": name},
            "spec": {"cidr": cidr, "parent": "::/0", "parentUID": "1", "level": "System", "state": "Pending",
                     "claimRef": {"name": "c", "uid": "1"}}
        });
        let schema = schema("PrefixBlock");
        prop_assert!(refusals(schema, &block(names::block(&cidr)), None).is_empty(), "{}", cidr);
        let longer = names::block(&cidr) + "0";
        prop_assert!(!refusals(schema, &block(longer), None).is_empty());
    }

    #[test]
    fn the_rule_on_environment_names_agrees_with_the_code(tenant in tenants(), kind in kinds()) {
        let name = names::environment(&tenant, kind.suffix());
        let environment = |name: &str| json!({
            "metadata": {"name": name}, "spec": {"tenantRef": {"name": tenant}, "kind": kind}
        });
        let schema = schema("Environment");
        prop_assert!(refusals(schema, &environment(&name), None).is_empty(), "{}", name);
        prop_assert!(!refusals(schema, &environment(&tenant), None).is_empty());
    }

    #[test]
    fn the_rule_on_decision_names_agrees_with_the_code(
        onboarding in "[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", role in select(SignerRole::ALL), n in "[0-9]{1,5}"
    ) {
        let name = format!("{onboarding}.{}.{n}", role.as_str());
        let (paper, verdict) = match role {
            SignerRole::Owner => ("connectionRef", "Consent"),
            SignerRole::Requester => ("onboardingRef", "Withdraw"),
            _ => ("onboardingRef", "Approve"),
        };
        let decision = json!({
            "metadata": {"name": name},
            "spec": {paper: {"name": onboarding, "uid": "1"}, "role": role, "verdict": verdict,
                     "by": {"username": "lan"}}
        });
        let accepted = refusals(schema("Decision"), &decision, None).is_empty();
        prop_assert_eq!(accepted, names::parse_decision(&name).is_some(), "{}", name);
    }
}

/// Texts that come near a host name.
fn hosts() -> impl Strategy<Value = String> {
    let words = select(vec!["tinh", "a-b", "xn--p1ai", "192", "0", "-a", "b-", "A", "*", "", "ở"]);
    let near = proptest::collection::vec(words, 0..5).prop_map(|words| words.join("."));
    prop_oneof![near, "[-a-z0-9.]{0,70}", "[a-z]{60,66}[.][a-z]{60,66}"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn the_rule_of_the_schemas_takes_the_host_names_that_the_code_takes(text in hosts()) {
        let list = json!([text]);
        for (kind, field) in [("Connection", "hostNames"), ("Agency", "domains")] {
            let rules = &schema(kind)["properties"]["spec"]["properties"][field];
            prop_assert_eq!(refusals(rules, &list, None).is_empty(), host::is_host_name(&text), "{} {}", kind, text);
        }
    }
}
