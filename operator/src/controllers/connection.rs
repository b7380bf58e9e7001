//! Connection → policies on both sides.
//!
//! Order: what may not stand goes first; then what Decisions came to; then outcome and end into status, which are written
//! once; only then what may stand is written. So nothing is ever open that no recorded outcome lets be open, and a closing
//! takes the opening away before anything else. Host names go the same way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use berth_crds::common::PaperRef;
use berth_crds::connection::ConnectionStatus;
use berth_crds::{ConditionType, Connection, Decision, Environment, Reason, condition, labels, names};
use berth_plan::address;
use berth_plan::connection::{self as plan, Input, Plan, Seat, Stage};
use berth_plan::intervention::is_held;
use ipnet::IpNet;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{DynamicObject, PostParams};
use kube::core::ApiResource;
use kube::runtime::controller::Action;
use kube::{Api, Resource, ResourceExt};

use super::decision;
use crate::context::Context;
use crate::error::{Error, Result, answer, while_};
use crate::host_names::{self, Turn};
use crate::{apply, observe, record};

/// Timers are not set further ahead than this; a wake-up that finds nothing to do writes nothing.
const FARTHEST: Duration = Duration::from_secs(24 * 3600);

/// Brings one connection to what was decided.
pub async fn reconcile(connection: Arc<Connection>, ctx: Arc<Context>) -> Result<Action> {
    let namespace = connection.namespace().unwrap_or_default();
    let newest = ctx.caches.connections.get(&connection.name_any(), Some(&namespace)).unwrap_or(connection);
    // A paper in a namespace that is no agency's is not ours to judge.
    if names::agency_of_namespace(&namespace).is_none() {
        return Ok(Action::await_change());
    }
    match &newest.spec.counterpart_of {
        Some(paper) => mirror(&newest, paper, &ctx).await,
        None => bring(&newest, &ctx).await,
    }
}

/// A copy says what its paper says.
async fn mirror(copy: &Connection, paper: &PaperRef, ctx: &Context) -> Result<Action> {
    let found = ctx.caches.connections.get(&paper.name, Some(&paper.namespace));
    if let Some(found) = found.filter(|found| found.uid().as_ref() == Some(&paper.uid)) {
        write(copy, plan::mirrored(copy, &found), ctx).await?;
    }
    Ok(Action::await_change())
}

async fn bring(connection: &Connection, ctx: &Context) -> Result<Action> {
    // Two papers for one name must not both find it free: one at a time, until what is said of it is written.
    let turn = Turn::of(connection, ctx).await;
    let newest = ctx.caches.connections.get(&connection.name_any(), connection.namespace().as_deref());
    let connection = newest.as_deref().unwrap_or(connection);
    let world = World::observe(connection, ctx);
    let now = ctx.now();
    let input = world.input(connection, &now, ctx);
    let planned = plan::plan(&input);
    really_gone(&planned, ctx).await?;
    if let Some(turn) = turn.as_ref().filter(|_| planned.host_names.is_empty()) {
        turn.settle(Some(connection), ctx).await?;
    }
    let standing = standing(connection, ctx);
    if let Some(wanted) = &planned.policies {
        for policy in standing.iter().filter(|seen| !wanted.iter().any(|w| is(w, seen))) {
            let api = ctx.api_in::<NetworkPolicy>(&policy.namespace().unwrap_or_default());
            apply::delete(&api, policy.as_ref()).await?;
        }
    }
    for judged in &planned.judged {
        let papers = if judged.seat == Seat::Asking { &world.decisions } else { &world.others };
        if let Some(paper) = papers.iter().find(|d| d.name_any() == judged.name) {
            decision::write(paper, judged.effect, judged.reason, ctx).await?;
        }
    }
    // Outcome and end first: nothing opens on what is not recorded. What stands already is told as it is.
    let stands = settled(&planned, &standing, ctx) && named(connection, &planned, ctx);
    let connection = write(connection, plan::tell(&input, &planned, stands), ctx).await?;
    ask_other(&connection, &planned, ctx).await?;
    // On hold nothing is written; what may not stand is gone by now all the same.
    let held = planned
        .environments
        .iter()
        .any(|known| ctx.caches.environments.get(&known.name, None).is_some_and(|environment| is_held(&environment)));
    if !stands && !held && planned.stage == Stage::Open {
        for policy in planned.policies.iter().flatten() {
            apply::child(ctx, &ctx.caches.policies, policy).await?;
        }
        if let Some(turn) = &turn {
            turn.settle(None, ctx).await?;
        }
        let input = world.input(&connection, &now, ctx);
        write(&connection, plan::tell(&input, &planned, true), ctx).await?;
    }
    notice(&connection, world.connection_told_expiring, ctx).await;
    Ok(next(&planned, &now))
}

