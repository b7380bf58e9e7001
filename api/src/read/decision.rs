//! What a decider sends.

use berth_crds::{common::NameRef, decision::SignerRole, onboarding::Grant};

use super::{Findings, optional, quantity, spec::reference, text};
use crate::{name, proto::v1 as pb};

/// Agency and name of the Onboarding.
pub fn onboarding_name(findings: &mut Findings, field: &str, given: &str) -> [String; 2] {
    match name::ids::<2>(given, "agencies/*/onboardings/*") {
        Some([agency, id]) if agency != "-" && id != "-" => [agency.to_owned(), id.to_owned()],
        _ => {
            findings.bad(field, given, "is not a name like agencies/ag-62/onboardings/onb-x");
            [String::new(), String::new()]
        }
    }
}

/// The role in which somebody signs; `approver` when empty.
pub fn role(findings: &mut Findings, given: &str) -> SignerRole {
    if given.is_empty() {
        return SignerRole::Approver;
    }
    let signs =
        |role: &&SignerRole| role.as_str() == given && !matches!(role, SignerRole::Requester | SignerRole::Owner);
    SignerRole::ALL.iter().find(signs).copied().unwrap_or_else(|| {
        findings.bad("role", given, "is not a role that signs: approver, appraiser, governing-body or network");
        SignerRole::Approver
    })
}

/// The absent signer for whom a deputy acts.
pub fn on_behalf_of(findings: &mut Findings, given: &str) -> Option<String> {
    optional(&text::check(findings, "on_behalf_of", given, text::maybe_line(253)))
}

/// Changed amounts.
pub fn granted(findings: &mut Findings, from: &pb::Grant) -> Grant {
    let quota = match &from.quota {
        Some(quota) => quantity::resources(findings, "granted.quota", quota),
        None => {
            findings.missing("granted.quota", "give the granted amounts");
            Default::default()
        }
    };
    let class_ref: NameRef = reference(findings, "granted.class", &from.class, "classes");
    Grant { class_ref, quota }
}
