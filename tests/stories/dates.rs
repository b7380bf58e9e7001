//! Where dates matter: papers of other days, and an operator for which it is another day. What the API server stamped is
//! dated in etcd (`Cluster::date`), so that a dossier of last spring is one for everybody who reads it.

use berth_cluster::until;
use berth_crds::common::NameRef;
use berth_crds::onboarding::{LaterProfile, OnboardingStatus, OutcomeResult, State};
use berth_crds::{ConditionType, Decision, Onboarding, condition};
use berth_tests::error::Result;
use berth_tests::stack::Operator;
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use crate::acts::about;
use crate::counts::quiet;
use crate::life;
use crate::world::{PATIENCE, World, decision, request};

/// Submits a paper on an earlier day.
pub async fn submitted(world: &World, who: &str, body: Value, made: &str) -> Result<Onboarding> {
    let (namespace, name) = (&body["metadata"]["namespace"], &body["metadata"]["name"]);
    let agency = namespace.as_str().and_then(|n| n.strip_prefix("agency-")).ok_or("no agency")?.to_owned();
    let name = name.as_str().ok_or("no name")?.to_owned();
    world.create(who, body).await?;
    world.cluster.date(&world.onboarding(&agency, &name).await?, made.parse()?).await?;
    Ok(world.onboarding(&agency, &name).await?)
}

/// Signs a Decision on an earlier day.
pub async fn signed(world: &World, who: &str, body: Value, made: &str) -> Result<Decision> {
    let decision = world.sign(who, body).await?;
    world.cluster.date(&decision, made.parse()?).await?;
    Ok(decision)
}

/// Waits until the status of a paper is as asked, while an operator runs for which it is `moment`.
pub async fn on(
    world: &World,
    moment: &str,
    paper: &Onboarding,
    what: &str,
    is: impl Fn(&OnboardingStatus) -> bool,
) -> Result<OnboardingStatus> {
    let operator = Operator::start_at(&world.cluster, moment, None).await?;
    let agency = paper.namespace().unwrap_or_default().trim_start_matches("agency-").to_owned();
    let name = paper.name_any();
    let found = until(&format!("on {moment} {name} {what}"), PATIENCE, async || {
        let paper = world.onboarding(&agency, &name).await.map_err(|e| e.to_string())?;
        let status = paper.status.unwrap_or_default();
        if is(&status) { Ok(status) } else { Err(format!("{status:?}")) }
    })
    .await?;
    operator.stop().await?;
    Ok(found)
}

fn due(status: &OnboardingStatus) -> Option<&str> {
    status.summary.as_ref()?.due.as_deref()
}

fn is_overdue(status: &OnboardingStatus) -> bool {
    condition::is_true(&status.conditions, ConditionType::Overdue)
}

fn state(status: &OnboardingStatus) -> Option<State> {
    status.summary.as_ref().map(|summary| summary.state)
}

#[tokio::test(flavor = "multi_thread")]
async fn a7_a8_a9_the_days_of_a_dossier_count_over_holidays_anew_after_a_return_and_by_the_rules_of_its_day()
-> Result<()> {
    let world = World::start().await?;
    // One after the other: an operator lives on one day, whosever paper it looks at.
    over_the_holidays(&world).await?;
    anew_after_a_return(&world).await?;
    by_the_rules_of_its_day(&world).await
}

/// A7: what is submitted on the Friday before Tết is due after the holidays, and not a day earlier.
async fn over_the_holidays(world: &World) -> Result<()> {
    // 13 February 2026; 16 to 20 February are Tết. Five working days for the check and seven for the decision.
    let paper = submitted(world, "lead-62", request("ag-62", "a7"), "2026-02-13T03:00:00Z").await?;
    let checked = on(world, "2026-02-13T03:01:00Z", &paper, "is checked", |s| due(s).is_some()).await?;
    assert_eq!((due(&checked), state(&checked)), (Some("2026-03-10"), Some(State::AwaitingApproval)));
    // The last minute of the last day, where the province is, is in time: an operator that has nothing left to do says so.
    let operator = Operator::start_at(&world.cluster, "2026-03-10T16:59:00Z", None).await?;
    quiet(world).await?;
    operator.stop().await?;
    let still = world.onboarding("ag-62", "a7").await?.status.unwrap_or_default();
    assert_eq!((due(&still), is_overdue(&still)), (Some("2026-03-10"), false));
    let late = on(world, "2026-03-10T17:00:00Z", &paper, "is overdue", is_overdue).await?;
    let told = condition::get(&late.conditions, ConditionType::Overdue).map(|c| c.message.as_str());
    assert_eq!(told, Some("approver should have acted by 2026-03-10: ask there, or its superior."));
    // Silence is never an approval.
    assert_eq!((late.outcome, late.summary.map(|s| s.state)), (None, Some(State::AwaitingApproval)));
    Ok(())
}

