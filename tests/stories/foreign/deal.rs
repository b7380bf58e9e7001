//! What is named that is not the writers', and in which papers. A seed gives the same deal.

use berth_crds::Environment;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::fuzz::Dice;

/// Names that no register has: of the system, of papers, of nobody; the last are no names at all.
const NOBODYS: [&str; 8] =
    ["kube-system", "default", "berth-system", "agency-ag-61", "nobody", "system:masters", "../kube-system", ""];
/// Those of them that the schema lets in.
const NAMES: usize = 5;

/// Whose things are named.
pub struct Place {
    /// The writers' own environment.
    pub own: Environment,
    /// Environments of two other agencies.
    pub others: [Environment; 2],
}

impl Place {
    /// Somebody else's environment, with its UID, or a name that nobody has.
    fn environment(&self, dice: &mut Dice) -> (String, String) {
        match dice.throw(3) {
            0 => ((*dice.of(&NOBODYS)).to_owned(), "x".to_owned()),
            _ => {
                let other = dice.of(&self.others);
                (other.name_any(), other.uid().unwrap_or_default())
            }
        }
    }

    /// The same of systems.
    fn system(&self, dice: &mut Dice) -> String {
        match dice.throw(3) {
            0 => (*dice.of(&NOBODYS)).to_owned(),
            _ => dice.of(&self.others).spec.tenant_ref.name.clone(),
        }
    }
}

/// A paper of ag-62 that names something of others in one place at least.
pub fn hostile(dice: &mut Dice, number: u64, place: &Place) -> Value {
    let spec = match dice.throw(7) {
        0 => json!({
            "action": "AddEnvironment", "tenantRef": {"name": place.system(dice)},
            "environment": {"kind": "Staging", "classRef": {"name": "xs"}, "endDate": "2036-12-31"}
        }),
        1 => act(dice, place),
        2 => json!({"action": "RecordLevel", "tenantRef": {"name": place.system(dice)}, "level": {"level": 1}}),
        3 => json!({"action": "GoLive", "tenantRef": {"name": place.system(dice)}}),
        4 => json!({
            "action": "Transfer", "tenantRef": {"name": place.system(dice)},
            "transfer": {"from": {"name": "ag-61"}, "to": {"name": "ag-67"}}
        }),
        5 => new(dice),
        _ => return opening(dice, number, place),
    };
    let mut body = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Onboarding",
        "metadata": {"name": format!("foreign-{number}"), "namespace": "agency-ag-62"}, "spec": spec
    });
    body["spec"]["justification"] = json!("metadata: {namespace: kube-system, labels: {berth.dev/tenant: stolen}}");
    body
}

/// An act on somebody else's environment, or on one's own with somebody else's system beside it.
fn act(dice: &mut Dice, place: &Place) -> Value {
    let action = *dice.of(&["Change", "Extend", "Suspend", "Resume", "Decommission"]);
    let decoy = dice.throw(4) == 0;
    let (name, uid) = match decoy {
        true => (place.own.name_any(), place.own.uid().unwrap_or_default()),
        false => place.environment(dice),
    };
    let mut spec = json!({"action": action, "environmentRef": {"name": name, "uid": uid}, "revision": 1});
    match action {
        "Change" => spec["environment"] = json!({"kind": "Prod", "classRef": {"name": "xs"}}),
        "Extend" => spec["endDate"] = json!("2036-12-31"),
        _ => {}
    }
    if decoy {
        spec["tenantRef"] = json!({"name": dice.of(&place.others).spec.tenant_ref.name});
    }
    spec
}

/// A new system with the code of somebody else's, or under bodies that nobody is.
fn new(dice: &mut Dice) -> Value {
    let taken = dice.throw(2) == 0;
    let (code, body) = match taken {
        true => (*dice.of(&["foreign-a", "foreign-b"]), "ag-70"),
        false => ("foreign-new", *dice.of(&NOBODYS)),
    };
    json!({
        "action": "New",
        "system": {
            "code": code, "displayName": "Hệ thống thử", "level": 1, "dataKinds": ["Public"],
            "governingBodyRef": {"name": body}, "operatorRef": {"name": "ag-69"}
        },
        "environment": {"kind": "Prod", "classRef": {"name": "xs"}, "requestedPrefix": "3fff:a10:1100::/56"}
    })
}

/// An opening between two ends of which neither is the writers'.
fn opening(dice: &mut Dice, number: u64, place: &Place) -> Value {
    let end = |name: &str| json!({"environment": {"environmentRef": {"name": name}}});
    let source = place.others[0].name_any();
    let nobody = NOBODYS[dice.throw(NAMES)].to_owned();
    let destination = if dice.throw(2) == 0 { nobody } else { place.others[1].name_any() };
    json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Connection",
        "metadata": {"name": format!("conn-foreign-{number}"), "namespace": "agency-ag-62"},
        "spec": {
            "source": end(&source), "destination": end(&destination), "direction": "Between",
            "ports": [{"protocol": "TCP", "port": 443}], "purpose": "Tra cứu.", "legalBasis": "Thử [A]",
            "expiresAt": "2036-12-31T00:00:00Z"
        }
    })
}
