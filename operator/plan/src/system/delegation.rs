//! Delegation during absence: who signs for whom, in which role, from when until when, by which document. The register of
//! the absent signer's agency says so. It makes nobody a signer: RBAC does. It says when a deputy's decision counts.

use berth_crds::agency::Delegation;
use berth_crds::decision::SignerRole;
use berth_crds::{Decision, Reason, labels, names};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::day;
use crate::register::Register;

/// What a Decision's delegation comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// The signer holds the role, and acts for nobody.
    Own,
    /// In force when the Decision was made: for this absent signer of this agency.
    For {
        /// Username of the absent signer.
        absent: String,
        /// Agency whose register says so.
        agency: String,
    },
    /// It does not count.
    Void(Reason),
}

/// In which right a Decision was made, on `day`, the day of its creation; `governing` are the governing bodies of the system
/// that it is about.
///
/// Who claims to act for somebody must be their deputy. Who does not, and is a deputy by the register without a group of
/// the role, is taken for one: a deputy who leaves the claim out must not sign outside the dates.
pub fn standing(register: &Register, decision: &Decision, day: Date, governing: &[String]) -> Standing {
    let spec = &decision.spec;
    if matches!(spec.role, SignerRole::Requester | SignerRole::Owner) || spec.by.username == labels::AUTO_USER {
        return Standing::Own;
    }
    let namespace = decision.namespace().unwrap_or_default();
    let agency = names::agency_of_namespace(&namespace).unwrap_or_default();
    let claimed = spec.on_behalf_of.as_deref();
    let reaches = |name: &str| {
        spec.role != SignerRole::GoverningBody || name == agency || governing.iter().any(|body| body == name)
    };
    let known = register.agencies.iter().filter(|(name, _)| reaches(name));
    let known = known.flat_map(|(name, agency)| agency.spec.delegations.iter().map(move |d| (name, d)));
    let mine = |d: &Delegation| d.role == spec.role && d.to == spec.by.username;
    let mut about: Vec<(&String, &Delegation)> =
        known.filter(|(_, d)| mine(d) && claimed.is_none_or(|absent| d.absent == absent)).collect();
    if claimed.is_none() && (about.is_empty() || holds(&spec.by.groups, spec.role)) {
        return Standing::Own;
    }
    about.sort_by_key(|(agency, d)| (&d.from, &d.until, &d.absent, *agency));
    let at = decision.metadata.creation_timestamp.as_ref();
    if let Some((agency, delegation)) = about.iter().find(|(_, d)| in_force(d, day) && !revoked(d, at)) {
        return Standing::For { absent: delegation.absent.clone(), agency: (*agency).clone() };
    }
    let reason = if about.iter().any(|(_, d)| in_force(d, day)) {
        Reason::VoidDelegationRevoked
    } else if about.is_empty() {
        Reason::VoidNoDelegation
    } else {
        Reason::VoidDelegationExpired
    };
    Standing::Void(reason)
}

/// Whether groups `berth:<role>` or `berth:<agency>:<role>` give somebody the role.
fn holds(groups: &[String], role: SignerRole) -> bool {
    let own = |group: &String| {
        let held =
            group.strip_prefix(labels::GROUP_PREFIX).map(|rest| rest.rsplit_once(':').map_or(rest, |(_, role)| role));
        held == Some(role.as_str())
    };
    groups.iter().any(own)
}

/// Whether a delegation covers a day, revoked or not.
pub fn in_force(delegation: &Delegation, on: Date) -> bool {
    day::covers(&delegation.from, Some(&delegation.until), on)
}

/// The API server tells when a Decision was made by the second: in the second of the revocation nothing counts any more.
fn revoked(delegation: &Delegation, at: Option<&Time>) -> bool {
    delegation.revoked_at.as_ref().zip(at).is_some_and(|(revoked, at)| revoked.0.as_second() <= at.0.as_second())
}

/// Whether what a Decision comes to depends on a delegation: then the registers must be as they are, not as a cache has them.
pub fn concerns(register: &Register, decision: &Decision) -> bool {
    let by = &decision.spec.by.username;
    let deputy = || register.agencies.values().any(|agency| agency.spec.delegations.iter().any(|d| d.to == *by));
    decision.spec.on_behalf_of.is_some() || deputy()
}

/// Whether a deputy may sign now.
pub fn acts(delegation: &Delegation, today: Date, now: &Time) -> bool {
    in_force(delegation, today) && !revoked(delegation, Some(now))
}
