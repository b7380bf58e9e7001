//! From an approved request to its booking, its Tenant and its Environment.

use std::sync::Arc;

use berth_crds::common::{HolderKind, NameRef, PaperRef};
use berth_crds::onboarding::{Action as Asked, Outcome};
use berth_crds::{ConditionType, Environment, Reason, Tenant, condition, names};
use berth_plan::act;
use berth_plan::admit::{self, Admission};
use berth_plan::amounts::Amounts;
use berth_plan::dossier::state;
use berth_plan::fulfil::{self, Way, made_by};
use berth_plan::status::onboarding::Event;
use berth_plan::{grant, life};
use kube::ResourceExt;
use kube::api::PostParams;
use kube::runtime::controller::Action;
use tokio::sync::MutexGuard;

use super::{Pass, acts, queue};
use crate::booking::{self, Place};
use crate::error::{Error, Result, while_};
use crate::{apply, cache, observe};

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
            // What was handed over is ours, whatever paper changed its system since.
            if pass.is(ConditionType::Ready) {
                return pass.onboarding.status.as_ref()?.tenant_ref.as_ref().map(|t| t.name.clone());
            }
            // A system that an inventory brought keeps its plate.
            let uid = pass.onboarding.uid()?;
            if let Some(known) = pass.register.system_of(spec, &pass.agency, Some(&uid)) {
                return Some(known);
            }
            let ours = |plate: &String| match pass.ctx.caches.tenants.get(plate, None) {
                Some(tenant) => made_by(&tenant.spec.basis, Some(&uid)),
                None => true,
            };
            // The plate that was told; the next six characters, when a plate is somebody else's already.
            let told = pass.onboarding.status.as_ref().and_then(|s| s.tenant_ref.as_ref()).map(|t| t.name.clone());
            told.into_iter().chain((0..).map_while(|n| names::plate(&uid, n))).find(ours)
        }
        _ => pass.register.tenant_of(spec),
    }
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
        Asked::RecordLevel => pass.onboarding.spec.level.as_ref().map(|asked| asked.level),
        _ => pass.register.tenants.get(&plate(pass)?).map(|t| t.spec.level),
    }
}

fn site(pass: &Pass) -> Option<String> {
    pass.register.site_of_system(plate(pass).as_deref(), &pass.agency).map(|site| site.name_any())
}

/// Where the request books.
pub fn place(pass: &Pass) -> Option<Place> {
    booking::place(pass.ctx, &pass.agency, &site(pass)?)
}

/// Whether something was booked, made or handed over for this request: then it cannot be taken back.
pub fn is_begun(pass: &Pass) -> bool {
    if acts::is_begun(pass) {
        return true;
    }
    let ledger = place(pass).map(|p| p.ledger());
    let entry =
        ledger.zip(environment_name(pass)).and_then(|(l, name)| l.find(HolderKind::Environment, &name).cloned());
    fulfil::begun(&pass.onboarding, environment(pass).as_deref(), entry.as_ref())
}

/// What to say where another paper gives back what this one still waits for.
fn given_back(pass: &Pass) -> Option<String> {
    let environment = environment(pass).filter(|environment| life::never_ready(environment))?;
    let papers = observe::papers(pass.ctx, &pass.onboarding);
    fulfil::given_back(&pass.onboarding, &environment, &papers).map(|by| fulfil::taken_back(by))
}

/// Finds what is still needed, books it, makes it, then waits for Ready.
pub async fn provide(pass: &mut Pass<'_>) -> Result<Action> {
    if let Some(message) = given_back(pass) {
        pass.event(&Event::WithdrawnLate { message }, None).await?;
        return Ok(Action::await_change());
    }
    if let Some(act) = act::of(pass.onboarding.spec.action) {
        return acts::provide(pass, act).await;
    }
    let outcome = pass.onboarding.status.as_ref().and_then(|s| s.outcome.clone());
    let (Some(outcome), Some(place), Some(name)) = (outcome, place(pass), environment_name(pass)) else {
        return stuck(pass, Reason::MissingReference, "The agency, its site or the environment is gone.").await;
    };
    // Two requests for one code must not both find it free: one at a time, until its tenant is there.
    let ctx = pass.ctx;
    let line = if pass.onboarding.spec.action == Asked::New { Some(ctx.admitting.lock().await) } else { None };
    pass.register = observe::register(ctx);
    match queue::way(ctx, &pass.register, &pass.onboarding, &place, &name) {
        Way::Later { paper: Some(paper) } => follows(pass, &paper).await,
        Way::Later { paper: None } => Ok(Action::await_change()),
        Way::Stands => finish(pass).await,
        Way::Never { reason, message } => {
            take_back(pass, &place, &name).await?;
            stuck(pass, reason, &message).await
        }
        Way::Create | Way::Change | Way::Act => carry_out(pass, &outcome, &place, &name, line).await,
    }
}

async fn carry_out(
    pass: &mut Pass<'_>,
    outcome: &Outcome,
    place: &Place,
    name: &str,
    line: Option<MutexGuard<'_, ()>>,
) -> Result<Action> {
    // Everything that can fail by itself comes before the booking.
    let granted = outcome.granted.as_ref().and_then(|g| Amounts::parse(&g.quota).ok());
    let (Some(admission), Some(granted)) = (admission(pass, outcome), granted) else {
        return stuck(pass, Reason::MissingReference, "The rule set or what is granted cannot be read any more.").await;
    };
    if let Some(message) = queue::book(pass, granted, place, name).await? {
        let told = pass.onboarding.status.as_ref().and_then(|s| condition::get(&s.conditions, ConditionType::Booked));
        if told.is_none_or(|c| c.reason != Reason::NoHeadroom.as_str()) || pass.is(ConditionType::Stalled) {
            pass.event(&Event::NoHeadroom { message }, None).await?;
        }
        return Ok(Action::await_change());
    }
    if let Some(tenant) = &admission.tenant {
        bring_tenant(pass, tenant).await?;
    }
    drop(line);
    bring_environment(pass, &admission).await?;
    finish(pass).await
}

