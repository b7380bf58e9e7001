//! What one environment yields (design §4, §13; domain §6.3), as whole values where a value says more than a word.

use std::collections::{BTreeMap, BTreeSet};

use berth_crds::{Environment, Reason};
use berth_plan::address;
use berth_plan::amounts::{Amounts, parse_bytes, parse_cpu};
use berth_plan::desired::{Blocked, Desired, DesiredNamespace, Input, plan};
use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota};
use k8s_openapi::api::rbac::v1::RoleBinding;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::*;

/// Plans an environment of the province.
pub fn plan_of(environment: &Environment, level: i64) -> Result<Desired, Blocked> {
    let plate = &environment.spec.tenant_ref.name;
    let tenant = tenant(plate, json!({"level": level}));
    let register = register();
    plan(&Input {
        environment,
        tenant: Some(&tenant),
        class: register.classes.get(&environment.spec.class_ref.name).map(AsRef::as_ref),
        profile: register.profiles.get(&environment.spec.profile_ref.name).map(AsRef::as_ref),
        system_prefix: address::parse("3fff:a10:1180:8000::/56"),
        addresses: Some(&ADDRESSES),
        today: today(),
    })
}

/// An environment of level 1.
pub fn planned(name: &str, kind: &str, with: Value) -> Desired {
    plan_of(&environment(name, kind, with), 1).unwrap()
}

pub fn zones() -> Value {
    json!({"classRef": {"name": "m"}, "quota": {"cpu": "8", "memory": "32Gi", "storage": "500Gi"}, "zones": [
        {"zone": "dmz", "percent": 10}, {"zone": "app", "percent": 50}, {"zone": "db", "percent": 30},
        {"zone": "mgmt", "percent": 10}]})
}

/// An environment of level 3 with its four zones.
pub fn zoned(name: &str, kind: &str) -> Desired {
    plan_of(&environment(name, kind, zones()), 3).unwrap()
}

/// Amounts in a quota.
fn hard(namespace: &DesiredNamespace) -> Amounts {
    let hard = namespace.quota.spec.as_ref().unwrap().hard.as_ref().unwrap();
    let text = |key: &str| hard[key].0.as_str();
    for key in ["cpu", "memory"] {
        assert_eq!(text(&format!("requests.{key}")), text(&format!("limits.{key}")), "limits = requests");
    }
    Amounts {
        cpu_milli: parse_cpu(text("requests.cpu")).unwrap(),
        memory: parse_bytes(text("requests.memory")).unwrap(),
        storage: parse_bytes(text("requests.storage")).unwrap(),
        object_storage: 0,
        gpus: text("requests.nvidia.com/gpu").parse().unwrap(),
    }
}

/// Metadata of everything in a namespace, the namespace itself first.
fn metadata(n: &DesiredNamespace) -> Vec<&ObjectMeta> {
    let fixed = [&n.namespace.metadata, &n.limits.metadata, &n.quota.metadata];
    fixed
        .into_iter()
        .chain(n.accounts.iter().map(|a| &a.metadata))
        .chain(n.policies.iter().map(|p| &p.metadata))
        .chain(n.access.iter().map(|a| &a.metadata))
        .collect()
}

