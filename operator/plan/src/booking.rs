//! Quota is a static partition with booking: who may have how much of what is left, and in which order.

mod budget;
mod lower;

use berth_crds::common::{Booking, HolderKind, PaperRef};
use berth_crds::onboarding::{Outcome, OutcomeResult};
use berth_crds::{Agency, ConditionType, Onboarding, Site, condition};
use kube::ResourceExt;

use crate::act;
use crate::amounts::Amounts;

pub use budget::{Settled, settle};
pub use lower::may_lower;

/// The object whose status holds the bookings, and what it can promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    /// Everything that may be promised.
    pub limit: Amounts,
    /// What is promised.
    pub booked: Vec<Booking>,
}

impl Ledger {
    /// A site promises its capacity times its overcommit.
    pub fn of_site(site: &Site) -> Self {
        let capacity = Amounts::parse(&site.spec.capacity).unwrap_or_default();
        Self {
            limit: capacity.percent(site.spec.overcommit_percent),
            booked: site.status.clone().unwrap_or_default().booked,
        }
    }

    /// An agency with a budget promises from it, as far as its site has booked it; without one there is nothing.
    pub fn of_agency(agency: &Agency, site: &Ledger) -> Option<Self> {
        let budget = Amounts::parse(agency.spec.budget.as_ref()?).ok()?;
        let entry = site.find(HolderKind::Agency, agency.metadata.name.as_deref().unwrap_or_default());
        let booked = entry.and_then(|b| Amounts::parse(&b.resources).ok()).unwrap_or_default();
        let limit = budget.min(booked);
        Some(Self { limit, booked: agency.status.clone().unwrap_or_default().booked })
    }

    /// What is promised, in sum.
    pub fn used(&self) -> Amounts {
        self.booked.iter().filter_map(|b| Amounts::parse(&b.resources).ok()).fold(Amounts::default(), Amounts::plus)
    }

    /// What is left.
    pub fn headroom(&self) -> Amounts {
        self.limit.minus(self.used())
    }

    /// The booking of a holder.
    pub fn find(&self, kind: HolderKind, name: &str) -> Option<&Booking> {
        self.booked.iter().find(|b| b.kind == kind && b.name == name)
    }
}

/// What a booking comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Booked {
    /// It stands already, with this paper.
    Already,
    /// Write this list.
    Write(Vec<Booking>),
    /// Not enough is left.
    NoHeadroom {
        /// First resource that lacks.
        resource: &'static str,
        /// Amount that lacks, in the unit of [`Amounts`].
        lacking: i64,
    },
}

/// A wish to book.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// What holds the booking.
    pub kind: HolderKind,
    /// Name of the holder.
    pub name: &'a str,
    /// Amounts that it is to have.
    pub amounts: Amounts,
    /// The paper.
    pub paper: Option<PaperRef>,
}

/// Books without ever giving up what the holder has: growing needs headroom for the difference; shrinking keeps the
/// old amounts until [`release`] sees that they are no longer used.
pub fn book(ledger: &Ledger, wish: &Wish) -> Booked {
    let held = ledger.find(wish.kind, wish.name);
    let old = held.and_then(|b| Amounts::parse(&b.resources).ok()).unwrap_or_default();
    if held.is_some_and(|b| b.onboarding_ref == wish.paper) && wish.amounts.fits(old) {
        return Booked::Already;
    }
    let grown = old.max(wish.amounts);
    let (more, left) = (grown.minus(old), ledger.headroom());
    let short = more.each().into_iter().zip(left.each()).find(|((_, more), (_, left))| more > left);
    match short {
        Some(((resource, more), (_, left))) => Booked::NoHeadroom { resource, lacking: more - left },
        None => Booked::Write(replaced(ledger, wish, grown)),
    }
}

/// Books several wishes, all or none. Who holds an entry of the amounts already keeps it as it is, under its own paper.
pub fn book_all(ledger: &Ledger, wishes: &[Wish]) -> Booked {
    let mut booked = ledger.clone();
    for wish in wishes {
        let held = booked.find(wish.kind, wish.name).and_then(|b| Amounts::parse(&b.resources).ok());
        if held.is_some_and(|held| wish.amounts.fits(held)) {
            continue;
        }
        match book(&booked, wish) {
            Booked::Already => {}
            Booked::Write(list) => booked.booked = list,
            lacking @ Booked::NoHeadroom { .. } => return lacking,
        }
    }
    if booked == *ledger { Booked::Already } else { Booked::Write(booked.booked) }
}

