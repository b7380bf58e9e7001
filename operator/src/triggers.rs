//! Which objects a change concerns. One watch per kind, each with its own back-off: a kind that cannot be watched
//! never slows another.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use berth_crds::{
    Agency, Decision, Environment, Onboarding, PrefixBlock, PrefixClaim, Tenant, condition,
    environment::EnvironmentKind, labels, names,
};
use berth_plan::booking::waiting;
use futures::channel::mpsc;
use futures::{Stream, StreamExt};
use kube::runtime::reflector::{ObjectRef, store::Writer};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::cache::Cache;
use crate::context::Context;

/// A watch is asked anew after this many seconds, so that a silent connection is noticed within a minute.
const WATCH_SECONDS: u32 = 55;

/// Sending half of every controller's queue.
#[derive(Clone)]
pub struct Queues {
    /// Agencies.
    pub agencies: Queue<Agency>,
    /// Onboardings.
    pub onboardings: Queue<Onboarding>,
    /// Decisions.
    pub decisions: Queue<Decision>,
    /// Tenants.
    pub tenants: Queue<Tenant>,
    /// Environments.
    pub environments: Queue<Environment>,
    /// Claims.
    pub claims: Queue<PrefixClaim>,
    /// Blocks.
    pub blocks: Queue<PrefixBlock>,
}

/// One controller's queue.
pub struct Queue<K: Resource<DynamicType = ()> + 'static>(mpsc::UnboundedSender<ObjectRef<K>>);

impl<K: Resource<DynamicType = ()> + 'static> Clone for Queue<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Resource<DynamicType = ()> + 'static> Queue<K> {
    /// A queue and its receiving end.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<ObjectRef<K>>) {
        let (sender, receiver) = mpsc::unbounded();
        (Self(sender), receiver)
    }

    fn push(&self, key: ObjectRef<K>) {
        // The receiver is gone only while the operator shuts down: nobody is left to reconcile then.
        let _ = self.0.unbounded_send(key);
    }

    /// Asks for a reconcile of a cluster-scoped object.
    pub fn name(&self, name: &str) {
        self.push(ObjectRef::new(name));
    }

    /// Asks for a reconcile of an object in a namespace.
    pub fn within(&self, name: &str, namespace: &str) {
        self.push(ObjectRef::new(name).within(namespace));
    }

    /// Asks for a reconcile of the object.
    pub fn object(&self, object: &K) {
        self.push(ObjectRef::from_obj(object));
    }
}

/// Watches a kind for ever: fills its cache, then says what the change concerns.
pub fn pump<K>(
    api: Api<K>,
    selector: Option<&str>,
    mut writer: Writer<K>,
    ctx: Arc<Context>,
    cache: fn(&Context) -> &Cache<K>,
    concerns: impl Fn(&K, &Context) + Send + 'static,
) -> impl Future<Output = ()> + Send
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    ObjectRef<K>: Hash + Eq,
{
    let config = watch::Config::default().timeout(WATCH_SECONDS);
    let config = match selector {
        Some(selector) => config.labels(selector),
        None => config,
    };
    async move {
        let mut events = Box::pin(watch(api, config).default_backoff());
        let mut first: Vec<K> = Vec::new();
        while let Some(event) = next(&mut events).await {
            let changed = match &event {
                Event::Apply(object) | Event::Delete(object) => Some(object.clone()),
                Event::InitApply(object) => {
                    first.push(object.clone());
                    None
                }
                Event::Init | Event::InitDone => None,
            };
            let listed = matches!(event, Event::InitDone);
            writer.apply_watcher_event(&event);
            cache(&ctx).caught_up(&event);
            if listed {
                first.drain(..).for_each(|object| concerns(&object, &ctx));
            }
            if let Some(object) = changed {
                concerns(&object, &ctx);
            }
        }
    }
}

/// The next good event; a bad one is told and the watch goes on with its back-off.
async fn next<K>(events: &mut (impl Stream<Item = Result<Event<K>, watcher::Error>> + Unpin)) -> Option<Event<K>>
where
    K: Resource<DynamicType = ()>,
{
    loop {
        match events.next().await? {
            Ok(event) => return Some(event),
            Err(error) => tracing::warn!(kind = %K::kind(&()), %error, "watch failed, trying again"),
        }
    }
}

impl Queues {
    /// A register changed: requests that wait for it, and environments that are not ready, look again.
    pub fn register(&self, ctx: &Context) {
        for onboarding in ctx.caches.onboardings.all() {
            let status = onboarding.status.as_ref();
            let stalled = status.is_none_or(|s| condition::is_true(&s.conditions, berth_crds::ConditionType::Stalled));
            let decided = status.is_some_and(|s| s.outcome.is_some());
            if stalled && !decided {
                self.onboardings.object(&onboarding);
            }
        }
        self.unready(ctx);
    }

