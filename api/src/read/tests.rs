use berth_crds::{
    AddressPlan, Agency, Environment, EnvironmentClass, EnvironmentClassSpec, Site, SiteSpec, Tenant, class::Runtime,
    common::Resources, environment::EnvironmentKind,
};
use jiff::civil::date;

use super::{spec::spec, text, world::World, *};
use crate::proto::v1::{self as pb, environment::Kind, onboarding_spec::Action, system_request::DataKind};

fn good() -> pb::OnboardingSpec {
    pb::OnboardingSpec {
        action: Action::New as i32,
        system: Some(pb::SystemRequest {
            code: "IS-01".into(),
            display_name: "Cổng".into(),
            level: 1,
            data_kinds: vec![DataKind::Public as i32],
            governing_body: "agencies/ag-70".into(),
            operator: "agencies/so-khcn".into(),
            ..Default::default()
        }),
        environment: Some(pb::EnvironmentRequest {
            kind: Kind::Prod as i32,
            class: "classes/m".into(),
            ..Default::default()
        }),
        justification: "vì".into(),
        ..Default::default()
    }
}

/// Fields with defects after a change of a good request.
fn defects(change: impl FnOnce(&mut pb::OnboardingSpec)) -> Vec<String> {
    let mut asked = good();
    change(&mut asked);
    let mut findings = Findings::default();
    spec(&mut findings, &asked, "", date(2026, 11, 24));
    findings.found.into_iter().map(|v| v.field.replace("onboarding.spec.", "")).collect()
}

fn system(change: impl FnOnce(&mut pb::SystemRequest)) -> Vec<String> {
    defects(|asked| change(asked.system.as_mut().unwrap()))
}

fn environment(change: impl FnOnce(&mut pb::EnvironmentRequest)) -> Vec<String> {
    defects(|asked| change(asked.environment.as_mut().unwrap()))
}

#[test]
fn a_good_request_has_no_defects() {
    assert_eq!(defects(|_| {}), [""; 0]);
}

#[test]
fn each_bad_input_of_the_issue_names_its_field() {
    for level in [0, 6, -1] {
        assert_eq!(system(|s| s.level = level), ["system.level"]);
    }
    assert_eq!(system(|s| s.code = "a b".into()), ["system.code"]);
    assert_eq!(system(|s| s.data_kinds = vec![99]), ["system.data_kinds"]);
    assert_eq!(system(|s| s.operator = "so-khcn".into()), ["system.operator"]);
    assert_eq!(system(|s| s.governing_body.clear()), ["system.governing_body"]);
    for end in ["2026-11-23", "2027-02-30", "30/02/2027", "2027-2-1", "tomorrow"] {
        assert_eq!(environment(|e| e.end_date = end.into()), ["environment.end_date"], "{end}");
    }
    for prefix in ["10.0.0.0/8", "3fff::1/56", "3FFF::/56", "3fff::/48", "3fff:0:0:0::/56", "x"] {
        assert_eq!(environment(|e| e.requested_prefix = prefix.into()), ["environment.requested_prefix"], "{prefix}");
    }
    let quota = |cpu: &str, memory: &str, storage: &str| {
        let quota =
            pb::Resources { cpu: cpu.into(), memory: memory.into(), storage: storage.into(), ..Default::default() };
        environment(|e| e.quota = Some(quota))
    };
    assert_eq!(
        quota("-1", "1G", "0"),
        ["environment.quota.cpu", "environment.quota.memory", "environment.quota.storage"]
    );
    assert_eq!(quota("1", "1Gi", "1Gi"), [""; 0]);
    for text in ["a\u{7}", "ca\u{301}", "", "  "] {
        assert_eq!(defects(|asked| asked.justification = text.into()), ["justification"], "{text:?}");
    }
    assert_eq!(defects(|asked| asked.justification = "x".repeat(4001)), ["justification"]);
    assert_eq!(defects(|asked| asked.action = 0), ["action"]);
    assert_eq!(defects(|asked| asked.tenant = "tenants/abcdef".into()), ["tenant"]);
}

#[test]
fn an_action_needs_its_parts() {
    let parts = |action: Action| {
        defects(|asked| {
            *asked = pb::OnboardingSpec { action: action as i32, justification: "x".into(), ..Default::default() }
        })
    };
    assert_eq!(parts(Action::New), ["system", "environment"]);
    assert_eq!(parts(Action::AddEnvironment), ["tenant", "environment"]);
    assert_eq!(parts(Action::Change), ["target", "environment"]);
}

#[test]
fn an_environment_ends_after_today_as_the_operator_checks_it() {
    assert_eq!(environment(|e| e.end_date = "2026-11-25".into()), [""; 0]);
    let today = environment(|e| e.end_date = "2026-11-24".into());
    assert_eq!(today.len(), 1, "{today:?}");
    let change = defects(|asked| {
        let environment =
            asked.environment.clone().map(|e| pb::EnvironmentRequest { end_date: "2027-12-31".into(), ..e });
        *asked = pb::OnboardingSpec { action: Action::Change as i32, system: None, environment, ..good() };
    });
    assert!(change.contains(&"environment.end_date".to_owned()), "an EXTEND moves it: {change:?}");
}

#[test]
fn a_line_has_no_breaks_and_counts_characters() {
    let defects = |text: &str, rule| {
        let mut findings = Findings::default();
        text::check(&mut findings, "f", text, rule);
        findings.found.len()
    };
    assert_eq!(defects("a\nb", text::line(9)), 1);
    assert_eq!(defects("a\nb", text::lines(9)), 0);
    assert_eq!(defects(&"ế".repeat(300), text::line(300)), 0);
    assert_eq!(defects("", text::maybe_line(1)), 0);
}

