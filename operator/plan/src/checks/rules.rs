//! Checks against the rule set and the site.

use berth_crds::onboarding::{CheckResult, Verdict};
use berth_crds::profile::{Hosting, LevelHint, LevelRule};
use berth_crds::{EnvironmentClass, Reason};

use super::{LAW, Subject, asked_level, gather, number, passed, result, site};
use crate::act;
use crate::amounts::Amounts;

/// The agency exists on the day of submission.
pub fn in_force(s: &Subject) -> CheckResult {
    if s.register.in_force(s.agency, s.day) {
        return passed("agency", format!("{} is in force.", s.register.title(s.agency, s.day)));
    }
    let Some(agency) = s.register.agencies.get(s.agency) else {
        return result(
            "agency",
            Verdict::Failed,
            Reason::MissingReference,
            format!("The agency {:?} does not exist.", s.agency),
        );
    };
    let until = agency.spec.in_force.to.as_deref().unwrap_or("an unknown day");
    let successors: Vec<String> = s
        .register
        .successors(s.agency, s.day)
        .iter()
        .map(|id| format!("{} ({id})", s.register.title(id, s.day)))
        .collect();
    let next = if successors.is_empty() {
        "no successor is recorded".into()
    } else {
        format!("its successor asks: {}", successors.join(", "))
    };
    let message = format!("{} ({}) was in force until {until}; {next}.", s.register.title(s.agency, s.day), s.agency);
    result("agency", Verdict::Refused, Reason::NotInForce, message)
}

/// Kinds of data and levels that may not be hosted.
pub fn law(s: &Subject) -> CheckResult {
    let spec = &s.onboarding.spec;
    let asked = spec.system.as_ref().map(|system| ("system", system.level));
    let asked = asked.or(spec.level.as_ref().map(|asked| ("level", asked.level)));
    let Some((part, level)) = asked else { return passed(LAW, "No kind of data is declared anew.") };
    let kinds = spec.system.as_ref().map(|system| system.data_kinds.as_slice()).unwrap_or_default();
    let refused = s.profile.spec.refused_data.iter().find(|r| kinds.contains(&r.kind));
    if let Some(rule) = refused {
        let message = format!(
            "`spec.system.dataKinds` holds {:?}, which may not be hosted here: {}.",
            rule.kind, rule.legal_basis
        );
        return result(LAW, Verdict::Refused, Reason::RefusedByLaw, message);
    }
    match level_rule(s, level) {
        Some(rule) if rule.hosting == Hosting::Refused => {
            let message = format!(
                "`spec.{part}.level` is {level}, which shared infrastructure may not host: {}.",
                rule.legal_basis
            );
            result(LAW, Verdict::Refused, Reason::RefusedByLaw, message)
        }
        _ => passed(LAW, "No rule refuses these kinds of data at this level."),
    }
}

/// The site reaches the level.
pub fn level(s: &Subject) -> CheckResult {
    if act::of(s.onboarding.spec.action).is_some() && s.onboarding.spec.level.is_none() {
        return passed("level", "The level does not change.");
    }
    let Some((level, site)) = asked_level(s).zip(site(s)) else {
        return passed("level", "The level does not change.");
    };
    let highest = site.spec.highest_level;
    let capable = level_rule(s, level).is_some_and(|r| r.hosting != Hosting::CapableSite) || level <= highest;
    if capable {
        return passed("level", format!("Level {level} may be hosted on this site."));
    }
    let refused = level_rule(s, level).is_some_and(|r| r.hosting == Hosting::Refused);
    let message =
        format!("Level {level} is above {highest}, the highest level of the site; {}.", capable_sites(s, level));
    // The law's own refusal says more than the site's limit.
    if refused { passed("level", message) } else { result("level", Verdict::Refused, Reason::RefusedByLaw, message) }
}

/// Where a level could be hosted instead.
fn capable_sites(s: &Subject, level: i64) -> String {
    let capable: Vec<&str> =
        s.register.sites.iter().filter(|(_, site)| site.spec.highest_level >= level).map(|(n, _)| n.as_str()).collect();
    match capable.as_slice() {
        [] => "no site declares that level, so ask the platform operator for one, or have the level appraised again"
            .into(),
        sites => format!("ask for placement on {}", sites.join(" or ")),
    }
}

/// The level is at least what kinds of data and number of people suggest; the rule set says what they suggest.
pub fn plausible(s: &Subject) -> CheckResult {
    let Some(system) = &s.onboarding.spec.system else {
        return passed("plausible", "No level is proposed anew.");
    };
    let fits = |hint: &&LevelHint| {
        let enough = hint.at_least.is_none_or(|band| system.data_subjects.is_some_and(|subjects| subjects >= band));
        system.data_kinds.contains(&hint.data_kind) && enough
    };
    let highest = s.profile.spec.level_hints.iter().filter(fits).max_by_key(|hint| hint.level);
    let Some(hint) = highest else { return passed("plausible", "The rule set proposes no level for these data.") };
    let numbers = vec![number("proposed.level", hint.level), number("asked.level", system.level)];
    if system.level >= hint.level {
        return CheckResult { numbers, ..passed("plausible", format!("These data suggest level {}.", hint.level)) };
    }
    let message = format!(
        "`spec.system.level` is {}, but {:?} data of this many people suggest level {}: {}.",
        system.level, hint.data_kind, hint.level, hint.legal_basis
    );
    CheckResult { numbers, ..result("plausible", Verdict::Warning, Reason::LevelLow, message) }
}

/// The site runs the class, and the size fits it.
pub fn class(s: &Subject) -> CheckResult {
    let Some(environment) = &s.onboarding.spec.environment else {
        return passed("class", "No class is asked for.");
    };
    let name = &environment.class_ref.name;
    let Some((class, site)) = s.register.classes.get(name).zip(site(s)) else {
        return passed("class", "The class is judged once it is known.");
    };
    let mut defects = Vec::new();
    if !site.spec.runtimes.contains(&class.spec.runtime) {
        defects.push(format!(
            "`spec.environment.classRef.name` {name:?} runs {:?}, which the site does not offer; choose another class.",
            class.spec.runtime
        ));
    }
    defects.extend(too_large(s, name, class));
    gather("class", Reason::CheckFailed, defects, "The site offers the class and the size fits it.")
}

fn too_large(s: &Subject, name: &str, class: &EnvironmentClass) -> Option<String> {
    let quota = s.onboarding.spec.environment.as_ref()?.quota.as_ref()?;
    let (asked, most) = (Amounts::parse(quota).ok()?, Amounts::parse(&class.spec.resources).ok()?);
    let over = asked.each().into_iter().zip(most.each()).find(|((_, a), (_, m))| a > m)?.0.0;
    Some(format!(
        "`spec.environment.quota.{over}` is more than class {name:?} has; ask for less or for a larger class."
    ))
}

/// The rule of a level.
pub fn level_rule<'a>(s: &'a Subject, level: i64) -> Option<&'a LevelRule> {
    s.profile.spec.levels.iter().find(|r| r.level == level)
}
