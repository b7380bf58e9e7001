//! CreateOnboarding.

use berth_crds::{Onboarding, OnboardingSpec, Reason, names};

use super::{check::checked, papers::Papers};
use crate::{
    convert::onboarding::message,
    door::Door,
    identity::Caller,
    name,
    problem::{Problem, Result, Thing, correlation_id},
    proto::v1 as pb,
    read::{self, Findings, world::World},
};

/// Submits a request, or finds the one of the same request id.
pub async fn create(door: &Door, caller: &Caller, request: pb::CreateOnboardingRequest) -> Result<pb::Onboarding> {
    let (findings, agency, spec) = read(door, caller, &request).await?;
    if let Err(problem) = findings.or(()) {
        // What was asked for may stand by now, and asking again would be wrong; who repeats a call is told what came of it.
        let found = before(door, caller, &agency, &spec).await?;
        return found.map(|found| message(&found)).ok_or(problem);
    }
    let request_id = spec.request_id.clone().unwrap_or_else(|| correlation_id() + &correlation_id());
    let id = names::onboarding(&agency, &caller.username, &request_id);
    let papers = Papers::open(door, caller, &agency)?;
    match papers.create_onboarding(&id, &spec, request.validate_only).await {
        // Admission would let it in; what the checks say comes from where CheckOnboarding has it.
        Ok(created) if request.validate_only => {
            let name = message(&created).name;
            Ok(pb::Onboarding { name, ..checked(door, caller, &agency, &spec).await? })
        }
        Ok(created) => Ok(message(&created)),
        Err(Problem::Exists { .. }) => first(&papers, &id, &spec).await.map(|found| message(&found)),
        Err(Problem::NotFound(_)) => Err(no_papers(&agency)),
        Err(problem) => Err(problem),
    }
}

/// Makes the checks of a request that is not submitted.
pub async fn check(door: &Door, caller: &Caller, request: pb::CheckOnboardingRequest) -> Result<pb::Onboarding> {
    let request =
        pb::CreateOnboardingRequest { parent: request.parent, onboarding: request.onboarding, ..Default::default() };
    let (findings, agency, spec) = read(door, caller, &request).await?;
    findings.or(())?;
    checked(door, caller, &agency, &spec).await
}

/// Defects, agency id (empty if it is none of the register) and what is asked.
async fn read(
    door: &Door,
    caller: &Caller,
    request: &pb::CreateOnboardingRequest,
) -> Result<(Findings, String, OnboardingSpec)> {
    let mut findings = Findings::default();
    read::request_id(&mut findings, &request.request_id);
    let registers = door.registers();
    let given = read::spec::reference(&mut findings, "parent", &request.parent, "agencies").name;
    let agency = registers.agency(&given).await?.and_then(|agency| agency.metadata.name);
    if agency.is_none() && !findings.has("parent") {
        findings.bad("parent", &request.parent, "is not an agency of the register: see `berth catalog agencies`");
    }
    let asked = request.onboarding.as_ref().and_then(|onboarding| onboarding.spec.as_ref());
    let Some(asked) = asked else {
        findings.missing("onboarding.spec", "say what you ask for");
        return Ok((findings, agency.unwrap_or_default(), OnboardingSpec::default()));
    };
    let mut spec = read::spec::spec(&mut findings, asked, &request.request_id, door.clock.today());
    World::read(&registers, caller, &spec).await?.check(&mut findings, &mut spec);
    Ok((findings, agency.unwrap_or_default(), spec))
}

/// The very request, if it was submitted before under its request id.
async fn before(door: &Door, caller: &Caller, agency: &str, spec: &OnboardingSpec) -> Result<Option<Onboarding>> {
    let Some(request_id) = spec.request_id.as_ref().filter(|_| !agency.is_empty()) else { return Ok(None) };
    let id = names::onboarding(agency, &caller.username, request_id);
    match Papers::open(door, caller, agency)?.onboarding(&id).await {
        Ok(found) if asks_the_same(&found, spec) => Ok(Some(found)),
        // Then the defects are what there is to say.
        Ok(_) | Err(Problem::NotFound(_) | Problem::NotAllowed { .. }) => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn asks_the_same(found: &Onboarding, spec: &OnboardingSpec) -> bool {
    found.spec == OnboardingSpec { requester: found.spec.requester.clone(), ..spec.clone() }
}

/// The Onboarding that has the name already, if it asks for the same.
async fn first(papers: &Papers, id: &str, spec: &OnboardingSpec) -> Result<Onboarding> {
    let found = papers.onboarding(id).await?;
    if asks_the_same(&found, spec) {
        return Ok(found);
    }
    let name = name::onboarding(&papers.namespace, id);
    Err(Problem::Exists {
        reason: Reason::RequestIdReused,
        message: format!("request_id was used for {name}, which asks for something else: choose a new request_id"),
        thing: Thing::new("Onboarding", name),
    })
}

fn no_papers(agency: &str) -> Problem {
    let thing = Thing::new("Agency", name::agency(agency));
    let message = format!("{} has no place for papers yet: ask a platform operator to add its members", thing.name);
    Problem::Refused { reason: Reason::NoMembers, thing, message }
}
