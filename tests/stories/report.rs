//! Reports on the real control plane: demand met (A26), systems that sound alike (A28), and who may read what.

use std::collections::BTreeMap;

use berth_api::cli::Exit;
use berth_api::client::Client;
use berth_api::clock::Clock;
use berth_api::proto::v1 as pb;
use berth_api::proto::v1::demand_request::Standing;
use berth_crds::onboarding::State;
use berth_crds::{ConditionType, Onboarding, Tenant, condition};
use berth_tests::error::Result;
use berth_tests::stack::{Door, Operator};
use kube::ResourceExt;
use serde_json::{Value, json};
use tonic::Code;

use crate::dates::{signed, submitted};
use crate::headroom::{capacity, no_headroom};
use crate::way;
use crate::world::{World, decision, request};

/// What the twenty requests of A26 come to.
const DEAL: [(Standing, usize); 5] = [
    (Standing::GrantedInTime, 15),
    (Standing::GrantedLate, 2),
    (Standing::RefusedByLaw, 1),
    (Standing::Waiting, 1),
    (Standing::Withdrawn, 1),
];
/// The year of the report, and the days on which it plays: check and decision have twelve working days, to 24 September.
const YEAR: i32 = 2025;
const ASKED: &str = "2025-09-08T02:00:00Z";
const IN_TIME: &str = "2025-09-09T03:00:00Z";
const LATE: &str = "2025-10-01T03:00:00Z";
const LAST: &str = "2025-10-02T03:00:00Z";
const AGENCIES: [&str; 3] = ["ag-61", "ag-62", "ag-66"];

/// What the door answers, or the code of its refusal.
pub type Answer<T> = std::result::Result<T, Code>;

/// One request of the deal.
struct Play {
    agency: &'static str,
    name: String,
    standing: Standing,
    /// The last day that the dossier showed while somebody could still decide.
    due: String,
}

impl Play {
    async fn paper(&self, world: &World) -> Result<Onboarding> {
        Ok(world.onboarding(self.agency, &self.name).await?)
    }

    /// As the report should tell it: from the paper alone.
    async fn expected(&self, world: &World) -> Result<pb::DemandRequest> {
        let (paper, clock) = (self.paper(world).await?, Clock::system());
        let submitted = paper.creation_timestamp().ok_or("not created")?;
        let ready = paper.status.as_ref().and_then(|s| condition::get(&s.conditions, ConditionType::Ready));
        let ready = ready.filter(|ready| ready.status == "True").map(|ready| ready.last_transition_time.0);
        Ok(pb::DemandRequest {
            onboarding: format!("agencies/{}/onboardings/{}", self.agency, self.name),
            standing: self.standing as i32,
            submit_date: clock.day_of(submitted.0).to_string(),
            due_date: self.due.clone(),
            grant_date: ready.map(|at| clock.day_of(at).to_string()).unwrap_or_default(),
        })
    }
}

/// Submits the twenty, and brings each to what it should come to, on the days on which it would.
async fn play(world: &World) -> Result<Vec<Play>> {
    let standings = DEAL.iter().flat_map(|(standing, count)| std::iter::repeat_n(*standing, *count));
    let mut plays = Vec::new();
    for (n, standing) in standings.enumerate() {
        let (agency, name) = (AGENCIES[n % AGENCIES.len()], format!("a26-{n:02}"));
        let secret = standing == Standing::RefusedByLaw;
        let mut body = request(agency, &name);
        body["spec"]["system"]["dataKinds"] = if secret { json!(["StateSecret"]) } else { json!(["Public"]) };
        submitted(world, &lead(agency), body, ASKED).await?;
        plays.push(Play { agency, name, standing, due: String::new() });
    }
    let operator = Operator::start_at(&world.cluster, ASKED, None).await?;
    for play in &mut plays {
        let checked = world.checked(&play.paper(world).await?).await?.status.unwrap_or_default();
        play.due = checked.summary.and_then(|summary| summary.due).unwrap_or_default();
    }
    operator.stop().await?;
    sign(world, &plays, Standing::Withdrawn, "requester", ASKED).await?;
    for (standing, moment) in [(Standing::GrantedInTime, IN_TIME), (Standing::GrantedLate, LATE)] {
        sign(world, &plays, standing, "approver", moment).await?;
        let operator = Operator::start_at(&world.cluster, moment, None).await?;
        for play in plays.iter().filter(|play| play.standing == standing) {
            world.until(&play.paper(world).await?, ConditionType::Ready).await?;
        }
        operator.stop().await?;
    }
    // Last, once the others have everything there is.
    sign(world, &plays, Standing::Waiting, "approver", LAST).await?;
    let operator = Operator::start_at(&world.cluster, LAST, None).await?;
    for play in &plays {
        let paper = play.paper(world).await?;
        match play.standing {
            Standing::Waiting => no_headroom(world, &paper).await?,
            Standing::Withdrawn => drop(world.until(&paper, ConditionType::Withdrawn).await?),
            Standing::RefusedByLaw => drop(world.until(&paper, ConditionType::Rejected).await?),
            _ => {}
        }
    }
    operator.stop().await?;
    Ok(plays)
}

