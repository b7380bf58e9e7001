//! A province with somebody in it to be robbed: `aaaaaa` is ag-62's, `dddddd` is ag-73's, `ffffff` is ag-62's and only
//! inventoried. `bbbbbb` is the writers' own, `cccccc` too, only inventoried. `eeeeee` is in no register, and has an
//! environment all the same.

use std::sync::Arc;

use berth_crds::{Environment, Tenant};
use berth_plan::register::Register;
use serde_json::{Value, json};

use crate::world::*;

/// Environments of the writers.
pub const OWN: [&str; 2] = ["bbbbbb-prod", "bbbbbb-dev"];
/// Those of others.
pub const OTHERS: [&str; 4] = ["aaaaaa-prod", "aaaaaa-staging", "dddddd-dev", "eeeeee-prod"];

/// The registers.
pub fn register() -> Register {
    register_with(|register| {
        register.tenants.clear();
        register.environments.clear();
        let systems = [
            ("aaaaaa", "ag-62", "IS-01", "Operating"),
            ("bbbbbb", super::OWN, "IS-02", "Operating"),
            ("cccccc", super::OWN, "IS-03", "Inventoried"),
            ("dddddd", "ag-73", "IS-04", "Operating"),
            ("ffffff", "ag-62", "IS-09", "Inventoried"),
        ];
        for (plate, owner, code, stage) in systems {
            register.tenants.insert(plate.into(), Arc::new(system(plate, owner, code, stage)));
        }
        for name in OWN.into_iter().chain(OTHERS) {
            register.environments.insert(name.into(), Arc::new(standing(name)));
        }
    })
}

fn system(plate: &str, owner: &str, code: &str, stage: &str) -> Tenant {
    let owned = json!([{"agencyRef": {"name": owner}, "from": "2026-01-01"}]);
    tenant(
        plate,
        json!({"code": code, "agencyRef": {"name": owner}, "owners": owned, "migrationStage": stage, "basis": basis(owner)}),
    )
}

/// The ground of what stands: a paper of its owner that was carried out.
fn basis(owner: &str) -> Value {
    json!({"onboardingRef": {"namespace": format!("agency-{owner}"), "name": "onb-first", "uid": "uid-first"}})
}

fn standing(name: &str) -> Environment {
    let owner = match &name[..6] {
        "bbbbbb" => super::OWN,
        "dddddd" => "ag-73",
        _ => "ag-62",
    };
    let kind = match name.split_once('-') {
        Some((_, "staging")) => "Staging",
        Some((_, "dev")) => "Dev",
        _ => "Prod",
    };
    let group = format!("berth:{owner}:requester");
    let access = json!([{"subject": {"kind": "Group", "name": group}, "role": "Admin"}]);
    environment(name, kind, json!({"access": access, "basis": basis(owner)}))
}
