//! What an approved request still needs: decided before anything is booked for it, so that a request that cannot be
//! carried out holds nothing and keeps nobody waiting.

use std::sync::Arc;

use berth_crds::common::{Basis, BasisType, Booking, PaperRef};
use berth_crds::onboarding::{Action, OutcomeResult};
use berth_crds::{ConditionType, Environment, Onboarding, Reason, condition};
use jiff::civil::Date;

use crate::act;
use crate::checks;
use crate::life;
use crate::register::Register;

/// The way of an approved request from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Another paper comes first: look again when it is decided or done.
    Later {
        /// The earlier one that is still being carried out; none where a change of owner waits for the other agency's.
        paper: Option<PaperRef>,
    },
    /// The environment is there as this paper, or a direct edit after it, made it: wait until it is ready.
    Stands,
    /// Book, then create the environment.
    Create,
    /// Book, then change the environment.
    Change,
    /// Change the registers; nothing is booked.
    Act,
    /// As it is written the request cannot be carried out any more.
    Never {
        /// Reason of the catalogue.
        reason: Reason,
        /// What is in the way and what to do.
        message: String,
    },
}

impl Way {
    /// Whether the request wants headroom now.
    pub fn books(&self) -> bool {
        matches!(self, Self::Create | Self::Change)
    }
}

/// What the way is found from.
pub struct Case<'a> {
    /// The approved request.
    pub onboarding: &'a Onboarding,
    /// Agency in whose namespace it lies.
    pub agency: &'a str,
    /// Name of the environment that it is about.
    pub environment: &'a str,
    /// What is booked under that name.
    pub booking: Option<&'a Booking>,
    /// The registers.
    pub register: &'a Register,
    /// Whether a paper is approved and still being carried out.
    pub open: &'a dyn Fn(&PaperRef) -> bool,
    /// Papers of other agencies for the same change of owner.
    pub others: &'a [Arc<Onboarding>],
    /// Today.
    pub today: Date,
}

/// Whether a basis names the paper.
pub fn made_by(basis: &Basis, uid: Option<&str>) -> bool {
    uid.is_some() && basis.onboarding_ref.as_ref().map(|r| r.uid.as_str()) == uid
}

/// Whether a request is approved and neither taken back nor done.
pub fn open(onboarding: &Onboarding) -> bool {
    let Some(status) = &onboarding.status else { return false };
    let approved = status.outcome.as_ref().is_some_and(|o| o.result == OutcomeResult::Approved);
    let is = |type_| condition::is_true(&status.conditions, type_);
    approved && !is(ConditionType::Withdrawn) && !is(ConditionType::Ready)
}

/// Whether a Withdraw comes too late: something was booked, made or handed over for the request.
pub fn begun(onboarding: &Onboarding, environment: Option<&Environment>, booking: Option<&Booking>) -> bool {
    let uid = onboarding.metadata.uid.as_deref();
    let is = |type_| onboarding.status.as_ref().is_some_and(|s| condition::is_true(&s.conditions, type_));
    let booked = booking.and_then(|b| b.onboarding_ref.as_ref()).is_some_and(|r| Some(r.uid.as_str()) == uid);
    is(ConditionType::Ready)
        || is(ConditionType::Booked)
        || booked
        || environment.is_some_and(|e| made_by(&e.spec.basis, uid))
}

/// The approved paper that gives back what a request asked for, before it was ever ready: it waits for the request, which
/// has nothing to wait for any more. As long as it waits nothing is changed, so it is this that comes first.
pub fn given_back<'a>(
    onboarding: &Onboarding,
    environment: &Environment,
    papers: &'a [Arc<Onboarding>],
) -> Option<&'a Arc<Onboarding>> {
    let (basis, action) = (&environment.spec.basis, onboarding.spec.action);
    let by_hand = basis.type_ == BasisType::Direct && matches!(action, Action::New | Action::AddEnvironment);
    let ours = made_by(basis, onboarding.metadata.uid.as_deref()) || by_hand;
    if !ours || action == Action::Decommission || !life::never_ready(environment) {
        return None;
    }
    let gives_back = |paper: &&Arc<Onboarding>| {
        let spec = &paper.spec;
        let about = spec.environment_ref.as_ref().map(|reference| reference.uid.as_str());
        let current = spec.revision.unwrap_or(0) == basis.revision.unwrap_or(0);
        let same = current && about == environment.metadata.uid.as_deref();
        let own = paper.metadata.namespace == onboarding.metadata.namespace;
        spec.action == Action::Decommission && same && own && open(paper)
    };
    papers.iter().find(gives_back)
}

/// What a request says that ends because its environment is given back.
pub fn taken_back(by: &Onboarding) -> String {
    format!("{:?} gives the environment back before it was ready.", by.metadata.name.as_deref().unwrap_or_default())
}

