//! The law of the crate: the same in, the same out; the order in which things are listed says nothing (I5).

use std::sync::Arc;

use berth_crds::PolicyProfile;
use berth_plan::checks;
use berth_plan::register::Register;
use berth_plan::same::same;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::decide::Setup;
use crate::desired::{plan_of, zones};
use crate::world::*;

/// The same register, filled in another order.
fn refilled(register: &Register, order: &[usize]) -> Register {
    let mut again = Register { sites: register.sites.clone(), ..Register::default() };
    for i in order {
        again.agencies.extend(register.agencies.iter().nth(*i).map(|(k, v)| (k.clone(), v.clone())));
        again.classes.extend(register.classes.iter().nth(*i).map(|(k, v)| (k.clone(), v.clone())));
        again.tenants.extend(register.tenants.iter().nth(*i).map(|(k, v)| (k.clone(), v.clone())));
        again.environments.extend(register.environments.iter().nth(*i).map(|(k, v)| (k.clone(), v.clone())));
    }
    again
}

fn access() -> Vec<Value> {
    let entry = |name: &str, role: &str| json!({"subject": {"kind": "User", "name": name}, "role": role});
    vec![entry("an", "Admin"), entry("binh", "Edit"), entry("chi", "Edit"), entry("dung", "View"), entry("an", "Admin")]
}

#[test]
fn planning_twice_equals_once_to_the_last_byte() {
    for (with, level) in [(json!({}), 1), (zones(), 3)] {
        let environment = environment("aaaaaa-prod", "Prod", with);
        let text = |_| serde_yaml::to_string(&plan_of(&environment, level).unwrap()).unwrap();
        let texts: Vec<String> = (0..3).map(text).collect();
        assert!(texts.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
fn what_was_planned_is_what_was_desired_when_it_is_read_back() {
    let desired = plan_of(&environment("aaaaaa-prod", "Prod", zones()), 3).unwrap();
    for (one, two) in desired.namespaces.iter().zip(desired.namespaces.iter().cycle().skip(1)) {
        assert!(same(&one.quota, &one.quota) && !same(&one.quota, &two.quota));
        let through: k8s_openapi::api::core::v1::ResourceQuota =
            serde_json::from_str(&serde_json::to_string(&one.quota).unwrap()).unwrap();
        assert!(same(&one.quota, &through));
        for policy in &one.policies {
            assert!(same(policy, policy));
            assert!(two.policies.iter().all(|other| !same(policy, other)), "labels tell the zones apart");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_the_access_list_says_nothing(shuffled in Just(access()).prop_shuffle()) {
        let plan = |list: Vec<Value>| plan_of(&environment("aaaaaa-prod", "Prod", json!({"access": list})), 1);
        prop_assert_eq!(plan(shuffled), plan(access()));
    }

    #[test]
    fn the_order_of_the_profiles_levels_and_flows_says_nothing(
        levels in Just((0..5).collect::<Vec<usize>>()).prop_shuffle(), reverse in any::<bool>()
    ) {
        let whole = serde_json::to_value(profile(json!({}))).unwrap();
        let mut all: Vec<Value> = levels.iter().map(|i| whole["spec"]["levels"][*i].clone()).collect();
        for flows in all.iter_mut().filter_map(|l| l.get_mut("flows")?.as_array_mut()) {
            if reverse {
                flows.reverse();
            }
        }
        let environment = environment("aaaaaa-prod", "Prod", zones());
        let (tenant, register) = (tenant("aaaaaa", json!({"level": 3})), register());
        let with = |profile: PolicyProfile| berth_plan::desired::plan(&berth_plan::desired::Input {
            environment: &environment, tenant: Some(&tenant), class: Some(&register.classes["m"]), profile: Some(&profile),
            system_prefix: berth_plan::address::parse("3fff:a10:1180:8000::/56"), addresses: Some(&ADDRESSES), today: today(),
        });
        prop_assert_eq!(with(profile(json!({"levels": all}))), with(profile(json!({}))));
    }

    #[test]
    fn the_order_in_which_a_register_was_filled_says_nothing(order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle()) {
        let (profile, onboarding) = (profile(json!({})), onboarding(json!({})));
        let check = |register: &Register| checks::all(&subject(&onboarding, "ag-11", &profile, register, &[]));
        let (one, two) = (register(), refilled(&register(), &order));
        prop_assert_eq!(check(&one), check(&two));
        let decisions = [decision("approver.1", "Approve", "minh", "09:00", json!({}))];
        let weigh = |register| Setup { register, ..Setup::default() }.weigh(&decisions);
        prop_assert_eq!(weigh(one), weigh(two));
    }
}

#[test]
fn checking_twice_equals_once() {
    let (profile, register, onboarding) =
        (profile(json!({})), register(), onboarding(json!({"spec": {"justification": ""}})));
    let check = || checks::all(&subject(&onboarding, "ag-62", &profile, &register, &[]));
    assert_eq!(check(), check());
    let decisions = [Arc::clone(&decision("approver.1", "Reject", "minh", "09:00", json!({})))];
    assert_eq!(Setup::default().weigh(&decisions), Setup::default().weigh(&decisions));
}