/// What a pass looks at, as one snapshot.
struct World {
    register: berth_plan::register::Register,
    decisions: Vec<Arc<Decision>>,
    others: Vec<Arc<Decision>>,
    counterpart: Option<Arc<Connection>>,
    papers: Vec<Arc<Connection>>,
    numbered: Vec<IpNet>,
    namespaces: BTreeMap<String, String>,
    connection_told_expiring: bool,
}

impl World {
    fn observe(connection: &Connection, ctx: &Context) -> Self {
        let counterpart = connection.status.as_ref().and_then(|s| s.counterpart.clone()).and_then(|known| {
            let namespace = names::agency_namespace(&known.agency_ref.name);
            let copy = ctx.caches.connections.get(&known.name, Some(&namespace))?;
            let ours = copy.spec.counterpart_of.as_ref().map(|paper| &paper.uid) == connection.uid().as_ref();
            ours.then_some(copy)
        });
        let others = counterpart.as_ref().map(|copy| observe::decisions_on(ctx, copy)).unwrap_or_default();
        let roots = ctx.caches.plans.all();
        let roots = roots.iter().flat_map(|plan| address::roots(&plan.spec)).map(IpNet::V6);
        let ours = ctx.caches.namespaces.all();
        let ours = ours.iter().filter(|n| n.metadata.deletion_timestamp.is_none());
        let conditions = connection.status.clone().unwrap_or_default().conditions;
        Self {
            register: observe::register(ctx),
            decisions: observe::decisions_on(ctx, connection),
            others,
            counterpart,
            // Who asks for no name need not know who has which.
            papers: if connection.spec.host_names.is_empty() { Vec::new() } else { ctx.caches.connections.all() },
            numbered: roots.collect(),
            namespaces: ours.map(|n| (n.name_any(), n.uid().unwrap_or_default())).collect(),
            connection_told_expiring: condition::is_true(&conditions, ConditionType::Expiring),
        }
    }

    fn input<'a>(
        &'a self,
        connection: &'a Connection,
        now: &'a k8s_openapi::apimachinery::pkg::apis::meta::v1::Time,
        ctx: &Context,
    ) -> Input<'a> {
        Input {
            connection,
            decisions: &self.decisions,
            others: &self.others,
            counterpart: self.counterpart.as_deref(),
            papers: &self.papers,
            register: &self.register,
            numbered: &self.numbered,
            namespaces: &self.namespaces,
            now,
            today: ctx.day_of(now),
        }
    }
}

/// Policies that stand for a connection, as we know it now.
fn standing(connection: &Connection, ctx: &Context) -> Vec<Arc<NetworkPolicy>> {
    let uid = connection.uid();
    let of = |p: &Arc<NetworkPolicy>| p.labels().get(labels::CONNECTION) == uid.as_ref();
    ctx.caches.policies.all().into_iter().filter(of).collect()
}

fn is(wanted: &NetworkPolicy, seen: &NetworkPolicy) -> bool {
    (wanted.namespace(), wanted.name_any()) == (seen.namespace(), seen.name_any())
}

/// Whether exactly what is planned stands already. What is not enough known to be planned stands if anything does.
fn settled(planned: &Plan, standing: &[Arc<NetworkPolicy>], ctx: &Context) -> bool {
    match &planned.policies {
        Some(wanted) => wanted.iter().all(|policy| apply::settled(&ctx.caches.policies, policy).is_some()),
        None => !standing.is_empty(),
    }
}

