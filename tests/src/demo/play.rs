//! Agencies ask and approvers decide, over gRPC, in the order of the province's files.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use berth_api::client::Client;
use berth_api::proto::v1::{
    ApproveOnboardingRequest, CreateOnboardingRequest, GetOnboardingRequest, Onboarding, onboarding::State,
};
use berth_crds::{OnboardingSpec, names};
use serde::Deserialize;
use serde_json::{Value, json};

use super::serve::{Served, step};
use super::tell::Table;
use crate::error::Result;
use crate::files;

/// Longest wait for one step of one request.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two looks at a request.
const LOOK: Duration = Duration::from_millis(20);

/// What the province's requests must come to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectations {
    /// Codes whose production environment becomes Ready.
    pub ready: Vec<String>,
    /// Codes that wait, in the order of the queue.
    pub waiting: Vec<String>,
    /// Codes that are refused.
    pub refused: Vec<String>,
}

/// One request and what became of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Code of the system.
    pub code: String,
    /// Agency that asked.
    pub agency: String,
    /// The request as last read.
    pub onboarding: Onboarding,
    /// Time from submission until the environment was Ready.
    pub ready_after: Option<Duration>,
}

/// Everything that was asked.
pub struct Played {
    /// Requests in the file's order.
    pub asked: Vec<Asked>,
    /// What they must come to.
    pub expected: Expectations,
}

/// A file of the province: the request and its system's code.
struct Request {
    code: String,
    agency: String,
    spec: OnboardingSpec,
}

/// Submits everything, decides what waits for a decision, and waits until nothing moves any more.
pub async fn play(served: &Served) -> Result<Played> {
    let expected: Expectations = files::read(&files::province().join("expectations.yaml"))?;
    let requests = requests()?;
    let approver = client(served, "approver").await?;
    let mut table = Table::new(requests.len());
    step("agencies ask");
    let mut asked = Vec::new();
    let mut started = Vec::new();
    for request in &requests {
        started.push(Instant::now());
        let onboarding = submit(served, request).await?;
        asked.push(Asked { code: request.code.clone(), agency: request.agency.clone(), onboarding, ready_after: None });
        table.show(&asked);
    }
    table.say("the approver decides, in the order of submission");
    for i in 0..asked.len() {
        decide(&approver, &mut asked[i]).await?;
        table.show(&asked);
    }
    settle(&approver, &mut asked, &started, &expected, &mut table).await?;
    table.end(&asked);
    Ok(Played { asked, expected })
}

fn requests() -> Result<Vec<Request>> {
    files::yaml(&files::province().join("requests"))?
        .iter()
        .map(|path| {
            let mut document: Value = files::read(path)?;
            // Admission stamps the requester; the type wants one.
            document["spec"]["requester"] = json!({"username": "stamped"});
            let spec: OnboardingSpec = serde_json::from_value(document["spec"].take())?;
            let namespace = document["metadata"]["namespace"].as_str().unwrap_or_default();
            let agency = names::agency_of_namespace(namespace).ok_or("a request lies in an agency's namespace")?;
            let code = spec.system.as_ref().map(|s| s.code.clone()).ok_or("a request names its system")?;
            Ok(Request { code, agency: agency.to_owned(), spec })
        })
        .collect()
}

/// A client of somebody, by the name of the token file.
pub async fn client(served: &Served, file: &str) -> Result<Client> {
    let token = served.tokens.get(file).ok_or_else(|| format!("nobody is called {file:?}"))?;
    Ok(Client::connect(&served.door.url, token).await?)
}

async fn submit(served: &Served, request: &Request) -> Result<Onboarding> {
    let file = lead(served, &request.agency)?;
    let mut client = client(served, &file).await?;
    let namespace = names::agency_namespace(&request.agency);
    let onboarding = Onboarding {
        spec: Some(berth_api::convert::onboarding::spec(&request.spec, &namespace)),
        ..Default::default()
    };
    let message = CreateOnboardingRequest {
        parent: format!("agencies/{}", request.agency),
        onboarding: Some(onboarding),
        request_id: request.spec.request_id.clone().unwrap_or_default(),
        validate_only: false,
    };
    let answer = client.onboardings.create_onboarding(message).await;
    Ok(answer.map_err(|status| format!("{} by {file}: {status}", request.code))?.into_inner())
}

/// The person who leads an agency's IT.
fn lead(served: &Served, agency: &str) -> Result<String> {
    let group = berth_crds::labels::agency_group(agency, "requester");
    let found = served.entries.iter().find(|e| e.groups.contains(&group));
    Ok(found.ok_or_else(|| format!("nobody asks for {agency}"))?.file.clone())
}

/// Waits until the checks are made, approves what waits for a decision, and waits for the outcome.
async fn decide(approver: &Client, asked: &mut Asked) -> Result<()> {
    let undecided = |s| matches!(s, State::Submitted | State::Checking | State::Unspecified);
    refresh_while(approver, asked, undecided).await?;
    if state(&asked.onboarding) != State::AwaitingApproval {
        return Ok(());
    }
    let message = ApproveOnboardingRequest {
        name: asked.onboarding.name.clone(),
        uid: asked.onboarding.uid.clone(),
        role: "approver".into(),
        reason: "Trong danh mục; đủ căn cứ.".into(),
        request_id: format!("demo-{}", asked.code),
        ..Default::default()
    };
    approver.clone().onboardings.approve_onboarding(message).await.map_err(|s| format!("{}: {s}", asked.code))?;
    // The next approval comes after this one has its outcome: approval order is queue order.
    refresh_while(approver, asked, |s| matches!(s, State::AwaitingApproval)).await
}

/// The state of a request.
pub fn state(onboarding: &Onboarding) -> State {
    State::try_from(onboarding.state).unwrap_or(State::Unspecified)
}

async fn refresh(approver: &Client, asked: &mut Asked) -> Result<State> {
    let request = GetOnboardingRequest { name: asked.onboarding.name.clone() };
    asked.onboarding = approver.clone().onboardings.get_onboarding(request).await?.into_inner();
    Ok(state(&asked.onboarding))
}

async fn refresh_while(approver: &Client, asked: &mut Asked, open: impl Fn(State) -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while open(refresh(approver, asked).await?) {
        if Instant::now() > deadline {
            return Err(format!(
                "{} is still {:?} after {} s",
                asked.code,
                state(&asked.onboarding),
                PATIENCE.as_secs()
            )
            .into());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Looks until every request that should be Ready is, and the others are where they stay.
async fn settle(
    approver: &Client,
    asked: &mut [Asked],
    started: &[Instant],
    expected: &Expectations,
    table: &mut Table,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut open: BTreeMap<usize, ()> = (0..asked.len()).map(|i| (i, ())).collect();
    while !open.is_empty() && Instant::now() < deadline {
        for i in open.keys().copied().collect::<Vec<_>>() {
            let state = refresh(approver, &mut asked[i]).await?;
            let waits = state == State::WaitingForCapacity && expected.waiting.contains(&asked[i].code);
            let handed_over = matches!(state, State::HandedOver | State::AwaitingGoLive);
            if handed_over {
                asked[i].ready_after = Some(started[i].elapsed());
            }
            if waits || handed_over || matches!(state, State::Refused | State::Withdrawn | State::Returned) {
                open.remove(&i);
            }
        }
        table.show(asked);
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
