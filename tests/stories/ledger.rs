//! The ledger on a real control plane: complete, once, safe from everybody, exported and pruned (design §7).

mod door;
mod export;

use std::collections::BTreeMap;
use std::path::Path;

use berth_cluster::until;
use berth_crds::audit::{Act, AuditEntry, segment_name};
use berth_crds::{AuditCheckpoint, AuditRecord, ConditionType, Environment, Tenant};
use berth_operator::ledger::Settings;
use berth_plan::ledger::history::Query;
use berth_plan::ledger::verify::{Evidence, Fault, FaultKind, Place, Verified, verify};
use berth_plan::ledger::{Head, canonical};
use berth_tests::error::Result;
use berth_tests::fault::{self, Plan};
use berth_tests::stack::{Account, Operator};
use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicyBinding;
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use crate::counts::{ledger_writes, quiet};
use crate::world::{PATIENCE, World, code, message, shared};

/// Everything that speaks of the ledger, as an auditor reads it.
pub async fn evidence(client: Client, export: Option<&Path>) -> Result<Evidence> {
    let records = Api::<AuditRecord>::all(client.clone()).list(&Default::default()).await?.items;
    let checkpoint = Api::<AuditCheckpoint>::all(client).get_opt("default").await?;
    Ok(Evidence {
        cluster: Some(records.into_iter().map(|r| (r.name_any(), r.spec)).collect()),
        export: export.map(lines).transpose()?,
        checkpoint: checkpoint.map(|c| c.spec),
        noted: None,
    })
}

/// The lines of an export, as `cat *.jsonl` shows them.
fn lines(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder)? {
        files.push(file?.path());
    }
    files.retain(|file| file.extension().is_some_and(|ending| ending == "jsonl"));
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        lines.extend(std::fs::read_to_string(file)?.lines().map(str::to_owned));
    }
    Ok(lines)
}

/// What is recorded, in order, whether exported or not.
pub fn entries(evidence: &Evidence) -> Vec<AuditEntry> {
    let exported = evidence.export.iter().flatten().map(|line| canonical::read(line).unwrap());
    let mut all: BTreeMap<i64, _> = exported.map(|s| (s.number, s)).collect();
    all.extend(evidence.cluster.iter().flatten().map(|(_, s)| (s.number, s.clone())));
    all.into_values().flat_map(|segment| segment.entries).collect()
}

/// Acts that concern a request and what came of it, sorted, as `act object by who`.
async fn told_of(world: &World, evidence: &Evidence, paper: &str, environment: &Environment) -> Result<Vec<String>> {
    let tenant = &environment.spec.tenant_ref.name;
    let system: Tenant = Api::all(world.cluster.admin()).get(tenant).await?;
    let prefix = system.status.and_then(|s| s.prefix).ok_or("the system has no prefix")?;
    let block = berth_crds::names::block(&prefix);
    let objects = [paper.to_owned(), environment.name_any(), tenant.clone(), block];
    let found = |e: &&AuditEntry| {
        objects.iter().any(|object| Query { object: Some(object.clone()), ..Query::default() }.finds(e))
    };
    let name = |e: &AuditEntry| e.object.name.replace(tenant.as_str(), "PLATE").replace(&objects[3], "BLOCK");
    let who = |e: &AuditEntry| e.who.rsplit(':').next().unwrap_or_default().to_owned();
    let all = entries(evidence);
    let mut told: Vec<_> =
        all.iter().filter(found).map(|e| format!("{:?} {} {} by {}", e.act, e.object.kind, name(e), who(e))).collect();
    told.sort();
    Ok(told)
}

/// Waits until the handover of requests is recorded.
pub async fn caught_up(world: &World, papers: &[&str]) -> Result<()> {
    for paper in papers {
        let handed = |e: &&AuditEntry| e.act == Act::HandedOver && e.object.name == *paper;
        until("the ledger has caught up", PATIENCE, async || {
            let evidence = evidence(world.client("auditor"), None).await.map_err(|e| e.to_string())?;
            entries(&evidence).iter().find(handed).map(drop).ok_or_else(|| "not handed over yet".to_owned())
        })
        .await?;
    }
    Ok(())
}

