//! The API server is killed at every write of a submission, its decision and its provisioning, whoever makes the write: once
//! before it, once after it. The answer to each is lost, too. Whoever waits for an answer does what clients do: asks again,
//! by the same name and request id.
//!
//! A run takes a few of all faults; the seed and all of them are its environment:
//!
//! ```sh
//! BERTH_OUTAGES=all cargo test --workspace --test stories -- outage:: --nocapture
//! ```

mod shape;

use std::collections::BTreeMap;
use std::time::Instant;

use berth_cluster::{Component, until};
use berth_crds::decision::Effect;
use berth_crds::{ConditionType, Decision, Onboarding, names};
use berth_plan::ledger::verify::verify;
use berth_tests::error::Result;
use berth_tests::install;
use berth_tests::outage::{Kill, Outages, Strike, When};
use berth_tests::stack::Operator;
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::counts::quiet;
use crate::crash::nothing_twice;
use crate::fuzz::Dice;
use crate::world::{PATIENCE, World, decision, request};

/// Faults of a run that nobody made longer: at writes of the operator, beside one of the client and one of the approver.
const FEW: usize = 4;
/// Rounds until every fault has struck: a pass that begins again after an outage may make two writes one.
const ROUNDS: usize = 4;
/// What client and approver write; the operator writes everything else.
const SUBMIT: &str = "POST onboardings 1";
const DECIDE: &str = "POST decisions 1";

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_dies_at_any_write_loses_no_request_and_doubles_none() -> Result<()> {
    let (world, operator) = World::own().await?;
    // The agency's own block is there before the first fault, so that every system has the same writes.
    world.onboard("ag-62", "gone-warm", |_| {}).await?;
    quiet(&world).await?;
    operator.stop().await?;
    let (calm, writes) = undisturbed(&world).await?;
    println!("{} writes of an undisturbed run: {writes:?}", writes.len());
    let mut left = faults(&writes);
    let (asked, begun) = (left.len(), Instant::now());
    let mut systems = 2;
    let mut kills = 0;
    for round in 1..=ROUNDS {
        if left.is_empty() {
            break;
        }
        println!("round {round}: {} faults", left.len());
        let (outages, mut wanted) = Outages::new();
        let papers = papers(&outages, round, &left);
        let through = tokio::select! {
            stopped = serve_kills(&world, &mut wanted, &mut kills) => return stopped,
            through = all_through(&world, &outages, &papers) => through,
        };
        through?;
        systems += papers.len();
        for paper in &papers {
            assert_eq!(shape::of(&world, paper).await?, calm, "{paper} is what an undisturbed run makes");
        }
        left = outages.left();
    }
    println!("{asked} faults, {kills} kills of the API server in {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(left, Vec::<Strike>::new(), "every fault has struck");
    nothing_twice(&world, systems).await?;
    once_in_the_ledger(&world, systems).await
}

/// One system without a fault: what it is in the end, and what was written for it, by whom ever.
async fn undisturbed(world: &World) -> Result<(BTreeMap<String, Value>, Vec<String>)> {
    let (outages, _kills) = Outages::new();
    outages.add("gone-calm", None);
    all_through(world, &outages, &["gone-calm".to_owned()]).await?;
    Ok((shape::of(world, "gone-calm").await?, outages.writes("gone-calm")))
}

/// Every fault at every write, or a few that a seed chooses.
fn faults(writes: &[String]) -> Vec<Strike> {
    let whens = [When::KilledBefore, When::KilledAfter, When::AnswerLost];
    let at = |write: &String| whens.map(|when| Strike { write: write.clone(), when });
    if std::env::var("BERTH_OUTAGES").is_ok_and(|which| which == "all") {
        return writes.iter().flat_map(at).collect();
    }
    let seed = std::env::var("BERTH_OUTAGES_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_128);
    println!("seed {seed}");
    let mut dice = Dice(seed | 1);
    let people = |write: &str, when| Strike { write: write.to_owned(), when };
    let mut few = vec![people(SUBMIT, When::KilledAfter), people(DECIDE, *dice.of(&whens))];
    let of_operator: Vec<&String> = writes.iter().filter(|write| ![SUBMIT, DECIDE].contains(&write.as_str())).collect();
    few.extend((0..FEW).map(|n| Strike { write: (*dice.of(&of_operator)).clone(), when: whens[n % 2] }));
    few
}

/// A paper for each fault.
fn papers(outages: &Outages, round: usize, faults: &[Strike]) -> Vec<String> {
    let name = |n: usize| format!("gone-{round}-{n:03}");
    for (n, fault) in faults.iter().enumerate() {
        outages.add(&name(n), Some(fault.clone()));
    }
    (0..faults.len()).map(name).collect()
}

/// Ends the API server whenever a fault asks for it, and starts it again; never ends by itself.
async fn serve_kills(world: &World, asked: &mut mpsc::UnboundedReceiver<Kill>, kills: &mut usize) -> Result<()> {
    while let Some(gone) = asked.recv().await {
        world.cluster.kill(Component::ApiServer)?;
        *kills += 1;
        // Who asked may have been dropped meanwhile: the server is gone all the same.
        let _ = gone.send(());
        world.cluster.restart(Component::ApiServer).await?;
    }
    Err("nobody can ask for a kill any more".into())
}

/// Papers are submitted and decided while nobody provisions; then an operator starts, and all become ready.
async fn all_through(world: &World, outages: &Outages, papers: &[String]) -> Result<()> {
    for name in papers {
        let mut body = request("ag-62", name);
        body["spec"]["requestId"] = json!(format!("id-{name}"));
        let paper: Onboarding = insist(world, outages, "lead-62", body).await?;
        let plate = names::plate(&paper.uid().unwrap_or_default(), 0).ok_or("no plate")?;
        outages.also(name, &plate);
    }
    for name in papers {
        let paper = world.onboarding("ag-62", name).await?;
        let mut body = decision(&paper, "approver", 1, "Approve");
        body["spec"]["requestId"] = json!(format!("id-{name}"));
        insist::<Decision>(world, outages, "approver", body).await?;
    }
    install::in_force(&world.cluster.admin()).await?;
    let operator = Operator::start_through(&world.cluster, outages).await?;
    for name in papers {
        let what = format!("{name} is ready");
        until(&what, 5 * PATIENCE, async || {
            let paper = world.onboarding("ag-62", name).await.map_err(|e| e.to_string())?;
            let conditions = paper.status.clone().unwrap_or_default().conditions;
            let ready = berth_crds::condition::is_true(&conditions, ConditionType::Ready);
            if ready { Ok(()) } else { Err(format!("{:?}", paper.status)) }
        })
        .await?;
    }
    quiet(world).await?;
    operator.stop().await
}

/// Creates a paper as a client does who may not hear the answer: the same again, until it is there. Whatever else the API
/// server says, it may say because it has just started: it reads its policies anew, for up to half a minute.
async fn insist<K>(world: &World, outages: &Outages, who: &str, body: Value) -> Result<K>
where
    K: serde::de::DeserializeOwned,
{
    let person = world.people.iter().find(|person| person.name == who).ok_or("nobody of that name")?;
    let client = outages.client(world.cluster.config(person))?;
    let mine = |found: &DynamicObject| found.data["spec"]["requestId"] == body["spec"]["requestId"];
    let made =
        until("the paper is there", PATIENCE, async || match world.create_with(client.clone(), body.clone()).await {
            Ok(made) => Ok(made),
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                let found = world.read(client.clone(), &body).await.map_err(|e| e.to_string())?;
                if mine(&found) { Ok(found) } else { Err(format!("another paper has the name: {found:?}")) }
            }
            Err(error) => Err(error.to_string()),
        })
        .await?;
    Ok(serde_json::from_value(serde_json::to_value(made)?)?)
}

/// The chain is whole, and every submission, effect and handover is in it once; every Decision counts once.
async fn once_in_the_ledger(world: &World, systems: usize) -> Result<()> {
    use berth_crds::audit::Act;
    let decisions: Vec<Decision> = world.all().await?;
    let count = decisions.iter().filter(|d| d.status.as_ref().and_then(|s| s.effect) == Some(Effect::Effective));
    assert_eq!((decisions.len(), count.count()), (systems, systems));
    // The ledger is the operator's: one that starts now has nothing else to do.
    let operator = world.operator().await?;
    let acts = [Act::Submitted, Act::Decided, Act::TookEffect, Act::Concluded, Act::HandedOver];
    let evidence = until("the ledger has caught up", PATIENCE, async || {
        let auditor = world.client("auditor");
        let evidence = crate::ledger::evidence(auditor, None).await.map_err(|e| e.to_string())?;
        let entries = crate::ledger::entries(&evidence);
        let told = acts.map(|act| entries.iter().filter(|e| e.act == act).count());
        if told == [systems; 5] { Ok(evidence) } else { Err(format!("{told:?} of {systems}")) }
    })
    .await?;
    let verified = verify(&evidence).map_err(|fault| fault.to_string())?;
    println!("{systems} systems; ledger: {} segments, {} entries", verified.head.number, verified.entries);
    operator.stop().await
}
