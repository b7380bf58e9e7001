//! What network people ask: a small province with a past. `aaaaaa` of ag-62 has production and staging and passed to
//! ag-73 on 1 July; `bbbbbb` gave its prefix up on 1 September; two assignments of another authority stand.

mod export;
mod outside;
mod text;
mod tree;
mod whois;

use std::sync::Arc;

use berth_crds::audit::{Act, AuditEntry, AuditObject};
use berth_crds::{AddressPlan, Environment, PrefixBlock, Tenant};
use berth_plan::network::{Moment, World};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::world::*;

pub const POOL: &str = "3fff:a10:1100::/40";

/// An instant at noon of a day, where the province is.
pub fn noon(day: &str) -> Moment {
    Moment::new(format!("{day}T05:00:00Z").parse().unwrap(), &TimeZone::fixed(jiff::tz::offset(7)))
}

pub fn plan() -> AddressPlan {
    let letter = json!({"number": "12/CBĐTW", "date": "2026-02-01"});
    kind(
        "AddressPlan",
        "default",
        json!({
            "roots": [{"cidr": "3fff:a10::/32", "kind": "Documentation", "authority": "RFC 9637"}],
            "departmentPools": ["1", "2"], "communePools": ["9"],
            "assignments": [
                {"cidr": "198.51.100.0/26", "network": "TSLCD", "authority": "Cục Bưu điện Trung ương", "letter": letter,
                    "holder": {"environmentRef": {"name": "aaaaaa-prod"}}, "purpose": "Kết nối liên thông",
                    "from": "2026-02-01", "mark": "A"},
                {"cidr": "198.51.100.0/24", "network": "Internet", "authority": "VNNIC", "letter": letter,
                    "holder": {"infrastructure": "edge routers"}, "purpose": "Vùng biên", "from": "2026-01-01",
                    "to": "2026-10-31"},
                {"cidr": "3fff:b00::/48", "network": "TSLCD", "authority": "Cục Bưu điện Trung ương", "letter": letter,
                    "holder": {"agencyRef": {"name": "ag-71"}}, "purpose": "Mạng WAN", "from": "2026-03-01"}
            ]
        }),
    )
}

pub fn block(cidr: &str, claim: &str, state: Value) -> PrefixBlock {
    let (claimant, kind_) = match claim.strip_prefix("tenant-") {
        Some(plate) => (plate, "Tenant"),
        None => (claim.trim_start_matches("agency-"), "Agency"),
    };
    let base = json!({
        "cidr": cidr, "parent": "3fff:a10:1100::/40", "parentUID": "p", "level": "System",
        "claimRef": {"name": claim, "uid": format!("uid-{claim}")},
        "claimant": {"kind": kind_, "name": claimant, "uid": format!("uid-{claimant}")}, "state": "Confirmed"
    });
    let mut block: PrefixBlock = kind(
        "PrefixBlock",
        &cidr.replace([':', '/'], "-"),
        merge(base, state.get("spec").cloned().unwrap_or(json!({}))),
    );
    block.metadata.creation_timestamp = Some(of(json!("2026-03-01T01:00:00Z")));
    if let Some(written) = state.get("written") {
        block.metadata.generation = Some(4);
        block.metadata.managed_fields = Some(vec![of(json!({"manager": "x", "time": written}))]);
    }
    block
}

pub fn entry(act: Act, kind: &str, name: &str, at: &str, after: Value) -> AuditEntry {
    AuditEntry {
        act,
        object: AuditObject { kind: kind.into(), name: name.into(), uid: format!("uid-{name}"), namespace: None },
        after: Some(after.to_string()),
        effective_at: at.into(),
        recorded_at: at.into(),
        ..AuditEntry::default()
    }
}

fn created<K: kube::Resource>(mut object: K, at: &str) -> Arc<K> {
    object.meta_mut().creation_timestamp = Some(of(json!(at)));
    Arc::new(object)
}

