//! Access lists that name subjects of the system: whoever writes one by hand lets in nobody by it.

use berth_plan::desired::access_allowed;
use serde_json::json;

use super::{CASES, Dice, province};
use crate::world::{environment, today};

/// Subjects that are somebody's, and those of the system: everybody, nobody, or Kubernetes itself.
const PEOPLE: [&str; 4] = ["berth:ag-71:requester", "lan", "platform:team", "systems"];
const SYSTEM: [&str; 5] =
    ["system:authenticated", "system:unauthenticated", "system:masters", "system:serviceaccounts", "system:anonymous"];

#[test]
fn no_entry_of_an_access_list_lets_in_a_subject_of_the_system() {
    let register = province::register();
    let tenant = register.tenants.get("bbbbbb").map(AsRef::as_ref);
    let (mut bound, mut left_out) = (0, 0);
    for number in 0..CASES {
        let mut dice = Dice::of_case(number);
        let entry = |dice: &mut Dice| {
            let name = if dice.once_in(2) { dice.of(&SYSTEM) } else { dice.of(&PEOPLE) };
            let kind = dice.of(&["Group", "User"]);
            json!({"subject": {"kind": kind, "name": name}, "role": dice.of(&["Admin", "Edit", "View"])})
        };
        let list: Vec<_> = (0..=dice.throw(3)).map(|_| entry(&mut dice)).collect();
        let environment = environment("bbbbbb-prod", "Prod", json!({"access": list}));
        let allowed = access_allowed(&environment, tenant, today());
        let subjects: Vec<_> = allowed.values().flat_map(|a| &a.subjects).map(|s| s.name.as_str()).collect();
        assert!(subjects.iter().all(|name| PEOPLE.contains(name)), "case {number}: {subjects:?}");
        bound += subjects.len();
        left_out += environment.spec.access.iter().filter(|a| SYSTEM.contains(&a.subject.name.as_str())).count();
    }
    println!("{CASES} access lists: {bound} subjects bound, {left_out} of the system left out");
    assert!(bound > 1000 && left_out > 1000);
}
