//! The lines of routers, firewalls and DNS.

use std::collections::BTreeSet;

use berth_plan::network::export::{Change, Line, Table, difference, fingerprint, lines};
use berth_plan::network::{View, World};

use super::{noon, world};

fn at(world: &World, day: &str) -> BTreeSet<Line> {
    lines(&View::new(world, noon(day)), None)
}

fn told(lines: impl IntoIterator<Item = Line>, table: Table) -> Vec<String> {
    let of_table = lines.into_iter().filter(|line| line.table == table);
    of_table.map(|l| format!("{} {} {}{}", l.set, l.prefix, l.environment, l.value).trim().to_owned()).collect()
}

#[test]
fn firewall_sets_follow_the_owner_at_the_date_in_both_families_and_never_the_block() {
    let world = world();
    assert_eq!(
        told(at(&world, "2026-06-30"), Table::Firewall),
        [
            "berth-ag-62-v4 198.51.100.0/26 aaaaaa-prod",
            "berth-ag-62-v6 3fff:a10:1180:8000::/60 aaaaaa-prod",
            "berth-ag-71-v6 3fff:a10:1180:4000::/60 bbbbbb-prod",
            "berth-ag-71-v6 3fff:b00::/48",
            "berth-infrastructure-v4 198.51.100.0/24",
        ]
    );
    assert_eq!(
        told(at(&world, "2026-11-24"), Table::Firewall),
        [
            "berth-ag-71-v6 3fff:b00::/48",
            "berth-ag-73-v4 198.51.100.0/26 aaaaaa-prod",
            "berth-ag-73-v6 3fff:a10:1180:8000::/60 aaaaaa-prod",
            "berth-ag-73-v6 3fff:a10:1180:8010::/60 aaaaaa-staging",
        ]
    );
}

#[test]
fn routes_name_the_next_aggregate_up_to_the_root() {
    assert_eq!(
        told(at(&world(), "2026-11-24"), Table::Route),
        [
            "dc1 3fff:a10:1000::/36 3fff:a10::/32",
            "dc1 3fff:a10:1180:8000::/56 3fff:a10:1000::/36",
            "dc1 3fff:a10:1180:8000::/60 aaaaaa-prod3fff:a10:1180:8000::/56",
            "dc1 3fff:a10:1180:8010::/60 aaaaaa-staging3fff:a10:1180:8000::/56",
        ]
    );
}

#[test]
fn reverse_zones_are_of_systems_and_assignments_and_names_come_with_a_suffix() {
    let world = world();
    assert_eq!(
        told(at(&world, "2026-11-24"), Table::Zone),
        [
            "0.0.0.0.0.0.b.0.f.f.f.3.ip6.arpa 3fff:b00::/48",
            "0.8.0.8.1.1.0.1.a.0.f.f.f.3.ip6.arpa 3fff:a10:1180:8000::/56",
            "0/26.100.51.198.in-addr.arpa 198.51.100.0/26 aaaaaa-prod",
        ]
    );
    let named = lines(&View::new(&world, noon("2026-11-24")), Some("cloud.example."));
    let zone = "8.0.8.1.1.0.1.a.0.f.f.f.3.ip6.arpa";
    assert_eq!(
        told(named, Table::Pointer),
        [
            format!("*.0.0.{zone} 3fff:a10:1180:8000::/60 aaaaaa-prodaaaaaa-prod.cloud.example."),
            format!("*.1.0.{zone} 3fff:a10:1180:8010::/60 aaaaaa-stagingaaaaaa-staging.cloud.example."),
        ]
    );
    assert_eq!(told(at(&world, "2026-11-24"), Table::Pointer), Vec::<String>::new());
}

#[test]
fn the_difference_is_what_a_person_changes_in_the_device() {
    let world = world();
    let (before, now) = (at(&world, "2026-06-30"), at(&world, "2026-07-01"));
    let changed: Vec<_> = difference(Some(&before), &now)
        .into_iter()
        .filter(|(_, line)| line.table == Table::Firewall)
        .map(|(change, line)| (change, line.set, line.prefix.to_string()))
        .collect();
    let line = |change, set: &str, prefix: &str| (change, set.to_owned(), prefix.to_owned());
    assert_eq!(
        changed,
        [
            line(Change::Removed, "berth-ag-62-v4", "198.51.100.0/26"),
            line(Change::Removed, "berth-ag-62-v6", "3fff:a10:1180:8000::/60"),
            line(Change::Added, "berth-ag-73-v4", "198.51.100.0/26"),
            line(Change::Added, "berth-ag-73-v6", "3fff:a10:1180:8000::/60"),
        ]
    );
    assert_eq!(difference(Some(&now), &now), []);
    let whole = difference(None, &now);
    assert_eq!((whole.len(), whole.iter().all(|(change, _)| *change == Change::Present)), (now.len(), true));
    assert_eq!(fingerprint(&now), fingerprint(&at(&world, "2026-07-02")), "the same lines, the same state");
    assert_ne!(fingerprint(&now), fingerprint(&before));
}