pub fn moved() -> Tenant {
    let dated = |agency: &str, from: &str, to: Value| json!({"agencyRef": {"name": agency}, "from": from, "to": to});
    tenant(
        "aaaaaa",
        json!({
            "agencyRef": {"name": "ag-73"},
            "owners": [dated("ag-62", "2026-01-01", json!("2026-06-30")), dated("ag-73", "2026-07-01", Value::Null)],
            "governingBodies": [dated("ag-70", "2026-01-01", Value::Null)]
        }),
    )
}

fn production() -> Environment {
    let basis = json!({"basis": {"decisionUIDs": ["uid-approver.1"]}});
    let mut production = environment("aaaaaa-prod", "Prod", basis);
    production.status = Some(of(json!({
        "prefix": "3fff:a10:1180:8000::/60",
        "namespaces": [{"name": "aaaaaa-prod-app", "zone": "app", "prefix": "3fff:a10:1180:8000::/64"},
            {"name": "aaaaaa-prod-db", "zone": "db", "prefix": "3fff:a10:1180:8008::/64"}]
    })));
    production
}

/// The province on 24 November.
pub fn world() -> World {
    let released = json!({"written": "2026-09-01T02:00:00Z",
        "spec": {"state": "Quarantined", "quarantineUntil": "2026-12-01T02:00:00Z"}});
    let given = |cidr: &str, claim: &str| json!({"cidr": cidr, "claim": claim, "quarantineUntil": null});
    World {
        register: register_with(|r| {
            r.tenants.insert("aaaaaa".into(), Arc::new(moved()));
            let owners = json!([{"agencyRef": {"name": "ag-71"}, "from": "2026-01-01"}]);
            let other = json!({"code": "IS-02", "agencyRef": {"name": "ag-71"}, "owners": owners});
            r.tenants.insert("bbbbbb".into(), Arc::new(tenant("bbbbbb", other)));
            r.environments.clear();
            r.environments.insert("aaaaaa-prod".into(), created(production(), "2026-03-02T01:00:00Z"));
            let staging = environment("aaaaaa-staging", "Staging", json!({}));
            r.environments.insert("aaaaaa-staging".into(), created(staging, "2026-08-15T01:00:00Z"));
        }),
        plan: Some(Arc::new(plan())),
        blocks: vec![
            Arc::new(block("3fff:a10:1180::/48", "agency-ag-62", Value::Null)),
            Arc::new(block("3fff:a10:1180:8000::/56", "tenant-aaaaaa", Value::Null)),
            Arc::new(block("3fff:a10:1180:4000::/56", "tenant-bbbbbb", released)),
        ],
        ledger: vec![
            entry(
                Act::PrefixGiven,
                "PrefixBlock",
                "3fff-a10-1180-4000---56",
                "2026-04-01T02:00:00Z",
                given("3fff:a10:1180:4000::/56", "tenant-bbbbbb"),
            ),
            entry(
                Act::Registered,
                "Environment",
                "bbbbbb-prod",
                "2026-04-01T02:00:00Z",
                json!({"tenantRef": {"name": "bbbbbb"}, "kind": "Prod", "classRef": {"name": "xs"},
                    "profileRef": {"name": "vn-2026"}, "quota": {"cpu": "2", "memory": "4Gi", "storage": "50Gi"},
                    "basis": {"type": "Paper", "decisionUIDs": ["uid-b"], "revision": 1}}),
            ),
            entry(Act::Removed, "Environment", "bbbbbb-prod", "2026-08-31T02:00:00Z", Value::Null),
            entry(
                Act::PrefixReleased,
                "PrefixBlock",
                "3fff-a10-1180-4000---56",
                "2026-09-01T02:00:00Z",
                json!({"cidr": "3fff:a10:1180:4000::/56", "claim": "tenant-bbbbbb",
                    "quarantineUntil": "2026-12-01T02:00:00Z"}),
            ),
        ],
    }
}
