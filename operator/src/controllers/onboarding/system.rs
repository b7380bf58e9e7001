//! What acts on a whole system need before the register changes: headroom with the receiving agency, and environments that
//! keep the level which they enforce.

use std::sync::Arc;

use berth_crds::common::HolderKind;
use berth_crds::onboarding::Action as Asked;
use berth_crds::{ConditionType, Environment, Reason, Tenant, condition};
use berth_plan::amounts::Amounts;
use berth_plan::booking::Wish;
use berth_plan::grant;
use berth_plan::status::onboarding::Event;
use berth_plan::system::{self, transfer};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::{Pass, acts, queue};
use crate::booking::{self, Place};
use crate::error::Result;
use crate::observe;

/// The system as the way was found from, and nothing newer.
fn tenant(pass: &Pass) -> Option<Arc<Tenant>> {
    system::tenant(&pass.onboarding, &pass.register).cloned()
}

fn environments(pass: &Pass, tenant: &Tenant) -> Vec<Arc<Environment>> {
    system::standing(&pass.register, &tenant.name_any()).cloned().collect()
}

/// Makes ready what must be there before the register changes; what lacks, when that cannot be now.
pub async fn prepare(pass: &Pass<'_>) -> Result<Option<String>> {
    let Some(tenant) = tenant(pass) else { return Ok(None) };
    match pass.onboarding.spec.action {
        Asked::RecordLevel => keep_levels(pass, &tenant).await.map(|()| None),
        Asked::Transfer => book(pass, &tenant).await,
        _ => Ok(None),
    }
}

/// Environments that name no level of their own keep the one that they enforce, before another one is decided.
async fn keep_levels(pass: &Pass<'_>, tenant: &Tenant) -> Result<()> {
    let asked = pass.onboarding.spec.level.as_ref().map(|asked| asked.level);
    if asked == Some(tenant.spec.level) {
        return Ok(());
    }
    for environment in environments(pass, tenant).iter().filter(|e| e.spec.level.is_none()) {
        let mut kept = environment.as_ref().clone();
        kept.spec.level = Some(tenant.spec.level);
        acts::replace(pass, &pass.ctx.caches.environments, &kept).await?;
    }
    Ok(())
}

/// Where the receiving agency books what it takes over; nowhere where both book at one place.
fn receiver(pass: &Pass, tenant: &Tenant) -> Option<Place> {
    let (asked, site) = (pass.onboarding.spec.transfer.as_ref()?, &tenant.spec.site_ref.name);
    let to = booking::place(pass.ctx, &asked.to.name, site)?;
    let from = booking::place(pass.ctx, &asked.from.name, site)?;
    (to.key() != from.key()).then_some(to)
}

/// Books every environment of the system with the receiving agency, all or none. The giving agency's bookings stand until
/// the system has passed: twice for a moment, never nowhere.
async fn book(pass: &Pass<'_>, tenant: &Tenant) -> Result<Option<String>> {
    let Some(place) = receiver(pass, tenant) else { return Ok(None) };
    let environments = environments(pass, tenant);
    let wish = |e: &'_ Arc<Environment>| {
        Some((e.name_any(), grant::to_book(&e.spec, pass.ctx.today())?, e.spec.basis.onboarding_ref.clone()))
    };
    let wanted: Vec<_> = environments.iter().filter_map(wish).collect();
    let ledger = place.ledger();
    let new = wanted.iter().filter(|(name, ..)| ledger.find(HolderKind::Environment, name).is_none());
    let more = new.map(|(_, amounts, _)| *amounts).fold(Amounts::default(), Amounts::plus);
    if !queue::has_turn(pass, &place, more) {
        return Ok(Some("Not enough is left with the receiving agency, or earlier requests wait for it.".into()));
    }
    // Under the paper that gave each of them: on that it stands, whoever owns it.
    let wishes = wanted.iter().map(|(name, amounts, paper)| Wish {
        kind: HolderKind::Environment,
        name,
        amounts: *amounts,
        paper: paper.clone(),
    });
    let lacking = booking::take_all(pass.ctx, &place, &wishes.collect::<Vec<_>>()).await?;
    Ok(lacking.map(|resource| format!("Not enough {resource} is left with the receiving agency.")))
}

/// Whether something is booked for a change of owner that has not come yet.
pub fn is_booked(pass: &Pass) -> bool {
    let Some(tenant) = tenant(pass) else { return false };
    let Some(place) = receiver(pass, &tenant) else { return false };
    let ledger = place.ledger();
    environments(pass, &tenant).iter().any(|e| ledger.find(HolderKind::Environment, &e.name_any()).is_some())
}

/// What was booked for a change of owner that will not come goes back.
pub async fn give_up(pass: &Pass<'_>) -> Result<()> {
    let (Some(asked), Some(tenant)) = (&pass.onboarding.spec.transfer, tenant(pass)) else { return Ok(()) };
    let owns = tenant.spec.agency_ref == asked.to;
    let Some(place) = receiver(pass, &tenant).filter(|_| !owns && transfer::gives(asked, &pass.agency)) else {
        return Ok(());
    };
    // What was removed since it was booked goes back, too.
    let plate = tenant.name_any();
    let names: Vec<String> = system::environments(&pass.register, &plate).map(|e| e.name_any()).collect();
    booking::drop_all(pass.ctx, &place, &names).await
}

/// Says that headroom is missing; once.
pub async fn waits(pass: &mut Pass<'_>, message: String) -> Result<Action> {
    let told = pass.onboarding.status.as_ref().and_then(|s| condition::get(&s.conditions, ConditionType::Booked));
    if told.is_none_or(|c| c.reason != Reason::NoHeadroom.as_str()) || pass.is(ConditionType::Stalled) {
        pass.event(&Event::NoHeadroom { message }, None).await?;
    }
    Ok(Action::await_change())
}

/// Says once whose paper a change of owner lacks.
pub async fn awaits_other(pass: &mut Pass<'_>) -> Result<Action> {
    let Some(asked) = pass.onboarding.spec.transfer.clone() else { return Ok(Action::await_change()) };
    let others = observe::transfers(pass.ctx, &pass.onboarding);
    if transfer::counterpart(&pass.onboarding, &others).is_some() {
        return Ok(Action::await_change());
    }
    let other = transfer::other(&asked, &pass.agency);
    let message = match others.is_empty() {
        true => format!("Waiting for the paper of {other} with the same words: `Transfer` of the same system."),
        false => format!("Waiting for the decision on the paper of {other} for the same change of owner."),
    };
    let conditions = pass.onboarding.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
    let told = condition::get(conditions, ConditionType::Ready).is_some_and(|c| c.message == message);
    if !told {
        pass.event(&Event::AwaitsOther { message }, None).await?;
    }
    Ok(Action::await_change())
}