#[test]
fn quantities_are_compared_as_numbers() {
    assert_eq!((quantity::cpu("1"), quantity::cpu("999m"), quantity::cpu("1.5")), (Some(1000), Some(999), None));
    assert_eq!((quantity::bytes("1Gi"), quantity::bytes("1024Mi")), (Some(1 << 30), Some(1 << 30)));
    for bad in ["", "Gi", "1G", "1e3", "+1", " 1", "-1Gi", "1234567890123456"] {
        assert_eq!(quantity::bytes(bad), None, "{bad}");
    }
}

fn world() -> World {
    let resources =
        Resources { cpu: "8".into(), memory: "32Gi".into(), storage: "500Gi".into(), ..Resources::default() };
    let plan = serde_json::json!({"roots": [{"cidr": "3fff::/32", "kind": "Documentation"}], "departmentPools": ["0"], "communePools": ["8"]});
    World {
        class: Some(EnvironmentClass::new("m", EnvironmentClassSpec { resources, ..Default::default() })),
        sites: vec![Site::new("dc1", SiteSpec { runtimes: vec![Runtime::Containers], ..Default::default() })],
        governing_body: Some(Agency::new("ag-70", Default::default())),
        operator: Some(Agency::new("ag-69", Default::default())),
        plan: Some(AddressPlan::new("default", serde_json::from_value(plan).unwrap())),
        ..World::default()
    }
}

/// Fields that do not fit the world.
fn misfits(world: &World, asked: &pb::OnboardingSpec) -> Vec<String> {
    let mut findings = Findings::default();
    let mut spec = spec(&mut findings, asked, "", date(2026, 11, 24));
    world.check(&mut findings, &mut spec);
    findings.found.into_iter().map(|v| v.field.replace("onboarding.spec.", "")).collect()
}

#[test]
fn aliases_become_ids() {
    let mut spec = spec(&mut Findings::default(), &good(), "", date(2026, 11, 24));
    world().check(&mut Findings::default(), &mut spec);
    assert_eq!(spec.system.unwrap().operator_ref.name, "ag-69");
}

#[test]
fn what_the_registers_do_not_have_is_named() {
    assert_eq!(misfits(&world(), &good()), [""; 0]);
    let without = |change: fn(&mut World)| {
        let mut world = world();
        change(&mut world);
        misfits(&world, &good())
    };
    assert_eq!(without(|w| w.class = None), ["environment.class"]);
    assert_eq!(without(|w| w.sites.clear()), ["environment.class"]);
    assert_eq!(without(|w| w.operator = None), ["system.operator"]);
    let mut greedy = good();
    let quota = pb::Resources {
        cpu: "9".into(),
        memory: "32Gi".into(),
        storage: "1Ti".into(),
        gpus: Some(1),
        ..Default::default()
    };
    greedy.environment.as_mut().unwrap().quota = Some(quota);
    assert_eq!(
        misfits(&world(), &greedy),
        ["environment.quota.cpu", "environment.quota.storage", "environment.quota.gpus"]
    );
    let mut foreign = good();
    foreign.environment.as_mut().unwrap().requested_prefix = "2001:db8::/56".into();
    assert_eq!(misfits(&world(), &foreign), ["environment.requested_prefix"]);
}

#[test]
fn a_second_environment_of_a_kind_and_a_foreign_tenant_are_refused() {
    let asked = pb::OnboardingSpec {
        action: Action::AddEnvironment as i32,
        tenant: "tenants/abcdef".into(),
        system: None,
        ..good()
    };
    let mut world = world();
    assert_eq!(misfits(&world, &asked), ["tenant"]);
    world.tenant = Some(Tenant::new("abcdef", Default::default()));
    assert_eq!(misfits(&world, &asked), [""; 0]);
    world.environment = Some(Environment::new("abcdef-prod", Default::default()));
    assert_eq!(misfits(&world, &asked), ["environment.kind"]);
}

#[test]
fn a_change_is_of_the_environment_that_was_read() {
    let mut environment = Environment::new("abcdef-prod", Default::default());
    environment.metadata.uid = Some("u-1".into());
    environment.spec.kind = EnvironmentKind::Prod;
    environment.spec.basis.revision = Some(2);
    let world = World { environment: Some(environment), ..world() };
    let asked = |uid: &str, revision, kind: Kind| {
        let target = pb::EnvironmentTarget {
            name: "environments/abcdef-prod".into(),
            uid: uid.into(),
            revision: Some(revision),
        };
        let mut asked =
            pb::OnboardingSpec { action: Action::Change as i32, target: Some(target), system: None, ..good() };
        asked.environment.as_mut().unwrap().kind = kind as i32;
        asked
    };
    assert_eq!(misfits(&world, &asked("u-1", 2, Kind::Prod)), [""; 0]);
    assert_eq!(misfits(&world, &asked("u-0", 1, Kind::Dev)), ["target.uid", "target.revision", "environment.kind"]);
    let nothing = World { environment: None, ..world };
    assert_eq!(misfits(&nothing, &asked("u-1", 2, Kind::Prod)), ["target.name"]);
}

#[test]
fn a_running_namespace_is_wished_for_by_a_proper_name_and_zone_and_by_no_change() {
    let wish = |namespace: &str, zone: &str| pb::AdoptionWish { namespace: namespace.into(), zone: zone.into() };
    let asked = |wishes: Vec<pb::AdoptionWish>| environment(|e| e.adopt = wishes);
    assert_eq!(asked(vec![wish("hoso", ""), wish("csdl", "db")]), Vec::<String>::new());
    for bad in [wish("", ""), wish("Hoso", ""), wish("a.b", ""), wish("-", ""), wish("hoso", "web")] {
        assert_eq!(asked(vec![bad]), ["environment.adopt"]);
    }
}
