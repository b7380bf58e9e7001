//! Who is told: the agency's contacts by duty, the offices of the province, webhooks. Nobody twice.

use std::collections::BTreeSet;

use berth_crds::agency::Duty;
use berth_crds::notice::{Capacity, Channel, Language, MAX_RECIPIENTS, Occasion, Recipient};
use berth_crds::{Onboarding, names};
use kube::ResourceExt;

use super::{Address, Rules, World};
use crate::checks::is_official;
use crate::dossier::holder::Holder;

/// What recipients are chosen by.
pub struct Told<'a> {
    /// What the province said.
    pub rules: &'a Rules,
    /// Agency that is told.
    pub agency: &'a str,
    /// What is told.
    pub occasion: Occasion,
}

/// Recipients of a notice about a request.
pub fn of_onboarding(world: &World, told: &Told, paper: &Onboarding) -> Vec<Recipient> {
    // The contact of a form speaks for the agency that sent it, not for a later owner.
    let theirs = names::agency_of_namespace(&paper.namespace().unwrap_or_default()) == Some(told.agency);
    let form = paper.spec.form.as_ref().filter(|_| theirs);
    let contact = form.and_then(|f| f.contact.as_ref()).filter(|c| is_official(&c.email));
    let own = contact.map(|c| Address { name: c.name.clone(), email: c.email.clone(), language: Language::Vi });
    let holder = paper.status.as_ref().and_then(|s| s.summary.as_ref()).map(|s| s.holder.as_str()).unwrap_or_default();
    let governing = world.register.tenant_of(&paper.spec).and_then(|plate| {
        let tenant = world.register.tenants.get(&plate)?;
        Some(tenant.spec.governing_bodies.last()?.agency_ref.name.clone())
    });
    let asked = paper.spec.system.as_ref().map(|s| s.governing_body_ref.name.clone());
    let bodies = Bodies { agency: told.agency, governing: asked.or(governing), own };
    gather(world, told, &bodies, holder)
}

/// Recipients of a notice about an opening.
pub fn of_connection(world: &World, told: &Told) -> Vec<Recipient> {
    gather(world, told, &Bodies { agency: told.agency, governing: None, own: None }, "")
}

/// The bodies that a paper concerns.
struct Bodies<'a> {
    agency: &'a str,
    governing: Option<String>,
    own: Option<Address>,
}

fn gather(world: &World, told: &Told, bodies: &Bodies, holder: &str) -> Vec<Recipient> {
    let mut all = Vec::new();
    if told.rules.mail {
        for capacity in told.occasion.row().to {
            let addresses = addresses(world, told.rules, *capacity, bodies, holder);
            all.extend(addresses.into_iter().map(|a| Recipient {
                channel: Channel::Mail,
                to: a.email,
                capacity: *capacity,
                language: a.language,
                name: Some(a.name),
            }));
        }
    }
    let asks = |hook: &&super::Hook| {
        let agency = hook.agencies.is_empty() || hook.agencies.iter().any(|a| a == told.agency);
        agency && (hook.occasions.is_empty() || hook.occasions.contains(&told.occasion))
    };
    all.extend(told.rules.webhooks.iter().filter(asks).map(|hook| Recipient {
        channel: Channel::Webhook,
        to: hook.name.clone(),
        capacity: Capacity::System,
        ..Recipient::default()
    }));
    let mut seen = BTreeSet::new();
    all.retain(|r| seen.insert((r.channel, r.to.to_lowercase())));
    all.truncate(MAX_RECIPIENTS);
    all
}

fn addresses(world: &World, rules: &Rules, capacity: Capacity, bodies: &Bodies, holder: &str) -> Vec<Address> {
    let duty = if capacity == Capacity::Superior { Duty::Superior } else { Duty::Dossiers };
    match capacity {
        Capacity::Agency => of_agency(world, bodies.agency, duty).into_iter().chain(bodies.own.clone()).collect(),
        Capacity::Holder | Capacity::Superior => {
            let each = holder.split(", ").filter_map(|key| Holder::ALL.iter().find(|h| h.key() == key));
            each.flat_map(|h| of_holder(world, rules, *h, duty, bodies)).collect()
        }
        Capacity::System => Vec::new(),
    }
}

/// Agencies name their own people; offices of the province are named in the chart's values.
fn of_holder(world: &World, rules: &Rules, holder: Holder, duty: Duty, bodies: &Bodies) -> Vec<Address> {
    let office = || {
        let office = rules.offices.get(holder.key());
        office
            .map(|o| if duty == Duty::Superior { o.superiors.clone() } else { o.contacts.clone() })
            .unwrap_or_default()
    };
    match (holder, &bodies.governing) {
        (Holder::Requester, _) => of_agency(world, bodies.agency, duty),
        (Holder::GoverningBody, Some(body)) => [of_agency(world, body, duty), office()].concat(),
        _ => office(),
    }
}

fn of_agency(world: &World, agency: &str, duty: Duty) -> Vec<Address> {
    let contacts = world.register.agencies.get(agency).map(|a| a.spec.contacts.as_slice()).unwrap_or_default();
    let due = contacts.iter().filter(|c| c.duty == duty);
    due.map(|c| Address { name: c.name.clone(), email: c.email.clone(), language: c.language }).collect()
}
