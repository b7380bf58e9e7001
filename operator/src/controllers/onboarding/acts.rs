//! From an approved act (`berth_plan::act`) to the register entries that it changes.

use std::sync::Arc;

use berth_crds::common::HolderKind;
use berth_crds::{Environment, Reason, Tenant};
use berth_plan::act::{Act, Changed, Input};
use berth_plan::dossier::state;
use berth_plan::fulfil::{Case, Way};
use berth_plan::status::onboarding::Event;
use kube::api::PostParams;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};

use super::{Pass, entries, system};
use crate::apply::Child;
use crate::cache::Cache;
use crate::error::{Result, while_};
use crate::observe;

/// Finds what is still needed, changes the registers, then waits until it is in force.
pub async fn provide(pass: &mut Pass<'_>, act: &dyn Act) -> Result<Action> {
    pass.register = observe::register(pass.ctx);
    match way(pass, act) {
        Way::Later { paper: Some(paper) } => entries::follows(pass, &paper).await,
        Way::Later { paper: None } => system::awaits_other(pass).await,
        Way::Stands => finish(pass, act).await,
        Way::Never { reason, message } => {
            system::give_up(pass).await?;
            entries::stuck(pass, reason, &message).await
        }
        Way::Act | Way::Change | Way::Create => {
            let Some(changed) = change(pass, act) else {
                let message = "The rule set or what the paper names cannot be read any more.";
                return entries::stuck(pass, Reason::MissingReference, message).await;
            };
            if let Some(lacking) = system::prepare(pass).await? {
                return system::waits(pass, lacking).await;
            }
            write(pass, &changed).await?;
            pass.register = observe::register(pass.ctx);
            finish(pass, act).await
        }
    }
}

fn way(pass: &Pass, act: &dyn Act) -> Way {
    let name = entries::environment_name(pass).unwrap_or_default();
    let ledger = entries::place(pass).map(|place| place.ledger());
    act.way(&Case {
        onboarding: &pass.onboarding,
        agency: &pass.agency,
        environment: &name,
        booking: ledger.as_ref().and_then(|ledger| ledger.find(HolderKind::Environment, &name)),
        register: &pass.register,
        open: &|paper| observe::is_open(pass.ctx, paper),
        others: &observe::transfers(pass.ctx, &pass.onboarding),
        today: pass.ctx.today(),
    })
}

fn change(pass: &Pass, act: &dyn Act) -> Option<Changed> {
    let outcome = pass.onboarding.status.as_ref()?.outcome.clone()?;
    act.change(&Input {
        onboarding: &pass.onboarding,
        outcome: &outcome,
        decisions: &observe::decisions(pass.ctx, &pass.onboarding),
        profile: pass.profile()?.as_ref(),
        register: &pass.register,
        decided: pass.ctx.day_of(&outcome.decided_at),
        today: pass.ctx.today(),
    })
}

/// Each entry carries the resourceVersion that was decided on: an edit since then is a conflict, and the next pass sees it.
async fn write(pass: &Pass<'_>, changed: &Changed) -> Result<()> {
    if let Some(tenant) = &changed.tenant {
        replace::<Tenant>(pass, &pass.ctx.caches.tenants, tenant).await?;
    }
    if let Some(environment) = &changed.environment {
        replace::<Environment>(pass, &pass.ctx.caches.environments, environment).await?;
    }
    Ok(())
}

/// Whether an act is under way: then it cannot be taken back.
pub fn is_begun(pass: &Pass) -> bool {
    let act = berth_plan::act::of(pass.onboarding.spec.action);
    act.is_some_and(|act| way(pass, act) == Way::Stands) || system::is_booked(pass)
}

pub(super) async fn replace<K>(pass: &Pass<'_>, cache: &Cache<K>, entry: &K) -> Result<()>
where
    K: Child + Resource<Scope = kube::core::ClusterResourceScope>,
{
    let (name, api) = (entry.name_any(), pass.ctx.api::<K>());
    let written = api.replace(&name, &PostParams::default(), entry).await;
    cache.note(&written.map_err(while_("change", format!("{} {name:?}", K::kind(&()))))?);
    Ok(())
}

/// Ready when everything that follows is in force.
async fn finish(pass: &mut Pass<'_>, act: &dyn Act) -> Result<Action> {
    let Some(message) = act.done(&pass.onboarding, &pass.register) else { return Ok(Action::await_change()) };
    entries::name(pass);
    let (tenant, environment): (Option<Arc<Tenant>>, _) = (entries::tenant(pass), entries::environment(pass));
    let state = state::handed_over(pass.onboarding.spec.action, tenant.as_deref(), environment.as_deref());
    pass.event(&Event::Ready { message, state }, None).await?;
    Ok(Action::await_change())
}