/// Whether the names that are planned are granted already: the paper says so itself, and its namespace has them. Where none
/// is planned, they were taken before.
fn named(connection: &Connection, planned: &Plan, ctx: &Context) -> bool {
    let said = connection.status.as_ref().map(|s| s.host_names.as_slice()).unwrap_or_default();
    planned.host_names.is_empty() || said == planned.host_names && host_names::stand(connection, said, ctx)
}

/// An end for ever that rests on something that is not in a cache: ask before it is written down.
async fn really_gone(planned: &Plan, ctx: &Context) -> Result<()> {
    if planned.stage != Stage::Closed(Reason::EnvironmentGone) {
        return Ok(());
    }
    for known in &planned.environments {
        let cached = ctx.caches.environments.get(&known.name, None);
        if cached.is_none() && apply::live::<Environment>(&ctx.api(), &known.name).await?.is_some() {
            return Err(Error::Conflict { what: format!("Environment {:?}", known.name) });
        }
    }
    Ok(())
}

/// Lays a copy of the paper before the other owner: it decides on the very words that were asked.
async fn ask_other(connection: &Connection, planned: &Plan, ctx: &Context) -> Result<()> {
    let (Some(other), true) = (&planned.counterpart, planned.closed.is_none()) else { return Ok(()) };
    let namespace = names::agency_namespace(&other.agency_ref.name);
    if ctx.caches.connections.get(&other.name, Some(&namespace)).is_some() {
        return Ok(());
    }
    let paper = PaperRef {
        namespace: connection.namespace().unwrap_or_default(),
        name: connection.name_any(),
        uid: connection.uid().unwrap_or_default(),
    };
    let mut spec = serde_json::to_value(&connection.spec).expect("a spec is plain data and always serialises");
    spec["counterpartOf"] = serde_json::to_value(paper).expect("names are plain data and always serialise");
    // `requester` is absent: admission stamps it, for our account as `berth:auto`.
    for own in ["requester", "requestId"] {
        spec.as_object_mut().map(|members| members.remove(own));
    }
    let body = serde_json::json!({
        "apiVersion": Connection::api_version(&()), "kind": Connection::kind(&()),
        "metadata": {"name": other.name}, "spec": spec
    });
    let copy: DynamicObject = serde_json::from_value(body).expect("the literal above has the shape of an object");
    let kind = ApiResource::erase::<Connection>(&());
    let api = Api::<DynamicObject>::namespaced_with(ctx.client.clone(), &namespace, &kind);
    let params = PostParams { field_manager: Some(labels::OPERATOR.into()), ..Default::default() };
    match api.create(&params, &copy).await {
        Ok(_) => Ok(()),
        // It is on its way to our cache.
        Err(error) if answer(&error).is_some_and(|s| s.is_already_exists()) => Ok(()),
        Err(error) => Err(while_("create", format!("Connection {:?} in {namespace:?}", other.name))(error)),
    }
}

/// Tells once, where people look, that the end is near.
async fn notice(connection: &Connection, told: bool, ctx: &Context) {
    let conditions = connection.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
    let expiring = condition::get(conditions, ConditionType::Expiring).filter(|c| c.status == "True" && !told);
    if let Some(expiring) = expiring {
        ctx.drift.tell(connection, Reason::ExpiresSoon, "Expire", &expiring.message).await;
    }
}

async fn write(connection: &Connection, status: ConnectionStatus, ctx: &Context) -> Result<Connection> {
    if connection.status.as_ref() == Some(&status) {
        return Ok(connection.clone());
    }
    let mut connection = connection.clone();
    connection.status = Some(status);
    let api = ctx.api_in(&connection.namespace().unwrap_or_default());
    record::status(&api, &ctx.caches.connections, &connection).await
}

/// Comes back when time alone changes something.
fn next(planned: &Plan, now: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time) -> Action {
    let Some(wake) = planned.wake else { return Action::await_change() };
    let left = Duration::try_from(wake.duration_since(now.0)).unwrap_or_default();
    // A moment after the instant: a timer that fires early would find nothing to do and wait for ever.
    Action::requeue((left + Duration::from_millis(20)).min(FARTHEST))
}
