//! S2 on a real API server: papers and registers that name what is not theirs. Each says why, whoever says yes to it
//! afterwards, and the operator writes nothing outside the agency that asked. Ten thousand of each kind, without a cluster:
//! `operator/plan/tests/spec/foreign.rs`.
//!
//! `BERTH_FOREIGN_PAPERS` and `BERTH_FOREIGN_SEED` make it longer or other; a run prints both.

mod deal;
mod registers;

use std::collections::BTreeMap;

use berth_cluster::{AuditEvent, until};
use berth_crds::onboarding::Verdict;
use berth_crds::{ConditionType, Connection, Environment, Onboarding, condition};
use berth_tests::error::Result;
use kube::api::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{JSON, send};
use crate::counts::quiet;
use crate::fuzz::Dice;
use crate::world::{PATIENCE, World, decision};
use deal::{Place, hostile};

/// Papers of a run that nobody made longer.
const PAPERS: u64 = 40;

/// Waits until a paper says why nothing comes of it; the reason.
async fn says_why(world: &World, paper: &DynamicObject) -> Result<String> {
    let (name, namespace) = (paper.name_any(), "agency-ag-62");
    let is_connection = name.starts_with("conn-");
    let (connections, onboardings) = (
        Api::<Connection>::namespaced(world.cluster.admin(), namespace),
        Api::<Onboarding>::namespaced(world.cluster.admin(), namespace),
    );
    let what = format!("{name} says why");
    let why = until(&what, PATIENCE, async || {
        let (conditions, failed) = if is_connection {
            let status = connections.get(&name).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
            (status.conditions, None)
        } else {
            let status = onboardings.get(&name).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
            // The condition says that a check failed; which one, the check.
            (status.conditions, status.checks.into_iter().find(|c| c.result == Verdict::Failed).map(|c| c.reason))
        };
        match condition::get(&conditions, ConditionType::Stalled) {
            Some(told) if told.status == "True" && !told.message.is_empty() => {
                Ok(failed.unwrap_or_else(|| told.reason.clone()))
            }
            other => Err(format!("{other:?}")),
        }
    });
    Ok(why.await?)
}

/// Everybody who signs says yes to a paper; what comes of it is not awaited.
async fn approve(world: &World, paper: &DynamicObject) -> Result<()> {
    let name = paper.name_any();
    let (who, body) = if name.starts_with("conn-") {
        let body = json!({
            "apiVersion": "berth.dev/v1alpha1", "kind": "Decision",
            "metadata": {"name": format!("{name}.network.1"), "namespace": "agency-ag-62"},
            "spec": {"connectionRef": {"name": name, "uid": paper.uid()}, "role": "network", "verdict": "Approve"}
        });
        ("network", body)
    } else {
        ("approver", decision(&world.onboarding("ag-62", &name).await?, "approver", 1, "Approve"))
    };
    // The API server may refuse it, and then nobody said yes: that is as good.
    world.try_sign(who, body).await?.ok();
    Ok(())
}

/// A write of the operator outside what the writers have: their papers, their environment, and what the operator keeps of
/// itself. Events tell people and change nothing.
fn is_outside(event: &AuditEvent, own: &str) -> bool {
    let object = event.object_ref.clone().unwrap_or_default();
    let itself = ["events", "leases", "auditrecords", "auditcheckpoints"].contains(&object.resource.as_str());
    let inside = object.namespace == "agency-ag-62" || object.namespace == own || object.name == own;
    let wrote = event.actor() == berth_guards::OPERATOR && event.is_write() && event.code() < 300;
    wrote && !itself && !inside
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_that_name_what_is_not_theirs_say_why_and_nothing_is_written_outside_their_agency() -> Result<()> {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (papers, seed) = (number("BERTH_FOREIGN_PAPERS", PAPERS), number("BERTH_FOREIGN_SEED", 20_260_000_002));
    let (world, _operator) = World::own().await?;
    let place = Place {
        own: world.onboard("ag-62", "foreign-own", |_| {}).await?,
        others: [
            world.onboard("ag-61", "foreign-a", |_| {}).await?,
            world.onboard("ag-67", "foreign-b", |_| {}).await?,
        ],
    };
    quiet(&world).await?;
    let (mark, own) = (world.cluster.mark()?, place.own.name_any());
    let environments: Api<Environment> = Api::all(world.cluster.admin());
    let before =
        [environments.get(&place.others[0].name_any()).await?, environments.get(&place.others[1].name_any()).await?];

    let (mut dice, mut refused, mut accepted) = (Dice(seed | 1), BTreeMap::<u16, usize>::new(), Vec::new());
    for n in 0..papers {
        match world.create("lead-62", hostile(&mut dice, n, &place)).await {
            Ok(paper) => accepted.push(paper),
            Err(kube::Error::Api(status)) if (400..500).contains(&status.code) => {
                *refused.entry(status.code).or_default() += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let mut reasons = BTreeMap::<String, usize>::new();
    for paper in &accepted {
        *reasons.entry(says_why(&world, paper).await?).or_default() += 1;
        approve(&world, paper).await?;
    }
    quiet(&world).await?;
    // Nor does it say anything else for the signatures.
    for paper in &accepted {
        says_why(&world, paper).await?;
    }
    let events = world.cluster.audit_since(mark)?;
    let outside = events.iter().filter(|event| is_outside(event, &own));
    let outside: Vec<_> = outside.map(|e| format!("{} {}", e.verb, e.request_uri)).collect();
    println!(
        "seed {seed}, {papers} papers: refused by the API server {refused:?}, by the operator {reasons:?}; {} writes outside",
        outside.len()
    );
    assert_eq!(outside, Vec::<String>::new());
    for known in before {
        assert_eq!(environments.get(&known.name_any()).await?, known);
    }
    assert!(reasons.get("NotActingForAgency").is_some_and(|n| *n > 2) && reasons.len() > 2, "{reasons:?}");
    nobodys(&world).await
}

/// An environment of a system that nobody has gets nothing, and says so.
async fn nobodys(world: &World) -> Result<()> {
    let body = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Environment", "metadata": {"name": "nobody-prod"},
        "spec": {
            "tenantRef": {"name": "nobody"}, "kind": "Prod", "classRef": {"name": "xs"}, "profileRef": {"name": "vn-2026"},
            "quota": {"cpu": "1", "memory": "1Gi", "storage": "1Gi"}, "basis": {"type": "Direct", "reason": "Nhập lại sổ cũ."}
        }
    });
    let path = "/apis/berth.dev/v1alpha1/environments";
    let made = send(&world.client("platform"), "POST", path, JSON, &body).await;
    assert!(made.accepted(), "{made:?}");
    let environments: Api<Environment> = Api::all(world.cluster.admin());
    let why = until("the environment says what is missing", PATIENCE, async || {
        let status = environments.get("nobody-prod").await.map_err(|e| e.to_string())?.status.unwrap_or_default();
        match condition::get(&status.conditions, ConditionType::Stalled) {
            Some(told) if told.status == "True" => Ok((told.reason.clone(), status.namespaces.len())),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    assert_eq!(why, ("MissingReference".to_owned(), 0));
    let namespace = send(&world.cluster.admin(), "GET", "/api/v1/namespaces/nobody-prod", JSON, &Value::Null).await;
    assert_eq!(namespace.code, 404, "{namespace:?}");
    Ok(())
}
