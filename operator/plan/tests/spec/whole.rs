//! Acts on a whole system: what may operate.

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