fn lead(agency: &str) -> String {
    format!("lead-{}", agency.trim_start_matches("ag-"))
}

/// Signs every paper that is to come to something, on a day, while no operator looks.
async fn sign(world: &World, plays: &[Play], standing: Standing, role: &str, moment: &str) -> Result<()> {
    for play in plays.iter().filter(|play| play.standing == standing) {
        let lead = lead(play.agency);
        let (who, verdict) = if role == "requester" { (lead.as_str(), "Withdraw") } else { ("approver", "Approve") };
        signed(world, who, decision(&play.paper(world).await?, role, 1, verdict), moment).await?;
    }
    Ok(())
}

/// The whole report that should come of some of the requests, in their order.
async fn report(world: &World, plays: impl Iterator<Item = &Play>, agency: &str) -> Result<pb::DemandReport> {
    let (mut counts, mut requests) = (BTreeMap::<i32, i32>::new(), Vec::new());
    for play in plays {
        *counts.entry(play.standing as i32).or_default() += 1;
        requests.push(play.expected(world).await?);
    }
    requests.sort_by(|a, b| (&a.submit_date, &a.onboarding).cmp(&(&b.submit_date, &b.onboarding)));
    let count = |standing: Standing| counts.get(&(standing as i32)).copied().unwrap_or_default();
    let submitted: i32 = counts.values().sum();
    let (in_time, late) = (count(Standing::GrantedInTime), count(Standing::GrantedLate));
    let denominator = submitted - count(Standing::Withdrawn) - count(Standing::RefusedByLaw);
    let met = |numerator| (denominator > 0).then_some(pb::Fraction { numerator, denominator });
    // Each asks for an xs.
    let resources = |systems: i32| {
        let (cpu, memory, storage) = (systems * 2, format!("{}Gi", systems * 4), format!("{}Gi", systems * 50));
        Some(pb::Resources { cpu: cpu.to_string(), memory, storage, ..Default::default() })
    };
    Ok(pb::DemandReport {
        name: format!("demandReports/{YEAR}"),
        agency: agency.into(),
        as_of_time: None,
        submitted,
        withdrawn: count(Standing::Withdrawn),
        refused_by_law: count(Standing::RefusedByLaw),
        granted_in_time: in_time,
        granted_late: late,
        waiting: count(Standing::Waiting),
        in_time: met(in_time),
        met: met(in_time + late),
        asked_resources: resources(denominator),
        approved_resources: resources(denominator),
        granted_resources: resources(in_time + late),
        requests,
        ..Default::default()
    })
}

async fn client(world: &World, door: &Door, who: &str) -> Result<Client> {
    let person = world.people.iter().find(|p| p.name == who).ok_or("nobody of that name")?;
    Ok(Client::connect(&door.url, &person.token).await?)
}

/// Asks for the report of 2025; without the instant, which moves.
pub async fn demand(world: &World, door: &Door, who: &str, agency: &str) -> Answer<pb::DemandReport> {
    let mut client = client(world, door, who).await.expect("the door is open");
    let name = format!("demandReports/{YEAR}");
    let request = pb::GetDemandRequest { name, agency: agency.into() };
    let answer = client.reports.get_demand(request).await.map_err(|status| status.code())?.into_inner();
    assert!(answer.as_of_time.is_some(), "a report says when it was counted");
    Ok(pb::DemandReport { as_of_time: None, ..answer })
}

