//! The API server is gone at a chosen write, whoever makes it: clients that share an [`Outages`] strike at the n-th write of
//! its kind that concerns one system. Who holds the other end of the channel ends the server and starts it again.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::FutureExt;
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tokio::sync::{mpsc, oneshot};
use tower::{BoxError, Layer, Service};

/// What happens at a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// The API server is killed before the write reaches it.
    KilledBefore,
    /// The API server is killed when it has applied the write, and the answer never comes.
    KilledAfter,
    /// The answer is lost; the API server lives on.
    AnswerLost,
}

/// One fault: at a write of a system, counted by kind, as in `PUT tenants/status 2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strike {
    /// The write.
    pub write: String,
    /// What happens.
    pub when: When,
}

/// A kill that is asked for; answered when the API server is gone.
pub type Kill = oneshot::Sender<()>;

/// Writes whose numbers are the clock's or nobody's: ledger and notices come in between the others, leases and events
/// come by themselves.
const APART: &[&str] = &["leases", "events", "auditrecords", "auditcheckpoints", "notices"];

/// Systems with a fault each, and what was written about them.
#[derive(Clone)]
pub struct Outages {
    systems: Arc<Mutex<BTreeMap<String, System>>>,
    kills: mpsc::UnboundedSender<Kill>,
}

#[derive(Default)]
struct System {
    /// Texts that a write about it holds in its path or body.
    words: Vec<String>,
    strike: Option<Strike>,
    /// Writes that were applied, by kind, and in order.
    counts: BTreeMap<String, usize>,
    writes: Vec<String>,
}

impl Outages {
    /// No system yet; and where the kills are asked for.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Kill>) {
        let (kills, asked) = mpsc::unbounded_channel();
        (Self { systems: Arc::default(), kills }, asked)
    }

    /// Adds a system by the name of its paper, with its fault.
    pub fn add(&self, paper: &str, strike: Option<Strike>) {
        let system = System { words: vec![paper.to_owned()], strike, ..System::default() };
        self.lock().insert(paper.to_owned(), system);
    }

    /// A further text that tells a system, such as its plate.
    pub fn also(&self, paper: &str, word: &str) {
        if let Some(system) = self.lock().get_mut(paper) {
            system.words.push(word.to_owned());
        }
    }

    /// What was written about a system, in order.
    pub fn writes(&self, paper: &str) -> Vec<String> {
        self.lock().get(paper).map(|system| system.writes.clone()).unwrap_or_default()
    }

    /// Faults that did not strike.
    pub fn left(&self) -> Vec<Strike> {
        self.lock().values().filter_map(|system| system.strike.clone()).collect()
    }

    /// A client with the faults in it.
    pub fn client(&self, config: Config) -> kube::Result<Client> {
        Ok(ClientBuilder::try_from(config)?.with_layer(self).build())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, System>> {
        // The map is whole after every statement, so a panic elsewhere left nothing half done.
        self.systems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The system that a write is about, and what the write is.
    fn concerns(&self, method: &http::Method, path: &str, body: &[u8]) -> Option<(String, String)> {
        let resource = resource(path).filter(|resource| !APART.contains(&resource.as_str()))?;
        let (kind, body) = (format!("{method} {resource}"), String::from_utf8_lossy(body));
        let systems = self.lock();
        // The site's list names everybody who booked before: a write of it is about the one who was not in it yet.
        let new = |system: &System| !resource.starts_with("sites") || !system.counts.contains_key(&kind);
        // What is named by its path may speak of others in its body.
        let about = |text: &str| {
            let named = |system: &System| system.words.iter().any(|word| text.contains(word.as_str()));
            systems.iter().find(|(_, system)| named(system) && new(system)).map(|(paper, _)| paper.clone())
        };
        about(path).or_else(|| about(&body)).map(|paper| (paper, kind.clone()))
    }

    /// Takes the fault that is to strike at this write, if it is one of these.
    fn take(&self, (paper, kind): &(String, String), whens: &[When]) -> Option<When> {
        let mut systems = self.lock();
        let system = systems.get_mut(paper)?;
        let write = format!("{kind} {}", system.counts.get(kind).unwrap_or(&0) + 1);
        let strikes = system.strike.as_ref().is_some_and(|s| s.write == write && whens.contains(&s.when));
        if strikes { system.strike.take().map(|strike| strike.when) } else { None }
    }

    fn applied(&self, (paper, kind): &(String, String)) {
        if let Some(system) = self.lock().get_mut(paper) {
            let count = system.counts.entry(kind.clone()).or_default();
            *count += 1;
            system.writes.push(format!("{kind} {count}"));
        }
    }

    /// Asks for the kill and waits until the API server is gone.
    async fn kill(&self) -> Result<(), BoxError> {
        let (gone, answer) = oneshot::channel();
        self.kills.send(gone)?;
        Ok(answer.await?)
    }
}

/// Resource and subresource of a path, as RBAC writes them.
fn resource(path: &str) -> Option<String> {
    let mut words: Vec<&str> = path.trim_matches('/').split('/').collect();
    words.drain(..if words.first() == Some(&"api") { 2 } else { 3.min(words.len()) });
    let of_namespace = ["status", "finalize"];
    if words.first() == Some(&"namespaces") && words.get(2).is_some_and(|word| !of_namespace.contains(word)) {
        words.drain(..2);
    }
    let subresource = words.get(2).map(|word| format!("/{word}")).unwrap_or_default();
    words.first().map(|word| format!("{word}{subresource}"))
}

impl<S> Layer<S> for Outages {
    type Service = Cut<S>;

    fn layer(&self, inner: S) -> Cut<S> {
        Cut { inner: Arc::new(tokio::sync::Mutex::new(inner)), outages: self.clone() }
    }
}

/// A client's service with faults in it.
pub struct Cut<S> {
    inner: Arc<tokio::sync::Mutex<S>>,
    outages: Outages,
}

impl<S, B> Service<http::Request<Body>> for Cut<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + 'static,
    B: Send + 'static,
{
    type Response = http::Response<B>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The inner service is asked when the request is passed on: a fault may come between.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (inner, outages) = (self.inner.clone(), self.outages.clone());
        Box::pin(async move {
            let (request, about) = look(&outages, request)?;
            if let Some(about) = &about
                && outages.take(about, &[When::KilledBefore]).is_some()
            {
                outages.kill().await?;
            }
            let answer = {
                let mut inner = inner.lock().await;
                std::future::poll_fn(|cx| inner.poll_ready(cx)).await.map_err(Into::into)?;
                inner.call(request)
            };
            let answer = answer.await.map_err(Into::into)?;
            let Some(about) = about.filter(|_| answer.status().is_success()) else { return Ok(answer) };
            let strikes = outages.take(&about, &[When::KilledAfter, When::AnswerLost]);
            outages.applied(&about);
            match strikes {
                None => return Ok(answer),
                Some(When::AnswerLost | When::KilledBefore) => {}
                Some(When::KilledAfter) => outages.kill().await?,
            }
            Err("the connection broke after the API server applied the write".into())
        })
    }
}