    /// The address plan changed: claims without a prefix look again.
    pub fn plan(&self, ctx: &Context) {
        for claim in ctx.caches.claims.all() {
            if claim.status.as_ref().is_none_or(|s| s.bound.is_none()) {
                self.claims.object(&claim);
            }
        }
    }

    fn unready(&self, ctx: &Context) {
        for environment in ctx.caches.environments.all() {
            let status = environment.status.as_ref();
            if !status.is_some_and(|s| condition::is_true(&s.conditions, berth_crds::ConditionType::Ready)) {
                self.environments.object(&environment);
            }
        }
    }

    /// A site changed: agencies that are not ready may book their budget now.
    pub fn budgets(&self, ctx: &Context) {
        for agency in ctx.caches.agencies.all() {
            let conditions = agency.status.clone().unwrap_or_default().conditions;
            if agency.spec.budget.is_some() && !condition::is_true(&conditions, berth_crds::ConditionType::Ready) {
                self.agencies.object(&agency);
            }
        }
    }

    /// Headroom may have changed: who waits looks again. The first in line books, the others find that they are not first.
    pub fn headroom(&self, ctx: &Context) {
        let told = |o: &Arc<Onboarding>| {
            let conditions = &o.status.as_ref()?.conditions;
            condition::get(conditions, berth_crds::ConditionType::Booked).filter(|c| c.status == "False").map(|_| ())
        };
        for onboarding in ctx.caches.onboardings.all() {
            if waiting(&onboarding).is_some() && told(&onboarding).is_some() {
                self.onboardings.object(&onboarding);
            }
        }
    }

    /// An onboarding changed: itself, its decisions that came first, and whoever waits behind it when it left the queue.
    pub fn onboarding(&self, onboarding: &Onboarding, ctx: &Context) {
        self.onboardings.object(onboarding);
        let left = onboarding.status.as_ref().is_some_and(|s| {
            condition::is_true(&s.conditions, berth_crds::ConditionType::Withdrawn) && s.outcome.is_some()
        });
        if left {
            self.headroom(ctx);
        }
    }

    /// A decision changed: the onboarding that it names, or itself when there is none.
    pub fn decision(&self, decision: &Decision) {
        let namespace = decision.namespace().unwrap_or_default();
        self.onboardings.within(&decision.spec.onboarding_ref.name, &namespace);
        self.decisions.object(decision);
    }

    /// A tenant changed: itself, the paper that made it and its environments.
    pub fn tenant(&self, tenant: &Tenant) {
        self.tenants.object(tenant);
        if let Some(paper) = &tenant.spec.basis.onboarding_ref {
            self.onboardings.within(&paper.name, &paper.namespace);
        }
        for kind in EnvironmentKind::ALL {
            self.environments.name(&names::environment(&tenant.name_any(), kind.suffix()));
        }
    }

    /// An environment changed: itself and the paper that made it.
    pub fn environment(&self, environment: &Environment) {
        self.environments.object(environment);
        if let Some(paper) = &environment.spec.basis.onboarding_ref {
            self.onboardings.within(&paper.name, &paper.namespace);
        }
    }

    /// A claim changed: itself, its claimant and the claims below it.
    pub fn claim(&self, claim: &PrefixClaim, ctx: &Context) {
        self.claims.object(claim);
        let claimant = &claim.spec.claimant;
        match claimant.kind {
            berth_crds::address::ClaimantKind::Agency => self.agencies.name(&claimant.name),
            berth_crds::address::ClaimantKind::Tenant => self.tenants.name(&claimant.name),
        }
        let bound = claim.status.as_ref().is_some_and(|s| s.bound.is_some());
        for below in ctx.caches.claims.all() {
            let child = below.spec.parent_claim_ref.as_ref().is_some_and(|p| p.name == claim.name_any());
            if bound && child && below.status.as_ref().is_none_or(|s| s.bound.is_none()) {
                self.claims.object(&below);
            }
        }
    }

    /// A block changed: itself and its claim.
    pub fn block(&self, block: &PrefixBlock) {
        self.blocks.object(block);
        self.claims.name(&block.spec.claim_ref.name);
    }

    /// A child in a namespace changed: the environment or the agency that it belongs to.
    pub fn child<K: Resource>(&self, child: &K) {
        let labels = child.labels();
        match (labels.get(labels::ENVIRONMENT), labels.get(labels::AGENCY)) {
            (Some(environment), _) => self.environments.name(environment),
            (None, Some(agency)) => self.agencies.name(agency),
            (None, None) => {}
        }
    }
}
