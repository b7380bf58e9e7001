//! What every reconcile has at hand.

use std::sync::Arc;

use berth_crds::{
    AddressPlan, Agency, Connection, Decision, Environment, EnvironmentClass, Intervention, NetworkChange, Onboarding,
    PolicyProfile, PrefixBlock, PrefixClaim, Site, Tenant, WorkingCalendar,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Api, Client, Resource};
use tokio::sync::Notify;

use crate::allocation::{Allocation, Gate};
use crate::arrivals::Arrivals;
use crate::backends::BackEnds;
use crate::backoff::Backoff;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::drift::Drift;
use crate::glass::Glass;
use crate::intents::Intents;
use crate::rests::Rests;
use crate::run::Settings;

/// Everything that is watched.
pub struct Caches {
    /// Bodies.
    pub agencies: Cache<Agency>,
    /// Data centres.
    pub sites: Cache<Site>,
    /// Catalogue.
    pub classes: Cache<EnvironmentClass>,
    /// Rule sets.
    pub profiles: Cache<PolicyProfile>,
    /// Working calendars.
    pub calendars: Cache<WorkingCalendar>,
    /// Address plan.
    pub plans: Cache<AddressPlan>,
    /// Systems.
    pub tenants: Cache<Tenant>,
    /// Environments.
    pub environments: Cache<Environment>,
    /// Claims.
    pub claims: Cache<PrefixClaim>,
    /// Blocks.
    pub blocks: Cache<PrefixBlock>,
    /// What was said of devices outside the cluster.
    pub changes: Cache<NetworkChange>,
    /// Acts that wait for no paper.
    pub interventions: Cache<Intervention>,
    /// Requests.
    pub onboardings: Cache<Onboarding>,
    /// Openings.
    pub connections: Cache<Connection>,
    /// Decisions.
    pub decisions: Cache<Decision>,
    /// Namespaces with our label.
    pub namespaces: Cache<Namespace>,
    /// Quotas with our label.
    pub quotas: Cache<ResourceQuota>,
    /// Limit ranges with our label.
    pub limits: Cache<LimitRange>,
    /// Accounts with our label.
    pub accounts: Cache<ServiceAccount>,
    /// Policies with our label.
    pub policies: Cache<NetworkPolicy>,
    /// Bindings with our label.
    pub bindings: Cache<RoleBinding>,
}

/// Caches, client, clock and what else every reconcile has at hand.
pub struct Context {
    /// Client of the operator's account.
    pub client: Client,
    /// What we have seen.
    pub caches: Caches,
    /// What the cluster's networks were found to be.
    pub back_ends: BackEnds,
    /// Failures in a row.
    pub backoff: Backoff,
    /// Edits of our objects by others.
    pub drift: Drift,
    /// Edits of our objects past the guards.
    pub glass: Glass,
    /// Bookings of this process stand in line here; compare-and-swap keeps other processes honest.
    pub booking: tokio::sync::Mutex<()>,
    /// Requests for new systems stand in line here from the look at the codes in use to the tenant that takes one.
    pub admitting: tokio::sync::Mutex<()>,
    /// Connections that name hosts stand in line here from the look at the names that others have to the grant of their own.
    pub naming: tokio::sync::Mutex<()>,
    /// Prefixes that this process is about to intend.
    pub intents: Intents,
    /// Pending blocks that are left to other runs.
    pub rests: Rests,
    /// Whether prefixes may be given.
    pub allocation: Gate,
    /// Notices that start a time limit.
    pub arrivals: Arrivals,
    /// Rung when a quota changes, so that a reconcile can wait for the quota to be in force.
    pub quota_changed: Arc<Notify>,
    /// Rung when anything that is watched changes, for the ledger.
    pub changed: Notify,
    /// The same, for notices.
    pub stirred: Notify,
    /// Most environments whose removal may be due at one time.
    pub removals: u16,
    /// What time it is.
    pub clock: Clock,
    /// Zone in which days begin and end.
    pub zone: TimeZone,
}

impl Context {
    /// What a run of the operator begins with.
    pub fn new(client: Client, caches: Caches, settings: &Settings) -> Self {
        let exported = settings.ledger.export.is_some();
        let told_since = settings.notices.as_ref().and_then(|notices| notices.rules.told_since());
        Self {
            drift: Drift::new(client.clone(), settings.identity.clone()),
            glass: Glass::default(),
            client,
            caches,
            back_ends: BackEnds::default(),
            backoff: Backoff::default(),
            booking: tokio::sync::Mutex::default(),
            admitting: tokio::sync::Mutex::default(),
            naming: tokio::sync::Mutex::default(),
            intents: Intents::default(),
            rests: Rests::default(),
            // Without an export there is nothing that a restored cluster could be compared with.
            allocation: Gate::new(if exported { Allocation::Unread } else { Allocation::Open }),
            arrivals: Arrivals::new(told_since),
            quota_changed: Arc::new(Notify::new()),
            changed: Notify::new(),
            stirred: Notify::new(),
            removals: settings.removals,
            clock: settings.clock.clone(),
            zone: settings.zone.clone(),
        }
    }

    /// Now.
    pub fn now(&self) -> Time {
        Time(self.clock.now())
    }

    /// Now by this machine, whatever the clock shows: for deadlines that are compared with the API server's times.
    pub fn machine_now(&self) -> Time {
        Time(jiff::Timestamp::now())
    }

    /// Today, where the province is.
    pub fn today(&self) -> Date {
        self.day_of(&self.now())
    }

    /// The day of an instant, where the province is.
    pub fn day_of(&self, time: &Time) -> Date {
        time.0.to_zoned(self.zone.clone()).date()
    }

    /// How long the day still lasts, where the province is.
    pub fn until_midnight(&self) -> std::time::Duration {
        let now = self.now().0.to_zoned(self.zone.clone());
        let midnight = now.tomorrow().and_then(|t| t.start_of_day());
        // The calendar ends in the year 9999: an hour is as good as any answer there.
        let left = midnight.ok().and_then(|m| std::time::Duration::try_from(m.timestamp() - now.timestamp()).ok());
        left.unwrap_or(std::time::Duration::from_secs(3600))
    }

    /// Client for a cluster-scoped kind.
    pub fn api<K: Resource<DynamicType = (), Scope = kube::core::ClusterResourceScope>>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }

    /// Client for a kind in a namespace.
    pub fn api_in<K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>>(
        &self,
        namespace: &str,
    ) -> Api<K> {
        Api::namespaced(self.client.clone(), namespace)
    }
}

/// A context in which nothing was seen and nobody answers.
#[cfg(test)]
pub(crate) fn alone() -> Arc<Context> {
    let nobody = tower::service_fn(|_: http::Request<kube::client::Body>| async {
        Err::<http::Response<kube::client::Body>, _>(std::io::Error::other("nobody answers"))
    });
    let settings = Settings {
        clock: Clock::system(),
        zone: TimeZone::UTC,
        concurrency: 1,
        removals: 1,
        identity: "alone".into(),
        ledger: crate::ledger::Settings::default(),
        notices: None,
    };
    Arc::new(Context::new(Client::new(nobody, "default"), crate::wiring::caches().0, &settings))
}