/// The way of an approved request.
pub fn way(case: &Case) -> Way {
    if let Some(act) = act::of(case.onboarding.spec.action) {
        return act.way(case);
    }
    let seen = case.register.environments.get(case.environment);
    // What it made stands, whoever else took the code or the system meanwhile.
    if seen.is_some_and(|seen| made_by(&seen.spec.basis, case.onboarding.metadata.uid.as_deref())) {
        return Way::Stands;
    }
    if let Some(never) = foreign(case).or_else(|| code_taken(case)) {
        return never;
    }
    let change = case.onboarding.spec.action == Action::Change;
    match seen {
        Some(seen) if change => change_of(case, seen),
        // A record of what was removed is in nobody's way: the name is taken up again.
        Some(seen) if life::is_removed(seen) => creation(case),
        Some(seen) if seen.spec.basis.type_ == BasisType::Direct => Way::Stands,
        Some(_) => never(
            Reason::AlreadyExists,
            format!(
                "The environment {:?} exists already, by another paper; ask for `Change` to resize it.",
                case.environment
            ),
        ),
        None if change => {
            never(Reason::MissingReference, format!("The environment {:?} is gone; ask anew.", case.environment))
        }
        None => creation(case),
    }
}

/// The way once the earlier paper is carried out, if there is one.
pub(crate) fn after(case: &Case, earlier: Option<&PaperRef>, then: Way) -> Way {
    match earlier.filter(|paper| (case.open)(paper)) {
        Some(paper) => Way::Later { paper: Some(paper.clone()) },
        None => then,
    }
}

/// What a request says while an earlier paper is still being carried out.
pub fn follows(paper: &PaperRef) -> String {
    format!("{:?} in {} is still being carried out; this follows when it is done.", paper.name, paper.namespace)
}

pub(crate) fn never(reason: Reason, message: String) -> Way {
    Way::Never { reason, message }
}

/// The system may have passed to another agency since the request was checked; one that the register does not have is
/// nobody's, so nobody may ask for it.
pub(crate) fn foreign(case: &Case) -> Option<Way> {
    let plate = case.register.tenant_of(&case.onboarding.spec)?;
    let Some(tenant) = case.register.tenants.get(&plate) else {
        let message = format!("The system {plate:?} is not in the register: whose it is cannot be told.");
        return Some(never(Reason::MissingReference, message));
    };
    let owner = &tenant.spec.agency_ref.name;
    (owner != case.agency).then(|| {
        never(
            Reason::NotActingForAgency,
            format!("The system belongs to another body by now, not to {:?}; its owner must ask.", case.agency),
        )
    })
}

/// Of two requests for one code, both approved, the first to book makes the system.
fn code_taken(case: &Case) -> Option<Way> {
    let spec = &case.onboarding.spec;
    let code = spec.system.as_ref().filter(|_| spec.action == Action::New).map(|s| &s.code)?;
    let uid = case.onboarding.metadata.uid.as_deref();
    let (plate, tenant) = case.register.other_of_code(spec, case.agency, uid)?;
    let own = tenant.spec.agency_ref.name == case.agency;
    Some(never(Reason::AlreadyExists, checks::code_taken(code, plate, own)))
}

/// Why a paper is not about the environment as it is: it was written against another one of the name, or an older revision.
pub(crate) fn outdated(case: &Case, seen: &Environment) -> Option<Way> {
    let spec = &case.onboarding.spec;
    if spec.environment_ref.as_ref().map(|r| r.uid.as_str()) != seen.metadata.uid.as_deref() {
        let message =
            format!("`spec.environmentRef.uid` is not the UID of {:?}; read it and ask anew.", case.environment);
        return Some(never(Reason::AlreadyExists, message));
    }
    let (asked, now) = (spec.revision.unwrap_or(0), seen.spec.basis.revision.unwrap_or(0));
    (asked != now).then(|| {
        let message = format!("`spec.revision` is {asked}, the environment is at {now} by now; read it and ask anew.");
        never(Reason::AlreadyExists, message)
    })
}

fn change_of(case: &Case, seen: &Environment) -> Way {
    if let Some(outdated) = outdated(case, seen) {
        return outdated;
    }
    if let Some(stopped) = life::no_growth(seen, case.today) {
        return never(Reason::InvalidSpec, stopped);
    }
    after(case, seen.spec.basis.onboarding_ref.as_ref(), Way::Change)
}

/// Nothing of the name exists; somebody else's booking says that it will, or that it did.
fn creation(case: &Case) -> Way {
    let uid = case.onboarding.metadata.uid.as_deref();
    let holder = case.booking.map(|b| b.onboarding_ref.as_ref());
    match holder {
        None => Way::Create,
        Some(Some(paper)) if Some(paper.uid.as_str()) == uid => Way::Create,
        Some(Some(paper)) if (case.open)(paper) => Way::Later { paper: Some(paper.clone()) },
        Some(_) => never(
            Reason::AlreadyExists,
            format!(
                "Headroom is still booked for {:?}, which is gone: a platform operator must release it.",
                case.environment
            ),
        ),
    }
}
