//! What waits for an owner's books, or for the papers of a system as a whole.

use berth_crds::Environment;
use berth_crds::common::{Booking, HolderKind};
use berth_plan::fulfil::open;
use berth_plan::system;
use kube::ResourceExt;

use super::Queues;
use crate::context::Context;

impl Queues {
    /// Acts on a whole system that are being carried out: they wait for the papers before them, and a change of owner for
    /// every environment to follow.
    pub(super) fn acts_on(&self, tenant: &str, ctx: &Context) {
        for onboarding in ctx.caches.onboardings.all() {
            if system::tenant_name(&onboarding) == Some(tenant) && open(&onboarding) {
                self.onboardings.object(&onboarding);
            }
        }
    }

    /// Agencies whose list says otherwise than the environment: it has what is another's, or lacks what is its own.
    pub(super) fn bookings_of(&self, environment: &Environment, ctx: &Context) {
        let (name, owner) = (environment.name_any(), environment.status.as_ref().and_then(|s| s.agency.as_deref()));
        for agency in ctx.caches.agencies.all() {
            let booked = agency.status.as_ref().map(|s| s.booked.as_slice()).unwrap_or_default();
            let lists = agency.spec.budget.is_some() || !booked.is_empty();
            let owns = owner == Some(agency.name_any().as_str());
            // A budget holds what it holds alone: the site's own entry goes once the owner's list has it.
            let twice = owns && agency.spec.budget.is_some() && is_booked_at_a_site(&name, ctx);
            if twice || lists && owner.is_some() && booked.iter().any(|b| b.name == name) != owns {
                self.agencies.object(&agency);
            }
        }
    }
}

fn is_booked_at_a_site(environment: &str, ctx: &Context) -> bool {
    let of = |b: &Booking| b.kind == HolderKind::Environment && b.name == environment;
    ctx.caches.sites.all().iter().any(|site| site.status.as_ref().is_some_and(|s| s.booked.iter().any(of)))
}
