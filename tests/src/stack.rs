//! The operator under the chart's own account, in this process: its own runtime, so that dropping it is as good as a kill.

use std::net::SocketAddr;

use berth_api::identity::OidcConfig;
use berth_api::limits::Adjustable;
use berth_api::server::TlsFiles;
use berth_cluster::Cluster;
use berth_crds::labels;
use berth_operator::clock::Clock;
use berth_operator::run::{Phase, Settings, reconcile_all, run};
use berth_operator::{ledger, notices};
use kube::client::ClientBuilder;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::fault::Plan;
use crate::outage::Outages;
use crate::poison::Poison;

/// Audience of tokens for the API server.
const API_SERVER: &str = "https://kubernetes.default.svc";

/// What an operator does beside reconciling.
#[derive(Default)]
struct Extras {
    clock: Clock,
    ledger: ledger::Settings,
    notices: Option<notices::Settings>,
    outages: Option<Outages>,
    poison: Option<Poison>,
}

/// A running operator.
pub struct Operator {
    /// The chart's account that it runs under.
    pub account: Account,
    runtime: Option<tokio::runtime::Runtime>,
    task: Option<tokio::task::JoinHandle<berth_operator::error::Result<()>>>,
    stop: CancellationToken,
}

/// Longest wait for an operator to have read everything: twenty thousand systems take a while.
const READY: std::time::Duration = std::time::Duration::from_secs(300);

impl Operator {
    /// Starts an operator under `berth-system/berth-operator` and waits until its caches are filled.
    pub async fn start(cluster: &Cluster) -> Result<Self> {
        Self::start_as(cluster, "operator-1", 6).await
    }

    /// Starts an operator that reconciles although another one holds the lease, as one would that was stopped for
    /// longer than the lease and woke up again.
    pub async fn start_without_lease(cluster: &Cluster) -> Result<Self> {
        Self::launch(cluster, "operator-2", 6, false, None, Extras::default()).await
    }

    /// Starts an operator, without the lease, whose client has a fault in it.
    pub async fn start_faulty(cluster: &Cluster, plan: &Plan) -> Result<Self> {
        Self::launch(cluster, "operator-3", 6, false, Some(plan.clone()), Extras::default()).await
    }

    /// Starts an operator, without the lease, that exports its ledger, perhaps with a fault in its client.
    pub async fn start_exporting(cluster: &Cluster, ledger: ledger::Settings, plan: Option<&Plan>) -> Result<Self> {
        Self::launch(cluster, "operator-4", 6, false, plan.cloned(), Extras { ledger, ..Extras::default() }).await
    }

    /// Starts an operator, without the lease, that sends notices, perhaps with a fault in its client.
    pub async fn start_telling(cluster: &Cluster, notices: notices::Settings, plan: Option<&Plan>) -> Result<Self> {
        let extras = Extras { notices: Some(notices), ..Extras::default() };
        Self::launch(cluster, "operator-5", 6, false, plan.cloned(), extras).await
    }

    /// Starts an operator, without the lease, whose API server is gone at chosen writes.
    pub async fn start_through(cluster: &Cluster, outages: &Outages) -> Result<Self> {
        let extras = Extras { outages: Some(outages.clone()), ..Extras::default() };
        Self::launch(cluster, "operator-6", 6, false, None, extras).await
    }

    /// Starts an operator, without the lease, with a defect in whatever works on one namespace.
    pub async fn start_poisoned(cluster: &Cluster, poison: &Poison) -> Result<Self> {
        let extras = Extras { poison: Some(poison.clone()), ..Extras::default() };
        Self::launch(cluster, "operator-8", 6, false, None, extras).await
    }

    /// Starts an operator, without the lease, for which it is another moment, and which perhaps sends notices.
    pub async fn start_at(cluster: &Cluster, moment: &str, notices: Option<notices::Settings>) -> Result<Self> {
        let clock = Clock::starting_at(moment.parse()?).ok_or("no clock can show that moment")?;
        let extras = Extras { clock, notices, ..Extras::default() };
        Self::launch(cluster, "operator-7", 6, false, None, extras).await
    }

    /// Starts an operator with a name in the lease and a number of environments at once.
    pub async fn start_as(cluster: &Cluster, identity: &str, concurrency: u16) -> Result<Self> {
        Self::launch(cluster, identity, concurrency, true, None, Extras::default()).await
    }

