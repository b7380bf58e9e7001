//! `berth onboard create`.

use super::{
    Exit, Result,
    args::{Create, Letter, Which},
    check,
    connect::{Session, call},
    failure::Failure,
    file, output,
    requests::named,
};
use crate::{
    convert, name,
    problem::correlation_id,
    proto::v1::{
        self as pb, environment, level_request::Measures, onboarding_spec::Action, system_request::DataKind,
        tenant::MigrationStage::Inventoried,
    },
};

/// Submits a request.
pub async fn create(session: &Session, create: Create) -> Result {
    let request = request(session, create).await?;
    let client = &session.client.onboardings;
    let created =
        call("submitting the request", async || client.clone().create_onboarding(request.clone()).await).await?;
    if request.validate_only {
        return check::tell(session, &created);
    }
    output::one(&created, session.format)?;
    eprintln!("{} submitted. Next: berth onboard wait {} --for ready", created.name, created.name);
    Ok(Exit::Done)
}

/// The request that a file or flags make.
pub async fn request(session: &Session, create: Create) -> Result<pb::CreateOnboardingRequest> {
    let (agency, request_id, mut spec) = match &create.file {
        Some(path) => from_file(file::read(path)?),
        None => (None, None, from_flags(session, &create).await?),
    };
    let agency =
        create.agency.or(agency).ok_or_else(|| Failure::Usage("name the agency that asks with --agency".into()))?;
    let request_id =
        create.request_id.or(request_id).unwrap_or_else(|| format!("cli-{}{}", correlation_id(), correlation_id()));
    spec.letter = letter(&create.letter).or(spec.letter);
    if let Some(name) = create.supersedes {
        spec.supersedes = Some(superseded(session, Which { name, agency: Some(agency.clone()) }).await?);
    }
    Ok(pb::CreateOnboardingRequest {
        parent: name::agency(&agency),
        onboarding: Some(pb::Onboarding { spec: Some(spec), ..Default::default() }),
        request_id,
        validate_only: create.validate_only,
    })
}

/// The letter of the flags.
pub fn letter(from: &Letter) -> Option<pb::Document> {
    let text = |flag: &Option<String>| flag.clone().unwrap_or_default();
    Some(pb::Document {
        number: from.letter_number.clone()?,
        issuer: text(&from.letter_issuer),
        date: text(&from.letter_date),
        signer: text(&from.letter_signer),
        capacity: text(&from.letter_capacity),
        sha256: text(&from.letter_sha256),
    })
}

/// Name and UID of a request that was returned.
async fn superseded(session: &Session, which: Which) -> Result<pb::PaperTarget> {
    let request = pb::GetOnboardingRequest { name: named(session, &which).await? };
    let client = &session.client.onboardings;
    let earlier =
        call("reading the earlier request", async || client.clone().get_onboarding(request.clone()).await).await?;
    Ok(pb::PaperTarget { name: earlier.name, uid: earlier.uid })
}

/// Agency, request id and what is asked. A document's name tells a repeat as well as a request id.
fn from_file(document: file::Document) -> (Option<String>, Option<String>, pb::OnboardingSpec) {
    let namespace = document.agency.as_deref().map(berth_crds::names::agency_namespace).unwrap_or_default();
    let request_id = document.spec.request_id.clone().or(document.name);
    (document.agency, request_id, convert::onboarding::spec(&document.spec, &namespace))
}

async fn from_flags(session: &Session, create: &Create) -> Result<pb::OnboardingSpec> {
    let asked =
        create.action.as_ref().map(|text| value(text, "--action", |v| Action::from_str_name(v).map(|a| a as i32)));
    let asked = asked.transpose()?.and_then(|action| Action::try_from(action).ok());
    let action = asked.unwrap_or(match (&create.environment, &create.tenant) {
        (Some(_), _) => Action::Change,
        (None, Some(_)) => Action::AddEnvironment,
        (None, None) => Action::New,
    });
    let present = match &create.environment {
        Some(id) => Some(present(session, id).await?),
        None => None,
    };
    let system = match action {
        Action::New => {
            let mut system = system(create)?;
            if lacks(&system) {
                let known = inventoried(session, create.agency.as_deref(), &system.code).await?;
                prefill(&mut system, known);
            }
            Some(system)
        }
        _ => None,
    };
    let resources = matches!(action, Action::New | Action::AddEnvironment | Action::Change);
    let mut environment = environment(create)?;
    environment.kind = present.as_ref().map_or(environment.kind, |present| present.kind);
    let text = |flag: &Option<String>| flag.clone().unwrap_or_default();
    Ok(pb::OnboardingSpec {
        action: action as i32,
        system,
        tenant: create.tenant.as_deref().map(|id| full("tenants", id)).unwrap_or_default(),
        target: present.as_ref().map(target),
        environment: resources.then_some(environment),
        end_date: if resources { String::new() } else { text(&create.end_date) },
        effective_date: text(&create.effective_date),
        force_majeure: text(&create.force_majeure),
        level: (action == Action::RecordLevel).then(|| level(create)).transpose()?,
        transfer: (action == Action::Transfer).then(|| transfer(create)),
        justification: text(&create.justification),
        ..Default::default()
    })
}

/// Whether something of a new system is not said.
fn lacks(system: &pb::SystemRequest) -> bool {
    let texts = [&system.display_name, &system.governing_body, &system.operator];
    texts.iter().any(|text| text.is_empty()) || system.level == 0 || system.data_kinds.is_empty()
}

