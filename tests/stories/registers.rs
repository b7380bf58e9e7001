//! What cannot be taken out of the registers while something stands on it, and how an edit by hand is counted.

use berth_cluster::until;
use berth_crds::ConditionType;
use berth_tests::error::Result;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::attack::{JSON, MERGE, dry_run, send};
use crate::world::{PATIENCE, World, shared};

const REGISTERS: &str = "/apis/berth.dev/v1alpha1";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_that_environments_stand_on() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "register-delete", |_| {}).await?;
    let tenant = environment.spec.tenant_ref.name.clone();
    // The cluster's administrator is held too.
    for client in [world.client("platform"), world.cluster.admin()] {
        for (path, why) in [
            ("sites/binh-duong-dc1".to_owned(), "`status.booked` still holds"),
            ("agencies/ag-62".to_owned(), "`status.prefix`"),
            (format!("tenants/{tenant}"), "berth-tenant-"),
        ] {
            let answer = dry_run(&client, "DELETE", &format!("{REGISTERS}/{path}"), JSON, &Value::Null).await;
            assert!(answer.code == 403 && answer.message.contains(why), "{path}: {answer:?}");
        }
    }
    let agencies = format!("{REGISTERS}/agencies");
    let all = dry_run(&world.cluster.admin(), "DELETE", &agencies, JSON, &Value::Null).await;
    assert_eq!(all.code, 403, "{all:?}");
    // The control: an agency without anything.
    let empty = dry_run(&world.client("platform"), "DELETE", &format!("{agencies}/ag-10"), JSON, &Value::Null).await;
    assert!(empty.accepted(), "{empty:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_outlives_its_environments_even_before_it_has_a_prefix() -> Result<()> {
    // Without an operator: nothing gets a prefix, and the guards hold all the same.
    let world = World::start().await?;
    let client = world.client("platform");
    let basis = json!({"type": "Direct", "reason": "Nhập lại sổ cũ."});
    let tenant = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "byhand"},
        "spec": {
            "code": "IS-99", "displayName": {"vi": "Hệ thống cũ"}, "agencyRef": {"name": "ag-62"}, "level": 1,
            "siteRef": {"name": "binh-duong-dc1"}, "basis": basis,
            "owners": [{"agencyRef": {"name": "ag-62"}, "from": "2024-01-01"}],
            "levels": [{"level": 1, "status": "Proposed", "inForce": {"from": "2024-01-01"}}],
            "migrationStage": "Operating"
        }
    });
    let environment = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Environment", "metadata": {"name": "byhand-prod"},
        "spec": {
            "tenantRef": {"name": "byhand"}, "kind": "Prod", "classRef": {"name": "xs"},
            "profileRef": {"name": "vn-2026"}, "quota": {"cpu": "1", "memory": "1Gi", "storage": "1Gi"}, "basis": basis
        }
    });
    let (tenants, environments) = (format!("{REGISTERS}/tenants"), format!("{REGISTERS}/environments"));
    for (path, body) in [(&tenants, &tenant), (&environments, &environment)] {
        let made = send(&client, "POST", path, JSON, body).await;
        assert!(made.accepted(), "{made:?}");
    }
    for name in ["agency", "agency-ag-62", "a.b", "9bcdef"] {
        let mut odd = tenant.clone();
        odd["metadata"]["name"] = json!(name);
        let refused = dry_run(&client, "POST", &tenants, JSON, &odd).await;
        let said = refused.message.contains("`metadata.name` must be a plate");
        assert!(refused.code == 422 && said, "{name}: {refused:?}");
    }
    let gone = async || send(&client, "DELETE", &format!("{tenants}/byhand"), JSON, &Value::Null).await;
    // The policies see a new Environment a moment later, as every parameter.
    let refused = until("the policies see the Environment", PATIENCE, async || {
        let answer = dry_run(&client, "DELETE", &format!("{tenants}/byhand"), JSON, &Value::Null).await;
        if answer.accepted() { Err("accepted".to_owned()) } else { Ok(answer) }
    })
    .await?;
    assert!(refused.code == 403 && refused.message.contains("\"byhand-prod\" still belongs"), "{refused:?}");
    let path = format!("{environments}/byhand-prod");
    let deleted = send(&world.cluster.admin(), "DELETE", &path, JSON, &Value::Null).await;
    assert!(deleted.accepted(), "an Environment without namespaces may go: {deleted:?}");
    until("the Tenant may go", PATIENCE, async || {
        let answer = gone().await;
        if answer.accepted() { Ok(()) } else { Err(answer.message) }
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_by_hand_counts_one_and_outdates_the_papers_before_it() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "register-direct", |_| {}).await?;
    let path = format!("{REGISTERS}/environments/{}", environment.name_any());
    let client = world.client("platform");
    let edit = |revision: Value| {
        let basis = json!({"type": "Direct", "reason": "Sửa ngày hết hạn.", "revision": revision});
        json!({"spec": {"endDate": "2030-12-31", "basis": basis}})
    };
    for wrong in [json!(1), json!(3), Value::Null] {
        let refused = send(&client, "PATCH", &path, MERGE, &edit(wrong)).await;
        assert!(refused.code == 403 && refused.message.contains("must be 2"), "{refused:?}");
    }
    let written = send(&client, "PATCH", &path, MERGE, &edit(json!(2))).await;
    assert!(written.accepted(), "{written:?}");
    let again = send(&client, "PATCH", &path, MERGE, &edit(json!(2))).await;
    assert!(again.accepted(), "a write that changes nothing needs no number: {again:?}");
    let stale = world
        .ask("lead-62", "ag-62", "register-stale", |spec| {
            spec["action"] = json!("Change");
            spec["environmentRef"] = json!({"name": environment.name_any(), "uid": environment.uid()});
            spec["revision"] = json!(1);
            spec["environment"]["quota"] = json!({"cpu": "1", "memory": "1Gi", "storage": "1Gi"});
            spec.as_object_mut().unwrap().remove("system");
        })
        .await?;
    world.until(&stale, ConditionType::Rejected).await?;
    Ok(())
}
