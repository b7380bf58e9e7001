//! Which watch fills which cache and wakes whom, and which controller empties which queue: the operator's switchboard.

use std::convert::Infallible;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use berth_crds::{
    AddressPlan, Agency, Connection, Decision, Environment, EnvironmentClass, Intervention, NetworkChange, Onboarding,
    PolicyProfile, PrefixBlock, PrefixClaim, Site, Tenant, WorkingCalendar, names,
};
use berth_plan::grant;
use futures::StreamExt;
use futures::channel::mpsc::UnboundedReceiver;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::runtime::controller::{Action, Config, applier};
use kube::runtime::reflector::{ObjectRef, Store, store, store::Writer};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use crate::cache::Cache;
use crate::context::{Caches, Context};
use crate::controllers::{
    self, address_plan, agency, claim, collect, connection, decision, environment, onboarding, tenant,
};
use crate::error::Result;
use crate::pump::{Change, pump};
use crate::triggers::{Queue, Queues};

/// Objects with our label.
const OURS: Option<&str> = Some("app.kubernetes.io/managed-by=berth-operator");
/// Reconciles of a light kind at the same time.
const LIGHT: u16 = 8;

macro_rules! kinds {
    ($($field:ident: $kind:ty),* $(,)?) => {
        /// The writing half of every cache.
        pub struct Writers { $($field: Writer<$kind>,)* }

        /// Empty caches and what fills them.
        pub fn caches() -> (Caches, Writers) {
            $(let $field = store::<$kind>();)*
            (Caches { $($field: Cache::new($field.0),)* }, Writers { $($field: $field.1,)* })
        }

        /// Waits until every cache has been filled once: no decision rests on a half-read world.
        pub async fn filled(caches: &Caches) {
            $(
                // The writer is gone only while the operator shuts down.
                let _ = caches.$field.store().wait_until_ready().await;
            )*
        }
    };
}

kinds! {
    agencies: Agency, sites: Site, classes: EnvironmentClass, profiles: PolicyProfile, calendars: WorkingCalendar,
    plans: AddressPlan, tenants: Tenant, environments: Environment, claims: PrefixClaim, blocks: PrefixBlock,
    changes: NetworkChange, interventions: Intervention, onboardings: Onboarding, connections: Connection, decisions: Decision,
    namespaces: Namespace, quotas: ResourceQuota, limits: LimitRange, accounts: ServiceAccount,
    policies: NetworkPolicy, bindings: RoleBinding,
}

