//! Caches → the world that `berth-plan` decides on. The only file that reads for decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use berth_crds::common::PaperRef;
use berth_crds::{Decision, Onboarding, PrefixClaim};
use berth_plan::address;
use berth_plan::fulfil::open;
use berth_plan::register::Register;
use ipnet::Ipv6Net;
use kube::{Resource, ResourceExt};

use crate::cache::Cache;
use crate::context::Context;

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
    let about = |d: &Arc<Decision>| d.namespace() == namespace && d.spec.onboarding_ref.name == name;
    ctx.caches.decisions.all().into_iter().filter(about).collect()
}

/// All Onboardings in the namespace of a paper.
pub fn papers(ctx: &Context, onboarding: &Onboarding) -> Vec<Arc<Onboarding>> {
    let namespace = onboarding.namespace();
    ctx.caches.onboardings.all().into_iter().filter(|o| o.namespace() == namespace).collect()
}

/// Every prefix that is taken or about to be, as far as we know: blocks, and the intents of other claims.
pub fn taken(ctx: &Context, except: &PrefixClaim) -> BTreeSet<Ipv6Net> {
    let blocks = ctx.caches.blocks.all().into_iter().map(|b| b.spec.cidr.clone());
    let others = ctx.caches.claims.all().into_iter().filter(|c| c.uid() != except.uid());
    let intents = others.filter_map(|c| c.status.as_ref()?.candidate.clone());
    blocks.chain(intents).filter_map(|cidr| address::parse(&cidr)).collect()
}
