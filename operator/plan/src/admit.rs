//! From an approved request to the register entries that it makes.

use berth_crds::agency::{DayRange, Subject, SubjectKind};
use berth_crds::common::{Basis, BasisType, Bilingual, DatedAgency, NameRef, PaperRef};
use berth_crds::environment::{Access, AccessRole, AdoptionWish, DeployAccount, Exposure, Lifecycle};
use berth_crds::onboarding::{Action, EnvironmentRequest, Grant, Outcome};
use berth_crds::profile::LevelRule;
use berth_crds::tenant::{LevelRecord, LevelStatus, MigrationStage};
use berth_crds::{Environment, EnvironmentSpec, Onboarding, PolicyProfile, Tenant, TenantSpec, labels, names};
use jiff::civil::Date;
use kube::ResourceExt;

use crate::{grant, life, system};

/// What an approved request is turned into.
#[derive(Clone, Debug, PartialEq)]
pub struct Admission {
    /// Tenant to create, or to bring to this spec when it was only inventoried; absent when it is on its way already.
    pub tenant: Option<Tenant>,
    /// Environment to create or to bring to this spec.
    pub environment: Environment,
    /// Whether the environment exists already, if only as the record of one that was removed.
    pub change: bool,
}

/// What the request is admitted with.
pub struct Input<'a> {
    /// The request.
    pub onboarding: &'a Onboarding,
    /// Its outcome.
    pub outcome: &'a Outcome,
    /// Agency that asked.
    pub agency: &'a str,
    /// Plate of the tenant.
    pub plate: &'a str,
    /// Rule set of the request.
    pub profile: &'a PolicyProfile,
    /// Site that hosts it.
    pub site: &'a str,
    /// Level of the system.
    pub level: i64,
    /// First day of the entry.
    pub day: Date,
    /// The environment as it is, for a change.
    pub existing: Option<&'a Environment>,
    /// The system as it is, if it exists.
    pub system: Option<&'a Tenant>,
}

/// Reference to a paper.
pub fn paper(onboarding: &Onboarding) -> PaperRef {
    PaperRef {
        namespace: onboarding.namespace().unwrap_or_default(),
        name: onboarding.name_any(),
        uid: onboarding.uid().unwrap_or_default(),
    }
}

/// Name of the environment that the request is about; `plate` is the tenant's name.
pub fn environment_name(onboarding: &Onboarding, plate: &str) -> Option<String> {
    let spec = &onboarding.spec;
    match spec.action {
        Action::New | Action::AddEnvironment => {
            spec.environment.as_ref().map(|e| names::environment(plate, e.kind.suffix()))
        }
        _ => spec.environment_ref.as_ref().map(|r| r.name.clone()),
    }
}

/// The entries of an approved request; `None` when it has no grant (a defect that the checks exclude).
pub fn admit(input: &Input) -> Option<Admission> {
    let grant = input.outcome.granted.as_ref()?;
    let environment = match input.existing {
        Some(existing) if input.onboarding.spec.action == Action::Change => changed(input, existing, grant),
        Some(removed) if life::is_removed(removed) => revived(input, removed, grant)?,
        _ => created(input, grant)?,
    };
    let new = input.onboarding.spec.action == Action::New;
    let tenant = match input.system.filter(|system| system.spec.migration_stage == MigrationStage::Inventoried) {
        Some(inventoried) => Some(taken_up(input, inventoried)?),
        None if new => Some(tenant(input)?),
        None => None,
    };
    Some(Admission {
        tenant,
        environment,
        change: input.onboarding.spec.action == Action::Change || input.existing.is_some_and(life::is_removed),
    })
}

fn basis(input: &Input, revision: i64) -> Basis {
    Basis {
        type_: BasisType::Paper,
        onboarding_ref: Some(paper(input.onboarding)),
        decision_uids: input.outcome.decision_uids.clone(),
        revision: Some(revision),
        reason: None,
    }
}

fn tenant(input: &Input) -> Option<Tenant> {
    let system = input.onboarding.spec.system.as_ref()?;
    let today = input.day.to_string();
    let since = |name: &str| DatedAgency { agency_ref: NameRef::to(name), from: today.clone(), to: None, mark: None };
    let mut owners = system.former_owners.clone();
    let owner_since =
        owners.last().and_then(|o| o.to.as_deref()).and_then(crate::day::parse).and_then(|d| d.tomorrow().ok());
    owners.push(DatedAgency { from: owner_since.unwrap_or(input.day).to_string(), ..since(input.agency) });
    let spec = TenantSpec {
        code: system.code.clone(),
        display_name: Bilingual { vi: system.display_name.clone(), en: String::new() },
        agency_ref: NameRef::to(input.agency),
        level: system.level,
        site_ref: NameRef::to(input.site),
        owners,
        governing_bodies: vec![since(&system.governing_body_ref.name)],
        operators: vec![since(&system.operator_ref.name)],
        data_kinds: system.data_kinds.clone(),
        levels: vec![LevelRecord {
            level: system.level,
            status: LevelStatus::Proposed,
            in_force: DayRange { from: today.clone(), to: None },
            ..LevelRecord::default()
        }],
        permissions: vec![],
        migration_stage: MigrationStage::Onboarding,
        inventory: None,
        basis: basis(input, 1),
    };
    Some(Tenant::new(input.plate, spec))
}

