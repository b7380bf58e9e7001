//! Two data centres: a request is judged on the one on which it books and builds, which is its system's where the register
//! has the system, and not its agency's.

use super::*;

/// dc1 reaches level 3 and runs containers; dc2, the agency's, is smaller, reaches level 4 and runs machines too.
fn two_sites(systems: &[(&str, Value)]) -> Register {
    register_with(|r| {
        let with =
            json!({"capacity": {"cpu": "100"}, "highestLevel": 4, "runtimes": ["Containers", "VirtualMachines"]});
        let mut second = site(with);
        second.metadata.name = Some("dc2".into());
        r.sites.insert("dc2".into(), Arc::new(second));
        r.agencies.insert("ag-62".into(), Arc::new(agency("ag-62", json!({"siteRef": {"name": "dc2"}}))));
        for (plate, with) in systems {
            r.tenants.insert((*plate).into(), Arc::new(tenant(plate, with.clone())));
        }
    })
}

/// The system that the request asks for, as an inventory brought it onto a site.
fn inventoried(site: &str) -> Vec<(&'static str, Value)> {
    let by_hand = json!({"type": "Direct", "reason": "x", "onboardingRef": null});
    let with = json!({"code": "IS-77", "migrationStage": "Inventoried", "siteRef": {"name": site}, "basis": by_hand});
    vec![("cccccc", with)]
}

/// What the checks find, and the limit that the headroom was read from.
fn found(register: &Register, with: Value) -> (Overall, Vec<String>, Option<String>) {
    let results = check_in(register, "ag-62", with);
    let bad = bad(&results).into_iter().map(|(id, _, _, message)| format!("{id}: {message}")).collect();
    let limit = results.iter().flat_map(|r| &r.numbers).find(|n| n.name == "limit.cpu").map(|n| n.value.clone());
    (overall(&results), bad, limit)
}

#[test]
fn level_class_and_headroom_are_those_of_the_site_on_which_the_system_is() {
    let level = |level: i64| json!({"spec": {"system": {"level": level}}});
    let machines = || json!({"spec": {"environment": {"classRef": {"name": "vm"}}}});
    let added = |class: &str| {
        let environment = json!({"kind": "Dev", "classRef": {"name": class}, "endDate": "2027-06-30"});
        json!({"spec": {"action": "AddEnvironment", "system": null, "tenantRef": {"name": "aaaaaa"}, "environment": environment}})
    };
    let fine = |limit: &str| (Overall::Decidable, vec![], Some(limit.to_owned()));
    let ends = |overall, message: &str| (overall, vec![message.to_owned()], None);
    let too_high = "level: Level 4 is above 3, the highest level of the site; ask for placement on dc2.";
    let no_machines = "class: `spec.environment.classRef.name` \"vm\" runs VirtualMachines, which the site does not offer; choose another class.";
    let (fresh, on_dc1, on_dc2) = (two_sites(&[]), two_sites(&inventoried("dc1")), two_sites(&inventoried("dc2")));
    let raised = two_sites(&[("aaaaaa", json!({"level": 4}))]);
    let table = [
        ("a new system stands on the agency's site", &fresh, level(4), fine("100")),
        ("and may use what that runs", &fresh, machines(), fine("100")),
        ("one that an inventory brought stays where it is", &on_dc1, level(3), fine("672")),
        ("which does not reach the level", &on_dc1, level(4), ends(Overall::Refused, too_high)),
        ("nor runs the class", &on_dc1, machines(), ends(Overall::Defective, no_machines)),
        ("wherever that is", &on_dc2, level(4), fine("100")),
        ("another environment stands with its system", &fresh, added("xs"), fine("672")),
        ("with what its site runs", &fresh, added("vm"), ends(Overall::Defective, no_machines)),
        ("and at the level that its site reaches", &raised, added("xs"), ends(Overall::Refused, too_high)),
    ];
    for (what, register, with, expected) in table {
        assert_eq!(found(register, with), expected, "{what}");
    }
}

#[test]
fn the_site_of_a_request_stays_the_same_from_its_check_to_its_system() {
    let spec = onboarding(json!({})).spec;
    let site = |register: &Register, paper: Option<&str>| {
        register.site_for(&spec, "ag-62", paper).and_then(|site| site.metadata.name.clone())
    };
    let dc = |name: &str| Some(name.to_owned());
    let known = two_sites(&inventoried("dc1"));
    assert_eq!((site(&known, None), site(&known, Some("uid-onb-a"))), (dc("dc1"), dc("dc1")));
    let mut made = inventoried("dc1");
    made[0].1 = merge(made[0].1.clone(), json!({"migrationStage": "Onboarding", "basis": paper_basis("uid-onb-a", 2)}));
    let made = two_sites(&made);
    assert_eq!(site(&made, Some("uid-onb-a")), dc("dc1"), "the system that it took up");
    assert_eq!(site(&made, Some("uid-of-another")), dc("dc2"), "a system that is another request's says nothing of it");
    assert_eq!(site(&two_sites(&[]), None), dc("dc2"));
    let gone = two_sites(&inventoried("dc3"));
    let missing = "references: No site hosts the request: set `spec.siteRef` of the Agency, or have its system's site registered.";
    assert_eq!((site(&gone, None), found(&gone, json!({})).1), (None, vec![missing.to_owned()]));
}
