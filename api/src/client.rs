//! A client of the door, for the command line, tests and the demo.

use std::{fmt, time::Duration};

use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

use crate::proto::v1::{
    address_service_client::AddressServiceClient, audit_service_client::AuditServiceClient,
    catalog_service_client::CatalogServiceClient, connection_service_client::ConnectionServiceClient,
    environment_service_client::EnvironmentServiceClient, onboarding_service_client::OnboardingServiceClient,
    report_service_client::ReportServiceClient, tenant_service_client::TenantServiceClient,
};

/// Largest answer.
const MAX_ANSWER: usize = 16 << 20;

/// A channel that sends the caller's token.
pub type Authorized = InterceptedService<Channel, Token>;

/// Adds the token, if there is one, to every call.
#[derive(Clone)]
pub struct Token(Option<MetadataValue<Ascii>>);

/// How server and caller make themselves known to each other.
#[derive(Clone, Default)]
pub struct Proof {
    /// The caller's token.
    pub token: Option<String>,
    /// The caller's certificate.
    pub identity: Option<Identity>,
    /// Certificates that the server's is checked with, PEM; `None`: the system's.
    pub ca_pem: Option<Vec<u8>>,
}

/// Which of them there are: neither the token nor the certificate's key.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof")
            .field("token", &self.token.is_some())
            .field("identity", &self.identity.is_some())
            .field("ca_pem", &self.ca_pem.is_some())
            .finish()
    }
}

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// The services of `berth.v1` as one caller.
#[derive(Clone)]
pub struct Client {
    /// Requests and decisions.
    pub onboardings: OnboardingServiceClient<Authorized>,
    /// Openings.
    pub connections: ConnectionServiceClient<Authorized>,
    /// Information systems.
    pub tenants: TenantServiceClient<Authorized>,
    /// Environments.
    pub environments: EnvironmentServiceClient<Authorized>,
    /// Agencies, classes, rule sets.
    pub catalog: CatalogServiceClient<Authorized>,
    /// The ledger.
    pub audits: AuditServiceClient<Authorized>,
    /// Addresses.
    pub addresses: AddressServiceClient<Authorized>,
    /// Reports.
    pub reports: ReportServiceClient<Authorized>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's address is none.
    #[error("{0:?} is not a server: give https://host:port, or http:// for an address of this machine")]
    Server(String),
    /// The token would cross a network in plain text.
    #[error("{0:?} would send the token in plain text: use https://")]
    PlainText(String),
    /// The token cannot be sent.
    #[error("the token file does not hold one token")]
    Token,
    /// The certificate would not be shown.
    #[error("{0:?} does not ask for a certificate: use https://")]
    Unasked(String),
    /// The server does not answer.
    #[error("cannot reach {server}: {}", cause(.error))]
    Unreachable {
        /// The server.
        server: String,
        /// Why.
        error: tonic::transport::Error,
    },
}

/// The innermost cause says most.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}

impl Client {
    /// Connects to a server whose certificate the system trusts, or to a plain one on this machine.
    pub async fn connect(server: &str, token: &str) -> Result<Self, Error> {
        Self::connect_with(server, &Proof { token: Some(token.into()), ..Proof::default() }).await
    }

    /// Connects with whatever makes server and caller known.
    pub async fn connect_with(server: &str, proof: &Proof) -> Result<Self, Error> {
        let endpoint = endpoint(server, proof)?;
        let channel = endpoint.connect().await.map_err(|error| Error::Unreachable { server: server.into(), error })?;
        Self::on(channel, proof.token.as_deref())
    }

    /// Uses a channel.
    pub fn on(channel: Channel, token: Option<&str>) -> Result<Self, Error> {
        let token = Token(token.map(bearer).transpose()?);
        macro_rules! client {
            ($client:ident) => {
                $client::with_interceptor(channel.clone(), token.clone()).max_decoding_message_size(MAX_ANSWER)
            };
        }
        Ok(Self {
            onboardings: client!(OnboardingServiceClient),
            connections: client!(ConnectionServiceClient),
            tenants: client!(TenantServiceClient),
            environments: client!(EnvironmentServiceClient),
            catalog: client!(CatalogServiceClient),
            audits: client!(AuditServiceClient),
            addresses: client!(AddressServiceClient),
            reports: client!(ReportServiceClient),
        })
    }
}

fn bearer(token: &str) -> Result<MetadataValue<Ascii>, Error> {
    let mut value: MetadataValue<Ascii> = format!("Bearer {}", token.trim()).parse().map_err(|_| Error::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn endpoint(server: &str, proof: &Proof) -> Result<Endpoint, Error> {
    let wrong = || Error::Server(server.into());
    let endpoint = Endpoint::from_shared(server.to_owned()).map_err(|_| wrong())?;
    let uri = endpoint.uri().clone();
    let endpoint = endpoint.connect_timeout(Duration::from_secs(10)).http2_keep_alive_interval(Duration::from_secs(30));
    match uri.scheme_str() {
        Some("http") if proof.identity.is_some() => Err(Error::Unasked(server.into())),
        Some("http") if uri.host().is_some_and(is_loopback) => Ok(endpoint),
        Some("http") => Err(Error::PlainText(server.into())),
        Some("https") => {
            let tls = match &proof.ca_pem {
                Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
                None => ClientTlsConfig::new().with_enabled_roots(),
            };
            let tls = proof.identity.iter().fold(tls, |tls, identity| tls.identity(identity.clone()));
            endpoint.tls_config(tls).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_crosses_a_network_only_encrypted() {
        for fine in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://berth.example"] {
            assert!(endpoint(fine, &Proof::default()).is_ok(), "{fine}");
        }
        assert!(matches!(endpoint("http://berth.example", &Proof::default()), Err(Error::PlainText(_))));
        for bad in ["berth.example:1", "ftp://x", ""] {
            assert!(endpoint(bad, &Proof::default()).is_err(), "{bad}");
        }
        let shown = Proof { identity: Some(Identity::from_pem("", "")), ..Proof::default() };
        assert!(matches!(endpoint("http://127.0.0.1:1", &shown), Err(Error::Unasked(_))));
    }
    #[test]
    fn neither_token_nor_key_is_printed() {
        let proof = Proof { token: Some("secret".into()), identity: Some(Identity::from_pem("c", "k")), ca_pem: None };
        assert_eq!(format!("{proof:?}"), "Proof { token: true, identity: true, ca_pem: false }");
        let sent = bearer("secret").map(|token| format!("{:?}", Token(Some(token)).call(Request::new(()))));
        assert!(sent.is_ok_and(|request| request.contains("Sensitive") && !request.contains("secret")));
    }
}
