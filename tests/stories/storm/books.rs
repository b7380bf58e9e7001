//! The books after a storm: register, decisions, bookings, environments and the ledger tell the same, each once.

use std::collections::BTreeMap;

use berth_cluster::{AuditEvent, AuditMark, until};
use berth_crds::audit::Act;
use berth_crds::common::HolderKind;
use berth_crds::decision::Effect;
use berth_crds::onboarding::OutcomeResult;
use berth_crds::{Agency, Decision, Environment, Onboarding, Reason, Site, Tenant, labels};
use berth_plan::amounts::Amounts;
use berth_plan::booking::Ledger;
use berth_plan::ledger::verify::verify;
use berth_tests::error::Result;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt};

use super::deal::Play;
use super::table;
use crate::ledger::{entries, evidence};
use crate::world::{PATIENCE, World};

/// Asserts that every book is right.
pub async fn balance(world: &World, plays: &[Play], mark: AuditMark) -> Result<()> {
    let papers: Vec<Onboarding> = world.all().await?;
    let decisions: Vec<Decision> = world.all().await?;
    let events = world.cluster.audit_since(mark)?;
    register(plays, &papers, &events);
    effects(&papers, &decisions, &events);
    bookings(world, &papers).await?;
    environments(world, &papers).await?;
    recorded(world, &papers, &decisions).await
}

fn result(paper: &Onboarding) -> Option<OutcomeResult> {
    paper.status.as_ref().and_then(|s| s.outcome.as_ref()).map(|outcome| outcome.result)
}

/// Every dossier whose submission the API server accepted has the one fate that was dealt to it.
fn register(plays: &[Play], papers: &[Onboarding], events: &[AuditEvent]) {
    let dealt = plays.iter().map(|play| (play.name.clone(), play.fate.result()));
    let reused = plays.iter().filter(|play| play.hostile == Some(table::Act::ReusedLetter));
    let dealt: BTreeMap<_, _> = dealt.chain(reused.map(|play| (format!("{}-first", play.name), None))).collect();
    let told: BTreeMap<_, _> = papers.iter().map(|paper| (paper.name_any(), result(paper))).collect();
    assert_eq!(told, dealt);
    let accepted = accepted(events, "create", "onboardings");
    assert_eq!(accepted, dealt.keys().cloned().collect::<Vec<_>>(), "what was accepted is in the register, once");
    let count = |which: fn(Option<OutcomeResult>) -> bool| papers.iter().filter(|paper| which(result(paper))).count();
    let (open, withdrawn) = (count(|r| r.is_none()), count(|r| r == Some(OutcomeResult::Withdrawn)));
    let decided =
        count(|r| matches!(r, Some(OutcomeResult::Approved | OutcomeResult::Rejected | OutcomeResult::Returned)));
    println!("{} submitted = {decided} decided + {open} open + {withdrawn} withdrawn", accepted.len());
    assert_eq!(accepted.len(), decided + open + withdrawn);
}

/// Names of what the API server accepted of one verb and resource, sorted.
fn accepted(events: &[AuditEvent], verb: &str, resource: &str) -> Vec<String> {
    let those = events.iter().filter(|e| e.verb == verb && e.resource() == resource && (200..300).contains(&e.code()));
    // A dry run is accepted and stores nothing.
    let those = those.filter(|e| !e.request_uri.contains("dryRun"));
    let mut names: Vec<String> = those.map(|e| e.object_ref.clone().unwrap_or_default().name).collect();
    names.sort();
    names
}

fn effect(decision: &Decision) -> Option<Effect> {
    decision.status.as_ref().and_then(|s| s.effect)
}

/// Every Decision has one effect, written once, with a reason of the catalogue; what counts is what made the outcome.
fn effects(papers: &[Onboarding], decisions: &[Decision], events: &[AuditEvent]) {
    let mut names: Vec<String> = decisions.iter().map(ResourceExt::name_any).collect();
    names.sort();
    assert_eq!(accepted(events, "update", "decisions/status"), names, "an effect is written once");
    let mut reasons: BTreeMap<Reason, usize> = BTreeMap::new();
    for decision in decisions {
        let status = decision.status.clone().unwrap_or_default();
        let reason = status.reason.as_deref().and_then(Reason::parse);
        let reason = reason.unwrap_or_else(|| panic!("{}: {status:?}", decision.name_any()));
        assert_eq!(status.effect == Some(Effect::Effective), reason == Reason::Effective, "{}", decision.name_any());
        *reasons.entry(reason).or_default() += 1;
    }
    println!("{} decisions: {reasons:?}", decisions.len());
    for paper in papers {
        let outcome = paper.status.as_ref().and_then(|s| s.outcome.as_ref());
        let of_paper = decisions.iter().filter(|d| d.spec.is_about_onboarding(&paper.name_any()));
        let count: Vec<String> =
            of_paper.filter(|d| effect(d) == Some(Effect::Effective)).filter_map(ResourceExt::uid).collect();
        let made = outcome.map(|o| o.decision_uids.clone()).unwrap_or_default();
        assert_eq!((&count, count.len()), (&made, usize::from(outcome.is_some())), "{}", paper.name_any());
    }
}

/// Papers that were granted, with the environment that they name and the amounts of the outcome.
fn granted(papers: &[Onboarding]) -> BTreeMap<String, (String, Amounts)> {
    let granted = papers.iter().filter(|paper| result(paper) == Some(OutcomeResult::Approved)).map(|paper| {
        let status = paper.status.clone().unwrap_or_default();
        let environment = status.environment_ref.unwrap_or_else(|| panic!("{} has none", paper.name_any())).name;
        let grant = status.outcome.and_then(|o| o.granted).unwrap_or_else(|| panic!("{} grants nothing", environment));
        (environment, (paper.name_any(), Amounts::parse(&grant.quota).unwrap()))
    });
    granted.collect()
}

