//! Addresses under load: many clients, two operators that both reconcile, kills of either at random moments, and a judge
//! of another make. Four hundred claims by default, a thousand in CI; the size and the seed of a run are its environment:
//!
//! ```sh
//! BERTH_LOAD_CLAIMS=20000 cargo test --release --workspace --test stories -- load:: --nocapture
//! ```

mod clients;
mod deal;
mod verdict;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use berth_cluster::until;
use berth_crds::audit::Act;
use berth_crds::{ConditionType, PrefixBlock, Tenant, condition};
use berth_plan::claim::MOST_BLOCKS;
use berth_plan::ledger::verify::verify;
use berth_tests::checker::{Verdict, judge};
use berth_tests::error::Result;
use berth_tests::stack::Operator;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use tokio::sync::watch;

use crate::fuzz::Dice;
use crate::world::{PATIENCE, World};
use clients::{Answer, Answers};
use deal::Deal;

/// Clients that ask at the same time.
const CLIENTS: usize = 64;
/// Claims of a run that nobody made longer.
const CLAIMS: usize = 400;
/// How often an operator is killed while a run lasts, on average.
const KILLS: usize = 12;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_claims_gets_a_prefix_of_their_own_or_a_reason_while_operators_are_killed() -> Result<()> {
    let (claims, seed) = (number("BERTH_LOAD_CLAIMS", CLAIMS), number("BERTH_LOAD_SEED", 20_261_127));
    println!("{claims} claims of {CLIENTS} clients, seed {seed}");
    let world = World::start_large().await?;
    let deal = Deal::new(claims, seed as u64);
    deal.agencies(&world).await?;
    let revision = world.cluster.etcd_revision().await?;
    let (begun, answers) = (Instant::now(), Answers::watch(&world));
    let (done, over) = watch::channel(false);
    let asking = async {
        let asked = clients::ask_all(&world, &deal, &answers).await;
        done.send_replace(true);
        asked
    };
    let killing = kill_at_random(&world, &answers, claims, seed as u64, over);
    // Whichever fails ends the run: clients would wait long for operators that are gone.
    let (asked, (kills, operators)) = tokio::try_join!(asking, killing)?;
    let took = begun.elapsed();
    everybody_is_answered(&deal, &asked);
    statuses_tell_the_same(&world, &deal, &asked).await?;
    settle(&world, claims).await?;
    let writes = world.cluster.etcd_revision().await? - revision;
    for operator in operators {
        operator.stop().await?;
    }
    figures(&asked, kills, took, writes);
    one_giving_each(&world).await?;
    let auditor = world.people.iter().find(|person| person.name == "auditor").ok_or("no auditor")?;
    let verdict = judge(&world.cluster, auditor).await?;
    println!("checker: {verdict:?}");
    let Verdict::InOrder(seen) = verdict else { panic!("{verdict:#?}") };
    // The agency that has too many systems claimed every further block that it may have.
    let all = claims + MOST_BLOCKS - 1;
    assert_eq!((seen["claims"].as_u64(), seen["bound"].as_u64()), (Some(all as u64), seen["blocks"].as_u64()));
    assert_eq!(seen["refused PoolExhausted"].as_u64(), Some(deal.refused as u64));
    Ok(())
}

/// Two operators reconcile, lease or no lease; now and then one of them is killed and another takes its place. When is a
/// matter of how many claims are answered, so a seed tells it whatever the machine's speed is.
async fn kill_at_random(
    world: &World,
    answers: &Answers,
    claims: usize,
    seed: u64,
    mut over: watch::Receiver<bool>,
) -> Result<(usize, Vec<Operator>)> {
    let mut dice = Dice(seed | 1);
    let mut operators = Vec::new();
    for _ in 0..2 {
        operators.push(Operator::start_without_lease(&world.cluster).await?);
    }
    let (mut kills, mut next) = (0, 0);
    loop {
        next += 1 + dice.throw(2 * claims / KILLS);
        tokio::select! {
            () = answers.reach(next) => {}
            _ = over.wait_for(|over| *over) => return Ok((kills, operators)),
        }
        operators.remove(dice.throw(2)).crash();
        kills += 1;
        operators.push(Operator::start_without_lease(&world.cluster).await?);
    }
}