/// The agency's own system of a code that an inventory brought and that is not on the cloud yet.
pub async fn inventoried(session: &Session, agency: Option<&str>, code: &str) -> Result<Option<pb::Tenant>> {
    let Some(agency) = agency.filter(|_| !code.is_empty()) else { return Ok(None) };
    let known = super::registers::all_tenants(session, agency).await?;
    let is = |tenant: &pb::Tenant| tenant.code == code && tenant.migration_stage() == Inventoried;
    Ok(known.into_iter().find(is))
}

/// Says of a system what the flags leave out and the inventory knows.
fn prefill(system: &mut pb::SystemRequest, known: Option<pb::Tenant>) {
    let Some(known) = known else { return };
    let last = |duty: &[pb::DatedAgency]| duty.last().map(|held| held.agency.clone()).unwrap_or_default();
    let fill = |said: &mut String, known: String| {
        if said.is_empty() {
            *said = known;
        }
    };
    fill(&mut system.display_name, known.display_name.clone().unwrap_or_default().vi);
    fill(&mut system.governing_body, last(&known.governing_bodies));
    fill(&mut system.operator, last(&known.operators));
    if system.level == 0 {
        system.level = known.level;
    }
    if system.data_kinds.is_empty() {
        system.data_kinds = known.data_kinds;
    }
}

async fn present(session: &Session, id: &str) -> Result<pb::Environment> {
    let request = pb::GetEnvironmentRequest { name: full("environments", id) };
    let client = &session.client.environments;
    call("reading the environment", async || client.clone().get_environment(request.clone()).await).await
}

fn target(present: &pb::Environment) -> pb::EnvironmentTarget {
    let revision = present.basis.as_ref().map(|basis| basis.revision);
    pb::EnvironmentTarget { name: present.name.clone(), uid: present.uid.clone(), revision }
}

fn level(create: &Create) -> Result<pb::LevelRequest> {
    let measures = |text: &String| value(text, "--measures", |v| Measures::from_str_name(v).map(|m| m as i32));
    Ok(pb::LevelRequest {
        level: create.level.unwrap_or_default(),
        regulation: create.regulation.clone().unwrap_or_default(),
        measures: create.measures.as_ref().map(measures).transpose()?.unwrap_or_default(),
        review_date: create.review_date.clone().unwrap_or_default(),
        measures_date: create.measures_date.clone().unwrap_or_default(),
    })
}

fn transfer(create: &Create) -> pb::TransferRequest {
    let agency = |id: &Option<String>| id.as_deref().map(|id| full("agencies", id)).unwrap_or_default();
    pb::TransferRequest { from_agency: agency(&create.from_agency), to_agency: agency(&create.to_agency) }
}

fn system(create: &Create) -> Result<pb::SystemRequest> {
    let data_kinds =
        create.data.iter().map(|text| value(text, "--data", |v| DataKind::from_str_name(v).map(|k| k as i32)));
    let agency = |id: &Option<String>| id.as_deref().map(|id| full("agencies", id)).unwrap_or_default();
    Ok(pb::SystemRequest {
        code: create.code.clone().unwrap_or_default(),
        display_name: create.display_name.clone().unwrap_or_default(),
        level: create.level.unwrap_or_default(),
        data_kinds: data_kinds.collect::<Result<_>>()?,
        governing_body: agency(&create.governing_body),
        operator: agency(&create.operator),
        ..Default::default()
    })
}

fn environment(create: &Create) -> Result<pb::EnvironmentRequest> {
    let exposure =
        |text: &String| value(text, "--exposure", |v| environment::Exposure::from_str_name(v).map(|e| e as i32));
    let kind = |text: &String| value(text, "--kind", |v| environment::Kind::from_str_name(v).map(|k| k as i32));
    let quota = create.cpu.as_ref().map(|cpu| pb::Resources {
        cpu: cpu.clone(),
        memory: create.memory.clone().unwrap_or_default(),
        storage: create.storage.clone().unwrap_or_default(),
        ..Default::default()
    });
    Ok(pb::EnvironmentRequest {
        kind: create.kind.as_ref().map(kind).transpose()?.unwrap_or_default(),
        class: create.class.as_deref().map(|id| full("classes", id)).unwrap_or_default(),
        quota,
        exposure: create.exposure.iter().map(exposure).collect::<Result<_>>()?,
        end_date: create.end_date.clone().unwrap_or_default(),
        requested_prefix: create.requested_prefix.clone().unwrap_or_default(),
        deploy_account: create.deploy_account,
        until: create.until.clone().unwrap_or_default(),
        adopt: create.adopt.iter().map(|given| adoption(given)).collect(),
        ipv4_only: create
            .ipv4_only_until
            .clone()
            .map(|until| pb::Ipv4Exception { reason: create.ipv4_only_reason.clone().unwrap_or_default(), until }),
    })
}

/// `app=hoso-prod`, or `hoso-prod` where nothing is zoned.
fn adoption(given: &str) -> pb::AdoptionWish {
    let (zone, namespace) = given.split_once('=').unwrap_or(("", given));
    pb::AdoptionWish { namespace: namespace.to_owned(), zone: zone.to_owned() }
}

/// `personal-basic` is `PERSONAL_BASIC`.
pub fn value(text: &str, flag: &str, read: impl Fn(&str) -> Option<i32>) -> Result<i32> {
    let upper = text.to_uppercase().replace('-', "_");
    read(&upper)
        .filter(|n| *n != 0)
        .ok_or_else(|| Failure::Usage(format!("{text:?} is not a value of {flag}: see --help")))
}

/// A full resource name of an id or of a full name.
pub fn full(collection: &str, given: &str) -> String {
    if given.contains('/') { given.to_owned() } else { format!("{collection}/{given}") }
}
