//! Checks of what the request says and names.

use std::collections::BTreeSet;

use berth_crds::environment::{AdoptionWish, EnvironmentKind, Zone};
use berth_crds::onboarding::{Action, CheckResult, EnvironmentRequest};
use berth_crds::tenant::LevelStatus;
use berth_crds::{Environment, Reason};

use super::{Subject, gather, site};
use crate::act::{self, Part};
use crate::amounts::Amounts;
use crate::dossier::difference;
use crate::fulfil::made_by;
use crate::{adoption, day, grant, life, text};

/// Everything is there and well written; all defects at once.
pub fn complete(s: &Subject) -> CheckResult {
    let spec = &s.onboarding.spec;
    let mut defects = Vec::new();
    let mut check = |field: &str, value: &str, max, lines| {
        if let Some(defect) = text::defect(value, max, lines) {
            defects.push(format!("`{field}` {defect}."));
        }
    };
    check("spec.justification", &spec.justification, 4000, true);
    if let Some(system) = &spec.system {
        check("spec.system.displayName", &system.display_name, 300, false);
    }
    if let Some(unit) = &spec.on_behalf_of {
        check("spec.onBehalfOf", unit, 253, false);
    }
    if let Some(letter) = &spec.letter {
        check("spec.letter.number", &letter.number, 100, false);
        check("spec.letter.issuer", &letter.issuer, 300, false);
        check("spec.letter.signer", &letter.signer, 200, false);
        if let Some(capacity) = &letter.capacity {
            check("spec.letter.capacity", capacity, 200, false);
        }
        if day::parse(&letter.date).is_none_or(|d| d > s.day) {
            defects.push(format!("`spec.letter.date` is {:?}; give a date that is not in the future.", letter.date));
        }
    }
    defects.extend(missing_parts(s));
    defects.extend(spec.environment.iter().flat_map(|environment| environment_defects(s, environment)));
    defects.extend(act::of(spec.action).map(|act| act.defects(s)).unwrap_or_default());
    gather("complete", Reason::InvalidSpec, defects, "The request is complete.")
}

/// What is wrong with the environment that is asked for, by itself.
fn environment_defects(s: &Subject, environment: &EnvironmentRequest) -> Vec<String> {
    let action = s.onboarding.spec.action;
    let (change, made) = (action == Action::Change, matches!(action, Action::New | Action::AddEnvironment));
    let past = |text: &String| day::parse(text).is_none_or(|last| last <= s.day);
    let end = match &environment.end_date {
        Some(_) if change => Some("is not changed by action Change; leave it out, and ask for `Extend`".to_owned()),
        Some(end) if past(end) => Some(format!("is {end:?}; give a date after {}", s.day)),
        // Data of the form, field 15: all but production end.
        None if made && environment.kind != EnvironmentKind::Prod => {
            Some(format!("is missing; an environment of kind {:?} ends: give its last day", environment.kind))
        }
        _ => None,
    };
    let mut defects: Vec<String> = end.map(|what| format!("`spec.environment.endDate` {what}.")).into_iter().collect();
    if let Some(until) = environment.until.as_ref().filter(|until| past(until)) {
        defects.push(format!("`spec.environment.until` is {until:?}; give a last day after {}.", s.day));
    }
    if environment.until.is_some() && !change {
        defects.push("`spec.environment.until` is of action Change only; leave it out.".into());
    }
    if let Some(quota) = &environment.quota {
        defects.extend(amounts_defects(quota));
    }
    if change && !environment.adopt.is_empty() {
        defects.push("`spec.environment.adopt` is of actions New and AddEnvironment only; leave it out.".into());
    } else {
        defects.extend(adoption_defects(s, &environment.adopt));
    }
    defects
}

/// What is to be taken over: a namespace for every zone of the level, each named once, none of the system's or ours.
fn adoption_defects(s: &Subject, adopt: &[AdoptionWish]) -> Vec<String> {
    if adopt.is_empty() {
        return Vec::new();
    }
    let mut defects = Vec::new();
    for wish in adopt.iter().filter(|wish| adoption::is_kept(&wish.name)) {
        defects.push(format!("`spec.environment.adopt` names {:?}, which is the system's or Berth's own.", wish.name));
    }
    let names: BTreeSet<&str> = adopt.iter().map(|wish| wish.name.as_str()).collect();
    if names.len() != adopt.len() {
        defects.push("`spec.environment.adopt` names a namespace twice; name each once.".into());
    }
    let level = super::asked_level(s);
    let rule = s.profile.spec.levels.iter().find(|rule| Some(rule.level) == level);
    let zones: BTreeSet<Option<Zone>> = rule.iter().flat_map(|rule| &rule.zones).map(|z| Some(z.zone)).collect();
    let zones = if zones.is_empty() { BTreeSet::from([None]) } else { zones };
    let named: BTreeSet<Option<Zone>> = adopt.iter().map(|wish| wish.zone).collect();
    if rule.is_some() && (named != zones || named.len() != adopt.len()) {
        let needed = zones.iter().map(|z| z.map_or("none", Zone::as_str)).collect::<Vec<_>>().join(", ");
        defects.push(format!(
            "`spec.environment.adopt` must name one namespace for every zone of the level, and no other; the zones are: {needed}."
        ));
    }
    defects
}

