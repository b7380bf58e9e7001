//! What the texts are filled in with: from the paper, its decisions and the registers, in both languages.

use std::sync::Arc;

use berth_crds::common::{Bilingual, NameRef};
use berth_crds::connection::Connection;
use berth_crds::notice::{MAX_ARGUMENT, NoticeArgument, Occasion};
use berth_crds::onboarding::{Action, Grant, OnboardingStatus};
use berth_crds::profile::{ClockStep, DayUnit};
use berth_crds::{ConditionType, Decision, Environment, Onboarding, PolicyProfile, Tenant, condition};
use jiff::civil::Date;
use kube::ResourceExt;

use super::World;
use super::occur::Seen;
use crate::checks;
use crate::dossier::clock::{self, Clocks};
use crate::dossier::{chain, difference, holder, print};

/// What stands where nothing is known.
const NONE: (&str, &str) = ("không có", "none");

/// Values of a notice about a request.
pub fn of_onboarding(world: &World, paper: &Onboarding, agency: &str, seen: &Seen) -> Vec<NoticeArgument> {
    let facts = Facts::of(world, paper, agency, seen);
    seen.occasion.row().values().map(|name| argument(name, facts.value(name))).collect()
}

/// Values of a notice about an opening.
pub fn of_connection(world: &World, paper: &Connection, agency: &str, seen: &Seen) -> Vec<NoticeArgument> {
    let status = paper.status.clone().unwrap_or_default();
    let day = (world.day_of)(&seen.at);
    let value = |name: &str| match name {
        "paper" | "dossier" => same(paper.name_any()),
        "action" => both("kết nối", "connection"),
        "system" => same(status.environments.iter().map(|e| e.name.clone()).collect::<Vec<_>>().join(", ")),
        "agency" => title(world, agency, day),
        "from" => same(status.from.clone().unwrap_or_default()),
        "to" => same(status.to.clone().unwrap_or_default()),
        "ports" => same(status.ports.clone().unwrap_or_default()),
        "ends" => same(paper.spec.expires_at.0.to_string()),
        _ => same(String::new()),
    };
    seen.occasion.row().values().map(|name| argument(name, value(name))).collect()
}

/// What a request's values are taken from.
struct Facts<'a> {
    world: &'a World<'a>,
    paper: &'a Onboarding,
    agency: &'a str,
    occasion: Occasion,
    status: OnboardingStatus,
    tenant: Option<&'a Tenant>,
    environment: Option<&'a Environment>,
    decision: Option<&'a Decision>,
    chain: Vec<Arc<Onboarding>>,
    first: String,
    profile: Option<&'a PolicyProfile>,
    today: Date,
}

impl<'a> Facts<'a> {
    fn of(world: &'a World<'a>, paper: &'a Onboarding, agency: &'a str, seen: &Seen) -> Self {
        let status = paper.status.clone().unwrap_or_default();
        let named = |r: &Option<NameRef>| r.as_ref().map(|r| r.name.clone());
        let plate = named(&status.tenant_ref).or_else(|| world.register.tenant_of(&paper.spec));
        let own = paper.spec.environment_ref.as_ref().map(|e| e.name.clone());
        let environment = named(&status.environment_ref).or(own);
        let (chain, profile) = world.chain(paper);
        let uids = status.outcome.as_ref().map(|o| o.decision_uids.clone()).unwrap_or_default();
        let decision = world.decisions.iter().rfind(|d| d.uid().is_some_and(|uid| uids.contains(&uid)));
        Self {
            world,
            paper,
            agency,
            occasion: seen.occasion,
            tenant: plate.and_then(|p| world.register.tenants.get(&p)).map(AsRef::as_ref),
            environment: environment.and_then(|e| world.register.environments.get(&e)).map(AsRef::as_ref),
            decision: decision.map(AsRef::as_ref),
            first: chain.first().map_or_else(|| paper.name_any(), |p| p.name_any()),
            chain,
            profile,
            today: (world.day_of)(&seen.at),
            status,
        }
    }

    fn value(&self, name: &str) -> Bilingual {
        match name {
            "paper" => same(self.paper.name_any()),
            "dossier" => same(self.first.clone()),
            "action" => action(self.paper.spec.action),
            "system" => self.system(),
            "agency" => title(self.world, self.agency, self.today),
            "submitted" => same(self.today.to_string()),
            "promised" => self.promised(),
            "holder" => holder::words(self.status.summary.as_ref().map_or("", |s| s.holder.as_str())),
            "due" => day_or_none(self.status.summary.as_ref().and_then(|s| s.due.clone())),
            "reason" => self.reason(),
            "legalBasis" => self.legal_basis(),
            "defects" => same(self.decision.map(|d| listed(&d.spec.defects)).unwrap_or_default()),
            "limit" => self.limit(),
            "changes" => self.changes(),
            "granted" => self.granted(),
            "lacks" => self.lacks(),
            _ => super::life::value(name, self.environment)
                .or_else(|| super::minutes::value(name, &self.handover()))
                .unwrap_or_else(|| same(String::new())),
        }
    }

