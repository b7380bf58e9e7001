//! From an approved request to its booking, its Tenant and its Environment.

use std::sync::Arc;

use berth_crds::common::{HolderKind, NameRef};
use berth_crds::onboarding::{Action as Asked, Outcome};
use berth_crds::{ConditionType, Environment, Onboarding, Reason, Tenant, condition, names};
use berth_plan::admit::{self, Admission, paper};
use berth_plan::amounts::Amounts;
use berth_plan::booking::{Booked, Ledger, Wish, in_turn, waiting};
use berth_plan::dossier::state;
use berth_plan::status::onboarding::Event;
use kube::ResourceExt;
use kube::api::PostParams;
use kube::runtime::controller::Action;

use super::Pass;
use crate::booking::{self, Place};
use crate::error::{Error, Result, while_};
use crate::{apply, cache};

/// Names the tenant and environment that the request is about, in its status.
pub fn name(pass: &mut Pass) {
    let (tenant, environment) = (plate(pass), environment_name(pass));
    let status = pass.onboarding.status.get_or_insert_default();
    status.tenant_ref = tenant.map(NameRef::to);
    status.environment_ref = environment.map(NameRef::to);
}

/// The tenant's plate: known for a system that exists, derived from the paper's UID for a new one.
fn plate(pass: &Pass) -> Option<String> {
    let spec = &pass.onboarding.spec;
    match spec.action {
        Asked::New => {
            let uid = pass.onboarding.uid()?;
            // The next six characters, when a plate is somebody else's already.
            (0..).map_while(|n| names::plate(&uid, n)).find(|plate| match pass.ctx.caches.tenants.get(plate, None) {
                Some(tenant) => made_by(&tenant.spec.basis, &uid),
                None => true,
            })
        }
        _ => pass.register.tenant_of(spec),
    }
}

fn made_by(basis: &berth_crds::common::Basis, uid: &str) -> bool {
    basis.onboarding_ref.as_ref().is_some_and(|r| r.uid == uid)
}

/// Name of the environment that the request is about.
pub fn environment_name(pass: &Pass) -> Option<String> {
    admit::environment_name(&pass.onboarding, &plate(pass)?)
}

/// The system that the request is about, once there is one: as we see it now, not when the pass began.
pub fn tenant(pass: &Pass) -> Option<Arc<Tenant>> {
    pass.ctx.caches.tenants.get(&plate(pass)?, None)
}

/// The environment that the request is about, once there is one.
pub fn environment(pass: &Pass) -> Option<Arc<Environment>> {
    pass.ctx.caches.environments.get(&environment_name(pass)?, None)
}

/// Level of the system that the request is about.
pub fn level(pass: &Pass) -> Option<i64> {
    match pass.onboarding.spec.action {
        Asked::New => pass.onboarding.spec.system.as_ref().map(|s| s.level),
        _ => pass.register.tenants.get(&plate(pass)?).map(|t| t.spec.level),
    }
}

fn site(pass: &Pass) -> Option<String> {
    let tenant = plate(pass).and_then(|p| pass.register.tenants.get(&p).cloned());
    tenant.map(|t| t.spec.site_ref.name.clone()).or_else(|| pass.register.site_of(&pass.agency).map(|s| s.name_any()))
}

/// Where the request books.
pub fn place(pass: &Pass) -> Option<Place> {
    booking::place(pass.ctx, &pass.agency, &site(pass)?)
}

/// Whether the headroom of this request is booked.
pub fn is_booked(pass: &Pass) -> bool {
    let booked = || {
        let (place, name) = (place(pass)?, environment_name(pass)?);
        let entry = place.ledger().find(HolderKind::Environment, &name).cloned()?;
        Some(entry.onboarding_ref? == paper(&pass.onboarding))
    };
    booked().unwrap_or(false)
}

