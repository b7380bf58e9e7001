//! Checks against what is left: addresses, headroom, and whether the automatic rule would decide.

use berth_crds::common::HolderKind;
use berth_crds::onboarding::{Action, CheckNumber, CheckResult, Verdict};
use berth_crds::{Reason, names};
use kube::ResourceExt;

use super::{HEADROOM, Subject, asked_level, number, passed, result, site};
use crate::address;
use crate::amounts::Amounts;
use crate::booking::{Booked, Ledger, Wish, book, waiting};
use crate::dossier::difference;

/// A wished prefix is free and lies in the agency's block; a known system has its prefix.
pub fn addresses(s: &Subject) -> CheckResult {
    let spec = &s.onboarding.spec;
    if let Some(tenant) = s.register.tenant_of(spec).and_then(|t| s.register.tenants.get(&t)) {
        let prefix = tenant.status.as_ref().and_then(|status| status.prefix.clone());
        return match prefix {
            Some(prefix) => passed("addresses", format!("The environment is numbered from {prefix}.")),
            None => passed("addresses", "The environment is numbered once its system has a prefix."),
        };
    }
    let wish = spec.environment.as_ref().and_then(|e| e.requested_prefix.as_deref());
    let Some(wish) = wish else { return passed("addresses", "A free prefix is chosen.") };
    let Some(net) = address::parse(wish) else {
        return warned(format!("`spec.environment.requestedPrefix` {wish:?} is no prefix; another one is chosen."));
    };
    let prefix_of = |text: &Option<String>| text.as_deref().and_then(address::parse);
    let taken = s.register.tenants.iter().find(|(_, tenant)| {
        let theirs = tenant.status.as_ref().and_then(|status| prefix_of(&status.prefix));
        theirs.is_some_and(|theirs| theirs.contains(&net) || net.contains(&theirs))
    });
    if taken.is_some() {
        return warned(format!("`spec.environment.requestedPrefix` {wish:?} is taken; another one is chosen."));
    }
    let agency = s.register.agencies.get(s.agency).and_then(|a| a.status.as_ref());
    let blocks = agency.iter().flat_map(|status| status.prefix.iter().chain(&status.further_prefixes));
    let blocks: Vec<_> = blocks.filter_map(|text| address::parse(text)).collect();
    match blocks.first() {
        Some(block) if !blocks.iter().any(|block| block.contains(&net)) => warned(format!(
            "`spec.environment.requestedPrefix` {wish:?} is not in {block}, the agency's block; another one is chosen."
        )),
        _ => passed("addresses", format!("The wished prefix {wish} is free.")),
    }
}

fn warned(message: String) -> CheckResult {
    result("addresses", Verdict::Warning, Reason::InvalidSpec, message)
}

/// What would be booked, where, and what is left there.
struct Room {
    ledger: Ledger,
    /// Name of the agency with a budget, when that is where it books.
    budget: Option<String>,
    environment: String,
    asked: Amounts,
    /// What is asked beyond what the environment has.
    more: Amounts,
}

fn room(s: &Subject) -> Option<Room> {
    let spec = &s.onboarding.spec;
    let tenant = s.register.tenant_of(spec);
    let agency = s.register.agencies.get(s.agency)?;
    let of_site = Ledger::of_site(site(s)?);
    let nothing = Ledger { limit: Amounts::default(), booked: vec![] };
    let (ledger, budget) = match agency.spec.budget {
        Some(_) => (Ledger::of_agency(agency, &of_site).unwrap_or(nothing), Some(agency.name_any())),
        None => (of_site, None),
    };
    let asked = Amounts::parse(&difference::asked(spec, s.register)?.quota).ok()?;
    let environment = match (spec.action, tenant) {
        (Action::Change, _) => spec.environment_ref.as_ref()?.name.clone(),
        (_, Some(tenant)) => names::environment(&tenant, spec.environment.as_ref()?.kind.suffix()),
        // A new system has no plate before it is approved; nothing is booked under this name.
        (_, None) => s.onboarding.name_any(),
    };
    let held = ledger.find(HolderKind::Environment, &environment);
    let held = held.and_then(|b| Amounts::parse(&b.resources).ok()).unwrap_or_default();
    Some(Room { more: asked.minus(held), ledger, budget, environment, asked })
}

