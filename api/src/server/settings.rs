//! Flags and environment of the server.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use kube::config::{KubeConfigOptions, Kubeconfig};

use super::{Error, Result, ServeConfig, TlsFiles};
use crate::{clock::Clock, door::ClusterEnd, identity::OidcFlags, limits::Adjustable};

/// The door of Berth: gRPC, gRPC-Web and REST/JSON on one port.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "berth-api", version)]
pub struct Settings {
    /// Address and port; without TLS a loopback address.
    #[arg(long, env = "BERTH_LISTEN", default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,
    /// Kubeconfig of the door's own account; in a pod its service account is used without it.
    #[arg(long, env = "BERTH_API_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// URL of the API server that agencies' kubeconfigs name.
    #[arg(long, env = "BERTH_CLUSTER_URL")]
    pub cluster_url: Option<String>,
    /// Certificates of the API server for agencies' kubeconfigs, a PEM file.
    #[arg(long, env = "BERTH_CLUSTER_CA", requires = "cluster_url")]
    pub cluster_ca: Option<PathBuf>,
    /// Audience that tokens must be for.
    #[arg(long, env = "BERTH_AUDIENCE", default_value = berth_crds::labels::AUDIENCE)]
    pub audience: String,
    /// Issuer of tokens.
    #[command(flatten)]
    pub oidc: OidcFlags,
    /// Certificate chain, a PEM file. It and the two below are read again when they change.
    #[arg(long, env = "BERTH_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key, a PEM file.
    #[arg(long, env = "BERTH_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Authorities whose certificates make clients known, a PEM file: the common name is the user, organisations are groups.
    #[arg(long, env = "BERTH_TLS_CLIENT_CA", requires = "tls_cert")]
    pub tls_client_ca: Option<PathBuf>,
    /// Limits that are configured.
    #[command(flatten)]
    pub limits: Adjustable,
}

impl Settings {
    /// Reads the files that the flags name.
    pub async fn config(&self) -> Result<ServeConfig> {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(TlsFiles {
                certificate: certificate.clone(),
                key: key.clone(),
                client_ca: self.tls_client_ca.clone(),
            }),
            _ => None,
        };
        if tls.is_none() && !self.listen.ip().is_loopback() {
            return Err(Error::PlainText(self.listen));
        }
        let kube = self.kube().await?;
        let path = self.oidc.oidc_ca_file.clone().unwrap_or_default();
        Ok(ServeConfig {
            oidc: self.oidc.config().map_err(|error| Error::File { path, error })?,
            kube,
            audience: self.audience.clone(),
            cluster: self.cluster()?,
            tls,
            clock: Clock::system(),
            limits: self.limits.clone(),
        })
    }

    async fn kube(&self) -> Result<kube::Config> {
        match &self.kubeconfig {
            Some(path) => {
                let kubeconfig = Kubeconfig::read_from(path).map_err(|e| Error::Kubeconfig(e.to_string()))?;
                let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
                config.map_err(|e| Error::Kubeconfig(e.to_string()))
            }
            None => kube::Config::incluster()
                .map_err(|e| Error::Kubeconfig(format!("{e}; outside of a pod give --kubeconfig"))),
        }
    }

    fn cluster(&self) -> Result<Option<ClusterEnd>> {
        let Some(url) = self.cluster_url.clone() else { return Ok(None) };
        let pem = self.cluster_ca.as_deref().map(read).transpose()?.unwrap_or_default();
        Ok(Some(ClusterEnd { url, ca_pem: String::from_utf8_lossy(&pem).into_owned() }))
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::File { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[tokio::test]
    async fn plain_text_is_refused_beyond_this_machine() {
        let settings = Settings::parse_from(["berth-api", "--listen", "0.0.0.0:1"]);
        assert!(matches!(settings.config().await, Err(Error::PlainText(_))));
    }

    #[test]
    fn a_certificate_needs_its_key() {
        assert!(Settings::try_parse_from(["berth-api", "--tls-cert", "x"]).is_err());
    }
}