/// A system, and the kind of a write about it.
type About = (String, String);

/// The request as it was, and what it is about if it is a write.
fn look(outages: &Outages, request: http::Request<Body>) -> Result<(http::Request<Body>, Option<About>), BoxError> {
    if request.method() == http::Method::GET {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    let bytes = body.collect_bytes().now_or_never().ok_or("a body that is not there yet")??;
    let about = outages.concerns(&parts.method, parts.uri.path(), &bytes);
    Ok((http::Request::from_parts(parts, Body::from(bytes)), about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_its_resource_as_rbac_writes_it() {
        let cases = [
            ("/api/v1/namespaces", "namespaces"),
            ("/api/v1/namespaces/abc-prod", "namespaces"),
            ("/api/v1/namespaces/abc-prod/status", "namespaces/status"),
            ("/api/v1/namespaces/abc-prod/resourcequotas/berth-quota", "resourcequotas"),
            ("/apis/berth.dev/v1alpha1/tenants", "tenants"),
            ("/apis/berth.dev/v1alpha1/tenants/abc/status", "tenants/status"),
            ("/apis/berth.dev/v1alpha1/namespaces/agency-ag-62/onboardings/a/status", "onboardings/status"),
        ];
        let told = cases.map(|(path, _)| resource(path));
        assert_eq!(told, cases.map(|(_, resource)| Some(resource.to_owned())));
    }

    #[test]
    fn a_fault_strikes_once_at_the_write_of_its_number_and_a_sites_list_is_about_who_is_new_in_it() {
        let (outages, _kills) = Outages::new();
        let strike = Strike { write: "PUT tenants/status 2".into(), when: When::AnswerLost };
        outages.add("gone-1", Some(strike.clone()));
        outages.add("gone-2", None);
        outages.also("gone-1", "abcdef");
        let put = http::Method::PUT;
        let status = outages.concerns(&put, "/apis/berth.dev/v1alpha1/tenants/abcdef/status", b"{}").unwrap();
        assert_eq!(status, ("gone-1".to_owned(), "PUT tenants/status".to_owned()));
        assert_eq!(outages.take(&status, &[When::AnswerLost]), None);
        outages.applied(&status);
        assert_eq!(outages.take(&status, &[When::KilledAfter]), None);
        assert_eq!(
            (outages.left(), outages.take(&status, &[When::AnswerLost])),
            (vec![strike], Some(When::AnswerLost))
        );
        assert_eq!((outages.left(), outages.writes("gone-1")), (vec![], vec!["PUT tenants/status 1".to_owned()]));
        let list = |body: &str| outages.concerns(&put, "/apis/berth.dev/v1alpha1/sites/dc/status", body.as_bytes());
        let first = list("abcdef-prod").unwrap();
        outages.applied(&first);
        let second = list("abcdef-prod, gone-2");
        assert_eq!((first.0.as_str(), second.map(|s| s.0)), ("gone-1", Some("gone-2".to_owned())));
        assert_eq!(outages.concerns(&put, "/apis/coordination.k8s.io/v1/namespaces/a/leases/gone-1", b""), None);
    }
}