/// A8: what comes back after a return begins a new check, and the days between are the requester's.
async fn anew_after_a_return(world: &World) -> Result<()> {
    let first = submitted(world, "lead-62", request("ag-62", "a8"), "2026-01-05T03:00:00Z").await?;
    signed(world, "approver", decision(&first, "approver", 1, "Approve"), "2026-01-05T04:00:00Z").await?;
    let ready = |s: &OnboardingStatus| condition::is_true(&s.conditions, ConditionType::Ready);
    let status = on(world, "2026-01-05T05:00:00Z", &first, "is ready", ready).await?;
    let tenant = status.tenant_ref.ok_or("no tenant")?.name;
    // A level dossier is appraised: five working days for the check, fifteen calendar days for level 3 (vn-2016).
    let level = json!({
        "action": "RecordLevel", "tenantRef": {"name": tenant},
        "level": {"level": 3, "regulation": "12/QC-SYT ngày 05/01/2026", "measures": "Some", "reviewOn": "2030-01-01"}
    });
    let paper = about(world, "lead-62", "ag-62", "a8-level", level.clone()).await?;
    world.cluster.date(&paper, "2026-03-02T03:00:00Z".parse()?).await?;
    let checked = on(world, "2026-03-02T03:01:00Z", &paper, "is checked", |s| due(s).is_some()).await?;
    assert_eq!((due(&checked), state(&checked)), (Some("2026-03-24"), Some(State::UnderAppraisal)));
    let mut back = decision(&paper, "appraiser", 1, "Return");
    back["spec"]["reason"] = json!("Hồ sơ chưa đủ.");
    back["spec"]["defects"] = json!(["Thiếu phương án bảo đảm an ninh mạng."]);
    signed(world, "appraiser", back, "2026-03-05T03:00:00Z").await?;
    let is_back = |s: &OnboardingStatus| state(s) == Some(State::Returned);
    let returned = on(world, "2026-03-05T03:01:00Z", &paper, "is returned", is_back).await?;
    let outcome = returned.outcome.as_ref().map(|o| (o.result, o.decided_at.0.to_string()));
    assert_eq!(outcome, Some((OutcomeResult::Returned, "2026-03-05T03:00:00Z".to_owned())));
    assert_eq!(due(&returned), Some("2026-04-06"), "thirty days to supplement; the Saturday rolls on");
    let mut again = level;
    again["supersedes"] = json!({"name": paper.name_any(), "uid": paper.uid()});
    let second = about(world, "lead-62", "ag-62", "a8-again", again).await?;
    world.cluster.date(&second, "2026-03-16T03:00:00Z".parse()?).await?;
    let checked = on(world, "2026-03-16T03:01:00Z", &second, "is checked", |s| due(s).is_some()).await?;
    // A new check from the sixteenth; the appraisal counts from its end.
    assert_eq!((due(&checked), state(&checked)), (Some("2026-04-07"), Some(State::UnderAppraisal)));
    let chain = checked.checks.iter().find(|c| c.id == "chain").ok_or("no check of the chain")?;
    let numbers: Vec<String> = chain.numbers.iter().map(|n| format!("{}={}", n.name, n.value)).collect();
    assert_eq!(numbers, ["returns=1", "requester.days=11", "requester.workingDays=7"]);
    Ok(())
}