/// Starts one watch per kind.
pub fn watch_all(w: Writers, ctx: &Arc<Context>, q: &Queues, tasks: &mut JoinSet<()>) {
    let mut to = Watches { ctx, q, tasks };
    to.start(
        w.agencies,
        None,
        |c| &c.caches.agencies,
        |q, o, change, c| {
            q.agencies.object(o);
            q.claims.name(&names::agency_claim(&o.name_any()));
            q.headroom(c);
            if change == Change::Spec {
                q.register(c);
                q.tenants_of(&o.name_any(), c);
                // Domains are kept for agencies: what of names may be asked for follows them.
                q.openings(c, |opening| !opening.spec.host_names.is_empty());
            }
        },
    );
    to.start(
        w.sites,
        None,
        |c| &c.caches.sites,
        |q, _, change, c| {
            q.budgets(c);
            q.plan(c);
            q.headroom(c);
            if change == Change::Spec {
                q.register(c);
            }
        },
    );
    to.start(
        w.classes,
        None,
        |c| &c.caches.classes,
        |q, o, _, c| {
            q.register(c);
            let classes = |e: &Environment| [e.spec.class_ref.clone(), grant::lasting(&e.spec).class_ref];
            q.followers(c, |e| classes(e).iter().any(|class| class.name == o.name_any()));
        },
    );
    to.start(
        w.profiles,
        None,
        |c| &c.caches.profiles,
        |q, o, _, c| {
            q.register(c);
            q.followers(c, |e| e.spec.profile_ref.name == o.name_any());
            q.openings(c, |_| true);
        },
    );
    to.start(w.calendars, None, |c| &c.caches.calendars, |q, _, _, c| q.register(c));
    to.start(
        w.plans,
        None,
        |c| &c.caches.plans,
        |q, o, change, c| {
            q.plans.object(o);
            q.plan(c);
            if change == Change::Spec {
                q.register(c);
                // What is assigned to an environment is what devices must know of it.
                q.followers(c, |_| true);
                q.openings(c, |_| true);
            }
        },
    );
    to.start(w.changes, None, |c| &c.caches.changes, |q, o, _, _| q.change(o));
    to.start(w.interventions, None, |c| &c.caches.interventions, |q, o, _, _| q.intervention(o));
    to.start(
        w.tenants,
        None,
        |c| &c.caches.tenants,
        |q, o, change, c| {
            q.tenant(o);
            // Whether a system may operate is told in its status, and its papers say so.
            if change == Change::Spec || !o.spec.permissions.is_empty() {
                q.about(o, c);
            }
            q.openings_of_tenant(o, c);
        },
    );
    to.start(
        w.environments,
        None,
        |c| &c.caches.environments,
        |q, o, change, c| {
            q.environment(o, c);
            if change == Change::Spec {
                q.tenants.name(&o.spec.tenant_ref.name);
            }
        },
    );
    to.start(w.claims, None, |c| &c.caches.claims, |q, o, _, c| q.claim(o, c));
    to.start(w.blocks, None, |c| &c.caches.blocks, |q, o, _, c| q.block(o, c));
    to.start(w.onboardings, None, |c| &c.caches.onboardings, |q, o, _, c| q.onboarding(o, c));
    to.start(w.decisions, None, |c| &c.caches.decisions, |q, o, _, c| q.decision(o, c));
    to.start(w.connections, None, |c| &c.caches.connections, |q, o, _, c| q.connection(o, c));
    to.start(w.namespaces, OURS, |c| &c.caches.namespaces, |q, o, _, c| q.namespace(o, c));
    to.start(
        w.quotas,
        OURS,
        |c| &c.caches.quotas,
        |q, o, _, c| {
            c.quota_changed.notify_waiters();
            q.ours(o, c);
        },
    );
    to.start(w.limits, OURS, |c| &c.caches.limits, |q, o, _, c| q.ours(o, c));
    to.start(w.accounts, OURS, |c| &c.caches.accounts, |q, o, _, c| q.ours(o, c));
    to.start(w.policies, OURS, |c| &c.caches.policies, |q, o, _, c| q.policy(o, c));
    to.start(w.bindings, OURS, |c| &c.caches.bindings, |q, o, _, c| q.ours(o, c));
}

struct Watches<'a> {
    ctx: &'a Arc<Context>,
    q: &'a Queues,
    tasks: &'a mut JoinSet<()>,
}

impl Watches<'_> {
    fn start<K>(
        &mut self,
        writer: Writer<K>,
        selector: Option<&'static str>,
        cache: fn(&Context) -> &Cache<K>,
        concerns: fn(&Queues, &K, Change, &Context),
    ) where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        ObjectRef<K>: Hash + Eq,
    {
        let queues = self.q.clone();
        let api = Api::all(self.ctx.client.clone());
        self.tasks.spawn(pump(api, selector, writer, self.ctx.clone(), cache, move |object, change, ctx| {
            concerns(&queues, object, change, ctx);
        }));
    }
}

/// The receiving half of every queue.
pub struct Ends {
    agencies: UnboundedReceiver<ObjectRef<Agency>>,
    onboardings: UnboundedReceiver<ObjectRef<Onboarding>>,
    connections: UnboundedReceiver<ObjectRef<Connection>>,
    decisions: UnboundedReceiver<ObjectRef<Decision>>,
    tenants: UnboundedReceiver<ObjectRef<Tenant>>,
    environments: UnboundedReceiver<ObjectRef<Environment>>,
    plans: UnboundedReceiver<ObjectRef<AddressPlan>>,
    claims: UnboundedReceiver<ObjectRef<PrefixClaim>>,
    blocks: UnboundedReceiver<ObjectRef<PrefixBlock>>,
}

