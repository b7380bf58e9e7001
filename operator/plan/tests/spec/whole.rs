//! Acts on a whole system: what a level dossier says by itself, and what may operate.

use std::sync::Arc;

use berth_crds::Reason;
use berth_crds::environment::Stage;
use berth_plan::act;
use berth_plan::fulfil::{Case, Way};
use serde_json::json;

use crate::world::*;

#[test]
fn a_production_environment_that_is_gone_or_going_is_nothing_that_could_operate() {
    let asked = onboarding(json!({"spec": {
        "action": "GoLive", "system": null, "environment": null, "tenantRef": {"name": "aaaaaa"}
    }}));
    let (profile, act) = (profile(json!({})), act::of(asked.spec.action).unwrap());
    let told = |stage: Stage| {
        let spec = json!({"lifecycle": "Decommissioned", "schedule": {"suspend": "2026-10-01", "halt": "2026-10-02"}});
        let mut production = environment("aaaaaa-prod", "Prod", spec);
        production.status.get_or_insert_default().stage = Some(stage);
        let register = register_with(|r| drop(r.environments.insert("aaaaaa-prod".into(), Arc::new(production))));
        let way = act.way(&Case {
            onboarding: &asked,
            agency: "ag-62",
            environment: "",
            booking: None,
            register: &register,
            open: &|_| false,
            others: &[],
            today: today(),
        });
        (act.unfit(&subject(&asked, "ag-62", &profile, &register, &[])), way)
    };
    let message = || "aaaaaa has no production environment: nothing could operate.".to_owned();
    for stage in [Stage::Removing, Stage::Removed] {
        let never = Way::Never { reason: Reason::InvalidSpec, message: message() };
        assert_eq!(told(stage), (vec![message()], never), "{stage:?}");
    }
    assert_eq!(told(Stage::Halted), (vec![], Way::Act), "it can be resumed");
}

#[test]
fn the_day_by_which_measures_are_complete_lies_ahead_and_belongs_to_measures_that_are_not() {
    let defects = |with: serde_json::Value| {
        let level = merge(json!({"level": 2}), with);
        let asked = onboarding(json!({"spec": {
            "action": "RecordLevel", "system": null, "environment": null, "tenantRef": {"name": "aaaaaa"}, "level": level
        }}));
        let (profile, register) = (profile(json!({})), register());
        act::of(asked.spec.action).unwrap().defects(&subject(&asked, "ag-62", &profile, &register, &[]))
    };
    assert_eq!(defects(json!({"measures": "Some", "measuresBy": "2026-11-25"})), Vec::<String>::new());
    assert_eq!(defects(json!({"measures": "Some"})), Vec::<String>::new(), "who does not know says nothing");
    let past = "`spec.level.measuresBy` is \"2026-11-24\"; give a day after 2026-11-24.";
    assert_eq!(defects(json!({"measures": "None", "measuresBy": "2026-11-24"})), [past]);
    let full = "`spec.level.measuresBy` is \"2027-01-01\", and all measures are in place; leave it out.";
    assert_eq!(defects(json!({"measures": "Full", "measuresBy": "2027-01-01"})), [full]);
}