    async fn launch(
        cluster: &Cluster,
        identity: &str,
        concurrency: u16,
        lease: bool,
        fault: Option<Plan>,
        Extras { clock, ledger, notices, outages, poison }: Extras,
    ) -> Result<Self> {
        let account = Account::of(cluster, labels::OPERATOR_ACCOUNT).await?;
        let mut config = cluster.config(account.file.path());
        config.read_timeout = Some(std::time::Duration::from_secs(70));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, (ready, mut readiness)) = (CancellationToken::new(), watch::channel(Phase::Starting));
        let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh")?;
        let identity = identity.to_owned();
        let settings = Settings { clock, zone, concurrency, removals: 5, identity, ledger, notices };
        let token = stop.clone();
        let task = runtime.spawn(async move {
            // A client belongs to the runtime that made it.
            let builder = ClientBuilder::try_from(config).expect("the configuration is the cluster's own");
            let client = match (&fault, &outages, &poison) {
                (Some(plan), ..) => builder.with_layer(plan).build(),
                (None, Some(outages), _) => builder.with_layer(outages).build(),
                (None, None, Some(poison)) => builder.with_layer(poison).build(),
                (None, None, None) => builder.build(),
            };
            if lease {
                run(client, settings, ready, token).await
            } else {
                reconcile_all(client, settings, ready, token).await;
                Ok(())
            }
        });
        // Before the wait: an operator that does not become ready is ended like any other.
        let operator = Self { runtime: Some(runtime), task: Some(task), stop, account };
        tokio::time::timeout(READY, readiness.wait_for(|phase| *phase == Phase::Reconciling)).await??;
        Ok(operator)
    }

    /// Ends it as a deployment does: what is begun is finished.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            task.await??;
        }
        Ok(())
    }

    /// Ends it as a crash does: nothing is finished.
    pub fn crash(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// One of the chart's own accounts, with its token in a file that is read again when it changes.
pub struct Account {
    name: &'static str,
    file: tempfile::NamedTempFile,
}

impl Account {
    /// An account of `berth-system` with a fresh token.
    pub async fn of(cluster: &Cluster, name: &'static str) -> Result<Self> {
        let account = Self { name, file: tempfile::NamedTempFile::new()? };
        account.refresh(cluster).await?;
        Ok(account)
    }

    /// A client that acts as the account.
    pub fn client(&self, cluster: &Cluster) -> Result<kube::Client> {
        Ok(kube::Client::try_from(cluster.config(self.file.path()))?)
    }

    /// Writes a fresh token: one lasts an hour.
    pub async fn refresh(&self, cluster: &Cluster) -> Result<()> {
        let token = cluster.service_account_token(labels::SYSTEM_NAMESPACE, self.name, &[API_SERVER]).await?;
        Ok(std::fs::write(self.file.path(), token)?)
    }
}

/// A running door.
pub struct Door {
    /// `http://127.0.0.1:<port>`, or `https://localhost:<port>`.
    pub url: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// The chart's account that it runs under.
    pub account: Account,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<std::result::Result<(), berth_api::server::Error>>,
}

impl Door {
    /// Starts a door under `berth-system/berth-api` on a free loopback port, in this runtime.
    pub async fn start(cluster: &Cluster) -> Result<Self> {
        Self::start_with(cluster, Adjustable::default()).await
    }

    /// Starts a door with limits of one's own.
    pub async fn start_with(cluster: &Cluster, limits: Adjustable) -> Result<Self> {
        Self::launch(cluster, limits, None, None).await
    }

    /// Starts a door that takes the tokens of an issuer.
    pub async fn start_trusting(cluster: &Cluster, issuer: OidcConfig) -> Result<Self> {
        Self::launch(cluster, Adjustable::default(), Some(issuer), None).await
    }

    /// Starts a door with a certificate for `localhost`, which is the name in its address then.
    pub async fn start_secured(cluster: &Cluster, limits: Adjustable, tls: TlsFiles) -> Result<Self> {
        Self::launch(cluster, limits, None, Some(tls)).await
    }

    async fn launch(
        cluster: &Cluster,
        limits: Adjustable,
        oidc: Option<OidcConfig>,
        tls: Option<TlsFiles>,
    ) -> Result<Self> {
        let account = Account::of(cluster, labels::DOOR_ACCOUNT).await?;
        let mut config = berth_api::server::ServeConfig::new(cluster.config(account.file.path()));
        let end = berth_api::door::ClusterEnd { url: cluster.url(), ca_pem: cluster.ca_pem().to_owned() };
        config.cluster = Some(end);
        config.limits = limits;
        config.oidc = oidc;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let url =
            if tls.is_some() { format!("https://localhost:{}", address.port()) } else { format!("http://{address}") };
        config.tls = tls;
        let stop = CancellationToken::new();
        let task = tokio::spawn(berth_api::server::serve(config, listener, stop.clone().cancelled_owned()));
        Ok(Self { url, address, account, stop, task })
    }

    /// Closes the door.
    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.task.await??)
    }
}