    fn handover(&self) -> super::minutes::Handover<'_> {
        super::minutes::Handover {
            world: self.world,
            paper: self.paper,
            agency: self.agency,
            tenant: self.tenant,
            environment: self.environment,
            decision: self.decision,
            day: self.today,
        }
    }

    fn system(&self) -> Bilingual {
        let asked = self.paper.spec.system.as_ref().map(|s| same(format!("{} ({})", s.display_name, s.code)));
        let known = self.tenant.map(|t| {
            let name = &t.spec.display_name;
            let with = |text: &str| format!("{text} ({}, {})", t.spec.code, t.name_any());
            let en = if name.en.is_empty() { &name.vi } else { &name.en };
            Bilingual { vi: with(&name.vi), en: with(en) }
        });
        known.or(asked).unwrap_or_else(|| both(NONE.0, NONE.1))
    }

    /// Until when an answer is promised. At the receipt that is the end of all steps; while a request waits for
    /// headroom, the day of the dated answer.
    fn promised(&self) -> Bilingual {
        if self.occasion == Occasion::Waiting {
            return day_or_none(self.status.summary.as_ref().and_then(|s| s.due.clone()));
        }
        let due = self.profile.and_then(|profile| {
            let days = chain::submissions(&self.chain, self.world.day_of);
            // Who signs, and at which level, is what the operator and the report of demand count by.
            let signers = match self.status.signers.as_slice() {
                [] => holder::signers(profile, self.paper.spec.action),
                known => known.to_vec(),
            };
            let level = self.world.register.level_of(&self.paper.spec);
            let calendar = self.world.register.calendar();
            Clocks { profile, calendar: &calendar }.due(&days, &clock::steps(&signers, level.unwrap_or(1)))
        });
        day_or_none(due.map(|d| d.to_string()))
    }

    fn reason(&self) -> Bilingual {
        match self.decision {
            Some(decision) => same(decision.spec.reason.clone().unwrap_or_default()),
            None => checks::defects_told(&self.status.checks),
        }
    }

    fn legal_basis(&self) -> Bilingual {
        match self.decision.and_then(|d| d.spec.legal_basis.clone()) {
            Some(basis) => same(basis),
            None => both("nêu trong lý do", "as given in the reason"),
        }
    }

    fn limit(&self) -> Bilingual {
        let clocks = self.profile.map(|p| p.spec.clocks.as_slice()).unwrap_or_default();
        match clocks.iter().find(|c| c.step == ClockStep::Supplement) {
            Some(clock) if clock.unit == DayUnit::Working => {
                both(&format!("{} ngày làm việc", clock.days), &format!("{} working days", clock.days))
            }
            Some(clock) => both(&format!("{} ngày", clock.days), &format!("{} days", clock.days)),
            None => day_or_none(None),
        }
    }

    fn grant(&self) -> Option<&Grant> {
        self.status.outcome.as_ref()?.granted.as_ref()
    }

    fn granted(&self) -> Bilingual {
        self.grant().map_or_else(|| both(NONE.0, NONE.1), super::minutes::granted)
    }

    fn changes(&self) -> Bilingual {
        let asked = difference::asked(&self.paper.spec, self.world.register);
        match (asked, self.grant()) {
            (Some(asked), Some(granted)) => match difference::between(&asked, granted).as_slice() {
                [] => both(NONE.0, NONE.1),
                changes => difference::sentences(changes),
            },
            _ => both(NONE.0, NONE.1),
        }
    }

    fn lacks(&self) -> Bilingual {
        let booked = condition::get(&self.status.conditions, ConditionType::Booked);
        booked.map_or_else(|| same(String::new()), |c| checks::told(checks::HEADROOM, &c.reason, &c.message))
    }
}

/// What is asked, in words.
fn action(action: Action) -> Bilingual {
    let en = match action {
        Action::New => "new system",
        Action::AddEnvironment => "additional environment",
        Action::Change => "change",
        Action::Extend => "extension",
        Action::Suspend => "suspension",
        Action::Resume => "resumption",
        Action::Decommission => "decommissioning",
        Action::Transfer => "transfer",
        Action::RecordLevel => "level record",
        Action::GoLive => "permission to operate",
    };
    let key = format!("{action:?}");
    both(print::word(&key).unwrap_or(&key), en)
}

/// Name of a body on a day, in both languages where it has two.
pub(super) fn title(world: &World, agency: &str, day: Date) -> Bilingual {
    let vi = world.register.title(agency, day);
    let names = world.register.agencies.get(agency).map(|a| a.spec.names.as_slice()).unwrap_or_default();
    let en = names.iter().find(|n| n.value.vi == vi).map(|n| n.value.en.clone()).filter(|en| !en.is_empty());
    Bilingual { en: en.unwrap_or_else(|| vi.clone()), vi }
}

fn day_or_none(day: Option<String>) -> Bilingual {
    day.map_or_else(|| both("không quy định thời hạn", "no time limit is set"), same)
}

/// One entry a line.
pub(super) fn listed(entries: &[String]) -> String {
    entries.iter().map(|entry| format!("- {entry}")).collect::<Vec<_>>().join("\n")
}

pub(super) fn same(text: String) -> Bilingual {
    Bilingual { en: text.clone(), vi: text }
}

pub(super) fn both(vi: &str, en: &str) -> Bilingual {
    Bilingual { vi: vi.into(), en: en.into() }
}

fn argument(name: &str, value: Bilingual) -> NoticeArgument {
    let (vi, en) = (cut(value.vi), cut(value.en));
    NoticeArgument { name: name.into(), en: (en != vi).then_some(en), vi }
}

fn cut(text: String) -> String {
    if text.chars().count() <= MAX_ARGUMENT {
        return text;
    }
    text.chars().take(MAX_ARGUMENT - 1).chain(['…']).collect()
}
