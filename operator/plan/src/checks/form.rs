//! The further fields of the official form, where it is attached: all defects at once.

use std::net::IpAddr;

use berth_crds::Reason;
use berth_crds::onboarding::{CheckResult, DossierForm, PortRule};
use berth_crds::profile::DayUnit;
use jiff::civil::Date;

use super::{Subject, asked_level, gather, passed, rules};
use crate::{
    day,
    dossier::{contact, form},
};

/// Working days of notice before a public service stops (NĐ 224/2026 Đ13 [L]).
const NOTICE: i64 = 7;
/// Ends and ports that mean everything.
const ANY: [&str; 7] = ["any", "*", "all", "0.0.0.0/0", "::/0", "0-65535", "1-65535"];

/// The form is complete and says nothing that its rules forbid.
pub fn form(s: &Subject) -> CheckResult {
    let Some(asked) = &s.onboarding.spec.form else {
        return passed("form", "No form is attached: what it would say is prefilled, or in the letter.");
    };
    let mut defects = missing(s);
    defects.extend(people(asked, s.day));
    defects.extend(asked.ports.iter().enumerate().flat_map(|(i, rule)| port(i, rule, s.day)));
    defects.extend(names(asked));
    defects.extend(dates(s, asked));
    defects.extend(logs(s, asked));
    gather("form", Reason::InvalidSpec, defects, "The form is complete.")
}

fn missing(s: &Subject) -> Vec<String> {
    let asked = &s.onboarding.spec;
    let spec = serde_json::to_value(asked).unwrap_or_default();
    let kind = asked.environment.as_ref().map(|e| e.kind);
    let needed = form::mandatory(asked.action, kind).into_iter().filter_map(form::of);
    // A field that stands in several places is there when one of them is; what is on record need not stand in the paper.
    let on_record = s.register.agencies.get(s.agency).and_then(|agency| contact::on_record(agency));
    let known = |field: &form::Field| field.number == form::CONTACT && on_record.is_some();
    let absent = needed.filter(|field| !known(field) && !field.at.iter().any(|at| spec.pointer(at).is_some()));
    absent
        .map(|field| {
            let or = if field.number == form::CONTACT { ", or have it entered in the agency's register" } else { "" };
            format!("Field {} ({}) of the form is missing; give it{or}.", field.number, field.en)
        })
        .collect()
}

fn people(asked: &DossierForm, today: Date) -> Vec<String> {
    let email = asked.contact.as_ref().map(|contact| contact.email.as_str());
    let contact = email.filter(|email| !is_official(email)).map(|email| {
        format!(
            "`spec.form.contact.email` is {email:?}; give an address in an official domain (….gov.vn), with plain letters \
             only: many mail servers cannot be told one with marks, such as đ."
        )
    });
    let over = asked.contractors.iter().filter(|c| day::parse(&c.until).is_none_or(|until| until <= today));
    let contractors = over.map(|c| {
        format!("`spec.form.contractors` of {:?} is until {:?}; give a last day after {today}.", c.account, c.until)
    });
    contact.into_iter().chain(contractors).collect()
}

/// Whether an address is in an official domain, and one that every mail server can be told (RFC 6531 is an extension).
pub fn is_official(email: &str) -> bool {
    email.is_ascii() && email.split_once('@').is_some_and(|(who, at)| !who.is_empty() && at.ends_with(".gov.vn"))
}

fn port(index: usize, rule: &PortRule, today: Date) -> Vec<String> {
    let field = |part: &str| format!("`spec.form.ports[{index}].{part}`");
    let is_any = |text: &str| ANY.contains(&text.trim().to_lowercase().as_str());
    let mut defects = Vec::new();
    let ends: Vec<Option<u16>> = rule.port.split('-').map(|end| end.parse().ok().filter(|n| *n > 0)).collect();
    let readable = matches!(ends[..], [Some(_)]) || matches!(ends[..], [Some(from), Some(to)] if from <= to);
    if is_any(&rule.port) || !readable {
        defects.push(format!(
            "{} is {:?}; name a port such as 443 or a range such as 8000-8010.",
            field("port"),
            rule.port
        ));
    }
    if is_any(&rule.peer) {
        defects.push(format!("{} is {:?}; name the other end, \"any\" is not opened.", field("peer"), rule.peer));
    }
    if day::parse(&rule.until).is_none_or(|until| until <= today) {
        defects.push(format!("{} is {:?}; give a last day after {today}.", field("until"), rule.until));
    }
    defects
}

fn names(asked: &DossierForm) -> Vec<String> {
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let bad = asked.domains.iter().filter(|name| !name.contains('.') || !name.split('.').all(label));
    let domains =
        bad.map(|name| format!("`spec.form.domains` holds {name:?}; write a name such as dichvu.tinh.gov.vn."));
    let address = |text: &&String| {
        let bare = text.split_once('/').map_or(text.as_str(), |(bare, _)| bare);
        bare.parse::<IpAddr>().is_err()
    };
    let addresses = asked.current_addresses.iter().filter(address);
    let addresses =
        addresses.map(|text| format!("`spec.form.currentAddresses` holds {text:?}; write an address or a prefix."));
    domains.chain(addresses).collect()
}

fn dates(s: &Subject, asked: &DossierForm) -> Vec<String> {
    let mut defects = Vec::new();
    let end = s.onboarding.spec.environment.as_ref().and_then(|e| e.end_date.as_deref()).and_then(day::parse);
    if let Some(text) = &asked.start_date {
        match day::parse(text) {
            None => defects.push(format!("`spec.form.startDate` is {text:?}; give a day of the calendar.")),
            Some(start) if end.is_some_and(|end| end < start) => {
                defects.push(format!("`spec.form.startDate` is {text}, after the last day; give an earlier one."));
            }
            Some(_) => {}
        }
    }
    if let Some(cut_over) = &asked.cut_over {
        let first = s.register.calendar().due(s.day, NOTICE, DayUnit::Working);
        if day::parse(&cut_over.day).is_none_or(|on| on < first) {
            defects.push(format!(
                "`spec.form.cutOver.day` is {:?}; give {first} or later: a stop is announced {NOTICE} working days ahead (NĐ 224/2026 Đ13).",
                cut_over.day
            ));
        }
    }
    defects
}

/// Logs are kept at least as long as the level demands.
fn logs(s: &Subject, asked: &DossierForm) -> Option<String> {
    let (logs, level) = (asked.logs.as_ref()?, asked_level(s)?);
    let rule = rules::level_rule(s, level)?;
    (logs.keep_days < rule.log_retention_days).then(|| {
        format!(
            "`spec.form.logs.keepDays` is {}; level {level} keeps logs at least {} days: {}.",
            logs.keep_days, rule.log_retention_days, rule.legal_basis
        )
    })
}
