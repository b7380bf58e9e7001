//! S7: policies fail closed. What a policy cannot judge it refuses; what is terminating, another version or a subresource
//! is judged like anything else; a name that only looks exempt is not; and `system:masters` passes what SECURITY.md says
//! and nothing else. As text: `charts/guards/tests/closed.rs`.

mod broken;
mod dying;
mod rows;
mod subresources;
mod versions;

use std::sync::Arc;

use berth_cluster::{Cluster, until};
use berth_crds::{AuditRecord, Onboarding};
use berth_tests::error::Result;
use futures::{StreamExt, stream};
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

use crate::attack::{JSON, TOO_MUCH, acting_as, acting_as_account, dry_run, furnished, mallory, send};
use crate::world::{Common, PATIENCE, World};
use rows::{Row, rows};

/// Requests that are under way at the same time.
const AT_ONCE: usize = 8;

/// A furnished environment whose operator is gone: what is changed stays changed, and nothing of ours runs.
struct Lab {
    world: World,
    /// Name of the environment and of its namespace.
    own: String,
    /// Its system.
    plate: String,
    /// The paper that made it.
    paper: Onboarding,
}

impl Lab {
    async fn new(name: &str) -> Result<Self> {
        let (world, operator) = World::own().await?;
        let environment = furnished(&world, name).await?;
        let paper = world.onboarding("ag-62", name).await?;
        let records: Api<AuditRecord> = Api::all(world.cluster.admin());
        until("the ledger has a segment", PATIENCE, async || {
            let found = records.list(&Default::default()).await.map_err(|e| e.to_string())?;
            if found.items.is_empty() { Err("none".to_owned()) } else { Ok(()) }
        })
        .await?;
        operator.stop().await?;
        let (own, plate) = (environment.name_any(), environment.spec.tenant_ref.name);
        Ok(Self { world, own, plate, paper })
    }

    fn cluster(&self) -> &Cluster {
        &self.world.cluster
    }

    /// The rows of the table for this environment.
    async fn rows(&self) -> Vec<Row> {
        let admin = self.cluster().admin();
        let namespace = send(&admin, "GET", &format!("/api/v1/namespaces/{}", self.own), JSON, &Value::Null).await.body;
        let records =
            send(&admin, "GET", "/apis/berth.dev/v1alpha1/auditrecords?limit=1", JSON, &Value::Null).await.body;
        let record = records["items"][0]["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        rows(self, &namespace, &record)
    }
}

/// The lab of stories that change no policy and no kind.
static LAB: Common<Lab> = Common::of(8);

async fn lab() -> Result<Arc<Lab>> {
    LAB.enter(|| Lab::new("closed-own")).await
}

async fn attempt(client: &Client, row: &Row) -> crate::attack::Answer {
    dry_run(client, row.method, &row.path, row.content_type, &row.body).await
}

/// Rows that are not refused as the table says.
async fn open(client: &Client, who: &str, rows: &[Row]) -> Vec<String> {
    let judged = stream::iter(rows).map(|row| async move {
        let answer = attempt(client, row).await;
        // Where two refuse, which of them is heard is nobody's choice, and one may give no reason.
        let code = answer.code == row.code || row.policy.ends_with('-') && answer.code == 422;
        let refused = code && answer.message.contains(row.policy);
        (!refused).then(|| format!("{who}: {} ({} {}): {answer:?}", row.what, row.method, row.path))
    });
    judged.buffer_unordered(AT_ONCE).filter_map(async |found| found).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn masters_pass_what_is_written_and_everybody_else_nothing() -> Result<()> {
    let lab = lab().await?;
    let (rows, cluster) = (lab.rows().await, lab.cluster());
    assert_eq!(open(&mallory(cluster).await?, "mallory", &rows).await, Vec::<String>::new());
    let (let_through, held): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.masters);
    // The cluster's administrator is in `system:masters`.
    assert_eq!(open(&cluster.admin(), "system:masters", &held).await, Vec::<String>::new());
    for row in &let_through {
        let answer = attempt(&cluster.admin(), row).await;
        assert!(answer.accepted(), "SECURITY.md says that `system:masters` passes: {}: {answer:?}", row.what);
    }
    println!(
        "{} rows, {} of which let system:masters through; 0 fail open",
        held.len() + let_through.len(),
        let_through.len()
    );
    Ok(())
}

/// Names and groups that look like those which some policy lets through.
const LOOKALIKES: [(&str, &[&str]); 10] = [
    ("system:serviceaccount:berth-system:berth-operator2", &[]),
    ("system:serviceaccount:berth-system:berth-api", &[]),
    ("system:serviceaccount:berth-systems:berth-operator", &[]),
    ("System:serviceaccount:berth-system:berth-operator", &[]),
    ("berth-operator", &[]),
    ("system:serviceaccount:kube-system:namespace-controllers", &[]),
    ("system:serviceaccount:kube-system:generic-garbage-collector2", &[]),
    ("system:masters", &[]),
    ("mallory-1", &[berth_guards::OPERATOR, berth_guards::NAMESPACE_CONTROLLER, berth_guards::GARBAGE_COLLECTOR]),
    ("mallory-2", &["system:master", "system:masters2"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_only_looks_exempt_is_refused_like_any_other() -> Result<()> {
    let lab = lab().await?;
    let (rows, cluster) = (lab.rows().await, lab.cluster());
    mallory(cluster).await?;
    for (user, groups) in LOOKALIKES {
        let client = acting_as(cluster, user, &[groups, &[TOO_MUCH, "system:authenticated"]].concat());
        assert_eq!(open(&client, user, &rows).await, Vec::<String>::new());
    }
    println!("{} rows by {} names that look exempt; 0 fail open", rows.len(), LOOKALIKES.len());
    // The controls: the very names pass where they are exempt.
    let delete = rows.iter().find(|row| row.what == rows::DELETED_POLICY).ok_or("the table has that row")?;
    for account in [berth_guards::OPERATOR, berth_guards::NAMESPACE_CONTROLLER, berth_guards::GARBAGE_COLLECTOR] {
        let answer = attempt(&acting_as_account(cluster, account, &[TOO_MUCH]), delete).await;
        assert!(answer.accepted(), "{account}: {answer:?}");
    }
    Ok(())
}
