//! One port: gRPC, gRPC-Web, REST/JSON, health and reflection.

mod connection;
mod listen;
mod routes;
mod settings;
mod tls;

use std::{future::Future, io, net::SocketAddr, path::PathBuf};

use berth_crds::labels;
use kube::Client;
use tokio::{net::TcpListener, sync::watch};

pub use settings::Settings;
pub use tls::Files as TlsFiles;

use crate::{
    access::Gate,
    clock::Clock,
    door::{ClusterEnd, Door},
    identity::{Authenticator, Issuer, OidcConfig},
    limits::{self, Adjustable},
    proto,
    turnstile::Turnstile,
};

/// Longest time for calls under way when the server ends.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// What a door is made of.
pub struct ServeConfig {
    /// The API server and the door's own account.
    pub kube: kube::Config,
    /// Audience that tokens must be for.
    pub audience: String,
    /// Issuer whose tokens are taken beside those that the API server reviews.
    pub oidc: Option<OidcConfig>,
    /// Where kubeconfigs point; `None`: this door gives none.
    pub cluster: Option<ClusterEnd>,
    /// Certificate and key; `None`: plain text, on loopback addresses only.
    pub tls: Option<TlsFiles>,
    /// Tells the day.
    pub clock: Clock,
    /// Limits that are configured.
    pub limits: Adjustable,
}

impl ServeConfig {
    /// A plain-text door with the usual audience, for an account.
    pub fn new(kube: kube::Config) -> Self {
        Self {
            kube,
            audience: labels::AUDIENCE.into(),
            oidc: None,
            cluster: None,
            tls: None,
            clock: Clock::system(),
            limits: Adjustable::default(),
        }
    }
}

/// Why the door does not open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Plain text would cross a network.
    #[error("{0} is not a loopback address: give --tls-cert and --tls-key, or listen on 127.0.0.1 or [::1]")]
    PlainText(SocketAddr),
    /// Certificate or key cannot be used.
    #[error("the certificate or its key cannot be used: {0}")]
    Tls(String),
    /// The issuer cannot be asked.
    #[error("the OIDC issuer cannot be used: {0}")]
    Issuer(String),
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The kubeconfig does not say how to reach the API server.
    #[error("cannot find the API server: {0}")]
    Kubeconfig(String),
    /// No client for the API server.
    #[error("cannot make a client for the API server: {0}")]
    Client(#[from] kube::Error),
    /// The descriptor set of the build cannot be served.
    #[error("cannot serve reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The port.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// The transport.
    #[error("cannot serve: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Result of serving.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Serves until `shutdown` ends, then finishes the calls under way.
pub async fn serve(config: ServeConfig, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Result<()> {
    let address = listener.local_addr()?;
    if config.tls.is_none() && !address.ip().is_loopback() {
        return Err(Error::PlainText(address));
    }
    let client = Client::try_from(config.kube)?;
    let issuer = config.oidc.map(|oidc| Issuer::new(oidc, limits::ISSUER_PAUSE)).transpose();
    let issuer = issuer.map_err(|error| Error::Issuer(error.to_string()))?;
    let (close, closing) = watch::channel(false);
    let gate = Gate {
        authenticator: Authenticator::new(client.clone(), config.audience, issuer),
        turnstile: Turnstile::new(&config.limits),
        closing: closing.clone(),
    };
    let (routes, health) = routes::routes(Door::new(client.clone(), config.clock, config.cluster), gate)?;
    let tls = match config.tls {
        Some(files) => Some(tls::follow(files).await?),
        None => None,
    };
    let probe = tokio::spawn(routes::report_when_ready(client, health));
    tracing::info!(%address, tls = tls.is_some(), services = proto::SERVICES.len(), "the door is open");
    let shutdown = async {
        shutdown.await;
        // Watches end now, other calls are finished.
        close.send_replace(true);
    };
    let served = tokio::select! {
        served = listen::serve(routes, listener, tls, &config.limits, listen::Spans::default(), shutdown) => served,
        () = out_of_patience(closing) => Ok(()),
    };
    probe.abort();
    served
}

/// Returns some time after the server began to close: a client that never hangs up does not keep it.
async fn out_of_patience(mut closing: watch::Receiver<bool>) {
    closing.wait_for(|closing| *closing).await.ok();
    tokio::time::sleep(PATIENCE).await;
}
