//! Who stands before whom for the same headroom.

use berth_crds::common::HolderKind;
use berth_crds::{ConditionType, Onboarding, condition, names};
use berth_plan::admit::paper;
use berth_plan::amounts::Amounts;
use berth_plan::booking::{Booked, Ledger, Wish, in_turn, waiting};
use berth_plan::fulfil::{self, Way};
use berth_plan::register::Register;
use kube::ResourceExt;

use super::Pass;
use crate::booking::{self, Place};
use crate::context::Context;
use crate::error::Result;
use crate::observe;

/// The way of an approved request that books at `place` for the environment `name`.
pub fn way(ctx: &Context, register: &Register, onboarding: &Onboarding, place: &Place, name: &str) -> Way {
    let namespace = onboarding.namespace().unwrap_or_default();
    let ledger = place.ledger();
    fulfil::way(&fulfil::Case {
        onboarding,
        agency: names::agency_of_namespace(&namespace).unwrap_or_default(),
        environment: name,
        booking: ledger.find(HolderKind::Environment, name),
        register,
        open: &|paper| observe::is_open(ctx, paper),
        others: &[],
        today: ctx.today(),
    })
}

/// Books in turn; what lacks, when headroom cannot be booked now.
pub async fn book(pass: &Pass<'_>, amounts: Amounts, place: &Place, name: &str) -> Result<Option<String>> {
    let paper = paper(&pass.onboarding);
    let ledger = place.ledger();
    let entry = ledger.find(HolderKind::Environment, name);
    let held = entry.and_then(|b| Amounts::parse(&b.resources).ok());
    let mine = entry.is_some_and(|b| b.onboarding_ref.as_ref() == Some(&paper));
    let more = amounts.minus(held.unwrap_or_default());
    let grows = held.is_none_or(|held| !amounts.fits(held));
    if grows && !mine && !in_turn(ledger.headroom(), &before(pass, place), more) {
        return Ok(Some(lacking(&ledger, amounts, more)));
    }
    let wish = Wish { kind: HolderKind::Environment, name, amounts, paper: Some(paper) };
    Ok(match booking::take(pass.ctx, place, &wish).await? {
        Booked::NoHeadroom { resource, .. } => Some(format!("Not enough {resource} is left.")),
        Booked::Already | Booked::Write(_) => None,
    })
}

/// Whether what a change of owner takes over fits after everybody who waits for the same headroom: it waits behind them.
pub fn has_turn(pass: &Pass<'_>, place: &Place, more: Amounts) -> bool {
    let waiting = pass.ctx.caches.onboardings.all().into_iter().filter_map(|o| Some((waiting(&o)?, o)));
    let before: Vec<Amounts> = waiting.filter_map(|(_, o)| wish(pass, place, &o)).collect();
    more == Amounts::default() || in_turn(place.ledger().headroom(), &before, more)
}

/// What lacks, as a sentence that stays true while the numbers move.
fn lacking(ledger: &Ledger, asked: Amounts, more: Amounts) -> String {
    let short = |asked: Amounts, left: Amounts| {
        let found = asked.each().into_iter().zip(left.each()).find(|((_, asked), (_, left))| asked > left);
        found.map(|((resource, _), _)| resource)
    };
    if let Some(resource) = short(asked, ledger.limit) {
        return format!("More {resource} is granted than there is altogether: raise it, or ask for less.");
    }
    match short(more, ledger.headroom()) {
        Some(resource) => format!("Not enough {resource} is left."),
        None => "Earlier requests wait for the same headroom.".into(),
    }
}

/// What those want who stand before this request for the same headroom. Who cannot be served as things are (a request
/// that cannot be carried out, or one for more than there is altogether) keeps nobody waiting.
fn before(pass: &Pass, place: &Place) -> Vec<Amounts> {
    let Some(mine) = waiting(&pass.onboarding) else { return Vec::new() };
    let mut earlier: Vec<_> =
        pass.ctx.caches.onboardings.all().into_iter().filter_map(|o| Some((waiting(&o)?, o))).collect();
    earlier.retain(|(theirs, _)| *theirs < mine);
    earlier.sort_by(|(a, _), (b, _)| a.cmp(b));
    earlier.iter().filter_map(|(_, o)| wish(pass, place, o)).collect()
}

/// What a waiting request wants beyond what its environment has, if it could be served from this place.
fn wish(pass: &Pass, place: &Place, onboarding: &Onboarding) -> Option<Amounts> {
    let status = onboarding.status.as_ref()?;
    if condition::is_true(&status.conditions, ConditionType::Stalled) {
        return None;
    }
    let (name, namespace) = (&status.environment_ref.as_ref()?.name, onboarding.namespace()?);
    let agency = names::agency_of_namespace(&namespace)?;
    let site = pass.register.site_for(&onboarding.spec, agency, onboarding.uid().as_deref())?.name_any();
    let theirs = booking::place(pass.ctx, agency, &site)?;
    if theirs.key() != place.key() {
        return None;
    }
    let ledger = place.ledger();
    let held = ledger.find(HolderKind::Environment, name);
    if held.and_then(|b| b.onboarding_ref.as_ref()) == Some(&paper(onboarding)) {
        return None;
    }
    let wanted = Amounts::parse(&status.outcome.as_ref()?.granted.as_ref()?.quota).ok()?;
    let served = wanted.fits(ledger.limit) && way(pass.ctx, &pass.register, onboarding, place, name).books();
    served.then(|| wanted.minus(held.and_then(|b| Amounts::parse(&b.resources).ok()).unwrap_or_default()))
}
