//! A small province: the objects that the tests talk about.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use berth_crds::onboarding::OutcomeResult;
use berth_crds::{
    AddressPlan, Agency, Decision, Environment, EnvironmentClass, Onboarding, PolicyProfile, Site, Tenant,
    WorkingCalendar,
};
use berth_plan::register::Register;
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// An object from JSON.
pub fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// Overlays `with` on `base`: objects merge, everything else replaces, `null` removes.
pub fn merge(mut base: Value, with: Value) -> Value {
    match (base.as_object_mut(), with) {
        (Some(map), Value::Object(with)) => {
            for (key, value) in with {
                let old = map.remove(&key).unwrap_or(Value::Null);
                if !value.is_null() {
                    map.insert(key, merge(old, value));
                }
            }
            base
        }
        (_, with) => with,
    }
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// An instant of 24 November 2026, the day on which the tests play.
pub fn at(clock: &str) -> Time {
    Time(format!("2026-11-24T{clock}:00Z").parse().unwrap())
}

pub fn today() -> Date {
    day("2026-11-24")
}

pub fn kind<T: DeserializeOwned>(kind: &str, name: &str, spec: Value) -> T {
    of(json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": kind,
        "metadata": {"name": name, "uid": format!("uid-{name}"), "generation": 1}, "spec": spec
    }))
}

/// The address plan of the province, with the usual digits and lengths.
pub static ADDRESSES: LazyLock<AddressPlan> = LazyLock::new(|| {
    let roots = json!([{"cidr": "3fff:a10::/32", "kind": "Documentation"}]);
    kind("AddressPlan", "default", json!({"roots": roots, "departmentPools": ["1", "2"], "communePools": ["9", "a"]}))
});

pub fn agency(name: &str, with: Value) -> Agency {
    let base = json!({
        "type": "Department", "inForce": {"from": "2023-01-01"},
        "names": [{"value": {"vi": format!("Cơ quan {name}")}, "inForce": {"from": "2023-01-01"}}]
    });
    kind("Agency", name, merge(base, with))
}

pub fn site(with: Value) -> Site {
    let base = json!({
        "displayName": {"vi": "Trung tâm dữ liệu"}, "capacity": {"cpu": "672", "memory": "2800Gi", "storage": "100Ti"},
        "overcommitPercent": 100, "highestLevel": 3, "runtimes": ["Containers"], "country": "VN", "addressDigit": "1"
    });
    kind("Site", "dc1", merge(base, with))
}

pub fn class(name: &str, cpu: &str, memory: &str, storage: &str, with: Value) -> EnvironmentClass {
    let base = json!({
        "displayName": {"vi": name.to_uppercase()}, "resources": {"cpu": cpu, "memory": memory, "storage": storage},
        "runtime": "Containers", "pods": 20, "container": {"defaultCpu": "100m", "defaultMemory": "128Mi"}
    });
    kind("EnvironmentClass", name, merge(base, with))
}

fn level(level: i64, hosting: &str, zoned: bool) -> Value {
    let rule = json!({
        "level": level, "hosting": hosting, "legalBasis": format!("NĐ 331/2026, cấp độ {level}"),
        "podSecurity": if zoned { "Restricted" } else { "Baseline" },
        "defaultDeny": if zoned { "Both" } else { "Ingress" }, "logRetentionDays": 30
    });
    let zones = json!({
        "zones": [{"zone": "dmz", "percent": 10}, {"zone": "app", "percent": 50}, {"zone": "db", "percent": 30},
            {"zone": "mgmt", "percent": 10}],
        "flows": [{"from": "dmz", "to": "app"}, {"from": "app", "to": "db"}, {"from": "mgmt", "to": "dmz"},
            {"from": "mgmt", "to": "app"}, {"from": "mgmt", "to": "db"}]
    });
    if zoned { merge(rule, zones) } else { rule }
}

pub fn profile(with: Value) -> PolicyProfile {
    let base = json!({
        "inForce": {"from": "2026-08-19"}, "legalBasis": "NĐ 331/2026 [D]",
        "levels": [level(1, "Shared", false), level(2, "Shared", false), level(3, "CapableSite", true),
            level(4, "CapableSite", true), level(5, "Refused", false)],
        "refusedData": [{"kind": "StateSecret", "legalBasis": "Luật 117/2025/QH15"}],
        "clocks": [{"step": "Checking", "days": 5, "unit": "Working", "source": "[D]"},
            {"step": "Decision", "days": 7, "unit": "Working", "source": "[D]"}],
        "signers": [{"action": "New", "roles": ["approver"]}], "signing": "Authenticated"
    });
    kind("PolicyProfile", "vn-2026", merge(base, with))
}

/// The working calendar of 2026: Tết is 16–20 February, and 10 January is worked for 2 January.
pub fn calendar_2026() -> WorkingCalendar {
    let off = ["01-01", "01-02", "02-16", "02-17", "02-18", "02-19", "02-20", "04-27", "04-30", "05-01"];
    let days: Vec<Value> = off.iter().map(|d| json!({"date": format!("2026-{d}"), "name": "nghỉ"})).collect();
    let spec = json!({
        "year": 2026, "holidays": days, "legalBasis": "BLLĐ Đ112 [K]",
        "workingDays": [{"date": "2026-01-10", "name": "Làm việc bù"}]
    });
    kind("WorkingCalendar", "2026", spec)
}

