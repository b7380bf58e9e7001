//! What notices are made of: papers, decisions and registers, and what they say of an environment's owners and papers.

use std::collections::BTreeSet;
use std::sync::Arc;

use berth_crds::common::DatedAgency;
use berth_crds::{Connection, Decision, Environment, Onboarding, PolicyProfile, Tenant, names};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt};

use super::{Draft, Key, asking};
use crate::as_of;
use crate::dossier::chain;
use crate::register::Register;

/// What the papers and registers show.
pub struct World<'a> {
    /// The registers.
    pub register: &'a Register,
    /// Every request.
    pub onboardings: &'a [Arc<Onboarding>],
    /// Every opening.
    pub connections: &'a [Arc<Connection>],
    /// Every decision.
    pub decisions: &'a [Arc<Decision>],
    /// Knows where days begin.
    pub day_of: &'a dyn Fn(&Time) -> Date,
}

impl World<'_> {
    /// Who is told what happened at an instant under a paper: who owned the system then, and never anybody who gave it up
    /// before the paper was sent.
    pub(super) fn owner(&self, tenant: &Tenant, paper: &Onboarding, at: &Time) -> String {
        let now = &tenant.spec.agency_ref.name;
        if asking(paper).as_ref() == Some(now) {
            return now.clone();
        }
        let sent = paper.meta().creation_timestamp.as_ref().filter(|sent| sent.0 > at.0);
        let owner = as_of::holder(&tenant.spec.owners, (self.day_of)(sent.unwrap_or(at)));
        owner.unwrap_or_else(|| now.clone())
    }

    /// The paper that an environment stands by; none after an edit by hand.
    pub(super) fn basis(&self, environment: &Environment) -> Option<&Onboarding> {
        let named = environment.spec.basis.onboarding_ref.as_ref()?;
        self.onboardings.iter().find(|p| p.uid().as_deref() == Some(named.uid.as_str())).map(AsRef::as_ref)
    }

    /// Whether a notice about the life of an environment was recorded before: under the paper that it stands by or an earlier
    /// one, to the owner or, on the day on which the system passed, to the one before.
    pub(super) fn told(
        &self,
        recorded: &BTreeSet<Key>,
        environment: &Environment,
        tenant: &Tenant,
        draft: &Draft,
    ) -> bool {
        let named = environment.name_any();
        let about = |paper: &&Arc<Onboarding>| {
            let about = paper.status.as_ref().and_then(|status| status.environment_ref.as_ref());
            about.is_some_and(|about| about.name == named)
        };
        let (key, id) = (draft.spec.occasion.row().key, draft.spec.id.as_str());
        let earlier = self.onboardings.iter().filter(about).map(|paper| names::notice(&paper.name_any(), key, id));
        let to = |owner: &DatedAgency| names::agency_namespace(&owner.agency_ref.name);
        let mut told = earlier.chain([draft.name.clone()]);
        told.any(|name| tenant.spec.owners.iter().any(|owner| recorded.contains(&(to(owner), name.clone()))))
    }

    /// The papers of a dossier up to one of them, and the rule set whose clocks it has.
    pub(super) fn chain(&self, paper: &Onboarding) -> (Vec<Arc<Onboarding>>, Option<&PolicyProfile>) {
        let papers = chain::papers(paper, self.onboardings);
        let days = chain::submissions(&papers, self.day_of);
        let rules = days.first().and_then(|first| chain::profile(&papers, self.register, first.submitted));
        (papers, rules.map(AsRef::as_ref))
    }
}
