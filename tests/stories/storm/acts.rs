//! How each act of the table is tried, and what it met.

use berth_cluster::until;
use berth_crds::decision::Effect;
use berth_crds::{ConditionType, Decision, Onboarding, Reason};
use berth_tests::error::Result;
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::deal::{DEPUTY, ENDED, Play, REVOKED, agencies, insider, lead};
use super::small;
use super::table::{Act, Met};
use crate::attack::{MERGE, send};
use crate::world::{PATIENCE, World, decision, request};

/// A moment of the past.
const DAY: &str = "2026-01-05T00:00:00.000000Z";

type Answer = std::result::Result<DynamicObject, kube::Error>;

/// The honest beginning of a dossier that somebody means to abuse: the paper, and what an act before it met.
pub async fn submit(world: &World, play: &Play) -> Result<(Onboarding, Option<Met>)> {
    let (agency, name) = (play.agency.as_str(), play.name.as_str());
    let asks = if play.hostile == Some(Act::OwnDecision) { insider(agency) } else { lead(agency) };
    let letter =
        json!({"issuer": "Sở thử nghiệm", "number": format!("{name}/ST"), "date": "2026-01-05", "signer": "Lê C"});
    let with_letter = |spec: &mut Value| {
        small(spec);
        spec["letter"] = letter.clone();
    };
    let met = match play.hostile {
        Some(Act::ForgedRequester) => {
            let mut body = request(agency, name);
            body["spec"]["requester"] = json!({"username": play.approvers[0]});
            Some(refused(world.create(&asks, body).await)?)
        }
        Some(Act::ReusedLetter) => {
            // The paper that the letter belongs to is open until everything is counted.
            let first = world.ask(&asks, agency, &format!("{name}-first"), with_letter).await?;
            world.checked(&first).await?;
            None
        }
        _ => None,
    };
    Ok((world.ask(&asks, agency, name, with_letter).await?, met))
}

/// What is tried before anybody decides who may.
pub async fn before(world: &World, play: &Play, paper: &Onboarding) -> Result<Option<Met>> {
    let (Some(act), [first, _]) = (play.hostile, &play.approvers) else { return Ok(None) };
    let yes = |n| decision(paper, "approver", n, "Approve");
    let (who, body) = match act {
        Act::ForeignRole => (first.clone(), decision(paper, "appraiser", 1, "Approve")),
        Act::UnaskedRole => ("network".into(), decision(paper, "network", 1, "Approve")),
        Act::ForgedSigner => (first.clone(), with(yes(1), "by", json!({"username": play.approvers[1]}))),
        Act::RevokedDelegation => (DEPUTY.into(), with(yes(1), "onBehalfOf", json!(REVOKED))),
        Act::EndedDelegation => (DEPUTY.into(), with(yes(1), "onBehalfOf", json!(ENDED))),
        Act::NoDelegation => (first.clone(), with(yes(1), "onBehalfOf", json!("chair-of-nothing"))),
        Act::OwnDecision => (insider(&play.agency), yes(1)),
        Act::ForeignUid => (first.clone(), with(yes(1), "onboardingRef", of_another(world, paper).await?)),
        Act::NoPaper => {
            let mut body = yes(1);
            let none = format!("{}-none", play.name);
            body["metadata"]["name"] = json!(format!("{none}.approver.1"));
            body["spec"]["onboardingRef"]["name"] = json!(none);
            (first.clone(), body)
        }
        Act::WithdrawalByOthers => (insider(&play.agency), decision(paper, "requester", 1, "Withdraw")),
        Act::WithdrawalFromOutside => (outsider(&play.agency), decision(paper, "requester", 1, "Withdraw")),
        Act::Contractor => ("contractor".into(), yes(1)),
        Act::OutOfOrder => (first.clone(), yes(2)),
        Act::BeyondItsClass => {
            let quota = json!({"cpu": "64", "memory": "128Mi", "storage": "1Gi"});
            let body = with(decision(paper, "approver", 1, "ApproveWithChanges"), "granted", grant(quota));
            (first.clone(), body)
        }
        Act::FutureDocument => {
            let future = berth_api::clock::Clock::system().today().tomorrow()?.tomorrow()?.to_string();
            let document = json!({"issuer": "Sở", "number": "1/QĐ", "date": future, "signer": "Phạm D"});
            (first.clone(), with(yes(1), "document", document))
        }
        Act::EditedByRequester => return edited(world, &lead(&play.agency), paper, "", justified()).await.map(Some),
        Act::ForgedOutcome => {
            world.checked(paper).await?;
            let approved = json!({"result": "Approved", "decidedAt": DAY, "recordedAt": DAY, "priority": 5});
            let approved = json!({"status": {"outcome": approved}});
            return edited(world, "admin", paper, "/status", approved).await.map(Some);
        }
        Act::ReusedLetter => return warned(&world.checked(paper).await?).map(Some),
        _ => return Ok(None),
    };
    met(world, world.try_sign(&who, body).await?).await.map(Some)
}

