//! Which objects a change concerns.

mod addresses;
mod openings;
mod owners;

use std::sync::Arc;

use berth_crds::decision::DecisionVerdict;
use berth_crds::onboarding::Action;
use berth_crds::{
    AddressPlan, Agency, ConditionType, Connection, Decision, Environment, Intervention, NetworkChange, Onboarding,
    PrefixBlock, PrefixClaim, Tenant, condition, environment::EnvironmentKind, labels, names,
};
use berth_plan::booking::waiting;
use berth_plan::fulfil::open;
use berth_plan::life;
use futures::channel::mpsc;
use k8s_openapi::api::core::v1::Namespace;
use kube::runtime::reflector::ObjectRef;
use kube::{Resource, ResourceExt};

use crate::context::Context;
use crate::observe;

/// Sending half of every controller's queue.
#[derive(Clone)]
pub struct Queues {
    /// Agencies.
    pub agencies: Queue<Agency>,
    /// Onboardings.
    pub onboardings: Queue<Onboarding>,
    /// Openings.
    pub connections: Queue<Connection>,
    /// Decisions.
    pub decisions: Queue<Decision>,
    /// Tenants.
    pub tenants: Queue<Tenant>,
    /// Environments.
    pub environments: Queue<Environment>,
    /// Address plans: there is one.
    pub plans: Queue<AddressPlan>,
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

impl Queues {
    /// A register says something else: requests that are not done, and environments that are not ready, look again.
    pub fn register(&self, ctx: &Context) {
        for onboarding in ctx.caches.onboardings.all() {
            let undecided = onboarding.status.as_ref().is_none_or(|s| s.outcome.is_none());
            if undecided || open(&onboarding) {
                self.onboardings.object(&onboarding);
            }
        }
        self.unready(ctx);
    }

    /// A tenant says something else: so may the requests that name it or its code.
    pub fn about(&self, tenant: &Tenant, ctx: &Context) {
        for onboarding in ctx.caches.onboardings.all() {
            let spec = &onboarding.spec;
            let named = spec.tenant_ref.as_ref().is_some_and(|t| t.name == tenant.name_any());
            let same_code = spec.system.as_ref().is_some_and(|s| s.code == tenant.spec.code);
            if named || same_code {
                self.onboardings.object(&onboarding);
            }
        }
    }

    /// An agency says something else: so may its tenants.
    pub fn tenants_of(&self, agency: &str, ctx: &Context) {
        for tenant in ctx.caches.tenants.all() {
            if tenant.spec.agency_ref.name == agency {
                self.tenants.object(&tenant);
            }
        }
    }

    /// A class or a rule set says something else: so do the environments that follow it.
    pub fn followers(&self, ctx: &Context, follows: impl Fn(&Environment) -> bool) {
        ctx.caches.environments.all().iter().filter(|e| follows(e)).for_each(|e| self.environments.object(e));
    }

