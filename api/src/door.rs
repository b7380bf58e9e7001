//! The door: its own account, and the way to act as a caller.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use kube::{Client, client::Body};
use tower::service_fn;

use crate::{
    clock::Clock,
    identity::Caller,
    problem::{Problem, Result},
    registers::Registers,
};

const IMPERSONATE_USER: HeaderName = HeaderName::from_static("impersonate-user");
const IMPERSONATE_GROUP: HeaderName = HeaderName::from_static("impersonate-group");

/// Pauses between tries of a read that the API server is too busy for.
const PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_millis(500), Duration::from_secs(1)];

/// Where agencies' kubeconfigs point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterEnd {
    /// URL of the API server, as agencies reach it.
    pub url: String,
    /// Certificates that its certificate is checked with, PEM.
    pub ca_pem: String,
}

/// What every service needs. It keeps no state: any number of replicas may run.
#[derive(Clone)]
pub struct Door {
    own: Client,
    /// Tells the day.
    pub clock: Clock,
    /// Where kubeconfigs point; `None`: this door gives none.
    pub cluster: Option<Arc<ClusterEnd>>,
}

impl Door {
    /// A door with its own account.
    pub fn new(own: Client, clock: Clock, cluster: Option<ClusterEnd>) -> Self {
        Self { own, clock, cluster: cluster.map(Arc::new) }
    }

    /// The registers, read with the door's own rights.
    pub fn registers(&self) -> Registers {
        Registers::new(self.own.clone(), self.clock.clone())
    }

    /// A client that acts as the caller, by impersonation over the door's connections.
    pub fn as_caller(&self, caller: &Caller) -> Result<Client> {
        let headers = impersonation(caller)?;
        let own = self.own.clone();
        let service = service_fn(move |mut request: Request<Body>| {
            let own = own.clone();
            for (name, value) in &headers {
                request.headers_mut().append(name, value.clone());
            }
            send(own, request)
        });
        Ok(Client::new(service, "default"))
    }
}

/// Sends; a read that the API server is too busy for is tried again, for example while a kind is new to it.
async fn send(own: Client, request: Request<Body>) -> kube::Result<Response<Body>> {
    if request.method() != Method::GET {
        return own.send(request).await;
    }
    let (parts, _) = request.into_parts();
    for pause in PAUSES {
        let response = own.send(Request::from_parts(parts.clone(), Body::empty())).await?;
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            return Ok(response);
        }
        tokio::time::sleep(pause).await;
    }
    own.send(Request::from_parts(parts, Body::empty())).await
}

/// User and groups; a service account's groups are derived by the API server.
fn impersonation(caller: &Caller) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let user = [(IMPERSONATE_USER, &caller.username)];
    let groups = caller.groups.iter().map(|group| (IMPERSONATE_GROUP, group));
    let header = |(name, text): (HeaderName, &String)| {
        let value = HeaderValue::from_bytes(text.as_bytes());
        value.map(|value| (name, value)).map_err(|_| Problem::UnknownCaller("the account's name cannot be sent".into()))
    };
    user.into_iter().chain(groups).map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_becomes_one_user_header_and_one_header_per_group() {
        let caller = Caller { username: "lan".into(), groups: vec!["a".into(), "b".into()] };
        let headers = impersonation(&caller).unwrap();
        let text: Vec<_> = headers.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
        assert_eq!(text, ["impersonate-user: lan", "impersonate-group: a", "impersonate-group: b"]);
    }
}