#[test]
fn an_environment_of_level_one_is_this_namespace_quota_limits_and_binding() {
    let desired = planned("aaaaaa-prod", "Prod", json!({}));
    assert_eq!((desired.prefix.as_str(), desired.namespaces.len()), ("3fff:a10:1180:8000::/60", 1));
    let n = &desired.namespaces[0];
    assert_eq!((n.name.as_str(), n.zone, n.prefix.as_str()), ("aaaaaa-prod", None, "3fff:a10:1180:8000::/64"));
    let labels = json!({
        "app.kubernetes.io/managed-by": "berth-operator", "app.kubernetes.io/part-of": "berth",
        "berth.dev/agency": "ag-62", "berth.dev/environment": "aaaaaa-prod", "berth.dev/level": "1",
        "berth.dev/tenant": "aaaaaa"
    });
    let security = json!({
        "pod-security.kubernetes.io/audit": "baseline", "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/warn": "baseline"
    });
    let namespace: Namespace = of(json!({"metadata": {
        "name": "aaaaaa-prod", "labels": merge(labels.clone(), security),
        "annotations": {"berth.dev/environment-uid": "uid-aaaaaa-prod"}
    }}));
    assert_eq!(n.namespace, namespace);
    let meta = |name: &str| json!({"name": name, "namespace": "aaaaaa-prod", "labels": labels});
    let quota: ResourceQuota = of(json!({"metadata": meta("berth-quota"), "spec": {"hard": {
        "requests.cpu": "2", "limits.cpu": "2", "requests.memory": "4Gi", "limits.memory": "4Gi",
        "requests.storage": "50Gi", "requests.nvidia.com/gpu": "0", "pods": "20", "services": "100",
        "services.nodeports": "0", "services.loadbalancers": "0", "configmaps": "200", "secrets": "200",
        "persistentvolumeclaims": "100", "count/deployments.apps": "200", "count/statefulsets.apps": "100",
        "count/jobs.batch": "500"
    }}}));
    assert_eq!(n.quota, quota);
    let limits: LimitRange = of(json!({"metadata": meta("berth-limits"), "spec": {"limits": [{
        "type": "Container", "default": {"cpu": "100m", "memory": "128Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "128Mi"}, "max": {"cpu": "2", "memory": "4Gi"}
    }]}}));
    assert_eq!(n.limits, limits);
    let admin: RoleBinding = of(json!({"metadata": meta("berth-admin"),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "berth-tenant-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "berth:ag-62:requester"}]}));
    assert_eq!(n.access, [admin]);
}

#[test]
fn an_environment_of_level_three_is_one_namespace_per_zone_with_its_share_and_leaf() {
    let desired = zoned("aaaaaa-staging", "Staging");
    assert_eq!(desired.prefix, "3fff:a10:1180:8010::/60");
    let row = |n: &DesiredNamespace| {
        let quota = hard(n).to_resources();
        format!("{} {} {} {} {}", n.name, n.prefix, quota.cpu, quota.memory, quota.storage)
    };
    assert_eq!(
        desired.namespaces.iter().map(row).collect::<Vec<_>>(),
        [
            "aaaaaa-staging-dmz 3fff:a10:1180:8017::/64 800m 3277Mi 50Gi",
            "aaaaaa-staging-app 3fff:a10:1180:8010::/64 4 16Gi 250Gi",
            "aaaaaa-staging-db 3fff:a10:1180:8018::/64 2400m 9830Mi 150Gi",
            "aaaaaa-staging-mgmt 3fff:a10:1180:8015::/64 800m 3277Mi 50Gi",
        ]
    );
    for n in &desired.namespaces {
        let labels = n.namespace.metadata.labels.as_ref().unwrap();
        assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
        assert_eq!(labels["berth.dev/zone"], n.zone.unwrap().as_str());
    }
}

#[test]
fn every_object_lies_in_its_namespace_and_carries_the_labels_that_scripts_rely_on() {
    for (desired, level) in [(planned("aaaaaa-prod", "Prod", json!({})), "1"), (zoned("aaaaaa-prod", "Prod"), "3")] {
        for n in &desired.namespaces {
            for (i, meta) in metadata(n).into_iter().enumerate() {
                let labels = meta.labels.as_ref().unwrap();
                let label = |key: &str| labels.get(key).map(String::as_str);
                let told = [
                    ("berth.dev/agency", Some("ag-62")),
                    ("berth.dev/tenant", Some("aaaaaa")),
                    ("berth.dev/environment", Some("aaaaaa-prod")),
                    ("berth.dev/zone", n.zone.map(|z| z.as_str())),
                    ("berth.dev/level", Some(level)),
                    ("app.kubernetes.io/managed-by", Some("berth-operator")),
                ];
                for (key, value) in told {
                    assert_eq!(label(key), value, "{key} of {:?}", meta.name);
                }
                assert_eq!(meta.namespace.as_ref(), (i > 0).then_some(&n.name), "{:?}", meta.name);
                assert_eq!(meta.owner_references, None, "nothing of a tenant has an owner reference");
            }
            let names: Vec<_> = n.policies.iter().chain(&[]).map(|p| p.metadata.name.clone()).collect();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "names of policies are distinct");
        }
    }
}

#[test]
fn there_is_exactly_one_quota_in_each_namespace_and_it_gives_no_way_around_the_addresses() {
    for desired in [planned("aaaaaa-prod", "Prod", json!({})), zoned("aaaaaa-prod", "Prod")] {
        let names: BTreeSet<&str> = desired.namespaces.iter().map(|n| n.name.as_str()).collect();
        assert_eq!(names.len(), desired.namespaces.len());
        for n in &desired.namespaces {
            let hard = n.quota.spec.as_ref().unwrap().hard.as_ref().unwrap();
            assert_eq!((hard["services.nodeports"].0.as_str(), hard["services.loadbalancers"].0.as_str()), ("0", "0"));
        }
    }
}

#[test]
fn the_owners_people_are_those_of_todays_owner_and_other_entries_stay() {
    let list = json!({"access": [
        {"subject": {"kind": "Group", "name": "berth:ag-62:requester"}, "role": "Admin"},
        {"subject": {"kind": "Group", "name": "berth:ag-62:requester"}, "role": "View"},
        {"subject": {"kind": "Group", "name": "berth:ag-69:requester"}, "role": "Admin"}
    ]});
    let environment = environment("aaaaaa-prod", "Prod", list);
    let moved = tenant(
        "aaaaaa",
        json!({"agencyRef": {"name": "ag-73"}, "owners": [
            {"agencyRef": {"name": "ag-62"}, "from": "2026-01-01", "to": "2026-06-30"},
            {"agencyRef": {"name": "ag-73"}, "from": "2026-07-01"}
        ]}),
    );
    let bound = |tenant: Option<&berth_crds::Tenant>| {
        let allowed = berth_plan::desired::access_allowed(&environment, tenant, today());
        let names = |of: berth_plan::desired::Allowed| of.subjects.into_iter().map(|s| s.name).collect();
        allowed.into_iter().map(|(name, allowed)| (name, names(allowed))).collect::<BTreeMap<_, Vec<String>>>()
    };
    let expected = |owner: &str| {
        let mut admins = vec!["berth:ag-69:requester".to_owned(), format!("berth:{owner}:requester")];
        admins.sort();
        BTreeMap::from([("berth-admin", admins), ("berth-view", vec!["berth:ag-62:requester".to_owned()])])
    };
    assert_eq!(bound(Some(&moved)), expected("ag-73"), "what a former owner was given besides stays given");
    assert_eq!(bound(Some(&tenant("aaaaaa", json!({})))), expected("ag-62"));
    assert_eq!(bound(None), expected("ag-62"), "without its tenant the list alone speaks");
}

#[test]
fn access_lasts_to_the_end_of_its_last_day_and_each_right_is_one_binding() {
    let access = |name: &str, role: &str, expires: Option<&str>| json!({"subject": {"kind": "User", "name": name}, "role": role, "expires": expires});
    let list = json!({"access": [
        access("yesterday", "Admin", Some("2026-11-23")),
        access("today", "Edit", Some("2026-11-24")),
        access("tomorrow", "Edit", Some("2026-11-25")),
        access("unreadable", "Edit", Some("2026-13-01")),
        access("tomorrow", "Edit", None),
        access("always", "View", None),
        {"subject": {"kind": "ServiceAccount", "name": "ci", "namespace": "pipelines"}, "role": "View"},
    ]});
    let desired = planned("aaaaaa-prod", "Prod", list);
    let told = |b: &RoleBinding| {
        let subjects: Vec<String> = b.subjects.iter().flatten().map(|s| format!("{} {}", s.kind, s.name)).collect();
        format!("{} {}: {}", b.metadata.name.as_ref().unwrap(), b.role_ref.name, subjects.join(", "))
    };
    assert_eq!(
        desired.namespaces[0].access.iter().map(told).collect::<Vec<_>>(),
        [
            "berth-edit berth-tenant-edit: User today, User tomorrow",
            "berth-view berth-tenant-view: User always, ServiceAccount ci",
        ]
    );
    let service = desired.namespaces[0].access[1].subjects.as_ref().unwrap().last().cloned().unwrap();
    assert_eq!((service.api_group, service.namespace.as_deref()), (None, Some("pipelines")));
}

#[test]
fn what_cannot_be_planned_says_why() {
    let whole = environment("aaaaaa-prod", "Prod", json!({}));
    let (tenant, register) = (tenant("aaaaaa", json!({})), register());
    let (class, profile) = (register.classes["xs"].as_ref(), register.profiles["vn-2026"].as_ref());
    let system = address::parse("3fff:a10:1180:8000::/56");
    let input = || Input {
        environment: &whole,
        tenant: Some(&tenant),
        class: Some(class),
        profile: Some(profile),
        system_prefix: system,
        addresses: Some(&ADDRESSES),
        today: today(),
    };
    let odd = |with| environment("aaaaaa-prod", "Prod", with);
    let (size, shares) = (
        odd(json!({"quota": {"cpu": "two"}})),
        odd(json!({"zones": [{"zone": "app", "percent": 50}, {"zone": "db", "percent": 49}]})),
    );
    let six = crate::world::tenant("aaaaaa", json!({"level": 6}));
    let missing = Reason::MissingReference;
    let table = [
        (plan(&Input { tenant: None, ..input() }), missing, "The tenant \"aaaaaa\" does not exist."),
        (plan(&Input { class: None, ..input() }), missing, "The class \"xs\" does not exist."),
        (plan(&Input { profile: None, ..input() }), missing, "The profile \"vn-2026\" does not exist."),
        (plan(&Input { system_prefix: None, ..input() }), Reason::AddressPending, "Waiting for an IPv6 prefix."),
        (
            plan(&Input { environment: &size, ..input() }),
            Reason::InvalidSpec,
            "`spec.quota`: `cpu` is \"two\", which is not an amount; write it like `8` or `500m`.",
        ),
        (
            plan(&Input { environment: &shares, ..input() }),
            Reason::InvalidSpec,
            "`spec.zones` shares sum to 99 percent; make it 100.",
        ),
        (
            plan(&Input { tenant: Some(&six), ..input() }),
            Reason::InvalidSpec,
            "The profile \"vn-2026\" has no rule for level 6.",
        ),
        (
            plan(&Input { system_prefix: address::parse("3fff:a10:1180:8000::/64"), ..input() }),
            Reason::InvalidSpec,
            "3fff:a10:1180:8000::/64 is too small for environments.",
        ),
    ];
    for (result, reason, message) in table {
        assert_eq!(result, Err(Blocked { reason, message: message.into() }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn quotas_of_the_zones_sum_exactly_to_the_grant(
        cpu in 1i64..100_000, memory in 1i64..1 << 45, storage in 1i64..1 << 45, gpus in 0i64..9,
        cuts in proptest::collection::btree_set(1i64..100, 3)
    ) {
        let cuts: Vec<i64> = [0].into_iter().chain(cuts).chain([100]).collect();
        let zones: Vec<Value> = ["dmz", "app", "db", "mgmt"].iter().zip(cuts.windows(2))
            .map(|(zone, w)| json!({"zone": zone, "percent": w[1] - w[0]})).collect();
        let quota = json!({"cpu": format!("{cpu}m"), "memory": memory.to_string(), "storage": storage.to_string(),
            "gpus": gpus});
        let environment = environment("aaaaaa-prod", "Prod", json!({"zones": zones, "quota": quota}));
        let desired = plan_of(&environment, 3).unwrap();
        let sum = desired.namespaces.iter().map(hard).fold(Amounts::default(), Amounts::plus);
        prop_assert_eq!(sum, Amounts { cpu_milli: cpu, memory, storage, object_storage: 0, gpus });
        prop_assert_eq!(Amounts::parse(&desired.granted).unwrap(), sum);
    }

    #[test]
    fn a_container_that_says_nothing_fits_the_smallest_zone(percent in 1i64..97, cpu in 1i64..4000) {
        let zones = json!([{"zone": "dmz", "percent": 1}, {"zone": "app", "percent": percent},
            {"zone": "db", "percent": 98 - percent}, {"zone": "mgmt", "percent": 1}]);
        let quota = json!({"cpu": format!("{cpu}m"), "memory": "1Gi", "storage": "1Gi"});
        let environment = environment("aaaaaa-prod", "Prod", json!({"zones": zones, "quota": quota}));
        for n in plan_of(&environment, 3).unwrap().namespaces {
            let item = &n.limits.spec.as_ref().unwrap().limits[0];
            let (default, max) = (item.default.as_ref().unwrap(), item.max.as_ref().unwrap());
            prop_assert!(parse_cpu(&default["cpu"].0) <= parse_cpu(&max["cpu"].0));
            prop_assert!(parse_bytes(&default["memory"].0) <= parse_bytes(&max["memory"].0));
            prop_assert_eq!(parse_cpu(&max["cpu"].0), Some(hard(&n).cpu_milli));
        }
    }
}

#[test]
fn names_of_namespaces_are_injective() {
    let mut seen: BTreeMap<String, (String, Option<berth_crds::environment::Zone>)> = BTreeMap::new();
    for plate in ["aaaaaa", "bbbbbb"] {
        for kind in berth_crds::environment::EnvironmentKind::ALL {
            let name = berth_crds::names::environment(plate, kind.suffix());
            let kind = format!("{kind:?}");
            for n in planned(&name, &kind, json!({})).namespaces.into_iter().chain(zoned(&name, &kind).namespaces) {
                assert!(n.name.len() <= 63);
                let who = (name.clone(), n.zone);
                assert_eq!(seen.entry(n.name).or_insert_with(|| who.clone()), &who);
            }
        }
    }
    assert_eq!(seen.len(), 2 * 6 * 5);
}
