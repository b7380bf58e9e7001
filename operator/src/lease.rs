//! The lease: only its holder reconciles. It saves work; safety never rests on it.

use std::time::Duration;

use berth_crds::labels;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::PostParams;
use kube::{Api, Client};

use crate::apply::live;
use crate::error::{Error, Result, answer, while_};

/// A holder that is silent for this long has lost the lease.
const LEASE: Duration = Duration::from_secs(15);
/// Time between two renewals.
pub const RENEW: Duration = Duration::from_secs(5);

/// One replica's side of the lease.
pub struct Holder {
    api: Api<Lease>,
    identity: String,
    /// What we saw last, and when by our own clock: only our clock measures silence.
    seen: Option<(Option<MicroTime>, tokio::time::Instant)>,
    /// Our last renewal that was answered: a lease that is older belongs to a cluster that was restored meanwhile.
    renewed: Option<MicroTime>,
}

impl Holder {
    /// A replica named `identity`.
    pub fn new(client: Client, identity: String) -> Self {
        Self { api: Api::namespaced(client, labels::SYSTEM_NAMESPACE), identity, seen: None, renewed: None }
    }

    /// Takes or renews the lease; `false` while another replica holds it. A call without an answer is a failed one.
    pub async fn hold(&mut self) -> Result<bool> {
        let late = |_| Error::Deadline { what: "the lease".into(), seconds: RENEW.as_secs() };
        tokio::time::timeout(RENEW, self.try_hold()).await.map_err(late)?
    }

    async fn try_hold(&mut self) -> Result<bool> {
        let lease = live(&self.api, labels::OPERATOR_ACCOUNT).await?;
        let spec = lease.as_ref().and_then(|lease| lease.spec.clone()).unwrap_or_default();
        if self.renewed.is_some() && spec.renew_time < self.renewed {
            tracing::error!("the cluster is older than our last write to it; what we know of it is worth nothing");
            return Ok(false);
        }
        let Some(mut lease) = lease else { return self.create().await };
        let mine = spec.holder_identity.as_deref() == Some(&self.identity);
        if !mine && !self.silent(&spec) {
            return Ok(false);
        }
        lease.spec = Some(self.renew(spec, mine));
        match self
            .api
            .replace(labels::OPERATOR_ACCOUNT, &PostParams::default(), &lease)
            .await
            .map_err(while_("renew", "the lease"))
        {
            Ok(written) => {
                self.renewed = written.spec.and_then(|spec| spec.renew_time);
                Ok(true)
            }
            Err(Error::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives the lease up, so that a successor need not wait.
    pub async fn release(&self) -> Result<()> {
        let late = |_| Error::Deadline { what: "the lease".into(), seconds: RENEW.as_secs() };
        tokio::time::timeout(RENEW, self.try_release()).await.map_err(late)?
    }

    async fn try_release(&self) -> Result<()> {
        let Some(mut lease) = live(&self.api, labels::OPERATOR_ACCOUNT).await? else { return Ok(()) };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.identity) {
            return Ok(());
        }
        spec.holder_identity = None;
        self.api
            .replace(labels::OPERATOR_ACCOUNT, &PostParams::default(), &lease)
            .await
            .map(drop)
            .map_err(while_("release", "the lease"))
    }

    /// Whether the holder has not renewed for the length of the lease, by our clock.
    fn silent(&mut self, spec: &LeaseSpec) -> bool {
        let held = spec.holder_identity.as_deref().is_some_and(|h| !h.is_empty());
        let now = tokio::time::Instant::now();
        match &self.seen {
            Some((renewed, since)) if *renewed == spec.renew_time => !held || now - *since > LEASE,
            _ => {
                self.seen = Some((spec.renew_time.clone(), now));
                !held
            }
        }
    }

    fn renew(&self, old: LeaseSpec, mine: bool) -> LeaseSpec {
        let now = MicroTime(jiff::Timestamp::now());
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(LEASE.as_secs()).ok(),
            acquire_time: if mine { old.acquire_time } else { Some(now.clone()) },
            lease_transitions: Some(old.lease_transitions.unwrap_or(0) + i32::from(!mine)),
            renew_time: Some(now),
            ..old
        }
    }

    async fn create(&self) -> Result<bool> {
        let mut lease = Lease { spec: Some(self.renew(LeaseSpec::default(), false)), ..Default::default() };
        lease.metadata.name = Some(labels::OPERATOR_ACCOUNT.into());
        match self.api.create(&PostParams::default(), &lease).await {
            Ok(_) => Ok(true),
            Err(error) if answer(&error).is_some_and(|s| s.is_already_exists()) => Ok(false),
            Err(error) => Err(while_("create", "the lease")(error)),
        }
    }
}