/// What an action cannot do without, and a level that is none. CEL says the same; a paper may be older than its rule.
fn missing_parts(s: &Subject) -> Vec<String> {
    let spec = &s.onboarding.spec;
    let parts = act::parts(spec.action);
    let missing = parts.needs.iter().filter(|part| !part.given(spec)).map(|part| part.fields().0);
    let mut defects: Vec<String> =
        missing.map(|field| format!("`spec.{field}` is missing; action {:?} needs it.", spec.action)).collect();
    let strangers = Part::ALL.iter().filter(|part| parts.is_stranger(**part) && part.given(spec));
    defects.extend(
        strangers
            .map(|part| format!("`spec.{}` is not used by action {:?}; leave it out.", part.fields().0, spec.action)),
    );
    let level = spec.system.as_ref().map(|system| system.level).filter(|level| !(1..=5).contains(level));
    defects.extend(level.map(|level| format!("`spec.system.level` is {level}; give a level from 1 to 5.")));
    defects
}

fn amounts_defects(quota: &berth_crds::common::Resources) -> Vec<String> {
    match Amounts::parse(quota) {
        Err(bad) => vec![format!("`spec.environment.quota`: {bad}.")],
        Ok(amounts) => {
            let needed = [("cpu", amounts.cpu_milli), ("memory", amounts.memory), ("storage", amounts.storage)];
            let empty = needed.iter().filter(|(_, n)| *n == 0);
            empty.map(|(name, _)| format!("`spec.environment.quota.{name}` is 0; ask for more than nothing.")).collect()
        }
    }
}

/// Class, bodies, site, tenant and environment exist.
pub fn references(s: &Subject) -> CheckResult {
    let spec = &s.onboarding.spec;
    let mut missing = Vec::new();
    let mut need = |field: &str, kind: &str, name: &str, there: bool| {
        if !there {
            missing.push(format!(
                "`{field}` names the {kind} {name:?}, which does not exist; correct the name, or have the {kind} registered: the request is then checked again."
            ));
        }
    };
    if let Some(environment) = &spec.environment {
        let name = &environment.class_ref.name;
        need("spec.environment.classRef.name", "class", name, s.register.classes.contains_key(name));
    }
    if let Some(system) = &spec.system {
        for (field, body) in [("governingBodyRef", &system.governing_body_ref), ("operatorRef", &system.operator_ref)] {
            let there = s.register.agencies.contains_key(&body.name);
            need(&format!("spec.system.{field}.name"), "agency", &body.name, there);
        }
    }
    if let Some(tenant) = &spec.tenant_ref {
        need("spec.tenantRef.name", "tenant", &tenant.name, s.register.tenants.contains_key(&tenant.name));
    }
    if let Some(transfer) = &spec.transfer {
        for (field, body) in [("from", &transfer.from), ("to", &transfer.to)] {
            let there = s.register.agencies.contains_key(&body.name);
            need(&format!("spec.transfer.{field}.name"), "agency", &body.name, there);
        }
    }
    // An environment whose system the register does not have is nobody's: whoever asks for it does not own it.
    let plate = s.register.tenant_of(spec).filter(|_| spec.environment_ref.is_some());
    if let Some(plate) = plate.filter(|plate| !s.register.tenants.contains_key(plate)) {
        missing.push(format!(
            "`spec.environmentRef.name` names an environment of the system {plate:?}, which does not exist; have it registered: the request is then checked again."
        ));
    }
    if s.register.agencies.contains_key(s.agency) && site(s).is_none() {
        let message =
            "No site hosts the request: set `spec.siteRef` of the Agency, or have its system's site registered.";
        missing.push(message.into());
    }
    gather("references", Reason::MissingReference, missing, "Everything that the request names exists.")
}

/// The system belongs to the agency in whose namespace the paper lies.
pub fn ownership(s: &Subject) -> CheckResult {
    let owner = s
        .register
        .tenant_of(&s.onboarding.spec)
        .and_then(|t| s.register.tenants.get(&t))
        .map(|t| &t.spec.agency_ref.name);
    let defects = match owner {
        // Whose it is instead is not the asking agency's to know.
        // The receiving agency asks for what it does not own yet, from the agency that does.
        Some(owner) if receives(s, owner) => vec![],
        Some(owner) if owner != s.agency => {
            vec![format!("The system belongs to another body, not to {:?}; its owner must ask.", s.agency)]
        }
        _ => vec![],
    };
    gather("ownership", Reason::NotActingForAgency, defects, "The system is this agency's.")
}

