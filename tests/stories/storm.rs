//! The storm: dossiers of twenty agencies, five approvers at random, and an act in every second dossier that must come to
//! nothing. In the end every book is right. The size and the seed of a run are its environment:
//!
//! ```sh
//! BERTH_STORM_SUBMISSIONS=500 BERTH_STORM_SEED=7 cargo test --workspace --test stories -- storm:: --nocapture
//! ```

mod acts;
mod books;
mod deal;
mod table;

use std::collections::BTreeMap;
use std::time::Instant;

use berth_crds::decision::Effect;
use berth_crds::{ConditionType, Onboarding};
use berth_tests::error::Result;
use futures::{StreamExt, TryStreamExt};
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::counts::quiet;
use crate::world::{World, decision};
use deal::{Fate, Play};
use table::{Act, Met, TABLE};

/// Dossiers of a run that nobody made longer: every act once, and as many without one.
const SUBMISSIONS: usize = 2 * TABLE.len();
/// Dossiers that are on their way at the same time.
const AT_ONCE: usize = 10;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// So small that nobody waits for headroom.
fn small(spec: &mut Value) {
    spec["environment"]["quota"] = json!({"cpu": "100m", "memory": "128Mi", "storage": "1Gi"});
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dossier_of_a_storm_has_one_fate_and_what_may_not_count_does_not() -> Result<()> {
    let submissions = number("BERTH_STORM_SUBMISSIONS", SUBMISSIONS);
    let seed = number("BERTH_STORM_SEED", 20_261_128);
    println!("{submissions} dossiers, seed {seed}");
    let (world, _operator) = World::own_with(deal::people()).await?;
    deal::enter(&world).await?;
    let (mark, begun) = (world.cluster.mark()?, Instant::now());
    let plays = deal::deal(submissions, seed as u64);
    let played = futures::stream::iter(&plays).map(|play| named(&world, play));
    let met: BTreeMap<String, Option<Met>> = played.buffer_unordered(AT_ONCE).try_collect().await?;
    quiet(&world).await?;
    println!("{} dossiers in {:.1} s", plays.len(), begun.elapsed().as_secs_f64());
    nothing_hostile_counted(&plays, &met);
    books::balance(&world, &plays, mark).await
}

async fn named(world: &World, play: &Play) -> std::result::Result<(String, Option<Met>), String> {
    let met = run(world, play).await.map_err(|error| format!("{play:?}: {error}"))?;
    Ok((play.name.clone(), met))
}

/// One dossier from its submission to its fate; what its hostile act met.
async fn run(world: &World, play: &Play) -> Result<Option<Met>> {
    let (paper, early) = acts::submit(world, play).await?;
    let tried = acts::before(world, play, &paper).await?;
    let late = match ending(play, &paper, acts::next_number(play.hostile, tried)) {
        None => {
            world.checked(&paper).await?;
            None
        }
        Some((who, body)) => {
            let made = world.sign(&who, body).await?;
            let effect = world.effect(&made).await?;
            if effect.0 != Effect::Effective {
                return Err(format!("{}: {effect:?}", made.name_any()).into());
            }
            acts::after(world, play, &paper, &made).await?
        }
    };
    if matches!(play.fate, Fate::Approved | Fate::Reduced) {
        world.until(&paper, ConditionType::Ready).await?;
    }
    Ok(early.or(tried).or(late))
}

/// Who decides the dossier, and how; nobody if it stays open.
fn ending(play: &Play, paper: &Onboarding, n: u32) -> Option<(String, Value)> {
    let by_approver = |verdict| decision(paper, "approver", n, verdict);
    let body = match play.fate {
        Fate::Open => return None,
        Fate::Withdrawn => {
            return Some((paper.spec.requester.username.clone(), decision(paper, "requester", 1, "Withdraw")));
        }
        Fate::Approved => by_approver("Approve"),
        Fate::Rejected => by_approver("Reject"),
        Fate::Reduced => {
            let mut body = by_approver("ApproveWithChanges");
            body["spec"]["granted"] = acts::grant(json!({"cpu": "50m", "memory": "64Mi", "storage": "512Mi"}));
            body
        }
        Fate::Returned => {
            let mut body = by_approver("Return");
            body["spec"]["reason"] = json!("Hồ sơ chưa đủ.");
            body["spec"]["defects"] = json!(["Thiếu phương án sao lưu."]);
            body
        }
    };
    Some((play.approvers[0].clone(), body))
}

/// Every act met what the table says; prints how often each was tried.
fn nothing_hostile_counted(plays: &[Play], met: &BTreeMap<String, Option<Met>>) {
    let mut tally: BTreeMap<Act, BTreeMap<Met, usize>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for play in plays {
        let Some(act) = play.hostile else { continue };
        let row = TABLE.iter().find(|row| row.act == act).expect("every act has its line in the table");
        match met[&play.name] {
            Some(met) if row.met.contains(&met) => *tally.entry(act).or_default().entry(met).or_default() += 1,
            other => wrong.push(format!("{} {act:?}: {other:?}, expected one of {:?}", play.name, row.met)),
        }
    }
    let tries: usize = tally.values().flat_map(BTreeMap::values).sum();
    println!("{tries} acts of {} kinds came to nothing: {tally:?}", tally.len());
    assert_eq!(wrong, Vec::<String>::new());
}