/// Waits until nothing is written any more: two ledgers that meet take a moment, a large one longer.
async fn settle(world: &World, claims: usize) -> Result<()> {
    let mut rounds = 1 + claims / 1000;
    loop {
        rounds -= 1;
        match world.cluster.settle(Duration::from_millis(1500)).await {
            Err(_) if rounds > 0 => {}
            settled => return Ok(settled.map(drop)?),
        }
    }
}

fn figures(asked: &BTreeMap<String, Answer>, kills: usize, took: Duration, writes: i64) {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    let mut waits: Vec<Duration> = Vec::new();
    for answer in asked.values() {
        match &answer.outcome {
            Ok(_) => waits.push(answer.after),
            Err(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    waits.sort();
    let at =
        |percent: usize| waits.get((waits.len() * percent / 100).min(waits.len() - 1)).copied().unwrap_or_default();
    println!(
        "{} systems asked: {} bound, refused {reasons:?}; {kills} kills; {:.1} s; {writes} writes to etcd; \
         from the system's creation to its prefix: p50 {:?}, p99 {:?}, longest {:?}",
        asked.len(),
        waits.len(),
        took.as_secs_f64(),
        at(50),
        at(99),
        at(100),
    );
}

/// Who is refused belongs to the agency whose block is too small, and a block that refuses is full in the end.
fn everybody_is_answered(deal: &Deal, asked: &BTreeMap<String, Answer>) {
    assert_eq!(asked.len(), deal.tenants.len());
    for (tenant, agency) in &deal.tenants {
        let outcome = &asked[tenant].outcome;
        assert!(
            outcome.is_ok() || (*agency == deal.full && *outcome == Err("PoolExhausted".into())),
            "{tenant}: {outcome:?}"
        );
    }
}

/// What a client was told by its claim comes to stand in its system's status, and so does a refusal. A claim that was
/// refused while another one, that came to nothing, held the last place is looked at again within a minute.
async fn statuses_tell_the_same(world: &World, deal: &Deal, asked: &BTreeMap<String, Answer>) -> Result<()> {
    let api: Api<Tenant> = Api::all(world.client("auditor"));
    until("each system says what its claim does, and as many as do not fit are refused", PATIENCE, async || {
        let mut told = BTreeMap::new();
        for tenant in paged(&api).await.map_err(|e| e.to_string())? {
            let status = tenant.status.clone().unwrap_or_default();
            let addressed = condition::get(&status.conditions, ConditionType::Addressed).map(|c| c.reason.clone());
            told.insert(tenant.name_any(), status.prefix.ok_or(addressed.unwrap_or_default()));
        }
        let refused = told.values().filter(|outcome| **outcome == Err("PoolExhausted".into())).count();
        let other = asked.iter().find(|(name, answer)| answer.outcome.is_ok() && told[*name] != answer.outcome);
        match other {
            None if refused == deal.refused => Ok(()),
            other => Err(format!("{refused} of {} are refused; {other:?}", deal.refused)),
        }
    })
    .await?;
    Ok(())
}

/// Two writers of the ledger were killed again and again: every block that stands was given once, and the chain is whole.
async fn one_giving_each(world: &World) -> Result<()> {
    let evidence = crate::ledger::evidence(world.client("auditor"), None).await?;
    let verified = verify(&evidence).map_err(|fault| fault.to_string())?;
    let given = evidence.cluster.iter().flatten().flat_map(|(_, segment)| &segment.entries);
    let mut given: Vec<_> = given.filter(|e| e.act == Act::PrefixGiven).map(|e| &e.object.uid).collect();
    given.sort();
    let blocks: Vec<PrefixBlock> = paged(&Api::all(world.client("auditor"))).await?;
    let mut standing: Vec<_> = blocks.iter().filter_map(|b| b.metadata.uid.as_ref()).collect();
    standing.sort();
    println!("ledger: {} segments, {} entries", verified.head.number, verified.entries);
    assert_eq!(given, standing);
    Ok(())
}

/// Everything of a kind, page by page.
async fn paged<K>(api: &Api<K>) -> Result<Vec<K>>
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let mut params = ListParams::default().limit(500);
    let mut all = Vec::new();
    loop {
        let page = api.list(&params).await?;
        all.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(all),
        }
    }
}