pub fn tenant(plate: &str, with: Value) -> Tenant {
    let base = json!({
        "code": "IS-01", "displayName": {"vi": "Cổng dịch vụ công"}, "agencyRef": {"name": "ag-62"}, "level": 1,
        "siteRef": {"name": "dc1"}, "owners": [{"agencyRef": {"name": "ag-62"}, "from": "2026-01-01"}],
        "operators": [{"agencyRef": {"name": "ag-69"}, "from": "2026-01-01"}],
        "levels": [{"level": 1, "status": "Proposed", "inForce": {"from": "2026-01-01"}}],
        "migrationStage": "Onboarding", "basis": paper_basis("uid-first", 1)
    });
    kind("Tenant", plate, merge(base, with))
}

pub fn paper_basis(uid: &str, revision: i64) -> Value {
    json!({"type": "Paper", "onboardingRef": {"namespace": "agency-ag-62", "name": "onb-first", "uid": uid},
        "revision": revision})
}

pub fn environment(name: &str, kind_: &str, with: Value) -> Environment {
    let plate = name.split('-').next().unwrap();
    let base = json!({
        "tenantRef": {"name": plate}, "kind": kind_, "classRef": {"name": "xs"}, "profileRef": {"name": "vn-2026"},
        "quota": {"cpu": "2", "memory": "4Gi", "storage": "50Gi"},
        "access": [{"subject": {"kind": "Group", "name": "berth:ag-62:requester"}, "role": "Admin"}],
        "basis": paper_basis("uid-first", 1)
    });
    kind("Environment", name, merge(base, with))
}

/// A request of ag-62 for a new system of level 1, in order in every respect.
pub fn onboarding(with: Value) -> Onboarding {
    let base = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Onboarding",
        "metadata": {"name": "onb-a", "namespace": "agency-ag-62", "uid": "uid-onb-a", "generation": 1,
            "creationTimestamp": "2026-11-24T08:00:00Z"},
        "spec": {
            "action": "New", "justification": "Đưa hệ thống lên đám mây của tỉnh.",
            "system": {"code": "IS-77", "displayName": "Hệ thống một cửa", "level": 1, "dataKinds": ["Public"],
                "governingBodyRef": {"name": "ag-70"}, "operatorRef": {"name": "ag-69"}},
            "environment": {"kind": "Prod", "classRef": {"name": "xs"}},
            "requester": {"username": "lan", "groups": ["berth:ag-62:requester"]}
        }
    });
    of(merge(base, with))
}

/// The same request with a recorded outcome; `by` are the deciding UIDs, none when the law refused.
pub fn decided(result: OutcomeResult, by: &[&str]) -> Onboarding {
    onboarding(json!({"status": {"outcome": {
        "result": result, "decisionUIDs": by, "decidedAt": "2026-11-24T09:00:00Z",
        "recordedAt": "2026-11-24T09:00:01.000000Z", "priority": 5
    }}}))
}

/// A Decision about `onb-a`; `name` is `<role>.<n>`, `clock` the time of its creation.
pub fn decision(name: &str, verdict: &str, by: &str, clock: &str, with: Value) -> Arc<Decision> {
    let (role, _) = name.split_once('.').unwrap();
    let base = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Decision",
        "metadata": {"name": format!("onb-a.{name}"), "namespace": "agency-ag-62", "uid": format!("uid-{name}"),
            "creationTimestamp": format!("2026-11-24T{clock}:00Z")},
        "spec": {"onboardingRef": {"name": "onb-a", "uid": "uid-onb-a"}, "role": role, "verdict": verdict,
            "by": {"username": by, "groups": [format!("berth:{role}")]}}
    });
    Arc::new(of(merge(base, with)))
}

/// Bodies: ag-62 asks, ag-69 operates under ag-70, ag-71 is the security unit, ag-11 ended and ag-62 follows it.
pub fn register() -> Register {
    fn named<T: kube::Resource>(objects: Vec<T>) -> BTreeMap<String, Arc<T>> {
        objects.into_iter().map(|o| (o.meta().name.clone().unwrap(), Arc::new(o))).collect()
    }
    let under = |upper: &str| json!({"parents": [{"agencyRef": {"name": upper}, "from": "2023-01-01"}]});
    let follows = json!({"predecessors": [{"agencyRef": {"name": "ag-11"}, "effectiveOn": "2025-07-01"}]});
    Register {
        agencies: named(vec![
            agency("ag-11", json!({"inForce": {"to": "2025-06-30"}})),
            agency("ag-62", follows),
            agency("ag-69", under("ag-70")),
            agency("ag-70", json!({})),
            agency("ag-71", json!({})),
            agency("ag-72", under("ag-69")),
            agency("ag-73", under("ag-70")),
        ]),
        sites: named(vec![site(json!({}))]),
        classes: named(vec![
            class("xs", "2", "4Gi", "50Gi", json!({})),
            class("m", "8", "32Gi", "500Gi", json!({})),
            class("vm", "8", "32Gi", "500Gi", json!({"runtime": "VirtualMachines"})),
        ]),
        profiles: named(vec![profile(json!({}))]),
        calendars: named(vec![calendar_2026()]),
        tenants: named(vec![
            tenant("aaaaaa", json!({})),
            tenant("bbbbbb", json!({"code": "IS-02", "agencyRef": {"name": "ag-71"}})),
        ]),
        environments: named(vec![environment("aaaaaa-prod", "Prod", json!({}))]),
    }
}

/// The register after one change.
pub fn register_with(change: impl FnOnce(&mut Register)) -> Register {
    let mut register = register();
    change(&mut register);
    register
}

/// A day in UTC.
pub fn utc(time: &Time) -> Date {
    time.0.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// What the checks look at, today.
pub fn subject<'a>(
    onboarding: &'a Onboarding,
    agency: &'a str,
    profile: &'a PolicyProfile,
    register: &'a Register,
    papers: &'a [Arc<Onboarding>],
) -> berth_plan::checks::Subject<'a> {
    berth_plan::checks::Subject { onboarding, agency, profile, register, papers, day: today(), day_of: &utc }
}
