//! A defect under the operator's client: whatever it writes within one namespace panics, in the hands of who writes it, until
//! the defect is mended.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll};

use kube::client::Body;
use tokio::sync::watch;
use tower::{Layer, Service};

/// The defect. Clones are one.
#[derive(Clone)]
pub struct Poison {
    part: Arc<str>,
    mended: Arc<AtomicBool>,
    strikes: Arc<watch::Sender<usize>>,
}

impl Poison {
    /// A defect in whatever writes within a namespace.
    pub fn within(namespace: &str) -> Self {
        let part = format!("/namespaces/{namespace}/").into();
        Self { part, mended: Arc::default(), strikes: Arc::new(watch::Sender::new(0)) }
    }

    /// Waits until it has struck so often.
    pub async fn struck(&self, times: usize) {
        // The sender lives as long as this does.
        let _ = self.strikes.subscribe().wait_for(|strikes| *strikes >= times).await;
    }

    /// From now on nothing panics any more.
    pub fn mend(&self) {
        self.mended.store(true, SeqCst);
    }

    fn strikes(&self, request: &http::Request<Body>) -> bool {
        let write = request.method() != http::Method::GET && request.uri().path().contains(&*self.part);
        let strikes = write && !self.mended.load(SeqCst);
        if strikes {
            self.strikes.send_modify(|strikes| *strikes += 1);
        }
        strikes
    }
}

impl<S> Layer<S> for Poison {
    type Service = Poisoned<S>;

    fn layer(&self, inner: S) -> Poisoned<S> {
        Poisoned { inner, poison: self.clone() }
    }
}

/// A client's service with the defect in it.
pub struct Poisoned<S> {
    inner: S,
    poison: Poison,
}

impl<S> Service<http::Request<Body>> for Poisoned<S>
where
    S: Service<http::Request<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if self.poison.strikes(&request) {
            // Not here, where it would be the client's own task: whoever asked polls this.
            return Box::pin(async { panic!("a defect, put here by a story") });
        }
        Box::pin(self.inner.call(request))
    }
}
