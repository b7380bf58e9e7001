//! `berth-operator import-register`: prefixes that a restored cluster has lost come back from the exported ledger. An act of
//! the platform operator, under the operator's own account; nothing that is there is changed or taken over.

use std::path::Path;

use berth_crds::address::{BlockState, PrefixLevel};
use berth_crds::{AddressPlan, PrefixBlock, PrefixClaim, labels, names};
use berth_plan::claim::{import, quarantine, server_time};
use berth_plan::ledger::prefixes::{Lost, holds};
use berth_plan::ledger::verify::{Evidence, verify};
use berth_plan::ledger::{Memory, canonical};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::PostParams;
use kube::{Api, Client, ResourceExt};

use crate::apply::live;
use crate::error::{Error as Failed, answer, while_};
use crate::ledger::{Unreadable, cluster::Cluster, export};

/// Times that one prefix is tried when somebody writes its claim in between.
const TRIES: usize = 5;

/// What became of one lost prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits for the command without `--dry-run`.
    Missing,
    /// Its claim is there and binds it.
    Bound,
    /// It is kept from others until then.
    Quarantined(String),
    /// Somebody else has it, or its parent is not there: people must decide.
    Refused(String),
}

/// Why nothing, or nothing more, was imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The export cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The export is not in order: nothing of it is believed.
    #[error("the export is not in order, nothing is imported: {0}")]
    Damaged(String),
    /// A call to the API server failed.
    #[error(transparent)]
    Api(#[from] Failed),
}

/// Brings back what the export has and the cluster has lost, parents first; says what became of each. Again, it finds what
/// an earlier run did.
pub async fn import_register(client: Client, folder: &Path, dry_run: bool) -> Result<Vec<(Lost, Fate)>, Error> {
    let memory = believed(folder).await?;
    let cluster = Cluster::new(client.clone());
    let lost = memory.prefixes.lost(&cluster.blocks().await?, now().0);
    let mut told = Vec::new();
    for lost in lost {
        let fate = if dry_run { missing(&lost) } else { bring_back(&client, &lost).await? };
        told.push((lost, fate));
    }
    Ok(told)
}

/// The whole export, verified from the first segment to the last: a damaged one could give anybody anything.
async fn believed(folder: &Path) -> Result<Memory, Error> {
    let lines = export::lines(folder).await?;
    let evidence = Evidence { export: Some(lines.clone()), ..Evidence::default() };
    verify(&evidence).map_err(|fault| Error::Damaged(fault.to_string()))?;
    let mut memory = Memory::default();
    for line in &lines {
        memory.absorb(&canonical::read(line).map_err(Error::Damaged)?);
    }
    Ok(memory)
}

fn missing(lost: &Lost) -> Fate {
    match &lost.held_by {
        Some(_) => Fate::Refused("somebody else has it".into()),
        None => Fate::Missing,
    }
}

/// The operator tells claims why they wait while this runs: whoever was quicker is read again.
async fn bring_back(client: &Client, lost: &Lost) -> Result<Fate, Failed> {
    for _ in 1..TRIES {
        match try_to_bring_back(client, lost).await {
            Err(Failed::Conflict { .. }) => {}
            other => return other,
        }
    }
    try_to_bring_back(client, lost).await
}

async fn try_to_bring_back(client: &Client, lost: &Lost) -> Result<Fate, Failed> {
    let (blocks, claims): (Api<PrefixBlock>, Api<PrefixClaim>) = (Api::all(client.clone()), Api::all(client.clone()));
    if lost.held_by.is_some() {
        return Ok(missing(lost));
    }
    let Some(parent) = parent(client, lost).await? else {
        return Ok(Fate::Refused(format!("{} is not there to number it in", lost.spec.parent)));
    };
    let claim = live(&claims, &lost.spec.claim_ref.name).await?;
    let Some(import) = import(lost, &parent, claim, now().0) else {
        return Ok(Fate::Refused("it is no prefix".into()));
    };
    if let Some(claim) = &import.intent {
        let what = format!("the status of PrefixClaim {:?}", claim.name_any());
        claims.replace_status(&claim.name_any(), &ours(), claim).await.map_err(while_("write", what))?;
    }
    let name = import.block.name_any();
    let block = match blocks.create(&ours(), &import.block).await {
        Ok(created) => put_off(&blocks, created, lost).await?,
        // An earlier run, whose answer was lost, or somebody else.
        Err(error) if answer(&error).is_some_and(|s| s.is_already_exists()) => {
            live(&blocks, &name).await?.ok_or(Failed::Conflict { what: name.clone() })?
        }
        Err(error) => return Err(while_("create", format!("PrefixBlock {name:?}"))(error)),
    };
    both_ways(&claims, &block, lost).await
}

/// What stands now, read again: the block is its claimant's, and a claim that is to have it intends or has it.
async fn both_ways(claims: &Api<PrefixClaim>, block: &PrefixBlock, lost: &Lost) -> Result<Fate, Failed> {
    if !holds(block, lost) {
        return Ok(Fate::Refused(format!("{} has it now", block.spec.claimant.name)));
    }
    if let Some(until) = &block.spec.quarantine_until {
        return Ok(Fate::Quarantined(until.clone()));
    }
    let claim = live(claims, &block.spec.claim_ref.name).await?;
    let points = |claim: &PrefixClaim| {
        let status = claim.status.as_ref();
        claim.uid().as_ref() == Some(&block.spec.claim_ref.uid)
            && status.is_some_and(|s| s.candidate.as_deref() == Some(&block.spec.cidr))
    };
    match claim.filter(points) {
        Some(_) => Ok(Fate::Bound),
        None => Ok(Fate::Refused(format!("claim {} does not point back to it", block.spec.claim_ref.name))),
    }
}

/// A quarantine that begins with the import lasts by the API server's clock, which the answer tells.
async fn put_off(blocks: &Api<PrefixBlock>, mut block: PrefixBlock, lost: &Lost) -> Result<PrefixBlock, Failed> {
    let begins = block.spec.state == BlockState::Quarantined && lost.spec.state != BlockState::Quarantined;
    let until = server_time(&block.metadata) + quarantine(block.spec.level);
    let early = |text: &String| text.parse().is_ok_and(|given: jiff::Timestamp| given < until);
    if !begins || !block.spec.quarantine_until.as_ref().is_some_and(early) {
        return Ok(block);
    }
    block.spec.quarantine_until = Some(until.to_string());
    let what = format!("the quarantine of {}", block.spec.cidr);
    blocks.replace(&block.name_any(), &ours(), &block).await.map_err(while_("put off", what))
}

/// UID of what the prefix is numbered in: the plan, or the block of the agency as it is now.
async fn parent(client: &Client, lost: &Lost) -> Result<Option<String>, Failed> {
    if lost.spec.level != PrefixLevel::System {
        return Ok(live::<AddressPlan>(&Api::all(client.clone()), labels::ADDRESS_PLAN)
            .await?
            .and_then(|plan| plan.uid()));
    }
    let above: Api<PrefixBlock> = Api::all(client.clone());
    Ok(live(&above, &names::block(&lost.spec.parent)).await?.and_then(|block| block.uid()))
}

fn ours() -> PostParams {
    PostParams { field_manager: Some(labels::OPERATOR.into()), ..Default::default() }
}

fn now() -> Time {
    Time(jiff::Timestamp::now())
}
