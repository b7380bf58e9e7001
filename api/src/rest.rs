//! REST/JSON: every method of `berth.v1` by its `google.api.http` rule, transcoded over the descriptor.
//!
//! The call goes through the same guard and service as gRPC. Streams are newline-delimited JSON; errors are
//! `{"error": {"code", "status", "message", "details": [{"@type": …}]}}`.

mod codec;
mod error;
mod input;
mod template;

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    response::Response,
};
use futures::{StreamExt as _, future::BoxFuture};
use http::{
    HeaderMap, Method, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
    request::Parts,
    uri::PathAndQuery,
};
use prost_reflect::DynamicMessage;
use tonic::{Status, client::Grpc, metadata::MetadataMap};

pub use error::{body as error_body, http_status};

use crate::{
    access::Gate,
    arrival::Arrival,
    limits,
    problem::{Problem, Thing},
    proto::{json_text, pool},
};
use codec::DynamicCodec;
use template::{Route, Variables, routes};

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
/// Headers that travel on to the service.
const PASSED_ON: [&str; 2] = ["authorization", "accept-language"];

/// The REST side of the door, as a service in front of the gRPC routes.
#[derive(Clone)]
pub struct Rest {
    routes: Arc<Vec<Route>>,
    grpc: Router,
    gate: Arc<Gate>,
}

impl Rest {
    /// Transcodes for these gRPC routes.
    pub fn new(grpc: Router, gate: Arc<Gate>) -> Self {
        Self { routes: Arc::new(routes(pool())), grpc, gate }
    }

    async fn answer(self, request: Request) -> Response {
        if matches!(request.uri().path(), "/livez" | "/readyz") {
            return text(StatusCode::OK, "text/plain", "ok\n");
        }
        let longest = match limits::admit(request.headers(), request.uri()) {
            Ok(longest) => longest,
            Err(problem) => return failed(&problem.into()),
        };
        match limits::within(longest, self.call(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(status)) => failed(&status),
            Err(problem) => failed(&problem.into()),
        }
    }

    async fn call(self, request: Request) -> Result<Response, Status> {
        let (parts, body) = request.into_parts();
        let found = find(&self.routes, &parts.method, parts.uri.path())?;
        // First who asks, then what: nobody else's body is kept in memory, and of one caller not more than there are calls.
        let caller = self.gate.known(&parts.headers, parts.extensions.get()).await?;
        let place = self.gate.turnstile.place(&caller.username)?;
        let too_large = Problem::TooLarge { what: "the body", most: limits::MESSAGE };
        let body = to_bytes(body, limits::MESSAGE).await.map_err(|_| too_large)?;
        // The call takes its own.
        drop(place);
        let message = input::message(found.0, &found.1, parts.uri.query().unwrap_or_default(), &parts.headers, &body)?;
        let method = found.0.method.clone();
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let path = PathAndQuery::try_from(path).map_err(|e| Problem::bug("building a path", &e))?;
        let mut grpc = Grpc::new(self.grpc);
        match grpc.ready().await {
            Ok(()) => {}
            Err(never) => match never {},
        }
        let (codec, request) = (DynamicCodec(method.output()), outgoing(&parts, message));
        if method.is_server_streaming() {
            return Ok(lines(grpc.server_streaming(request, path, codec).await?.into_inner()));
        }
        let answer = grpc.unary(request, path, codec).await?.into_inner();
        Ok(text(StatusCode::OK, JSON, json(&answer)?))
    }
}

impl tower::Service<Request> for Rest {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let rest = self.clone();
        Box::pin(async move { Ok(rest.answer(request).await) })
    }
}

/// The route and the variables in the path.
fn find<'a>(routes: &'a [Route], verb: &Method, path: &str) -> Result<(&'a Route, Variables), Problem> {
    let fitting: Vec<_> = routes.iter().filter_map(|route| Some((route, route.variables(path)?))).collect();
    let verbs = fitting.iter().map(|(route, _)| route.verb.as_str()).collect::<Vec<_>>().join(", ");
    match fitting.into_iter().find(|(route, _)| route.verb == *verb) {
        Some(found) => Ok(found),
        None if verbs.is_empty() => Err(Problem::NotFound(Thing::new("path", path))),
        None => Err(Problem::NotSupported(format!("{path} is not for {verb}: use {verbs}"))),
    }
}

fn outgoing(parts: &Parts, message: DynamicMessage) -> tonic::Request<DynamicMessage> {
    let mut passed = HeaderMap::new();
    for name in PASSED_ON {
        // All values: two tokens must be refused, not halved.
        parts.headers.get_all(name).iter().for_each(|value| {
            passed.append(name, value.clone());
        });
    }
    let mut extensions = tonic::Extensions::new();
    if let Some(arrival) = parts.extensions.get::<Arrival>() {
        extensions.insert(arrival.clone());
    }
    tonic::Request::from_parts(MetadataMap::from_headers(passed), extensions, message)
}

fn lines(stream: tonic::Streaming<DynamicMessage>) -> Response {
    let line = |message: Result<DynamicMessage, Status>| {
        let line = message.and_then(|message| json(&message));
        let mut line = line.unwrap_or_else(|status| error::body(&status).to_string());
        line.push('\n');
        Ok::<_, Infallible>(Bytes::from(line))
    };
    respond(StatusCode::OK, LINES, Body::from_stream(stream.map(line)))
}

fn json(message: &DynamicMessage) -> Result<String, Status> {
    Ok(json_text(message).ok_or_else(|| Problem::bug("writing JSON", &message.to_string()))?)
}

/// An error as a response.
fn failed(status: &Status) -> Response {
    let mut response = text(http_status(status), JSON, error::body(status).to_string());
    if let Some(seconds) = error::retry_after(status) {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn text(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Response {
    respond(status, kind, Body::from(text.into()))
}

fn respond(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod decoding;
#[cfg(test)]
mod tests;