/// What one new system leaves in the ledger, exactly.
fn of_a_new_system(paper: &str) -> Vec<String> {
    let mut expected = vec![
        format!("Submitted Onboarding {paper} by lead-62"),
        format!("Decided Decision {paper}.approver.1 by approver"),
        format!("TookEffect Decision {paper}.approver.1 by berth-operator"),
        format!("Concluded Onboarding {paper} by berth-operator"),
        "Registered Tenant PLATE by berth-operator".to_owned(),
        "Registered Environment PLATE-prod by berth-operator".to_owned(),
        "PrefixGiven PrefixBlock BLOCK by berth-operator".to_owned(),
        "NamespaceCreated Namespace PLATE-prod by berth-operator".to_owned(),
        format!("HandedOver Onboarding {paper} by berth-operator"),
    ];
    expected.sort();
    expected
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_recorded_from_submission_to_handover_and_the_ledger_verifies() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "ledger-new", |_| {}).await?;
    let paper = "ledger-new";
    let told = until("the ledger has caught up", PATIENCE, async || {
        let evidence = evidence(world.client("auditor"), None).await.map_err(|e| e.to_string())?;
        let told = told_of(world, &evidence, paper, &environment).await.map_err(|e| e.to_string())?;
        if told.len() >= of_a_new_system(paper).len() { Ok((told, evidence)) } else { Err(format!("{told:#?}")) }
    })
    .await?;
    assert_eq!(told.0, of_a_new_system(paper));
    assert!(verify(&told.1).is_ok_and(|v| v.from == 1), "{:?}", verify(&told.1));
    let agency = entries(&told.1).into_iter().find(|e| e.object.kind == "Agency" && e.object.name == "ag-62");
    let who = agency.map(|e| (e.act, e.who));
    assert_eq!(who, Some((Act::Registered, "admin".to_owned())), "a register names who wrote it by hand");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_operator_writes_the_ledger_and_only_auditors_and_operators_read_it_all() -> Result<()> {
    let world = shared().await?;
    world.onboard("ag-62", "ledger-guard", |_| {}).await?;
    let of = |client: Client| Api::<AuditRecord>::all(client);
    let admin = of(world.cluster.admin());
    let first = admin.get(&segment_name(1)).await?;
    let forged =
        AuditRecord::new(&segment_name(999), berth_crds::AuditRecordSpec { number: 999, ..first.spec.clone() });
    for api in [&admin, &of(world.client("platform")), &of(world.client("auditor"))] {
        assert_eq!(code(api.create(&Default::default(), &forged).await), 403);
        // RBAC refuses people; past it, two policies do while nothing is exported, and either may answer: 403, or 422 for the
        // missing checkpoint.
        let refused = message(api.delete(&first.name_any(), &Default::default()).await);
        let expected = ["cannot delete resource", "written by the operator only", "no params found"];
        assert!(expected.iter().any(|why| refused.contains(why)), "{refused}");
    }
    for who in ["auditor", "platform"] {
        assert!(!of(world.client(who)).list(&Default::default()).await?.items.is_empty(), "{who}");
    }
    for who in ["lead-62", "approver", "nobody"] {
        assert_eq!(code(of(world.client(who)).list(&Default::default()).await), 403, "{who}");
    }
    Ok(())
}