/// Takes back what a paper booked and then could not carry out; `None` when nothing is booked by it. What the
/// environment has by `standing` stays, under the paper that gave it; without one the entry goes.
pub fn take_back(
    ledger: &Ledger,
    name: &str,
    uid: &str,
    standing: Option<(Amounts, Option<PaperRef>)>,
) -> Option<Vec<Booking>> {
    let held = ledger.find(HolderKind::Environment, name)?;
    held.onboarding_ref.as_ref().filter(|r| r.uid == uid)?;
    let Some((amounts, paper)) = standing else { return Some(without(ledger, HolderKind::Environment, name)) };
    let wish = Wish { kind: HolderKind::Environment, name, amounts, paper };
    Some(replaced(ledger, &wish, amounts))
}

/// Lowers an environment's booking to what is granted or still used, whichever is more; `None` when it is not more than
/// that, or when another paper than `paper`, under which it was found, has booked meanwhile: that is for what comes.
pub fn release(
    ledger: &Ledger,
    name: &str,
    paper: Option<&PaperRef>,
    granted: Amounts,
    used: Amounts,
) -> Option<Vec<Booking>> {
    let kind = HolderKind::Environment;
    let held = ledger.find(kind, name).filter(|held| held.onboarding_ref.as_ref() == paper)?;
    let old = Amounts::parse(&held.resources).ok()?;
    let keep = granted.max(used).min(old);
    let wish = Wish { kind, name, amounts: keep, paper: held.onboarding_ref.clone() };
    (keep != old).then(|| replaced(ledger, &wish, keep))
}

/// The list without an environment that is gone; `None` when nothing is booked for it.
pub fn free(ledger: &Ledger, name: &str) -> Option<Vec<Booking>> {
    ledger.find(HolderKind::Environment, name).map(|_| without(ledger, HolderKind::Environment, name))
}

fn sorted(mut booked: Vec<Booking>) -> Vec<Booking> {
    booked.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    booked
}

fn without(ledger: &Ledger, kind: HolderKind, name: &str) -> Vec<Booking> {
    ledger.booked.iter().filter(|b| !(b.kind == kind && b.name == name)).cloned().collect()
}

fn replaced(ledger: &Ledger, wish: &Wish, amounts: Amounts) -> Vec<Booking> {
    let mut booked = without(ledger, wish.kind, wish.name);
    booked.push(Booking {
        name: wish.name.to_owned(),
        kind: wish.kind,
        resources: amounts.to_resources(),
        onboarding_ref: wish.paper.clone(),
    });
    sorted(booked)
}

/// Whether a wish fits after everybody who stands before it has been served. There is no backfill: if somebody before
/// does not fit, nobody behind is served, however small.
pub fn in_turn(headroom: Amounts, before: &[Amounts], mine: Amounts) -> bool {
    let mut left = headroom;
    before.iter().chain([&mine]).all(|wish| {
        let fits = wish.fits(left);
        left = left.minus(*wish);
        fits
    })
}

/// Place of an approved request in the queue: priority, then approval, then the order in which outcomes were recorded.
pub type Place = (i64, jiff::Timestamp, jiff::Timestamp, String);

