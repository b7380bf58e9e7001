//! The public keys of an issuer (RFC 7517), found by its discovery document (OpenID Connect Discovery 1.0 §4) and kept.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::Mutex;
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// How long keys are used without a new look: one that the issuer took back is no longer believed after that.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long they are used when the issuer does not answer.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer, in bytes.
const ANSWER: usize = 256 << 10;

/// Why keys cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unreadable {
    /// The certificates that the issuer's are checked with.
    #[error("the certificates for the issuer cannot be used: {0}")]
    Trust(String),
    /// It does not answer, or not with what was asked for.
    #[error("{url}: {why}")]
    Answer {
        /// What was asked for.
        url: String,
        /// What came.
        why: String,
    },
    /// It was asked a moment ago, and has not answered since.
    #[error("the issuer did not answer a moment ago")]
    Recently,
}

/// The keys of one issuer.
pub struct Keys(Arc<Inner>);

struct Inner {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    issuer: String,
    pause: Duration,
    held: RwLock<Option<Held>>,
    /// When it was last asked. One asks, the others wait.
    asked: Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Held {
    set: Arc<JwkSet>,
    since: Instant,
}

impl Keys {
    /// Keys that are read when the first is looked for.
    pub fn new(issuer: &str, ca_pem: Option<&[u8]>, pause: Duration) -> Result<Self, Unreadable> {
        let connector = HttpsConnectorBuilder::new().with_tls_config(trust(ca_pem)?).https_only().enable_http1();
        let client = Client::builder(TokioExecutor::new()).build(connector.build());
        let (held, asked) = (RwLock::default(), Mutex::default());
        Ok(Self(Arc::new(Inner { client, issuer: issuer.to_owned(), pause, held, asked })))
    }

    /// The key with an id for a signature; without an id the one that fits, if it is one. `None`: the issuer has none.
    pub async fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Option<Jwk>, Unreadable> {
        let fresh = self.0.held().filter(|held| held.since.elapsed() < FRESH);
        if let Some(key) = fresh.and_then(|held| pick(&held.set, kid, algorithm)) {
            return Ok(Some(key));
        }
        // In a task of its own: a caller who hangs up must not keep the keys from everybody else.
        let (inner, before) = (self.0.clone(), Instant::now());
        let asked = tokio::spawn(async move { inner.ask(before).await }).await;
        let failed = asked.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())).err();
        match (self.0.held().filter(|held| held.since.elapsed() < STALE), failed) {
            (Some(held), _) => Ok(pick(&held.set, kid, algorithm)),
            (None, failed) => Err(failed.unwrap_or(Unreadable::Recently)),
        }
    }
}

impl Inner {
    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the issuer, unless somebody did since `before` or within the pause.
    async fn ask(&self, before: Instant) -> Result<(), Unreadable> {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at > before || at.elapsed() < self.pause) {
            return Ok(());
        }
        *asked = Some(Instant::now());
        match self.read().await {
            Ok(set) => {
                let held = Held { set: Arc::new(set), since: Instant::now() };
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(issuer = self.issuer, %error, "the issuer's keys cannot be read");
                Err(error)
            }
        }
    }

    async fn read(&self) -> Result<JwkSet, Unreadable> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
            jwks_uri: String,
        }
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let found: Discovery = self.get(&url).await?;
        if found.issuer != self.issuer {
            let why = format!("it is the document of {:?}, not of {:?}", found.issuer, self.issuer);
            return Err(Unreadable::Answer { url, why });
        }
        self.get(&found.jwks_uri).await
    }

    /// A JSON document. A redirect is not followed.
    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, Unreadable> {
        let wrong = |why: String| Unreadable::Answer { url: url.to_owned(), why };
        let uri: Uri = url.parse().map_err(|e: http::uri::InvalidUri| wrong(e.to_string()))?;
        let request = Request::get(uri).header("accept", "application/json").body(Empty::new());
        let request = request.map_err(|e| wrong(e.to_string()))?;
        let answer = async {
            let answer = self.client.request(request).await.map_err(|e| wrong(chained(&e)))?;
            if answer.status() != StatusCode::OK {
                return Err(wrong(format!("answered {}", answer.status())));
            }
            let body = Limited::new(answer.into_body(), ANSWER).collect().await;
            Ok(body.map_err(|e| wrong(chained(e.as_ref())))?.to_bytes())
        };
        let body =
            tokio::time::timeout(PATIENCE, answer).await.map_err(|_| wrong(format!("no answer in {PATIENCE:?}")))??;
        serde_json::from_slice(&body).map_err(|e| wrong(e.to_string()))
    }
}

/// The key with an id that is made for the signature.
pub(super) fn pick(set: &JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Option<Jwk> {
    let fits = |key: &&Jwk| {
        let common = &key.common;
        let signs = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        let made = common.key_algorithm.as_ref().is_none_or(|made| *made == KeyAlgorithm::from(algorithm));
        let named = kid.is_none_or(|kid| common.key_id.as_deref() == Some(kid));
        signs && made && named && of_family(&key.algorithm, algorithm)
    };
    let mut all = set.keys.iter().filter(fits);
    match (all.next(), all.next()) {
        // Two keys for one signature, and nothing that says which: neither.
        (Some(key), None) => Some(key.clone()),
        _ => None,
    }
}

fn of_family(key: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    match key {
        AlgorithmParameters::RSA(_) => algorithm.family() == AlgorithmFamily::Rsa,
        AlgorithmParameters::EllipticCurve(key) => match algorithm {
            Algorithm::ES256 => key.curve == EllipticCurve::P256,
            Algorithm::ES384 => key.curve == EllipticCurve::P384,
            _ => false,
        },
        AlgorithmParameters::OctetKeyPair(_) => algorithm.family() == AlgorithmFamily::Ed,
        _ => false,
    }
}

fn trust(ca_pem: Option<&[u8]>) -> Result<ClientConfig, Unreadable> {
    let wrong = |e: &dyn std::fmt::Display| Unreadable::Trust(e.to_string());
    let builder = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(&e))?;
    let Some(pem) = ca_pem else {
        return Ok(builder.with_native_roots().map_err(|e| wrong(&e))?.with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// An error with its causes.
fn chained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
