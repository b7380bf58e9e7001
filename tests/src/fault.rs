//! Faults under the operator's client: the process dies before or after its k-th write, or the answer to that write is
//! lost.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use kube::client::Body;
use tokio::sync::Notify;
use tower::{BoxError, Layer, Service};

/// What happens after the API server has applied a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process is gone: the answer never comes and the harness ends the operator.
    Crash,
    /// The answer is lost: the operator sees a broken connection and lives on.
    LostAnswer,
    /// The process is gone before the write reaches the API server.
    CrashBefore,
}

/// Which writes are counted. The ledger's come when its batch is full and notices beside everything, in between the others:
/// together they would have no fixed numbers. Leases are never counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Everything but the ledger.
    Work,
    /// The ledger alone.
    Ledger,
    /// Notices alone.
    Notices,
    /// What the register says of systems that there are, without their status.
    Systems,
}

/// One fault, at one write.
#[derive(Clone)]
pub struct Plan {
    fault: Fault,
    counted: Counted,
    at: usize,
    writes: Arc<AtomicUsize>,
    struck: Arc<Notify>,
}

impl Plan {
    /// The fault strikes at the `at`-th write, counted from 1; Leases and the ledger are not counted.
    pub fn new(fault: Fault, at: usize) -> Self {
        Self { fault, counted: Counted::Work, at, writes: Arc::default(), struck: Arc::default() }
    }

    /// The fault strikes at the `at`-th write of the ledger.
    pub fn of_ledger(fault: Fault, at: usize) -> Self {
        Self { counted: Counted::Ledger, ..Self::new(fault, at) }
    }

    /// The fault strikes at the `at`-th write of a notice.
    pub fn of_notices(fault: Fault, at: usize) -> Self {
        Self { counted: Counted::Notices, ..Self::new(fault, at) }
    }

    /// The fault strikes at the `at`-th change of a system in the register.
    pub fn of_systems(fault: Fault, at: usize) -> Self {
        Self { counted: Counted::Systems, ..Self::new(fault, at) }
    }

    fn counts(&self, path: &str) -> bool {
        let ledger = path.contains("/auditrecords") || path.contains("/auditcheckpoints");
        match self.counted {
            Counted::Ledger => ledger,
            Counted::Notices => path.contains("/notices"),
            Counted::Systems => path.contains("/tenants/") && !path.ends_with("/status"),
            Counted::Work => !ledger && !path.contains("/leases") && !path.contains("/notices"),
        }
    }

    /// Waits until the fault has struck.
    pub async fn struck(&self) {
        self.struck.notified().await;
    }

    /// Writes so far.
    pub fn writes(&self) -> usize {
        self.writes.load(SeqCst)
    }
}

impl<S> Layer<S> for Plan {
    type Service = Faulty<S>;

    fn layer(&self, inner: S) -> Faulty<S> {
        Faulty { inner, plan: self.clone() }
    }
}

/// A client's service with a fault in it.
pub struct Faulty<S> {
    inner: S,
    plan: Plan,
}

impl<S, B> Service<http::Request<Body>> for Faulty<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + 'static,
    B: Send + 'static,
{
    type Response = http::Response<B>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let write = request.method() != http::Method::GET && self.plan.counts(request.uri().path());
        let strikes = write && self.plan.writes.fetch_add(1, SeqCst) + 1 == self.plan.at;
        if strikes && self.plan.fault == Fault::CrashBefore {
            self.plan.struck.notify_one();
            return Box::pin(pending());
        }
        let (plan, answer) = (self.plan.clone(), self.inner.call(request));
        Box::pin(async move {
            let answer = answer.await.map_err(Into::into)?;
            if !strikes {
                return Ok(answer);
            }
            plan.struck.notify_one();
            match plan.fault {
                Fault::LostAnswer => Err("the connection broke after the API server applied the write".into()),
                Fault::Crash | Fault::CrashBefore => pending().await,
            }
        })
    }
}