/// A system that an inventory brought gets its first environment: its plate, its history and what the inventory said stay.
/// A request for a new system says the rest of it anew, from the day of the decision.
fn taken_up(input: &Input, inventoried: &Tenant) -> Option<Tenant> {
    let mut taken = inventoried.clone();
    let spec = &mut taken.spec;
    if input.onboarding.spec.action == Action::New {
        let asked = tenant(input)?.spec;
        system::continue_with(&mut spec.governing_bodies, asked.governing_bodies, input.day);
        system::continue_with(&mut spec.operators, asked.operators, input.day);
        if asked.level != spec.level {
            system::propose(&mut spec.levels, asked.level, input.day);
        }
        let en = std::mem::take(&mut spec.display_name.en);
        spec.display_name = Bilingual { en, ..asked.display_name };
        (spec.level, spec.data_kinds) = (asked.level, asked.data_kinds);
    }
    spec.migration_stage = MigrationStage::Onboarding;
    spec.basis = basis(input, inventoried.spec.basis.revision.unwrap_or(0) + 1);
    Some(taken)
}

fn created(input: &Input, grant: &Grant) -> Option<Environment> {
    let asked = input.onboarding.spec.environment.as_ref()?;
    let name = names::environment(input.plate, asked.kind.suffix());
    let spec = EnvironmentSpec {
        tenant_ref: NameRef::to(input.plate),
        kind: asked.kind,
        class_ref: grant.class_ref.clone(),
        profile_ref: NameRef::to(input.profile.name_any()),
        quota: grant.quota.clone(),
        temporary: None,
        zones: level_rule(input).map(|r| r.zones.clone()).unwrap_or_default(),
        adopt: asked.adopt.iter().map(AdoptionWish::unnamed).collect(),
        level: Some(input.level),
        access: vec![owner_access(input.agency)],
        deploy_account: asked.deploy_account,
        exposure: asked.exposure.clone(),
        ipv4_only: asked.ipv4_only.clone(),
        lifecycle: Lifecycle::Active,
        schedule: None,
        end_date: asked.end_date.clone(),
        basis: basis(input, 1),
    };
    Some(Environment::new(&name, spec))
}

/// A name whose environment was removed is taken up again: the same record, with everything else as of today.
fn revived(input: &Input, removed: &Environment, grant: &Grant) -> Option<Environment> {
    let mut environment = created(input, grant)?;
    environment.metadata = removed.metadata.clone();
    environment.status = removed.status.clone();
    environment.spec.basis = basis(input, removed.spec.basis.revision.unwrap_or(0) + 1);
    Some(environment)
}

fn changed(input: &Input, existing: &Environment, grant: &Grant) -> Environment {
    let mut environment = existing.clone();
    let revision = existing.spec.basis.revision.unwrap_or(0) + 1;
    let asked = input.onboarding.spec.environment.as_ref();
    environment.spec.temporary = grant::raised(&existing.spec, asked.and_then(|asked| asked.until.as_ref()));
    environment.spec.class_ref = grant.class_ref.clone();
    environment.spec.quota = grant.quota.clone();
    let exception = asked.and_then(|asked| asked.ipv4_only.clone());
    environment.spec.ipv4_only = exception.or(environment.spec.ipv4_only);
    if let Some(asked) = asked {
        (environment.spec.exposure, environment.spec.deploy_account) = opened(&existing.spec, asked);
    }
    environment.spec.basis = basis(input, revision);
    adopt_level(input, &mut environment);
    environment
}

/// From where an environment is reached and whether it has an account for deployments once a change is carried out: what
/// the paper leaves out stays as it is. What is granted to be reached still opens by its own acts alone.
pub(crate) fn opened(standing: &EnvironmentSpec, asked: &EnvironmentRequest) -> (Vec<Exposure>, DeployAccount) {
    let exposure = if asked.exposure.is_empty() { &standing.exposure } else { &asked.exposure };
    let account = if asked.deploy_account.is_none() { standing.deploy_account } else { asked.deploy_account };
    (exposure.clone(), account)
}

/// A change by paper brings an environment to the level that was decided since; not where the level has other zones:
/// namespaces with workloads in them do not become zones.
fn adopt_level(input: &Input, environment: &mut Environment) {
    let zones = |of: &[berth_crds::environment::ZoneShare]| of.iter().map(|z| z.zone).collect::<Vec<_>>();
    if level_rule(input).is_some_and(|rule| zones(&rule.zones) == zones(&environment.spec.zones)) {
        environment.spec.level = Some(input.level);
    }
}

fn level_rule<'a>(input: &Input<'a>) -> Option<&'a LevelRule> {
    input.profile.spec.levels.iter().find(|r| r.level == input.level)
}

/// The owner's people administer their environments.
pub fn owner_access(agency: &str) -> Access {
    Access {
        subject: Subject { kind: SubjectKind::Group, name: labels::agency_group(agency, "requester"), namespace: None },
        role: AccessRole::Admin,
        expires: None,
    }
}