/// Books, then creates or changes, then waits for Ready.
pub async fn provide(pass: &mut Pass<'_>) -> Result<Action> {
    let outcome = pass.onboarding.status.as_ref().and_then(|s| s.outcome.clone());
    let (Some(outcome), Some(place), Some(environment)) = (outcome, place(pass), environment_name(pass)) else {
        return stuck(pass, Reason::MissingReference, "The agency, its site or the environment is gone.").await;
    };
    if let Some(message) = book(pass, &outcome, &place, &environment).await? {
        let told = pass.onboarding.status.as_ref().and_then(|s| condition::get(&s.conditions, ConditionType::Booked));
        if told.is_none_or(|c| c.reason != Reason::NoHeadroom.as_str()) {
            pass.event(&Event::NoHeadroom { message }, None).await?;
        }
        return Ok(Action::await_change());
    }
    let Some(admission) = admission(pass, &outcome) else {
        return stuck(pass, Reason::MissingReference, "The rule set or what is granted cannot be read any more.").await;
    };
    if let Some(tenant) = &admission.tenant {
        create_tenant(pass, tenant).await?;
    }
    match bring_environment(pass, &admission).await? {
        Ok(environment) => finish(pass, &environment).await,
        Err(message) => stuck(pass, Reason::AlreadyExists, &message).await,
    }
}

/// What lacks, when headroom cannot be booked now.
async fn book(pass: &Pass<'_>, outcome: &Outcome, place: &Place, environment: &str) -> Result<Option<String>> {
    let Some(amounts) = outcome.granted.as_ref().and_then(|g| Amounts::parse(&g.quota).ok()) else { return Ok(None) };
    let wish = Wish { kind: HolderKind::Environment, name: environment, amounts, paper: Some(paper(&pass.onboarding)) };
    let ledger = place.ledger();
    let held = ledger.find(HolderKind::Environment, environment).and_then(|b| Amounts::parse(&b.resources).ok());
    let more = amounts.minus(held.unwrap_or_default());
    let grows = held.is_none_or(|held| !amounts.fits(held));
    if grows && !is_booked(pass) && !in_turn(ledger.headroom(), &before(pass, place), more) {
        return Ok(Some(lacking(&ledger, more)));
    }
    Ok(match booking::take(pass.ctx, place, &wish).await? {
        Booked::NoHeadroom { resource, .. } => Some(format!("Not enough {resource} is left.")),
        Booked::Already | Booked::Write(_) => None,
    })
}

/// What lacks, as a sentence that stays true while the numbers move.
fn lacking(ledger: &Ledger, more: Amounts) -> String {
    let short = more.each().into_iter().zip(ledger.headroom().each()).find(|((_, more), (_, left))| more > left);
    match short {
        Some(((resource, _), _)) => format!("Not enough {resource} is left."),
        None => "Earlier requests wait for the same headroom.".into(),
    }
}

/// What those want who stand before this request for the same headroom.
fn before(pass: &Pass, place: &Place) -> Vec<Amounts> {
    let Some(mine) = waiting(&pass.onboarding) else { return Vec::new() };
    let ledger = place.ledger();
    let booked = |uid: &str| ledger.booked.iter().any(|b| b.onboarding_ref.as_ref().is_some_and(|r| r.uid == uid));
    let same_place = |o: &Onboarding| {
        let agency = o.namespace().and_then(|ns| names::agency_of_namespace(&ns).map(str::to_owned));
        let site = agency.as_ref().and_then(|a| pass.register.site_of(a)).map(|s| s.name_any());
        agency.zip(site).and_then(|(a, s)| booking::place(pass.ctx, &a, &s)).is_some_and(|p| p.key() == place.key())
    };
    let mut earlier: Vec<_> =
        pass.ctx.caches.onboardings.all().into_iter().filter_map(|o| Some((waiting(&o)?, o))).collect();
    earlier.retain(|(theirs, o)| *theirs < mine && !booked(&o.uid().unwrap_or_default()) && same_place(o));
    earlier.sort_by(|(a, _), (b, _)| a.cmp(b));
    earlier.iter().filter_map(|(_, o)| growth(&ledger, o)).collect()
}

/// What a request wants beyond what its environment has.
fn growth(ledger: &Ledger, onboarding: &Onboarding) -> Option<Amounts> {
    let status = onboarding.status.as_ref()?;
    let wanted = Amounts::parse(&status.outcome.as_ref()?.granted.as_ref()?.quota).ok()?;
    let held = status.environment_ref.as_ref().and_then(|e| ledger.find(HolderKind::Environment, &e.name));
    Some(wanted.minus(held.and_then(|b| Amounts::parse(&b.resources).ok()).unwrap_or_default()))
}

fn admission(pass: &Pass, outcome: &Outcome) -> Option<Admission> {
    let (plate, profile, site, level) = (plate(pass)?, pass.profile()?, site(pass)?, level(pass)?);
    let existing = pass.ctx.caches.environments.get(&environment_name(pass)?, None);
    admit::admit(&admit::Input {
        onboarding: &pass.onboarding,
        outcome,
        agency: &pass.agency,
        plate: &plate,
        profile: &profile,
        site: &site,
        level,
        day: pass.ctx.day_of(&outcome.decided_at),
        existing: existing.as_deref(),
    })
}

