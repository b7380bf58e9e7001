//! A receiver of webhooks: a real HTTP server that may refuse at first, and that checks signatures as the book tells a
//! receiver to. It shares no line with what signs them.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing};
use base64::Engine as _;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::error::Result;

/// A call as it arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// Header `webhook-id`.
    pub id: String,
    /// Header `webhook-timestamp`.
    pub timestamp: String,
    /// Header `webhook-signature`.
    pub signature: String,
    /// Header `content-type`.
    pub content_type: String,
    /// The body, byte for byte.
    pub body: String,
    /// Whether it was taken.
    pub taken: bool,
}

impl Call {
    /// Whether one of the signatures is the key's over exactly this id, time and body.
    pub fn is_signed_by(&self, key: &str) -> bool {
        let text = format!("{}.{}.{}", self.id, self.timestamp, self.body);
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of HMAC has any length");
        mac.update(text.as_bytes());
        self.signature.split(' ').filter_map(|one| one.strip_prefix("v1,")).any(|one| {
            let signature = base64::engine::general_purpose::STANDARD.decode(one).unwrap_or_default();
            mac.clone().verify_slice(&signature).is_ok()
        })
    }
}

#[derive(Default)]
struct Shared {
    refuse: usize,
    calls: Vec<Call>,
}

/// The server. It ends with the runtime that started it.
pub struct Receiver {
    /// Where it is called.
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

impl Receiver {
    /// Starts a server that answers the first `refuse` calls with 503.
    pub async fn start(refuse: usize) -> Result<Self> {
        let shared = Arc::new(Mutex::new(Shared { refuse, calls: Vec::new() }));
        let app = Router::new().route("/in", routing::post(take)).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/in", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { url, shared })
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().expect("no code panics while it holds this lock").calls.clone()
    }
}

async fn take(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let mut shared = shared.lock().expect("no code panics while it holds this lock");
    let taken = shared.calls.len() >= shared.refuse;
    shared.calls.push(Call {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        content_type: header("content-type"),
        body: String::from_utf8_lossy(&body).into_owned(),
        taken,
    });
    if taken { StatusCode::NO_CONTENT } else { StatusCode::SERVICE_UNAVAILABLE }
}