/// Every environment is booked once, with what its own paper granted, and the lists sum up to that.
async fn bookings(world: &World, papers: &[Onboarding]) -> Result<()> {
    let granted = granted(papers);
    let site: Site = Api::all(world.cluster.admin()).get("binh-duong-dc1").await?;
    let agencies: Vec<Agency> = world.all().await?;
    let at_site = Ledger::of_site(&site);
    let mut booked = Vec::new();
    let mut budgets = Amounts::default();
    let mut of_agencies = Amounts::default();
    for agency in &agencies {
        let Some(own) = Ledger::of_agency(agency, &at_site) else { continue };
        let entry = at_site.find(HolderKind::Agency, &agency.name_any()).ok_or("a budget is not booked")?;
        budgets = budgets.plus(Amounts::parse(&entry.resources).unwrap());
        of_agencies = of_agencies.plus(own.used());
        booked.extend(own.booked);
    }
    booked.extend(at_site.booked.iter().filter(|b| b.kind == HolderKind::Environment).cloned());
    let entry = |b: &berth_crds::common::Booking| {
        let paper = b.onboarding_ref.as_ref().map(|r| r.name.clone()).unwrap_or_default();
        (b.name.clone(), (paper, Amounts::parse(&b.resources).unwrap()))
    };
    assert_eq!(booked.len(), granted.len(), "no environment is booked twice");
    assert_eq!(booked.iter().map(entry).collect::<BTreeMap<_, _>>(), granted);
    let sum = granted.values().map(|(_, amounts)| *amounts).fold(Amounts::default(), Amounts::plus);
    assert_eq!(at_site.used().plus(of_agencies), sum.plus(budgets), "the site's list is the sum of what is granted");
    println!("{} environments hold {sum:?}", granted.len());
    Ok(())
}

/// Every granted request has its environment, its system and its namespace; nothing else has.
async fn environments(world: &World, papers: &[Onboarding]) -> Result<()> {
    let granted = granted(papers);
    let all: Vec<Environment> = world.all().await?;
    let told = all.iter().map(|environment| {
        let paper = environment.spec.basis.onboarding_ref.as_ref().map(|r| r.name.clone()).unwrap_or_default();
        let given = environment.status.as_ref().and_then(|s| s.granted.as_ref()).map(|g| Amounts::parse(g).unwrap());
        (environment.name_any(), (paper, given.unwrap_or_default()))
    });
    assert_eq!(told.collect::<BTreeMap<_, _>>(), granted);
    let names: Vec<String> = granted.keys().cloned().collect();
    let mut namespaces: Vec<String> = world.all::<Namespace>().await?.iter().filter_map(of_environment).collect();
    namespaces.sort();
    assert_eq!(namespaces, names);
    let mut tenants: Vec<String> = world.all::<Tenant>().await?.iter().map(ResourceExt::name_any).collect();
    tenants.sort();
    let mut systems: Vec<String> = all.into_iter().map(|e| e.spec.tenant_ref.name).collect();
    systems.sort();
    assert_eq!(tenants, systems);
    Ok(())
}

fn of_environment(namespace: &Namespace) -> Option<String> {
    namespace.labels().contains_key(labels::ENVIRONMENT).then(|| namespace.name_any())
}

/// The ledger verifies, and has every submission, effect and outcome once.
async fn recorded(world: &World, papers: &[Onboarding], decisions: &[Decision]) -> Result<()> {
    let uids = |which: &dyn Fn(&Decision) -> bool| {
        let mut uids: Vec<String> = decisions.iter().filter(|d| which(d)).filter_map(ResourceExt::uid).collect();
        uids.sort();
        uids
    };
    let of_papers = |which: &dyn Fn(&Onboarding) -> bool| {
        let mut uids: Vec<String> = papers.iter().filter(|o| which(o)).filter_map(ResourceExt::uid).collect();
        uids.sort();
        uids
    };
    let approved = |paper: &Onboarding| result(paper) == Some(OutcomeResult::Approved);
    let expected = BTreeMap::from([
        (Act::Submitted, of_papers(&|_| true)),
        (Act::Decided, uids(&|_| true)),
        (Act::TookEffect, uids(&|d| effect(d) == Some(Effect::Effective))),
        (Act::Voided, uids(&|d| effect(d) == Some(Effect::Void))),
        (Act::Concluded, of_papers(&|o| result(o).is_some())),
        (Act::HandedOver, of_papers(&approved)),
    ]);
    let evidence = until("the ledger has caught up", PATIENCE, async || {
        let evidence = evidence(world.client("auditor"), None).await.map_err(|e| e.to_string())?;
        let mut told: BTreeMap<Act, Vec<String>> = expected.keys().map(|act| (*act, Vec::new())).collect();
        for entry in entries(&evidence).into_iter().filter(|e| expected.contains_key(&e.act)) {
            told.entry(entry.act).or_default().push(entry.object.uid);
        }
        told.values_mut().for_each(|uids| uids.sort());
        if told == expected { Ok(evidence) } else { Err(missing(&told, &expected)) }
    })
    .await?;
    let verified = verify(&evidence).map_err(|fault| fault.to_string())?;
    println!("ledger: {} segments, {} entries", verified.head.number, verified.entries);
    Ok(())
}

/// How many of each act there are, and how many there should be.
fn missing(told: &BTreeMap<Act, Vec<String>>, expected: &BTreeMap<Act, Vec<String>>) -> String {
    let counts = expected.iter().map(|(act, uids)| (act, told.get(act).map_or(0, Vec::len), uids.len()));
    format!("{:?}", counts.collect::<Vec<_>>())
}
