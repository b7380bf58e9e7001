//! What the register allows to a later owner of an address or alias, and what a repeat finds again.

use berth_crds::tenant::MigrationStage;

use super::*;

#[test]
fn an_address_that_its_system_gave_back_may_be_anothers() {
    let before = imported(&register(), &row(OLD, &register()));
    let later = |change: &dyn Fn(&mut Tenant)| {
        let mut register = before.clone();
        register.tenants.values_mut().filter(|t| t.spec.code == "IS-20").for_each(|t| change(Arc::make_mut(t)));
        register
    };
    let staged = |stage: MigrationStage| later(&|tenant| tenant.spec.migration_stage = stage);
    let left = at("09:00");
    let other = OLD.replace("IS-20", "IS-21").replace("ag-62", "ag-71");
    for (register, held, what) in [
        (staged(MigrationStage::Inventoried), true, "it stands there"),
        (staged(MigrationStage::Onboarding), true, "it still runs there"),
        (staged(MigrationStage::Operating), false, "it is migrated"),
        (staged(MigrationStage::Closed), false, "it is gone"),
        (later(&|tenant| tenant.status.get_or_insert_default().left = Some(left.clone())), false, "it has left"),
    ] {
        assert_eq!(matches!(row(&other, &register).verdict, Verdict::Bad(_)), held, "{what}");
    }
}

#[test]
fn an_alias_passes_from_a_body_to_its_successor_in_one_file_as_in_two() {
    let head = "id,name,type,effective,until,alias\n";
    let before = "ag-83,Sở cũ,Department,2020-01-01,30/6/2025,so-moi\n";
    let after = "ag-84,Sở mới,Department,2025-07-01,,so-moi\n";
    let agency = |line: &Line| match &line.verdict {
        Verdict::Agency(agency) => agency.as_ref().clone(),
        other => panic!("{other:?}"),
    };
    for (first, second) in [(before, after), (after, before)] {
        let both = format!("{head}{first}{second}");
        let lines = judge(&both, &register());
        let agencies = [agency(&lines[0]), agency(&lines[1])];
        let with = |agencies: &[Agency]| {
            let named = agencies.iter().map(|a| (a.metadata.name.clone().unwrap(), Arc::new(a.clone())));
            register_with(|r| r.agencies.extend(named))
        };
        assert!(judge(&both, &with(&agencies)).iter().all(|line| line.verdict == Verdict::Present));
        agency(&judge(&format!("{head}{second}"), &with(&agencies[..1]))[0]);
    }
    let early = after.replace("2025-07-01", "2025-06-30");
    for (text, known) in [
        (format!("{head}{before}{early}"), register()),
        (
            format!("{head}{before}{early}"),
            register_with(|r| {
                let lines = judge(&format!("{head}{before}"), &register());
                r.agencies.insert("ag-83".into(), Arc::new(agency(&lines[0])));
            }),
        ),
    ] {
        let found = told(&judge(&text, &known)[1]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == "alias" && found[0].2.starts_with("is ag-83 already"), "{found:?}");
    }
}

#[test]
fn a_contact_with_a_comma_in_the_title_is_found_again() {
    let text = "id,name,type,effective,contact,contact_title,contact_email\n\
        ag-85,Sở C,Department,2026-01-01,Lê An,\"Phó Giám đốc, Trưởng ban CĐS\",an@soc.tinh.gov.vn\n";
    let Verdict::Agency(made) = judge(text, &register()).remove(0).verdict else { panic!("not new") };
    let known = register_with(|r| drop(r.agencies.insert("ag-85".into(), Arc::from(made))));
    assert_eq!(judge(text, &known)[0].verdict, Verdict::Present);
    let other = told(&judge(&text.replace("Phó Giám đốc, ", ""), &known)[0]);
    assert!(other.len() == 1 && other[0].0 == "contact", "{other:?}");
}
