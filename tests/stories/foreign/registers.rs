//! Registers by hand: whoever may write them names no subject of the system and none of its namespaces.

use berth_tests::error::Result;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::attack::{JSON, MERGE, dry_run};
use crate::world::shared;

#[tokio::test(flavor = "multi_thread")]
async fn registers_take_no_subject_of_the_system_and_no_name_of_its() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "foreign-register", |_| {}).await?;
    let client = world.client("platform");
    let berth = "/apis/berth.dev/v1alpha1";
    let (agency, own) = (format!("{berth}/agencies/ag-62"), format!("{berth}/environments/{}", environment.name_any()));
    let access = |subject: Value| {
        let basis = json!({"type": "Direct", "reason": "Sửa.", "revision": 2});
        json!({"spec": {"access": [{"subject": subject, "role": "View"}], "basis": basis}})
    };
    let group = |name: &str| json!({"kind": "Group", "name": name});
    let delegation = json!({
        "absent": "chair", "to": "system:anonymous", "role": "governing-body", "from": "2026-12-01", "until": "2036-12-01",
        "document": {"issuer": "UBND", "number": "3/UQ", "date": "2026-11-01", "signer": "A"}
    });
    let grant = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Intervention", "metadata": {"name": "foreign-grant"},
        "spec": {
            "environmentRef": {"name": environment.name_any(), "uid": environment.uid()}, "act": "Grant", "reason": "Sự cố.",
            "until": jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(1))?.to_string(),
            "access": {"subject": group("system:authenticated"), "role": "Admin"}
        }
    });
    let named = |kind: &str, name: &str, spec: Value| {
        let version = "berth.dev/v1alpha1";
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec})
    };
    let basis = json!({"type": "Direct", "reason": "Nhập lại sổ cũ."});
    let system = json!({
        "code": "IS-99", "displayName": {"vi": "Hệ thống cũ"}, "agencyRef": {"name": "ag-62"}, "level": 1,
        "siteRef": {"name": "binh-duong-dc1"}, "basis": basis,
        "owners": [{"agencyRef": {"name": "ag-62"}, "from": "2024-01-01"}],
        "levels": [{"level": 1, "status": "Proposed", "inForce": {"from": "2024-01-01"}}],
        "migrationStage": "Operating"
    });
    let part = json!({
        "tenantRef": {"name": "byhand"}, "kind": "Prod", "classRef": {"name": "xs"}, "profileRef": {"name": "vn-2026"},
        "quota": {"cpu": "1", "memory": "1Gi", "storage": "1Gi"}, "basis": basis
    });
    let member = |subject: Value| json!({"spec": {"members": [{"subject": subject, "role": "Requester"}]}});
    let subject = "must not begin `system:`";
    let tries = [
        ("PATCH", own.clone(), access(group("system:authenticated")), subject),
        ("PATCH", own.clone(), access(group("system:unauthenticated")), subject),
        ("PATCH", own.clone(), access(json!({"kind": "User", "name": "system:anonymous"})), subject),
        ("PATCH", agency.clone(), member(group("system:serviceaccounts")), subject),
        ("PATCH", agency, json!({"spec": {"delegations": [delegation]}}), "`to` must be a person"),
        ("POST", format!("{berth}/interventions"), grant, subject),
        ("POST", format!("{berth}/tenants"), named("Tenant", "kube-system", system.clone()), "must be a plate"),
        ("POST", format!("{berth}/tenants"), named("Tenant", "agency", system), "must be a plate"),
        (
            "POST",
            format!("{berth}/environments"),
            named("Environment", "kube-system", part.clone()),
            "must be `<tenant>-<kind>`",
        ),
        (
            "POST",
            format!("{berth}/environments"),
            named("Environment", "agency-ag-61", part),
            "must be `<tenant>-<kind>`",
        ),
    ];
    for (method, path, body, says) in &tries {
        let kind = if *method == "PATCH" { MERGE } else { JSON };
        let answer = dry_run(&client, method, path, kind, body).await;
        assert!(answer.code == 422 && answer.message.contains(says), "{method} {path} {body}: {answer:?}");
    }
    let fine = dry_run(&client, "PATCH", &own, MERGE, &access(group("berth:ag-62:reader"))).await;
    assert!(fine.accepted(), "{fine:?}");
    println!("{} entries that name what is nobody's: all refused", tries.len());
    Ok(())
}