/// The number of the approver's next Decision: an attempt that is void has used the first.
pub fn next_number(act: Option<Act>, met: Option<Met>) -> u32 {
    // Neither is a Decision of the number and role that counts next.
    let elsewhere = [Act::UnaskedRole, Act::WithdrawalByOthers, Act::OutOfOrder];
    match (act, met) {
        (Some(act), Some(Met::Void(_))) if !elsewhere.contains(&act) => 2,
        _ => 1,
    }
}

/// What is tried once it is decided.
pub async fn after(world: &World, play: &Play, paper: &Onboarding, made: &Decision) -> Result<Option<Met>> {
    let (Some(act), [_, second]) = (play.hostile, &play.approvers) else { return Ok(None) };
    let answer = match act {
        Act::ReplayedDecision | Act::AfterWithdrawal => {
            world.try_sign(second, decision(paper, "approver", 1, "Approve")).await?
        }
        Act::SecondApproval | Act::AfterRejection => {
            world.try_sign(second, decision(paper, "approver", 2, "Approve")).await?
        }
        Act::LateWithdrawal => {
            world.until(paper, ConditionType::Ready).await?;
            world.try_sign(&lead(&play.agency), decision(paper, "requester", 1, "Withdraw")).await?
        }
        Act::EditedPaper => return edited(world, "admin", paper, "", justified()).await.map(Some),
        Act::EditedDecision => {
            return edited(world, "admin", made, "", json!({"spec": {"verdict": "Approve"}})).await.map(Some);
        }
        Act::ForgedEffect => {
            let void = json!({"status": {"effect": "Void", "reason": "VoidRole"}});
            return edited(world, "admin", made, "/status", void).await.map(Some);
        }
        Act::DeletedPaper => {
            let answer = send(&world.cluster.admin(), "DELETE", &path(paper), MERGE, &Value::Null).await;
            return if answer.accepted() {
                Err("a paper was deleted".into())
            } else {
                Ok(Some(Met::Door(answer.code)))
            };
        }
        _ => return Ok(None),
    };
    met(world, answer).await.map(Some)
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body["spec"][field] = value;
    body
}

/// A grant of the smallest class.
pub fn grant(quota: Value) -> Value {
    json!({"classRef": {"name": "xs"}, "quota": quota})
}

fn justified() -> Value {
    json!({"spec": {"justification": "Khác."}})
}

/// A reference with the paper's name and the UID of another one.
async fn of_another(world: &World, paper: &Onboarding) -> Result<Value> {
    let other = until("another paper is there", PATIENCE, async || {
        let all: Vec<Onboarding> = world.all().await.map_err(|e| e.to_string())?;
        all.into_iter().find(|o| o.uid() != paper.uid()).ok_or("there is one paper only".to_owned())
    })
    .await?;
    Ok(json!({"name": paper.name_any(), "uid": other.uid()}))
}

fn outsider(agency: &str) -> String {
    let all = agencies();
    let next = all.iter().position(|a| a == agency).map_or(0, |at| (at + 1) % all.len());
    lead(&all[next])
}

fn path<K: kube::Resource<DynamicType = ()>>(object: &K) -> String {
    let namespace = object.meta().namespace.clone().unwrap_or_default();
    let name = object.meta().name.clone().unwrap_or_default();
    format!("/apis/berth.dev/v1alpha1/namespaces/{namespace}/{}/{name}", K::plural(&()))
}

async fn edited<K>(world: &World, who: &str, object: &K, subresource: &str, change: Value) -> Result<Met>
where
    K: kube::Resource<DynamicType = ()>,
{
    let client = if who == "admin" { world.cluster.admin() } else { world.client(who) };
    let path = format!("{}{subresource}", path(object));
    let answer = send(&client, "PATCH", &path, MERGE, &change).await;
    if answer.accepted() { Err(format!("{path} was changed by {who}").into()) } else { Ok(Met::Door(answer.code)) }
}

fn refused(answer: Answer) -> Result<Met> {
    match answer {
        Err(kube::Error::Api(status)) => Ok(Met::Door(status.code)),
        Err(error) => Err(error.into()),
        Ok(object) => Err(format!("{} was accepted", object.name_any()).into()),
    }
}

/// What became of a Decision that must not count.
async fn met(world: &World, answer: Answer) -> Result<Met> {
    let object = match answer {
        Ok(object) => object,
        refusal => return refused(refusal),
    };
    let made: Decision = serde_json::from_value(serde_json::to_value(object)?)?;
    match world.effect(&made).await? {
        (Effect::Void, reason) => Ok(Met::Void(Reason::parse(&reason).ok_or(format!("{reason} is in no catalogue"))?)),
        (Effect::Effective, _) => Err(format!("{} counts", made.name_any()).into()),
    }
}

fn warned(paper: &Onboarding) -> Result<Met> {
    let checks = paper.status.iter().flat_map(|s| &s.checks);
    let letter = checks.into_iter().find(|c| c.id == "letter").ok_or("the letter is not checked")?;
    Ok(Met::Warned(Reason::parse(&letter.reason).ok_or(format!("{} is in no catalogue", letter.reason))?))
}