/// Creates the tenant; a foreign plate in our way is seen on the next pass, which then derives another.
async fn create_tenant(pass: &Pass<'_>, tenant: &Tenant) -> Result<()> {
    if pass.ctx.caches.tenants.get(&tenant.name_any(), None).is_some() {
        return Ok(());
    }
    if apply::create(&pass.ctx.api(), &pass.ctx.caches.tenants, tenant).await?.is_some() {
        return Ok(());
    }
    let found = apply::live::<Tenant>(&pass.ctx.api(), &tenant.name_any()).await?;
    let ours = found.as_ref().is_some_and(|t| made_by(&t.spec.basis, &pass.onboarding.uid().unwrap_or_default()));
    if let Some(found) = found {
        pass.ctx.caches.tenants.note(&found);
    }
    if ours { Ok(()) } else { Err(Error::Conflict { what: format!("Tenant {:?}", tenant.name_any()) }) }
}

/// The environment as the request made it; the text is why it cannot.
async fn bring_environment(pass: &Pass<'_>, admission: &Admission) -> Result<std::result::Result<Environment, String>> {
    let wanted = &admission.environment;
    let uid = pass.onboarding.uid().unwrap_or_default();
    let seen = pass.ctx.caches.environments.get(&wanted.name_any(), None);
    match seen {
        Some(seen) if made_by(&seen.spec.basis, &uid) => Ok(Ok(seen.as_ref().clone())),
        Some(seen) if admission.change => change(pass, &seen, wanted).await,
        Some(seen) => Ok(Err(format!("The environment {:?} exists already, by another paper.", seen.name_any()))),
        None if admission.change => Ok(Err(format!("The environment {:?} is gone.", wanted.name_any()))),
        None => {
            let created = apply::create(&pass.ctx.api(), &pass.ctx.caches.environments, wanted).await?;
            created.map(Ok).ok_or_else(|| Error::Conflict { what: format!("Environment {:?}", wanted.name_any()) })
        }
    }
}

/// Enlarges or shrinks an environment, if it still is what the request was written against.
async fn change(
    pass: &Pass<'_>,
    seen: &Environment,
    wanted: &Environment,
) -> Result<std::result::Result<Environment, String>> {
    let (asked, now) = (pass.onboarding.spec.revision.unwrap_or(0), seen.spec.basis.revision.unwrap_or(0));
    if asked != now {
        return Ok(Err(format!("`spec.revision` is {asked}, the environment is at {now} by now; ask anew.")));
    }
    let what = format!("Environment {:?}", wanted.name_any());
    let api = pass.ctx.api::<Environment>();
    let written =
        api.replace(&wanted.name_any(), &PostParams::default(), wanted).await.map_err(while_("change", what))?;
    pass.ctx.caches.environments.note(&written);
    Ok(Ok(written))
}

/// Ready when the environment is, at the generation that the request made.
async fn finish(pass: &mut Pass<'_>, environment: &Environment) -> Result<Action> {
    let current = environment.status.as_ref().is_some_and(|s| {
        s.observed_generation == environment.metadata.generation
            && condition::is_true(&s.conditions, ConditionType::Ready)
    });
    if current {
        name(pass);
        let prefix = environment.status.as_ref().and_then(|s| s.prefix.clone()).unwrap_or_default();
        let message = format!("The environment {} is ready with the prefix {prefix}.", environment.name_any());
        let state = state::handed_over(pass.onboarding.spec.action, tenant(pass).as_deref(), Some(environment));
        pass.event(&Event::Ready { message, state }, None).await?;
    }
    Ok(Action::await_change())
}

async fn stuck(pass: &mut Pass<'_>, reason: Reason, message: &str) -> Result<Action> {
    let told = pass.onboarding.status.as_ref().and_then(|s| condition::get(&s.conditions, ConditionType::Stalled));
    if told.is_none_or(|c| c.reason != reason.as_str() || c.message != message) {
        tracing::warn!(onboarding = cache::key(&pass.onboarding), message, "approved, but stuck");
        let booked = is_booked(pass);
        pass.event(&Event::Stuck { reason, message: message.into(), booked }, None).await?;
    }
    Ok(Action::await_change())
}