/// A9: a new rule set changes no clock of an open request, and is listed as to be met.
async fn by_the_rules_of_its_day(world: &World) -> Result<()> {
    // The day before vn-2026 comes into force. 22 August is worked; 31 August to 2 September are off.
    let paper = submitted(world, "lead-62", request("ag-62", "a9"), "2026-08-18T03:00:00Z").await?;
    let before = on(world, "2026-08-18T03:01:00Z", &paper, "is checked", |s| due(s).is_some()).await?;
    let rules = |status: &OnboardingStatus| status.profile_ref.as_ref().map(|profile| profile.name.clone());
    let old = Some("vn-2016".to_owned());
    assert_eq!((rules(&before), due(&before)), (old.clone(), Some("2026-09-07")));
    let coming = LaterProfile {
        profile_ref: NameRef::to("vn-2026"),
        from: "2026-08-19".into(),
        met_by: Some("2027-06-30".into()),
    };
    assert_eq!(before.later_profiles, [coming]);
    // On the next day the other rules hold for what is submitted then.
    let next = submitted(world, "lead-62", request("ag-62", "a9-next"), "2026-08-19T03:00:00Z").await?;
    let under_new = on(world, "2026-08-19T03:01:00Z", &next, "is checked", |s| due(s).is_some()).await?;
    assert_eq!((rules(&under_new), under_new.later_profiles), (Some("vn-2026".to_owned()), vec![]));
    let after = world.onboarding("ag-62", "a9").await?.status.unwrap_or_default();
    assert_eq!((rules(&after), due(&after), &after.later_profiles), (old, due(&before), &before.later_profiles));
    // A rule set that is announced while the request is open is listed too.
    let mut announced: berth_crds::PolicyProfile = kube::Api::all(world.cluster.admin()).get("vn-2026").await?;
    announced.spec.in_force.from = "2028-01-01".into();
    announced.spec.transition = None;
    announced.meta_mut().name = Some("vn-2028".into());
    announced.meta_mut().resource_version = None;
    kube::Api::all(world.cluster.admin()).create(&Default::default(), &announced).await?;
    let listed = |s: &OnboardingStatus| s.later_profiles.len() == 2;
    let told = on(world, "2026-08-20T03:00:00Z", &paper, "lists both", listed).await?;
    let last = told.later_profiles.last().map(|l| (l.profile_ref.name.as_str(), l.met_by.as_deref()));
    assert_eq!((last, due(&told)), (Some(("vn-2028", None)), due(&before)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_was_raised_for_a_while_returns_by_its_date_and_what_it_took_is_free_again() -> Result<()> {
    let (world, operator) = World::own().await?;
    let environment = world.onboard("ag-62", "raise", |_| {}).await?;
    let (name, now) = (environment.name_any(), berth_api::clock::Clock::system().now());
    let last = now.checked_add(jiff::SignedDuration::from_hours(60 * 24))?;
    let last = berth_api::clock::Clock::system().day_of(last);
    let paper = world
        .ask("lead-62", "ag-62", "raise-1", |spec| {
            spec["action"] = json!("Change");
            spec["environmentRef"] = json!({"name": name, "uid": environment.uid()});
            spec["revision"] = json!(1);
            spec["environment"] = json!({"kind": "Prod", "classRef": {"name": "m"}, "until": last.to_string()});
            spec.as_object_mut().unwrap().remove("system");
        })
        .await?;
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Ready).await?;
    let raised = ("8".to_owned(), "8".to_owned(), 8000);
    assert_eq!(stands(&world, &name).await?, raised);
    // An act that books nothing comes between: the booking stays under the paper of the increase.
    let until_then = json!({"endDate": last.checked_add(jiff::Span::new().days(400))?.to_string()});
    life::act(&world, "Extend", "raise-2", &name, until_then).await?;
    assert_eq!(stands(&world, &name).await?, raised);
    operator.stop().await?;
    // On its last day it is still raised; on the day after it is what it was.
    let midnight = last.tomorrow()?.to_zoned(jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh")?)?.timestamp();
    let before = (midnight - jiff::SignedDuration::from_mins(10)).to_string();
    let operator = Operator::start_at(&world.cluster, &before, None).await?;
    told(&world, &name, "TemporaryGrantEndsSoon").await?;
    assert_eq!(stands(&world, &name).await?, raised);
    operator.stop().await?;
    let operator = Operator::start_at(&world.cluster, &midnight.to_string(), None).await?;
    told(&world, &name, "TemporaryGrantOver").await?;
    let again = ("2".to_owned(), "2".to_owned(), 2000);
    until("quota, grant and booking are what they were", PATIENCE, async || {
        let stands = stands(&world, &name).await.map_err(|e| e.to_string())?;
        if stands == again { Ok(()) } else { Err(format!("{stands:?}")) }
    })
    .await?;
    operator.stop().await
}

/// CPU of an environment: its quota in force, what its status says is granted, and what is booked in thousandths.
async fn stands(world: &World, name: &str) -> Result<(String, String, i64)> {
    use k8s_openapi::api::core::v1::ResourceQuota;
    let quota = world.within::<ResourceQuota>(name).await?.remove(0);
    let hard = quota.status.and_then(|s| s.hard).unwrap_or_default()["limits.cpu"].0.clone();
    let environment: berth_crds::Environment = kube::Api::all(world.cluster.admin()).get(name).await?;
    let granted = environment.status.and_then(|s| s.granted).map(|g| g.cpu).unwrap_or_default();
    let sites = world.all::<berth_crds::Site>().await?;
    let booked = sites.into_iter().flat_map(|s| s.status.unwrap_or_default().booked).find(|b| b.name == name);
    let booked = booked.ok_or("nothing is booked")?.resources.cpu;
    Ok((hard, granted, berth_plan::amounts::parse_cpu(&booked).ok_or("no amount")?))
}

/// Waits until the environment's condition `Temporary` has a reason.
async fn told(world: &World, name: &str, reason: &str) -> Result<()> {
    let api: kube::Api<berth_crds::Environment> = kube::Api::all(world.cluster.admin());
    until(&format!("{name} says {reason}"), PATIENCE, async || {
        let status = api.get(name).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
        match condition::get(&status.conditions, ConditionType::Temporary) {
            Some(c) if c.reason == reason => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    Ok(())
}