/// What this paper booked and cannot use any more goes back to what the environment has.
async fn take_back(pass: &Pass<'_>, place: &Place, name: &str) -> Result<()> {
    let standing = environment(pass).map(|e| {
        let now = e.status.as_ref().and_then(|s| Amounts::parse(s.granted.as_ref()?).ok()).unwrap_or_default();
        let granted = grant::to_book(&e.spec, pass.ctx.today()).unwrap_or_default();
        (granted.max(now), e.spec.basis.onboarding_ref.clone())
    });
    booking::take_back(pass.ctx, place, name, &pass.onboarding.uid().unwrap_or_default(), standing).await
}

fn admission(pass: &Pass, outcome: &Outcome) -> Option<Admission> {
    let (plate, profile, site, level) = (plate(pass)?, pass.profile()?, site(pass)?, level(pass)?);
    // What the way was found from, and nothing newer: what somebody wrote since then must be a conflict.
    let existing = pass.register.environments.get(&environment_name(pass)?);
    admit::admit(&admit::Input {
        onboarding: &pass.onboarding,
        outcome,
        agency: &pass.agency,
        plate: &plate,
        profile: &profile,
        site: &site,
        level,
        day: pass.ctx.day_of(&outcome.decided_at),
        existing: existing.map(Arc::as_ref),
        system: pass.register.tenants.get(&plate).map(Arc::as_ref),
    })
}

/// Creates the tenant, or brings what an inventory knew to what was decided.
async fn bring_tenant(pass: &Pass<'_>, tenant: &Tenant) -> Result<()> {
    if tenant.resource_version().is_some() {
        // The resourceVersion that was read is in it: an edit since then is a conflict.
        return acts::replace(pass, &pass.ctx.caches.tenants, tenant).await;
    }
    create_tenant(pass, tenant).await
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
    let ours = found.as_ref().is_some_and(|t| made_by(&t.spec.basis, pass.onboarding.metadata.uid.as_deref()));
    if let Some(found) = found {
        pass.ctx.caches.tenants.note(&found);
    }
    if ours { Ok(()) } else { Err(Error::Conflict { what: format!("Tenant {:?}", tenant.name_any()) }) }
}

/// Creates or changes the environment. What somebody else did meanwhile is a conflict: the next pass sees it.
async fn bring_environment(pass: &Pass<'_>, admission: &Admission) -> Result<()> {
    let (wanted, api) = (&admission.environment, pass.ctx.api::<Environment>());
    let what = format!("Environment {:?}", wanted.name_any());
    if admission.change {
        // The resourceVersion that was read is in `wanted`: an edit since then is a conflict.
        let written =
            api.replace(&wanted.name_any(), &PostParams::default(), wanted).await.map_err(while_("change", what))?;
        pass.ctx.caches.environments.note(&written);
        return Ok(());
    }
    if apply::create(&api, &pass.ctx.caches.environments, wanted).await?.is_some() {
        return Ok(());
    }
    if let Some(found) = apply::live::<Environment>(&api, &wanted.name_any()).await? {
        pass.ctx.caches.environments.note(&found);
    }
    Err(Error::Conflict { what })
}

/// Ready when the environment is, at the generation that the request made.
async fn finish(pass: &mut Pass<'_>) -> Result<Action> {
    let Some(environment) = environment(pass) else { return Ok(Action::await_change()) };
    let current = environment.status.as_ref().is_some_and(|s| {
        s.observed_generation == environment.metadata.generation
            && condition::is_true(&s.conditions, ConditionType::Ready)
    });
    if current {
        name(pass);
        let prefix = environment.status.as_ref().and_then(|s| s.prefix.clone()).unwrap_or_default();
        let message = format!("The environment {} is ready with the prefix {prefix}.", environment.name_any());
        let state = state::handed_over(pass.onboarding.spec.action, tenant(pass).as_deref(), Some(&environment));
        pass.event(&Event::Ready { message, state }, None).await?;
    }
    Ok(Action::await_change())
}

/// Says once which paper comes before; who waits for headroom too has said so.
pub(super) async fn follows(pass: &mut Pass<'_>, paper: &PaperRef) -> Result<Action> {
    let conditions = pass.onboarding.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
    let message = fulfil::follows(paper);
    let told = condition::get(conditions, ConditionType::Ready).is_some_and(|c| c.message == message);
    let waits =
        condition::get(conditions, ConditionType::Booked).is_some_and(|c| c.reason == Reason::NoHeadroom.as_str());
    if !told && !waits {
        pass.event(&Event::Follows { message }, None).await?;
    }
    Ok(Action::await_change())
}

pub(super) async fn stuck(pass: &mut Pass<'_>, reason: Reason, message: &str) -> Result<Action> {
    let told = pass.onboarding.status.as_ref().and_then(|s| condition::get(&s.conditions, ConditionType::Stalled));
    if told.is_none_or(|c| c.reason != reason.as_str() || c.message != message) {
        tracing::warn!(onboarding = cache::key(&pass.onboarding), message, "approved, but stuck");
        let booked = is_begun(pass);
        pass.event(&Event::Stuck { reason, message: message.into(), booked }, None).await?;
    }
    Ok(Action::await_change())
}
