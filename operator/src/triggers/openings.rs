//! Which connections a change concerns.

use berth_crds::{Connection, Tenant, labels, names};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt;

use super::Queues;
use crate::context::Context;

impl Queues {
    /// A connection changed: itself, the copy that follows it, or the paper that a copy is of.
    pub fn connection(&self, connection: &Connection, ctx: &Context) {
        self.connections.object(connection);
        if let Some(paper) = &connection.spec.counterpart_of {
            self.connections.within(&paper.name, &paper.namespace);
        }
        if let Some(copy) = connection.status.as_ref().and_then(|s| s.counterpart.as_ref()) {
            let namespace = names::agency_namespace(&copy.agency_ref.name);
            if ctx.caches.connections.get(&copy.name, Some(&namespace)).is_some() {
                self.connections.within(&copy.name, &namespace);
            }
        }
        self.rivals(connection, ctx);
    }

    /// What becomes of a decided paper's names is what others who ask for them wait for.
    fn rivals(&self, connection: &Connection, ctx: &Context) {
        let decided = connection.status.as_ref().is_some_and(|s| s.outcome.is_some());
        let names = &connection.spec.host_names;
        if decided && !names.is_empty() {
            let other = |c: &Connection| c.metadata.uid != connection.metadata.uid;
            self.openings(ctx, |c| other(c) && c.spec.host_names.iter().any(|name| names.contains(name)));
        }
    }

    /// Connections that are not over look again.
    pub fn openings(&self, ctx: &Context, concerns: impl Fn(&Connection) -> bool) {
        for connection in ctx.caches.connections.all() {
            let over = connection.status.as_ref().is_some_and(|s| s.closed.is_some());
            if !over && connection.spec.counterpart_of.is_none() && concerns(&connection) {
                self.connections.object(&connection);
            }
        }
    }

    /// Connections of an environment.
    pub(super) fn openings_at(&self, environment: &str, ctx: &Context) {
        self.openings(ctx, |c| ends(c).any(|name| name == environment));
    }

    /// A system says something else, or got or lost its permission to operate: so may its connections.
    pub fn openings_of_tenant(&self, tenant: &Tenant, ctx: &Context) {
        let plate = tenant.name_any();
        self.openings(ctx, |c| ends(c).any(|name| name.split('-').next() == Some(plate.as_str())));
    }

    /// A policy changed: the connection that it stands for, or the environment that it belongs to.
    pub fn policy(&self, policy: &NetworkPolicy, ctx: &Context) {
        let Some(uid) = policy.labels().get(labels::CONNECTION) else { return self.ours(policy, ctx) };
        match ctx.caches.connections.all().iter().find(|c| c.uid().as_ref() == Some(uid)) {
            Some(connection) => self.connections.object(connection),
            None => self.child(policy),
        }
    }
}

/// Environments at the ends of a connection.
fn ends(connection: &Connection) -> impl Iterator<Item = &str> {
    let ends = [&connection.spec.source, &connection.spec.destination].into_iter();
    ends.filter_map(|end| Some(end.environment.as_ref()?.environment_ref.name.as_str()))
}
