//! Four eyes: who signs, for whom, and of which unit.

use std::collections::BTreeSet;

use berth_crds::agency::{MemberRole, Subject, SubjectKind};
use berth_crds::common::Identity;
use berth_crds::decision::{DecisionVerdict, SignerRole};
use berth_crds::profile::Signing;
use berth_crds::{Agency, Decision, Reason, labels};

use super::{Case, asked_by, is_contractor, same_person};
use crate::day;
use crate::system::delegation::{self, Standing};

/// Four eyes: approver is not requester, contractors never sign, the appraiser's unit is known and not the operator's.
pub(super) fn void_by_signer(case: &Case, decision: &Decision) -> Option<Reason> {
    let spec = &decision.spec;
    let automatic = spec.by.username == labels::AUTO_USER;
    if spec.by.groups.iter().any(|g| is_contractor(g)) {
        return Some(Reason::VoidContractor);
    }
    if !automatic && asked_by(case.onboarding, &spec.by.username) {
        return Some(Reason::VoidSelfApproval);
    }
    if case.profile.spec.signing == Signing::ByDocument {
        let signer = spec.document.as_ref().map(|d| &d.signer);
        let Some(signer) = signer else { return Some(Reason::VoidNoDocument) };
        let asked = asked_by(case.onboarding, signer);
        if asked || letter_signers(case).any(|of_letter| same_person(of_letter, signer)) {
            return Some(Reason::VoidSelfApproval);
        }
    }
    let made = decision.metadata.creation_timestamp.as_ref().map_or(case.day, |time| (case.day_of)(time));
    let mut units = units_of(case, &spec.by);
    let standing = delegation::standing(case.register, decision, made, &governing_bodies(case));
    match &standing {
        Standing::Void(reason) => return Some(*reason),
        // Nobody decides on an own request, and nobody has a deputy do it.
        Standing::For { absent, .. } if asked_by(case.onboarding, absent) => return Some(Reason::VoidSelfApproval),
        Standing::For { agency, .. } => {
            units.insert(agency);
        }
        Standing::Own => {}
    }
    if spec.role == SignerRole::Appraiser { by_unit(case, units) } else { None }
}

/// NĐ 331/2026 Đ18.4 [D]: who appraises is of another unit than who operates. The rule set says of which unit those are who
/// have the province's role alone; of whom nobody knows the unit nobody can say that it is another one.
fn by_unit<'a>(case: &'a Case, mut units: BTreeSet<&'a str>) -> Option<Reason> {
    if units.is_empty() {
        units.extend(case.profile.spec.appraiser_ref.iter().map(|unit| unit.name.as_str()));
    }
    if units.is_empty() {
        return Some(Reason::VoidNoUnit);
    }
    let same = |o: &String| units.iter().any(|u| case.register.same_unit(u, o, case.day));
    operators(case).iter().any(same).then_some(Reason::VoidSameUnit)
}

/// Everybody who signed for the agency, in the letter or in a correction of it: a correction takes nobody out.
fn letter_signers<'a>(case: &'a Case) -> impl Iterator<Item = &'a str> {
    let corrections = case.decisions.iter().filter(|d| d.spec.verdict == DecisionVerdict::Correct);
    let corrected = corrections.filter_map(|d| d.spec.document.as_ref());
    case.onboarding.spec.letter.iter().chain(corrected).map(|letter| letter.signer.as_str())
}

/// Agencies that a signer is of: those that groups `berth:<agency>:<role>` name, and those in whose register the signer
/// acts for them. The province's own groups (`berth:appraiser`) name none.
fn units_of<'a>(case: &'a Case, by: &'a Identity) -> BTreeSet<&'a str> {
    let named = by.groups.iter().filter_map(|g| Some(g.strip_prefix(labels::GROUP_PREFIX)?.split_once(':')?.0));
    let signer = |subject: &Subject| match subject.kind {
        SubjectKind::User => subject.name == by.username,
        SubjectKind::Group => by.groups.contains(&subject.name),
        SubjectKind::ServiceAccount => false,
    };
    let acts = |agency: &Agency| agency.spec.members.iter().any(|m| m.role != MemberRole::Reader && signer(&m.subject));
    let registered = case.register.agencies.iter().filter(|(_, agency)| acts(agency)).map(|(name, _)| name.as_str());
    named.chain(registered).collect()
}

/// Units that operate the system, as far as the request, the register and the rule set say.
fn operators(case: &Case) -> Vec<String> {
    let spec = &case.onboarding.spec;
    let named = spec.system.as_ref().map(|s| s.operator_ref.name.clone());
    let tenant = case.register.tenant_of(spec).and_then(|t| case.register.tenants.get(&t));
    let today = tenant.map(|t| t.spec.operators.as_slice()).unwrap_or_default().iter();
    let today = today.filter(|o| day::covers(&o.from, o.to.as_deref(), case.day)).map(|o| o.agency_ref.name.clone());
    named.into_iter().chain(today).chain(case.profile.spec.operator_ref.as_ref().map(|o| o.name.clone())).collect()
}

/// Governing bodies of the system, as far as the request and the register say.
fn governing_bodies(case: &Case) -> Vec<String> {
    let spec = &case.onboarding.spec;
    let named = spec.system.as_ref().map(|s| s.governing_body_ref.name.clone());
    let tenant = case.register.tenant_of(spec).and_then(|t| case.register.tenants.get(&t));
    let today = tenant.map(|t| t.spec.governing_bodies.as_slice()).unwrap_or_default().iter();
    let today = today.filter(|o| day::covers(&o.from, o.to.as_deref(), case.day)).map(|o| o.agency_ref.name.clone());
    named.into_iter().chain(today).collect()
}