/// The place of a request, if it waits: approved, neither withdrawn nor booked.
pub fn waiting(onboarding: &Onboarding) -> Option<Place> {
    let status = onboarding.status.as_ref()?;
    let approved = |o: &&Outcome| o.result == OutcomeResult::Approved && act::books(onboarding.spec.action);
    let outcome = status.outcome.as_ref().filter(approved)?;
    let ended = |t| condition::is_true(&status.conditions, t);
    let over = ended(ConditionType::Withdrawn) || ended(ConditionType::Booked) || ended(ConditionType::Ready);
    let key = format!("{}/{}", onboarding.namespace().unwrap_or_default(), onboarding.name_any());
    (!over).then_some((outcome.priority, outcome.decided_at.0, outcome.recorded_at.0, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_crds::common::Resources;

    fn cpu(n: i64) -> Amounts {
        Amounts { cpu_milli: n * 1000, ..Default::default() }
    }

    fn paper(uid: &str) -> Option<PaperRef> {
        Some(PaperRef { namespace: "agency-ag-62".into(), name: uid.into(), uid: uid.into() })
    }

    fn wish<'a>(name: &'a str, n: i64, uid: &str) -> Wish<'a> {
        Wish { kind: HolderKind::Environment, name, amounts: cpu(n), paper: paper(uid) }
    }

    fn ledger(limit: i64, booked: &[(&str, i64, &str)]) -> Ledger {
        let entry = |(name, n, uid): &(&str, i64, &str)| Booking {
            name: (*name).into(),
            kind: HolderKind::Environment,
            resources: cpu(*n).to_resources(),
            onboarding_ref: paper(uid),
        };
        Ledger { limit: cpu(limit), booked: booked.iter().map(entry).collect() }
    }

    #[test]
    fn the_last_core_is_given_once() {
        let Booked::Write(booked) = book(&ledger(4, &[("a", 2, "1")]), &wish("b", 2, "2")) else { panic!("refused") };
        let full = Ledger { limit: cpu(4), booked };
        assert_eq!(full.headroom(), Amounts::default());
        assert_eq!(book(&full, &wish("c", 1, "3")), Booked::NoHeadroom { resource: "cpu", lacking: 1000 });
        assert_eq!(book(&full, &wish("b", 2, "2")), Booked::Already);
    }

    #[test]
    fn a_shrinking_holder_keeps_its_booking_until_its_use_has_fallen() {
        let Booked::Write(booked) = book(&ledger(4, &[("a", 4, "1")]), &wish("a", 1, "2")) else { panic!("refused") };
        let kept = Ledger { limit: cpu(4), booked };
        assert_eq!(kept.used(), cpu(4));
        let partly = release(&kept, "a", paper("2").as_ref(), cpu(1), cpu(3)).unwrap();
        let partly = Ledger { limit: cpu(4), booked: partly };
        assert_eq!(partly.used(), cpu(3));
        assert_eq!(release(&partly, "a", paper("2").as_ref(), cpu(1), cpu(3)), None);
        assert_eq!(release(&partly, "a", paper("1").as_ref(), cpu(1), cpu(0)), None, "another paper's booking");
        let done = release(&partly, "a", paper("2").as_ref(), cpu(1), cpu(0)).unwrap();
        assert_eq!(Ledger { limit: cpu(4), booked: done }.used(), cpu(1));
    }

    #[test]
    fn a_small_wish_waits_behind_a_large_one_and_goes_along_when_both_fit() {
        assert!(!in_turn(cpu(4), &[cpu(8)], cpu(1)));
        assert!(in_turn(cpu(9), &[cpu(8)], cpu(1)));
        assert!(!in_turn(cpu(9), &[cpu(8), cpu(1)], cpu(1)));
        assert!(in_turn(cpu(1), &[], cpu(1)));
    }

    #[test]
    fn a_budget_is_a_promise_of_its_own() {
        let agency = Agency::new(
            "ag-62",
            berth_crds::AgencySpec {
                budget: Some(Resources {
                    cpu: "2".into(),
                    memory: "1Gi".into(),
                    storage: "1Gi".into(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        );
        let entry = Booking {
            name: "ag-62".into(),
            kind: HolderKind::Agency,
            resources: agency.spec.budget.clone().unwrap(),
            onboarding_ref: None,
        };
        let site = Ledger { limit: cpu(4), booked: vec![entry] };
        let ledger = Ledger::of_agency(&agency, &site).unwrap();
        assert!(matches!(book(&ledger, &wish("a", 2, "1")), Booked::Write(_)));
        assert_eq!(book(&ledger, &wish("a", 3, "1")), Booked::NoHeadroom { resource: "cpu", lacking: 1000 });
        assert_eq!(Ledger::of_agency(&Agency::new("x", Default::default()), &site), None);
        let unbooked = Ledger::of_agency(&agency, &Ledger { limit: cpu(4), booked: vec![] }).unwrap();
        assert_eq!(unbooked.limit, Amounts::default(), "a budget that the site has not booked is worth nothing");
    }
}