/// What `berth` ends with.
async fn berth(world: &World, door: &Door, who: &str, words: &[&str]) -> Result<Exit> {
    Ok(way::berth(world, door, who, words).await?.unwrap_or_else(|failure| failure.exit()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a26_demand_met_is_counted_from_twenty_real_papers_and_each_agency_counts_its_own() -> Result<()> {
    let world = World::start().await?;
    let door = Door::start(&world.cluster).await?;
    let before = demand(&world, &door, "auditor", "").await.map_err(|code| code.to_string())?;
    assert_eq!((before.submitted, before.in_time, before.met), (0, None, None), "no demand is not all of it");
    let granted: usize = DEAL[..2].iter().map(|(_, count)| count).sum();
    capacity(&world, i64::try_from(granted * 2)?).await?;
    let plays = play(&world).await?;

    let whole = report(&world, plays.iter(), "").await?;
    let fraction = |numerator| Some(pb::Fraction { numerator, denominator: 18 });
    assert_eq!((whole.submitted, whole.in_time, whole.met), (20, fraction(15), fraction(17)));
    for who in ["auditor", "platform", "approver"] {
        assert_eq!(demand(&world, &door, who, "").await.as_ref(), Ok(&whole), "{who}");
    }
    let of = |agencies: &'static [&str]| plays.iter().filter(move |play| agencies.contains(&play.agency));
    let own = report(&world, of(&["ag-62"]), "agencies/ag-62").await?;
    assert_eq!(demand(&world, &door, "auditor", "agencies/so-kh-cn").await.as_ref(), Ok(&own), "by its alias");
    assert_eq!(demand(&world, &door, "lead-62", "agencies/ag-62").await.as_ref(), Ok(&own));
    let all_of_theirs = pb::DemandReport { agency: String::new(), ..own };
    assert_eq!(demand(&world, &door, "lead-62", "").await, Ok(all_of_theirs), "and nobody else's");
    let both = report(&world, of(&["ag-61", "ag-62"]), "").await?;
    assert_eq!(demand(&world, &door, "two-agencies", "").await, Ok(both));
    for (who, agency) in [("lead-66", "agencies/ag-62"), ("nobody", "agencies/ag-62"), ("nobody", ""), ("deputy", "")] {
        assert_eq!(demand(&world, &door, who, agency).await, Err(Code::PermissionDenied), "{who} {agency}");
    }
    assert_eq!(demand(&world, &door, "auditor", "agencies/ag-nowhere").await, Err(Code::NotFound));

    let year = YEAR.to_string();
    for format in ["table", "json", "yaml", "name"] {
        let words = ["report", "demand", "--year", &year, "-o", format];
        assert_eq!(berth(&world, &door, "auditor", &words).await?, Exit::Done, "{format}");
    }
    let words = ["report", "demand", "--year", &year, "--agency", "ag-62"];
    assert_eq!(berth(&world, &door, "lead-66", &words).await?, Exit::NotAllowed);
    door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a28_a_second_office_system_is_warned_of_goes_on_and_stands_in_the_reuse_report() -> Result<()> {
    let (world, _operator) = World::own().await?;
    let door = Door::start(&world.cluster).await?;
    const FIRST: &str = "Hệ thống Quản lý văn bản và điều hành";
    const SECOND: &str = "Phần mềm quản lý văn bản, điều hành";
    let named = |name: &'static str| move |spec: &mut Value| spec["system"]["displayName"] = json!(name);
    world.onboard("ag-62", "a28-office-1", named(FIRST)).await?;
    world.onboard("ag-61", "a28-map", named("Bản đồ nền địa lý")).await?;
    let second = world.ask("lead-66", "ag-66", "a28-office-2", named(SECOND)).await?;

    let second = world.checked(&second).await?;
    let status = second.status.clone().unwrap_or_default();
    let warning = status.checks.iter().find(|check| check.id == "function").ok_or("no check of the function")?;
    let numbers: Vec<String> = warning.numbers.iter().map(|n| format!("{}={}", n.name, n.value)).collect();
    assert_eq!(
        (format!("{:?} {}", warning.result, warning.reason), numbers),
        ("Warning DuplicateFunction".to_owned(), vec!["alike.percent=100".to_owned()])
    );
    assert!(!warning.message.contains(FIRST), "whose the other is, is not told: {}", warning.message);
    assert_eq!(status.summary.map(|summary| summary.state), Some(State::AwaitingApproval), "nothing is blocked");
    world.decide("approver", &second, "Approve").await?;
    world.until(&second, ConditionType::Ready).await?;

    let tenants = world.all::<Tenant>().await?;
    let system = |code: &str, name: &str, agency: &str| -> Result<pb::SimilarSystem> {
        let tenant = tenants.iter().find(|tenant| tenant.spec.code == code).ok_or("no tenant")?;
        Ok(pb::SimilarSystem {
            tenant: format!("tenants/{}", tenant.name_any()),
            code: code.into(),
            display_name: Some(pb::Bilingual { vi: name.into(), en: String::new() }),
            agency: format!("agencies/{agency}"),
        })
    };
    let mut pair = [system("a28-office-1", FIRST, "ag-62")?, system("a28-office-2", SECOND, "ag-66")?];
    pair.sort_by(|a, b| a.tenant.cmp(&b.tenant));
    let [first, second] = pair;
    let expected = pb::ListSimilarSystemsResponse {
        similar_systems: vec![pb::SimilarSystems {
            first: Some(first),
            second: Some(second),
            alike_percent: 100,
            common_words: ["ban", "dieu", "hanh", "ly", "quan", "van"].map(str::to_owned).to_vec(),
        }],
        next_page_token: String::new(),
    };
    let list = async |who: &str| -> Result<Answer<pb::ListSimilarSystemsResponse>> {
        let mut client = client(&world, &door, who).await?;
        let answer = client.reports.list_similar_systems(pb::ListSimilarSystemsRequest::default()).await;
        Ok(answer.map(tonic::Response::into_inner).map_err(|status| status.code()))
    };
    for who in ["auditor", "platform", "approver"] {
        assert_eq!(list(who).await?.as_ref(), Ok(&expected), "{who}");
    }
    for who in ["lead-62", "nobody"] {
        assert_eq!(list(who).await?, Err(Code::PermissionDenied), "{who}");
    }
    for format in ["table", "json", "yaml", "name"] {
        assert_eq!(berth(&world, &door, "auditor", &["report", "reuse", "-o", format]).await?, Exit::Done, "{format}");
    }
    assert_eq!(berth(&world, &door, "lead-62", &["report", "reuse"]).await?, Exit::NotAllowed);
    door.stop().await
}
