//! Caches → the world that `berth-plan` decides on. The only file that reads for decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use berth_crds::common::PaperRef;
use berth_crds::{Agency, Connection, Decision, Environment, Onboarding, PrefixClaim, names};
use berth_plan::address;
use berth_plan::claim::MOST_BLOCKS;
use berth_plan::fulfil::open;
use berth_plan::register::Register;
use berth_plan::system::transfer;
use ipnet::Ipv6Net;
use kube::api::ListParams;
use kube::{Resource, ResourceExt};

use crate::cache::Cache;
use crate::context::Context;
use crate::error::{Result, while_};

/// The registers as we know them now.
pub fn register(ctx: &Context) -> Register {
    let c = &ctx.caches;
    Register {
        agencies: named(&c.agencies),
        sites: named(&c.sites),
        classes: named(&c.classes),
        profiles: named(&c.profiles),
        calendars: named(&c.calendars),
        tenants: named(&c.tenants),
        environments: named(&c.environments),
    }
}

fn named<K>(cache: &Cache<K>) -> BTreeMap<String, Arc<K>>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + 'static,
{
    cache.all().into_iter().map(|o| (o.name_any(), o)).collect()
}

/// Whether a paper is approved and still being carried out, as we know it now.
pub fn is_open(ctx: &Context, paper: &PaperRef) -> bool {
    let found = ctx.caches.onboardings.get(&paper.name, Some(&paper.namespace));
    found.is_some_and(|o| o.uid().as_ref() == Some(&paper.uid) && open(&o))
}

/// All Decisions that name an Onboarding.
pub fn decisions(ctx: &Context, onboarding: &Onboarding) -> Vec<Arc<Decision>> {
    let (name, namespace) = (onboarding.name_any(), onboarding.namespace());
    let about = |d: &Arc<Decision>| d.namespace() == namespace && d.spec.is_about_onboarding(&name);
    ctx.caches.decisions.all().into_iter().filter(about).collect()
}

/// All Decisions on the paper that an environment stands by.
pub fn decisions_behind(ctx: &Context, environment: &Environment) -> Vec<Arc<Decision>> {
    let Some(paper) = &environment.spec.basis.onboarding_ref else { return Vec::new() };
    let namespace = Some(paper.namespace.as_str());
    let about = |d: &Arc<Decision>| d.namespace().as_deref() == namespace && d.spec.is_about_onboarding(&paper.name);
    ctx.caches.decisions.all().into_iter().filter(about).collect()
}

/// All Decisions that name a Connection.
pub fn decisions_on(ctx: &Context, connection: &Connection) -> Vec<Arc<Decision>> {
    let (name, namespace) = (connection.name_any(), connection.namespace());
    let about = |d: &Arc<Decision>| d.namespace() == namespace && d.spec.is_about_connection(&name);
    ctx.caches.decisions.all().into_iter().filter(about).collect()
}

/// All Onboardings in the namespace of a paper.
pub fn papers(ctx: &Context, onboarding: &Onboarding) -> Vec<Arc<Onboarding>> {
    let namespace = onboarding.namespace();
    ctx.caches.onboardings.all().into_iter().filter(|o| o.namespace() == namespace).collect()
}

/// Agencies as the API server has them now: a delegation that was taken back a moment ago must not count for ever.
pub async fn agencies_now(ctx: &Context) -> Result<BTreeMap<String, Arc<Agency>>> {
    let listed = ctx.api::<Agency>().list(&ListParams::default()).await.map_err(while_("list", "agencies"))?;
    Ok(listed.items.into_iter().map(|agency| (agency.name_any(), Arc::new(agency))).collect())
}

/// Papers of other agencies for the same change of owner.
pub fn transfers(ctx: &Context, onboarding: &Onboarding) -> Vec<Arc<Onboarding>> {
    if onboarding.spec.transfer.is_none() {
        return Vec::new();
    }
    ctx.caches.onboardings.all().into_iter().filter(|other| transfer::matches(onboarding, other)).collect()
}

/// An agency's claims for blocks in order: the one of this name, and those by which it grew.
pub fn blocks_of(ctx: &Context, first: &str) -> Vec<Arc<PrefixClaim>> {
    let further = (2..=MOST_BLOCKS).map(|n| names::grown_claim(first, n));
    let all = std::iter::once(first.to_owned()).chain(further).map(|name| ctx.caches.claims.get(&name, None));
    all.take_while(Option::is_some).flatten().collect()
}

/// Every prefix that is taken where a claim may be numbered, or about to be, as far as we know: blocks, and the intents of
/// other claims. Of thousands of each only those in the same parents are read.
pub fn taken(ctx: &Context, claim: &PrefixClaim, parents: &[Ipv6Net]) -> BTreeSet<Ipv6Net> {
    let parents: BTreeSet<String> = parents.iter().map(Ipv6Net::to_string).collect();
    let blocks = ctx.caches.blocks.all();
    let blocks = blocks.iter().filter(|b| parents.contains(&b.spec.parent)).map(|b| b.spec.cidr.as_str());
    let claims = ctx.caches.claims.all();
    let beside = |c: &&Arc<PrefixClaim>| {
        c.spec.parent_claim_ref == claim.spec.parent_claim_ref && c.metadata.uid != claim.metadata.uid
    };
    let intents = claims.iter().filter(beside).filter_map(|c| c.status.as_ref()?.candidate.as_deref());
    blocks.chain(intents).filter_map(address::parse).collect()
}