impl Ends {
    /// Every queue with its receiving half.
    pub fn new() -> (Queues, Self) {
        let (agencies, onboardings, decisions) = (Queue::new(), Queue::new(), Queue::new());
        let (tenants, environments, claims, blocks) = (Queue::new(), Queue::new(), Queue::new(), Queue::new());
        let (plans, connections) = (Queue::new(), Queue::new());
        let queues = Queues {
            agencies: agencies.0,
            onboardings: onboardings.0,
            connections: connections.0,
            decisions: decisions.0,
            tenants: tenants.0,
            environments: environments.0,
            plans: plans.0,
            claims: claims.0,
            blocks: blocks.0,
        };
        let ends = Self {
            agencies: agencies.1,
            onboardings: onboardings.1,
            connections: connections.1,
            decisions: decisions.1,
            tenants: tenants.1,
            environments: environments.1,
            plans: plans.1,
            claims: claims.1,
            blocks: blocks.1,
        };
        (queues, ends)
    }

    /// Starts every controller. They end when their queue does.
    pub fn controllers(self, ctx: &Arc<Context>, environments_at_once: u16) -> JoinSet<()> {
        let (mut tasks, caches) = (JoinSet::new(), &ctx.caches);
        control(&mut tasks, ctx, self.agencies, caches.agencies.store(), LIGHT, agency::reconcile);
        control(&mut tasks, ctx, self.onboardings, caches.onboardings.store(), LIGHT, onboarding::reconcile);
        control(&mut tasks, ctx, self.connections, caches.connections.store(), LIGHT, connection::reconcile);
        control(&mut tasks, ctx, self.decisions, caches.decisions.store(), LIGHT, decision::reconcile);
        control(&mut tasks, ctx, self.tenants, caches.tenants.store(), LIGHT, tenant::reconcile);
        control(
            &mut tasks,
            ctx,
            self.environments,
            caches.environments.store(),
            environments_at_once,
            environment::reconcile,
        );
        control(&mut tasks, ctx, self.plans, caches.plans.store(), LIGHT, address_plan::reconcile);
        control(&mut tasks, ctx, self.claims, caches.claims.store(), LIGHT, claim::reconcile);
        control(&mut tasks, ctx, self.blocks, caches.blocks.store(), LIGHT, collect::reconcile);
        tasks
    }
}

/// Runs one controller: kube's applier keeps one reconcile per object and merges repeated wishes.
fn control<K, R, F>(
    tasks: &mut JoinSet<()>,
    ctx: &Arc<Context>,
    queue: UnboundedReceiver<ObjectRef<K>>,
    store: Store<K>,
    at_once: u16,
    reconcile: F,
) where
    K: Resource<DynamicType = ()> + Clone + Debug + Send + Sync + 'static,
    F: Fn(Arc<K>, Arc<Context>) -> R + Copy + Send + Sync + 'static,
    R: Future<Output = Result<Action>> + Send + 'static,
{
    let run = move |object: Arc<K>, ctx: Arc<Context>| {
        Box::pin(async move {
            // Called inside the guard: whatever it does, it is one object that fails.
            let work = async { reconcile(object.clone(), ctx.clone()).await };
            controllers::guarded(object.as_ref(), &ctx, work).await
        })
    };
    let queue = queue.map(Ok::<_, Infallible>);
    let config = Config::default().concurrency(at_once);
    let stream = applier(run, controllers::on_error, ctx.clone(), store, queue, config);
    tasks.spawn(stream.for_each(|_| std::future::ready(())));
}

#[cfg(test)]
mod tests;