/// Removes the guards as a cluster administrator can, and waits until they are gone.
async fn without_guards(world: &World) -> Result<()> {
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(world.cluster.admin());
    for binding in ["berth-ledger-writer", "berth-ledger-prune", "berth-crd-delete"] {
        bindings.delete(binding, &Default::default()).await?;
    }
    let records: Api<AuditRecord> = Api::all(world.cluster.admin());
    let dry = kube::api::DeleteParams { dry_run: true, ..Default::default() };
    until("the guards are gone", PATIENCE, async || {
        records.delete(&segment_name(1), &dry).await.map(drop).map_err(|e| e.to_string())
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tampering_by_a_cluster_administrator_is_found_and_named() -> Result<()> {
    let (world, folder) = (World::start().await?, tempfile::tempdir()?);
    let settings = Settings { export: Some(folder.path().to_owned()), keep: None };
    let operator = Operator::start_exporting(&world.cluster, settings, None).await?;
    world.onboard("ag-62", "tamper-1", |_| {}).await?;
    quiet(&world).await?;
    operator.stop().await?;
    let admin = world.cluster.admin();
    let before = evidence(admin.clone(), Some(folder.path())).await?;
    let whole = verify(&before).map_err(|fault| fault.to_string())?;
    assert_eq!(Some(whole.head.number), before.checkpoint.as_ref().map(|c| c.number), "everything is exported");
    // The spec cannot change, so somebody who rules the cluster makes the segment anew, with a hash that fits.
    without_guards(&world).await?;
    let records: Api<AuditRecord> = Api::all(admin.clone());
    let mut segment = records.get(&segment_name(2)).await?;
    records.delete(&segment_name(2), &Default::default()).await?;
    segment.spec.entries[0].who = "somebody-else".into();
    segment.spec.hash = canonical::hash(&segment.spec);
    segment.metadata = kube::core::ObjectMeta { name: segment.metadata.name, ..Default::default() };
    records.create(&Default::default(), &segment).await?;
    let fault = verify(&evidence(admin.clone(), Some(folder.path())).await?).unwrap_err();
    assert_eq!(fault, Fault { number: 2, kind: FaultKind::Differs });
    let fault = verify(&evidence(admin.clone(), None).await?).unwrap_err();
    assert_eq!(fault, Fault { number: 3, kind: FaultKind::Unchained(Place::Cluster) }, "the next one names its hash");
    records.delete(&segment_name(2), &Default::default()).await?;
    let fault = verify(&evidence(admin, Some(folder.path())).await?).unwrap_err();
    assert_eq!(fault, Fault { number: 2, kind: FaultKind::Missing(Place::Cluster) });
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_write_of_the_ledger_or_a_lost_answer_to_it_loses_and_doubles_nothing() -> Result<()> {
    let (world, folder) = (World::start().await?, tempfile::tempdir()?);
    let mut environments = Vec::new();
    // Each round has at least two batches: papers at the start, then what comes of them; each is a segment, the
    // checkpoint, and segments that are pruned.
    for (fault, paper) in [(fault::Fault::Crash, "crash"), (fault::Fault::LostAnswer, "lost")] {
        for at in 1..=6 {
            let paper = format!("ledger-{paper}-{at}");
            let environment = through(&world, folder.path(), &paper, fault, at).await?;
            environments.push((paper, environment));
        }
    }
    let evidence = evidence(world.client("auditor"), Some(folder.path())).await?;
    // `verify` refuses an act that is recorded twice, too.
    let verified = verify(&evidence).map_err(|fault| fault.to_string())?;
    let kept = evidence.cluster.as_ref().map_or(0, Vec::len);
    println!("{verified:?}, {kept} segments kept");
    assert_eq!((verified.from, kept), (1, 1));
    for (paper, environment) in &environments {
        assert_eq!(told_of(&world, &evidence, paper, environment).await?, of_a_new_system(paper), "{paper}");
    }
    Ok(())
}

/// A new system through a fault at a write of the ledger, until every act of it is in.
async fn through(world: &World, folder: &Path, name: &str, fault: fault::Fault, at: usize) -> Result<Environment> {
    let settings = Settings { export: Some(folder.to_owned()), keep: Some(1) };
    let paper = world.ask("lead-62", "ag-62", name, |_| {}).await?;
    world.decide("approver", &paper, "Approve").await?;
    let plan = Plan::of_ledger(fault, at);
    let broken = Operator::start_exporting(&world.cluster, settings.clone(), Some(&plan)).await?;
    tokio::time::timeout(PATIENCE, plan.struck())
        .await
        .map_err(|_| format!("write {at} of the ledger never came; there were {}", plan.writes()))?;
    let again = match fault {
        fault::Fault::Crash | fault::Fault::CrashBefore => {
            broken.crash();
            Operator::start_exporting(&world.cluster, settings, None).await?
        }
        fault::Fault::LostAnswer => broken,
    };
    let paper = world.until(&paper, ConditionType::Ready).await?;
    let environment = paper.status.and_then(|s| s.environment_ref).ok_or("no environment")?;
    let environment = Api::<Environment>::all(world.cluster.admin()).get(&environment.name).await?;
    all_in(world, folder, name, &environment).await?;
    again.stop().await?;
    Ok(environment)
}

/// Waits until every act of a new system is recorded, exported, and pruned down to the one segment that is kept.
async fn all_in(world: &World, folder: &Path, paper: &str, environment: &Environment) -> Result<()> {
    until("the ledger has taken everything in", PATIENCE, async || {
        let evidence = evidence(world.client("auditor"), Some(folder)).await.map_err(|e| e.to_string())?;
        let kept = evidence.cluster.as_ref().map_or(0, Vec::len);
        let told = told_of(world, &evidence, paper, environment).await.map_err(|e| e.to_string())?;
        verify(&evidence).map_err(|fault| fault.to_string())?;
        if kept == 1 && told == of_a_new_system(paper) { Ok(()) } else { Err(format!("{kept} segments, {told:?}")) }
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_respects_the_checkpoint_even_for_the_operator_and_a_restart_repeats_nothing() -> Result<()> {
    let (world, operator) = World::own().await?;
    world.onboard("ag-62", "prune-1", |_| {}).await?;
    quiet(&world).await?;
    operator.stop().await?;
    let account = Account::of(&world.cluster, berth_crds::labels::OPERATOR_ACCOUNT).await?;
    let records: Api<AuditRecord> = Api::all(account.client(&world.cluster)?);
    // Nothing is exported yet: nothing goes.
    let refused = message(records.delete(&segment_name(1), &Default::default()).await);
    assert!(refused.contains("no params found"), "a missing checkpoint denies: {refused}");
    let folder = tempfile::tempdir()?;
    let settings = Settings { export: Some(folder.path().to_owned()), keep: Some(2) };
    let operator = Operator::start_exporting(&world.cluster, settings.clone(), None).await?;
    world.onboard("ag-62", "prune-2", |_| {}).await?;
    quiet(&world).await?;
    operator.stop().await?;
    let pruned = evidence(world.client("auditor"), Some(folder.path())).await?;
    let Verified { head: Head { number, .. }, from, entries } = verify(&pruned).map_err(|fault| fault.to_string())?;
    let kept: Vec<_> = pruned.cluster.iter().flatten().map(|(name, _)| name.clone()).collect();
    assert_eq!((from, kept), (1, vec![segment_name(number - 1), segment_name(number)]));
    // The newest stays, whoever asks.
    let refused = message(records.delete(&segment_name(number), &Default::default()).await);
    assert!(refused.contains("only when a later one is exported"), "{refused}");
    let checkpoints: Api<AuditCheckpoint> = Api::all(account.client(&world.cluster)?);
    assert_eq!(code(checkpoints.delete("default", &Default::default()).await), 403);
    // A new operator knows from the export what is recorded.
    let mark = world.cluster.mark()?;
    let operator = Operator::start_exporting(&world.cluster, settings, None).await?;
    quiet(&world).await?;
    operator.stop().await?;
    assert_eq!(ledger_writes(&world.cluster.audit_since(mark)?), Vec::<String>::new(), "a restart records nothing");
    // One that cannot know it records nothing rather than everything again.
    let blind = world.operator().await?;
    quiet(&world).await?;
    blind.stop().await?;
    let after = verify(&evidence(world.client("auditor"), Some(folder.path())).await?);
    assert_eq!(after.map(|v| v.entries), Ok(entries));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_at_once_record_every_act_once_and_a_change_by_hand_with_who_and_before_and_after() -> Result<()> {
    let (world, first) = World::own().await?;
    let second = Operator::start_without_lease(&world.cluster).await?;
    let mut environments = Vec::new();
    for n in 0..3 {
        let name = format!("two-{n}");
        environments.push((name.clone(), world.onboard("ag-62", &name, |_| {}).await?));
    }
    changed_by_hand(&world).await?;
    quiet(&world).await?;
    let evidence = evidence(world.client("auditor"), None).await?;
    verify(&evidence).map_err(|fault| fault.to_string())?;
    for (paper, environment) in &environments {
        assert_eq!(told_of(&world, &evidence, paper, environment).await?, of_a_new_system(paper), "{paper}");
    }
    first.stop().await?;
    second.stop().await
}

/// A register that is changed by hand is recorded with who, before and after.
async fn changed_by_hand(world: &World) -> Result<()> {
    quiet(world).await?;
    let sites: Api<berth_crds::Site> = Api::all(world.client("platform"));
    let change = kube::api::Patch::Merge(json!({"spec": {"overcommitPercent": 110}}));
    sites.patch("binh-duong-dc1", &Default::default(), &change).await?;
    let change = until("the change is recorded", PATIENCE, async || {
        let evidence = evidence(world.client("auditor"), None).await.map_err(|e| e.to_string())?;
        let query =
            Query { object: Some("Site/binh-duong-dc1".into()), person: Some("platform".into()), ..Query::default() };
        entries(&evidence).into_iter().find(|e| query.finds(e)).ok_or_else(|| "not yet".to_owned())
    })
    .await?;
    let percent = |state: &Option<String>| -> Option<serde_json::Value> {
        serde_json::from_str::<serde_json::Value>(state.as_deref()?).ok()?.get("overcommitPercent").cloned()
    };
    assert_eq!((change.act, percent(&change.after)), (Act::Registered, Some(json!(110))));
    assert!(percent(&change.before).is_some_and(|before| before != json!(110)), "{:?}", change.before);
    Ok(())
}
