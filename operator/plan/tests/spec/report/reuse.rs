//! The reuse report (domain S-10, A28): a warning on paper, for the whole register.

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_crds::Tenant;
use berth_plan::report::reuse::{Pair, pairs};
use serde_json::{Value, json};

use crate::world::*;

fn register(systems: &[(&str, &str, Value)]) -> BTreeMap<String, Arc<Tenant>> {
    let one = |(plate, name, with): &(&str, &str, Value)| {
        let mut found = tenant(plate, merge(json!({"code": plate, "displayName": {"vi": name}}), with.clone()));
        if found.spec.code == "left" {
            found.status.get_or_insert_default().left = Some(at("09:00"));
        }
        ((*plate).to_owned(), Arc::new(found))
    };
    systems.iter().map(one).collect()
}

fn pair(first: &str, second: &str, percent: usize, common: &[&str]) -> Pair {
    let common = common.iter().map(|word| (*word).to_owned()).collect();
    Pair { plates: [first.into(), second.into()], percent, common }
}

const OFFICE: [&str; 6] = ["ban", "dieu", "hanh", "ly", "quan", "van"];

#[test]
fn a28_systems_that_sound_alike_stand_in_the_report_two_by_two_the_most_alike_first() {
    let other = json!({"agencyRef": {"name": "ag-71"}});
    let register = register(&[
        ("aaaaaa", "Hệ thống Quản lý văn bản và điều hành", json!({})),
        ("bbbbbb", "Phần mềm quản lý văn bản, điều hành điện tử", other.clone()),
        ("cccccc", "Quan ly van ban dieu hanh", other),
        ("dddddd", "Cổng dịch vụ công", json!({})),
    ]);
    assert_eq!(
        pairs(&register),
        [
            pair("aaaaaa", "cccccc", 100, &OFFICE),
            pair("aaaaaa", "bbbbbb", 75, &OFFICE),
            pair("bbbbbb", "cccccc", 75, &OFFICE),
        ]
    );
}

#[test]
fn what_has_left_is_no_double_and_what_only_stands_in_an_inventory_is() {
    let register = register(&[
        ("aaaaaa", "Văn phòng điện tử", json!({})),
        ("bbbbbb", "Văn phòng điện tử", json!({"migrationStage": "Closed"})),
        ("cccccc", "Văn phòng điện tử", json!({"code": "left"})),
        ("dddddd", "Văn phòng điện tử", json!({"migrationStage": "Inventoried"})),
    ]);
    assert_eq!(pairs(&register), [pair("aaaaaa", "dddddd", 100, &["dien", "phong", "tu", "van"])]);
    assert_eq!(pairs(&BTreeMap::new()), Vec::<Pair>::new());
}