/// Whether the paper is the receiving agency's of a change of owner, and the agency that it names owns the system.
fn receives(s: &Subject, owner: &str) -> bool {
    let asked = s.onboarding.spec.transfer.as_ref();
    asked.is_some_and(|asked| asked.from.name == owner && asked.to.name == s.agency)
}

/// Why a code cannot be registered again; the plate is told to its owner only.
pub fn code_taken(code: &str, plate: &str, own: bool) -> String {
    if own {
        format!(
            "`spec.system.code` {code:?} is the tenant {plate:?} already; ask for `AddEnvironment` with `tenantRef` {plate:?}."
        )
    } else {
        format!("`spec.system.code` {code:?} is a system of another body already; its owner must ask.")
    }
}

/// One system per code, one environment per kind.
pub fn unique(s: &Subject) -> CheckResult {
    let spec = &s.onboarding.spec;
    let uid = s.onboarding.metadata.uid.as_deref();
    let mut defects = Vec::new();
    if let (Action::New, Some(system)) = (spec.action, &spec.system) {
        // What an inventory brought is no second system: the request takes it up.
        let taken_up = s.register.taken_up(spec, s.agency);
        defects.extend(taken_up.as_ref().and_then(|plate| approved_level(&s.register.tenants[plate], system.level)));
        let other = s.register.other_of_code(spec, s.agency, uid);
        defects.extend(other.map(|(plate, t)| code_taken(&system.code, plate, t.spec.agency_ref.name == s.agency)));
    }
    if let (Action::AddEnvironment, Some(tenant), Some(environment)) =
        (spec.action, &spec.tenant_ref, &spec.environment)
    {
        let name = berth_crds::names::environment(&tenant.name, environment.kind.suffix());
        if s.register.environments.get(&name).is_some_and(|e| !made_by(&e.spec.basis, uid) && !life::is_removed(e)) {
            defects.push(format!("The environment {name:?} exists already; ask for `Change` to resize it."));
        }
    }
    gather("unique", Reason::AlreadyExists, defects, "Nothing like it exists yet.")
}

/// A level that was approved is changed by its own act alone.
fn approved_level(tenant: &berth_crds::Tenant, asked: i64) -> Option<String> {
    let approved = tenant.spec.levels.last().filter(|record| record.status == LevelStatus::Approved)?;
    (approved.level != asked).then(|| {
        format!(
            "`spec.system.level` is {asked}, and level {} of this system is approved: ask with that level, or for `RecordLevel` first.",
            approved.level
        )
    })
}

/// A change was written against what is in force.
pub fn current(s: &Subject) -> CheckResult {
    let spec = &s.onboarding.spec;
    let fine = "The request was written against what is in force.";
    if let Some(act) = act::of(spec.action) {
        return gather("current", Reason::InvalidSpec, act.unfit(s), fine);
    }
    let (Action::Change, Some(reference)) = (spec.action, &spec.environment_ref) else {
        return gather("current", Reason::Done, vec![], fine);
    };
    let uid = s.onboarding.metadata.uid.as_deref();
    let defect = match s.register.environments.get(&reference.name) {
        None => Some(format!("`spec.environmentRef.name` names {:?}, which does not exist.", reference.name)),
        Some(e) if e.spec.basis.onboarding_ref.as_ref().map(|r| r.uid.as_str()) == uid => None,
        Some(e) if e.metadata.uid.as_deref() != Some(&reference.uid) => {
            Some(format!("`spec.environmentRef.uid` is not the UID of {:?}; read it again.", reference.name))
        }
        Some(e) => stale_revision(s, e),
    };
    gather("current", Reason::InvalidSpec, defect.into_iter().collect(), fine)
}

fn stale_revision(s: &Subject, environment: &Environment) -> Option<String> {
    let (asked, now) = (s.onboarding.spec.revision.unwrap_or(0), environment.spec.basis.revision.unwrap_or(0));
    let environment_asked = s.onboarding.spec.environment.as_ref();
    let kind = environment_asked.map(|e| e.kind);
    if asked != now {
        return Some(format!("`spec.revision` is {asked}, the environment is at {now}; read it again and ask anew."));
    }
    if let Some(stopped) = life::no_growth(environment, s.day) {
        return Some(stopped);
    }
    let for_a_while = environment_asked.is_some_and(|asked| asked.until.is_some());
    let raised = difference::asked(&s.onboarding.spec, s.register).filter(|_| for_a_while);
    if let Some(no_raise) = raised.and_then(|asked| grant::no_raise(&environment.spec, &asked)) {
        return Some(no_raise);
    }
    (kind != Some(environment.spec.kind)).then(|| {
        format!(
            "`spec.environment.kind` must be {:?}, the kind of the environment that is changed.",
            environment.spec.kind
        )
    })
}