/// What is asked fits into what is left; otherwise the place in the queue.
pub fn headroom(s: &Subject) -> CheckResult {
    let Some(room) = room(s) else { return passed(HEADROOM, "Nothing is booked by this request.") };
    let (left, limit) = (room.ledger.headroom(), room.ledger.limit);
    let mut numbers = [amounts("asked", room.asked), amounts("left", left), amounts("limit", limit)].concat();
    if room.asked.fits(limit) && room.more.fits(left) {
        return CheckResult { numbers, ..passed(HEADROOM, "What is asked is there.") };
    }
    let of = room.budget.as_ref().map_or("the site".to_owned(), |agency| format!("the budget of {agency}"));
    let message = if room.asked.fits(limit) {
        format!("Not all that is asked is left in {of}: once approved, the request waits in the queue.")
    } else {
        format!(
            "More is asked than {of} holds at all: it waits until that grows; ask for less, or for a larger budget."
        )
    };
    // The queue of a budget is the agency's own; that of a site holds requests that the agency may not see.
    if room.budget.is_some() {
        let before = s.papers.iter().filter(|p| p.uid() != s.onboarding.uid() && waiting(p).is_some()).count();
        numbers.push(number("queue.place", before + 1));
    }
    CheckResult { numbers, ..result(HEADROOM, Verdict::Warning, Reason::NoHeadroom, message) }
}

fn amounts(name: &str, amounts: Amounts) -> Vec<CheckNumber> {
    let written = amounts.to_resources();
    let each = [("cpu", written.cpu), ("memory", written.memory), ("storage", written.storage)];
    each.into_iter().map(|(unit, value)| number(&format!("{name}.{unit}"), value)).collect()
}

/// Whether the request would be approved automatically and because of what, or which test of the rule it fails.
pub fn automatic(s: &Subject) -> CheckResult {
    match covered(s) {
        Ok(because) => {
            let message = format!("It would be approved automatically, because: {because}.");
            result("automatic", Verdict::Passed, Reason::Automatic, message)
        }
        Err(test) => result("automatic", Verdict::Passed, Reason::NotAutomatic, format!("People decide: {test}.")),
    }
}

/// Rule and numbers when the automatic rule covers a request; the first test that it fails otherwise.
pub fn covered(s: &Subject) -> Result<String, String> {
    let rule = s.profile.spec.automatic.as_ref().ok_or("the rule set has no automatic rule")?;
    let (name, spec) = (&rule.name, &s.onboarding.spec);
    if !rule.actions.contains(&spec.action) {
        return Err(format!("rule {name:?} does not cover action {:?}", spec.action));
    }
    let asked = spec.environment.as_ref().ok_or("no environment is asked for")?;
    if asked.ipv4_only.is_some() {
        return Err("people grant an exception for IPv4 only".into());
    }
    let level = asked_level(s).ok_or("the level of the system is not known")?;
    if level > rule.highest_level {
        return Err(format!("rule {name:?} covers levels up to {}, the system has {level}", rule.highest_level));
    }
    let class = &asked.class_ref.name;
    if !rule.classes.contains(&asked.class_ref) {
        return Err(format!("rule {name:?} does not cover class {class:?}"));
    }
    let room = room(s).ok_or("what it asks for cannot be counted")?;
    let agency = room.budget.as_ref().ok_or(format!("{} has no budget of its own", s.agency))?;
    let wish = Wish { kind: HolderKind::Environment, name: &room.environment, amounts: room.asked, paper: None };
    if let Booked::NoHeadroom { resource, .. } = book(&room.ledger, &wish) {
        return Err(format!("the budget of {agency} has not enough {resource} left"));
    }
    let (used, limit) = (room.ledger.used().to_resources(), room.ledger.limit.to_resources());
    Ok(format!(
        "Rule {name:?} covers it: level {level}, class {class:?}; the budget of {agency} has {} of {} CPU and {} of {} memory booked",
        used.cpu, limit.cpu, used.memory, limit.memory
    ))
}
