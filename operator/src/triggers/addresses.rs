//! What a change of claims and blocks concerns.

use berth_crds::address::{BlockState, Claimant, ClaimantKind, PlanUse, PrefixLevel};
use berth_crds::{AddressPlan, PrefixBlock, PrefixClaim, names};
use kube::ResourceExt;

use super::Queues;
use crate::context::Context;

impl Queues {
    /// A claim changed: itself, its claimant, the block that it has or had, and the claims below it.
    pub fn claim(&self, claim: &PrefixClaim, ctx: &Context) {
        self.claims.object(claim);
        self.claimant(&claim.spec.claimant);
        if claim.spec.claimant.kind == ClaimantKind::Agency {
            // An agency's claim is made by its tenants: the first that needs a prefix.
            self.tenants_of(&claim.spec.claimant.name, ctx);
        }
        let status = claim.status.as_ref();
        if let Some(cidr) = status.and_then(|s| s.bound.as_ref().map(|b| &b.cidr).or(s.candidate.as_ref())) {
            self.blocks.name(&names::block(cidr));
        }
        // Nothing is numbered in a system's block but what is derived from it.
        if claim.spec.level != PrefixLevel::System && status.is_some_and(|s| s.bound.is_some()) {
            self.claims_below(&claim.name_any(), ctx);
        }
    }

    fn claimant(&self, claimant: &Claimant) {
        match claimant.kind {
            ClaimantKind::Agency => self.agencies.name(&claimant.name),
            ClaimantKind::Tenant => self.tenants.name(&claimant.name),
        }
    }

    /// Claims that wait for a prefix in the block of this claim, or in the one that it grew from.
    fn claims_below(&self, claim: &str, ctx: &Context) {
        let claim = names::first_claim(claim);
        for below in ctx.caches.claims.all() {
            let child = below.spec.parent_claim_ref.as_ref().is_some_and(|p| p.name == claim);
            if child && below.status.as_ref().is_none_or(|s| s.bound.is_none()) {
                self.claims.object(&below);
            }
        }
    }

    /// A block changed: itself, its claim, its claimant, the claims that are numbered in it, and the block above, which
    /// may be waiting for its last child to go.
    pub fn block(&self, block: &PrefixBlock, ctx: &Context) {
        self.blocks.object(block);
        self.first_use(ctx);
        self.claims.name(&block.spec.claim_ref.name);
        self.claimant(&block.spec.claimant);
        if block.spec.level != PrefixLevel::System {
            self.claims_below(&block.spec.claim_ref.name, ctx);
        }
        let parent = names::block(&block.spec.parent);
        if let Some(above) = ctx.caches.blocks.get(&parent, None).filter(|b| b.spec.state == BlockState::Releasing) {
            self.blocks.object(&above);
            self.claims.name(&above.spec.claim_ref.name);
        }
    }

    /// A block stands: a plan that says it is not in use looks again.
    fn first_use(&self, ctx: &Context) {
        let unused = |plan: &AddressPlan| plan.status.as_ref().is_none_or(|s| s.use_ != Some(PlanUse::InUse));
        ctx.caches.plans.all().iter().filter(|plan| unused(plan)).for_each(|plan| self.plans.object(plan));
    }
}
