//! Connections: ends in environments of others, of the system and of nobody, and every Decision that can be made without
//! the other owner. What stands lies in the asking agency's own namespaces and lets in nobody else.

use std::collections::BTreeMap;

use berth_plan::connection::Stage;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::{CASES, Dice};
use crate::connection::{Scene, connection, inside};

/// Environments of ag-62, which asks: `aaaaaa` with its zones, `cccccc` without.
const ASKING: [&str; 2] = ["aaaaaa-prod", "cccccc-prod"];
/// Environments of others.
const FOREIGN: [&str; 2] = ["bbbbbb-prod", "dddddd-prod"];

fn end(dice: &mut Dice) -> Value {
    let zone = dice.of(&["app", "dmz", "db", "mgmt"]);
    match dice.throw(8) {
        0..=2 => {
            let name = dice.of(&ASKING);
            inside(name, (name != ASKING[1]).then_some(zone))
        }
        3 | 4 => inside(dice.of(&FOREIGN), Some(zone)),
        5 => inside(&dice.name(), dice.once_in(2).then_some(zone)),
        6 => json!({"outside": {"kind": "Internet", "name": dice.name(), "runBy": dice.name()}}),
        _ => json!({"outside": {
            "kind": "Named", "name": dice.name(), "runBy": dice.name(),
            "ipv4": {"blocks": [dice.of(&["198.51.100.0/24", "10.0.0.0/16", "0.0.0.0/0"])]},
            "ipv6": {"blocks": [dice.of(&["2001:db8:7::/48", "3fff:a10:1180::/48", "::/0"])]}
        }}),
    }
}

/// A scene in which everybody who may not decide does, and the network unit too; the other owner never does.
fn scene(number: u64) -> Scene {
    let mut dice = Dice::of_case(number);
    let mut scene = Scene::of(json!({}));
    scene.connection = connection(json!({"spec": {
        "source": replaced(end(&mut dice)), "destination": replaced(end(&mut dice)), "purpose": dice.name()
    }}));
    scene.pass();
    scene.act("asking", "network.1", "Approve", dice.of(&["minh", "lan", "berth:auto"]), "09:30");
    for (n, role) in ["owner", "requester", "approver", "governing-body"].into_iter().enumerate() {
        if dice.once_in(2) {
            let verdict = dice.of(&["Consent", "Approve"]);
            scene.act("asking", &format!("{role}.1"), verdict, "hoa", &format!("09:0{n}"));
        }
    }
    scene.pass();
    scene
}

/// An end that leaves nothing of the usual one: what is not given is taken out.
fn replaced(mut end: Value) -> Value {
    for part in ["environment", "outside"] {
        if end[part].is_null() {
            end[part] = Value::Null;
        }
    }
    if end["environment"].is_object() && end["environment"]["zone"].is_null() {
        end["environment"]["zone"] = Value::Null;
    }
    end
}

#[test]
fn nothing_opens_into_anothers_namespace_or_to_it_without_the_other_owners_consent() {
    let (mut counts, mut stand) = (BTreeMap::<&str, usize>::new(), 0);
    for number in 0..CASES {
        let mut scene = scene(number);
        let planned = scene.pass();
        let stage = match planned.stage {
            Stage::Refused(_) => "refused",
            Stage::Consent(_) => "consent",
            Stage::Decision => "decision",
            Stage::Rejected => "rejected",
            Stage::Held(_) => "held",
            Stage::Open => "open",
            Stage::Closed(_) => "closed",
        };
        *counts.entry(stage).or_default() += 1;
        for policy in planned.policies.iter().flatten() {
            stand += 1;
            let namespace = policy.namespace().unwrap_or_default();
            let own = ASKING.iter().any(|e| namespace == **e || namespace.starts_with(&format!("{e}-")));
            assert!(own, "case {number}: {} in {namespace}", policy.name_any());
            let text = serde_json::to_string(&policy.spec).unwrap();
            for other in FOREIGN.iter().map(|name| &name[..6]).chain(["kube-system", "3fff:a10:1180"]) {
                assert!(!text.contains(other), "case {number} opens to {other}: {text}");
            }
        }
    }
    println!("{CASES} connections: {counts:?}; {stand} policies, 0 of them in or to another agency's");
    let met = |stage: &str| counts.get(stage).is_some_and(|n| *n > 50);
    assert!(met("open") && met("consent") && met("refused") && stand > 50, "{counts:?}, {stand}");
}
