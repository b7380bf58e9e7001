//! A home-made issuer of OpenID Connect: its discovery document and keys over HTTPS, and tokens of any kind, good and bad.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use berth_api::identity::OidcConfig;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::KeyPair;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

use crate::error::Result;

/// Audience of the door.
pub const AUDIENCE: &str = berth_crds::labels::AUDIENCE;

/// The server. It ends with the runtime that started it.
pub struct Issuer {
    /// What its tokens say in `iss`.
    pub url: String,
    ca_pem: String,
    shared: Arc<Shared>,
    signing: Signing,
}

/// A key and its name.
pub struct Signing {
    /// Its id in tokens and in the set.
    pub kid: String,
    pair: KeyPair,
}

#[derive(Default)]
struct Shared {
    /// What the discovery document says of who it is.
    issuer: Mutex<String>,
    address: Mutex<String>,
    keys: Mutex<Vec<Jwk>>,
    asked: AtomicUsize,
    silent: AtomicBool,
}

impl Signing {
    /// A new key for ES256.
    pub fn new(kid: &str) -> Result<Self> {
        Ok(Self { kid: kid.to_owned(), pair: KeyPair::generate()? })
    }

    /// The public half, PEM.
    pub fn public_pem(&self) -> String {
        self.pair.public_key_pem()
    }

    /// The public half, as a set has it.
    pub fn jwk(&self) -> Result<Jwk> {
        let mut jwk = Jwk::from_encoding_key(&self.key(), Algorithm::ES256)?;
        jwk.common.key_id = Some(self.kid.clone());
        Ok(jwk)
    }

    /// The usual header.
    pub fn header(&self) -> Header {
        Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::ES256) }
    }

    /// Signs with any header for which the key can sign.
    pub fn sign(&self, header: &Header, claims: &Value) -> Result<String> {
        Ok(encode(header, claims, &self.key())?)
    }

    fn key(&self) -> EncodingKey {
        EncodingKey::from_ec_der(&self.pair.serialize_der())
    }
}

impl Issuer {
    /// Starts an issuer with one key.
    pub async fn start() -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
        let config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://localhost:{}", tcp.local_addr()?.port());
        let signing = Signing::new("key-1")?;
        let shared = Arc::new(Shared { keys: Mutex::new(vec![signing.jwk()?]), ..Shared::default() });
        *shared.issuer.lock().expect(UNPOISONED) = url.clone();
        *shared.address.lock().expect(UNPOISONED) = url.clone();
        let app = Router::new()
            .route("/.well-known/openid-configuration", routing::get(discovery))
            .route("/keys", routing::get(keys))
            .with_state(shared.clone());
        let listener = Listener { tcp, tls: TlsAcceptor::from(Arc::new(config)) };
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { url, ca_pem: made.cert.pem(), shared, signing })
    }

    /// What a door is told of it: usernames as they are, groups in `groups`.
    pub fn config(&self) -> OidcConfig {
        OidcConfig {
            url: self.url.clone(),
            ca_pem: Some(self.ca_pem.clone().into_bytes()),
            username_claim: "sub".into(),
            username_prefix: String::new(),
            groups_claim: Some("groups".into()),
            groups_prefix: String::new(),
            algorithms: vec![Algorithm::ES256],
        }
    }

    /// Its key of now.
    pub fn signing(&self) -> &Signing {
        &self.signing
    }

    /// Claims of a person for the door, good for ten minutes.
    pub fn claims(&self, name: &str, groups: &[&str]) -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({"iss": self.url, "aud": AUDIENCE, "sub": name, "groups": groups, "iat": now, "nbf": now, "exp": now + 600})
    }

    /// A good token.
    pub fn token(&self, name: &str, groups: &[&str]) -> Result<String> {
        self.signing.sign(&self.signing.header(), &self.claims(name, groups))
    }

    /// Replaces its key by a new one.
    pub fn rotate(&mut self, kid: &str) -> Result<()> {
        self.signing = Signing::new(kid)?;
        self.publish(vec![self.signing.jwk()?]);
        Ok(())
    }

    /// Publishes exactly these keys.
    pub fn publish(&self, keys: Vec<Jwk>) {
        *self.shared.keys.lock().expect(UNPOISONED) = keys;
    }

    /// Says of itself that it is another.
    pub fn pretend(&self, issuer: &str) {
        issuer.clone_into(&mut self.shared.issuer.lock().expect(UNPOISONED));
    }

    /// Whether it answers with an error from now on.
    pub fn silence(&self, silent: bool) {
        self.shared.silent.store(silent, Ordering::SeqCst);
    }

    /// How often its keys were asked for.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

const UNPOISONED: &str = "no code panics while it holds this lock";

async fn discovery(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let issuer = shared.issuer.lock().expect(UNPOISONED).clone();
    let address = shared.address.lock().expect(UNPOISONED).clone();
    Json(json!({"issuer": issuer, "jwks_uri": format!("{address}/keys")}))
}

async fn keys(State(shared): State<Arc<Shared>>) -> std::result::Result<Json<JwkSet>, StatusCode> {
    shared.asked.fetch_add(1, Ordering::SeqCst);
    if shared.silent.load(Ordering::SeqCst) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(Json(JwkSet { keys: shared.keys.lock().expect(UNPOISONED).clone() }))
}

/// Accepts connections after their handshakes.
struct Listener {
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            // A client that does not trust the certificate hangs up; the next may.
            if let Ok((stream, from)) = self.tcp.accept().await
                && let Ok(stream) = self.tls.accept(stream).await
            {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