    /// The address plan or a site changed: claims without a prefix look again.
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
            if !status.is_some_and(|s| condition::is_true(&s.conditions, ConditionType::Ready)) {
                self.environments.object(&environment);
            }
        }
    }

    /// A site changed: agencies that are not ready may book their budget now.
    pub fn budgets(&self, ctx: &Context) {
        for agency in ctx.caches.agencies.all() {
            let conditions = agency.status.clone().unwrap_or_default().conditions;
            if agency.spec.budget.is_some() && !condition::is_true(&conditions, ConditionType::Ready) {
                self.agencies.object(&agency);
            }
        }
    }

    /// Headroom may have changed: who waits looks again. The first in line books, the others find that they are not first.
    pub fn headroom(&self, ctx: &Context) {
        let told = |o: &Arc<Onboarding>| {
            let conditions = &o.status.as_ref()?.conditions;
            condition::get(conditions, ConditionType::Booked).filter(|c| c.status == "False").map(|_| ())
        };
        for onboarding in ctx.caches.onboardings.all() {
            let passes = onboarding.spec.transfer.is_some() && open(&onboarding);
            if (passes || waiting(&onboarding).is_some()) && told(&onboarding).is_some() {
                self.onboardings.object(&onboarding);
            }
        }
    }

    /// An onboarding changed: itself; whoever waits behind it when it left the queue; and the papers for the same
    /// environment when it is done.
    pub fn onboarding(&self, onboarding: &Onboarding, ctx: &Context) {
        self.onboardings.object(onboarding);
        // Whether it takes the place of the paper that it names is known once it is checked: until then that one waits.
        if let Some(earlier) = &onboarding.spec.supersedes {
            self.onboardings.within(&earlier.name, &onboarding.namespace().unwrap_or_default());
        }
        let Some(status) = onboarding.status.as_ref().filter(|s| s.outcome.is_some()) else { return };
        let is = |type_| condition::is_true(&status.conditions, type_);
        if is(ConditionType::Withdrawn) || is(ConditionType::Stalled) {
            self.headroom(ctx);
        }
        if let Some(tenant) = status.tenant_ref.as_ref().filter(|_| !open(onboarding)) {
            self.acts_on(&tenant.name, ctx);
        }
        // A change of owner takes two papers: what becomes of one is what the other waits for.
        for other in observe::transfers(ctx, onboarding) {
            self.onboardings.object(&other);
        }
        // One that gives back is heard while it waits: what it waits for may never be ready, and ends then.
        let heard = !open(onboarding) || onboarding.spec.action == Action::Decommission;
        if let Some(environment) = status.environment_ref.as_ref().filter(|_| heard) {
            self.papers_of(&environment.name, ctx, open);
        }
    }

    /// Papers about an environment.
    fn papers_of(&self, environment: &str, ctx: &Context, which: impl Fn(&Onboarding) -> bool) {
        for onboarding in ctx.caches.onboardings.all() {
            let about = onboarding.status.as_ref().and_then(|s| s.environment_ref.as_ref());
            if about.is_some_and(|e| e.name == environment) && which(&onboarding) {
                self.onboardings.object(&onboarding);
            }
        }
    }

    /// A decision changed: the paper that it names, or itself when there is none.
    pub fn decision(&self, decision: &Decision, ctx: &Context) {
        let (namespace, name) = (decision.namespace().unwrap_or_default(), &decision.spec.paper().name);
        if decision.spec.connection_ref.is_none() {
            self.onboardings.within(name, &namespace);
            let paper = ctx.caches.onboardings.get(name, Some(&namespace));
            let about = paper.as_ref().and_then(|paper| paper.spec.environment_ref.as_ref());
            if let Some(environment) = about.filter(|_| decision.spec.verdict == DecisionVerdict::Reconcile) {
                self.environments.name(&environment.name);
            }
        } else if let Some(connection) = ctx.caches.connections.get(name, Some(&namespace)) {
            self.connection(&connection, ctx);
        }
        self.decisions.object(decision);
    }

    /// A tenant changed: itself, its claim, the paper that made it and its environments.
    pub fn tenant(&self, tenant: &Tenant) {
        self.tenants.object(tenant);
        self.claims.name(&names::tenant_claim(&tenant.name_any()));
        if let Some(paper) = &tenant.spec.basis.onboarding_ref {
            self.onboardings.within(&paper.name, &paper.namespace);
        }
        for kind in EnvironmentKind::ALL {
            self.environments.name(&names::environment(&tenant.name_any(), kind.suffix()));
        }
    }

    /// An environment changed: itself, the paper that it stands by, the papers about it (those that are being carried out
    /// wait for it, those that were tell what became of it), and, where it passed to another owner, the agencies between
    /// which its booking moves.
    pub fn environment(&self, environment: &Environment, ctx: &Context) {
        self.environments.object(environment);
        self.bookings_of(environment, ctx);
        if let Some(paper) = &environment.spec.basis.onboarding_ref {
            self.onboardings.within(&paper.name, &paper.namespace);
        }
        self.papers_of(&environment.name_any(), ctx, |_| true);
        self.acts_on(&environment.spec.tenant_ref.name, ctx);
        let plate = &environment.spec.tenant_ref.name;
        let left =
            ctx.caches.tenants.get(plate, None).is_some_and(|t| t.status.as_ref().is_some_and(|s| s.left.is_some()));
        if left || life::is_removed(environment) {
            self.tenants.name(plate);
        }
        self.openings_at(&environment.name_any(), ctx);
    }

    /// Somebody said what devices are set to: the environments that it is about look again.
    pub fn change(&self, change: &NetworkChange) {
        change.spec.environments.iter().for_each(|e| self.environments.name(&e.environment_ref.name));
    }

    /// Somebody acted on an environment without a paper: it looks at once.
    pub fn intervention(&self, act: &Intervention) {
        self.environments.name(&act.spec.environment_ref.name);
    }

    /// A tenant's namespace changed: a claim that waits for the last one to go looks again.
    pub fn namespace(&self, namespace: &Namespace, ctx: &Context) {
        self.ours(namespace, ctx);
        if let Some(environment) = namespace.labels().get(labels::ENVIRONMENT) {
            self.openings_at(environment, ctx);
        }
        let claim = namespace.labels().get(labels::TENANT).map(|tenant| names::tenant_claim(tenant));
        if let Some(claim) = claim.and_then(|name| ctx.caches.claims.get(&name, None))
            && claim.metadata.deletion_timestamp.is_some()
        {
            self.claims.object(&claim);
        }
    }

    /// A child changed, perhaps by break-glass.
    pub fn ours<K: Resource<DynamicType = ()> + serde::Serialize>(&self, child: &K, ctx: &Context) {
        ctx.glass.see(child);
        self.child(child);
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
