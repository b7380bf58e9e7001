//! What the door bounds, over loopback and for gRPC, gRPC-Web and REST alike: sizes, shares of callers and failed sign-ins.

use berth_api::client::Client;
use berth_api::limits::{Adjustable, HEADERS, MESSAGE};
use berth_api::proto::v1::ListAgenciesRequest;
use berth_cluster::until;
use berth_tests::error::Result;
use berth_tests::stack::Door;
use futures::future::join_all;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};
use tonic::Code;
use tonic_types::StatusExt;

use crate::door::message;
use crate::way::Way;
use crate::world::{PATIENCE, shared};

/// Far more calls at once than a slow machine lets pass by a second's refill.
const MANY: usize = 60;
const AGENCIES: &str = "/v1/agencies";
const CREATE: &str = "/v1/agencies/ag-62/onboardings";

async fn way(change: impl FnOnce(&mut Adjustable)) -> Result<Way> {
    let world = shared().await?;
    let mut limits = Adjustable::default();
    change(&mut limits);
    Ok(Way { world, door: Door::start_with(&world.cluster, limits).await? })
}

impl Way {
    fn token(&self, who: &str) -> Result<&str> {
        Ok(&self.world.people.iter().find(|p| p.name == who).ok_or("nobody of that name")?.token)
    }

    /// Sends as HTTP/1.1; gRPC-Web if the path is a method's. A server that answers before it has read everything may close
    /// the connection under its answer: then it is asked again.
    async fn http(&self, token: &str, path: &str, body: Vec<u8>, header: &str) -> Result<Response<String>> {
        let send = async || self.once(token, path, body.clone(), header).await;
        Ok(until("an answer arrives", PATIENCE, send).await?)
    }

    async fn once(&self, token: &str, path: &str, body: Vec<u8>, header: &str) -> Result<Response<String>> {
        let web = path.starts_with("/berth.v1.");
        let method = if web || !body.is_empty() { "POST" } else { "GET" };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.door.url))
            .header("content-type", if web { "application/grpc-web+proto" } else { "application/json" })
            .header("authorization", format!("Bearer {token}"))
            .header("x-fill", header)
            .body(Full::new(axum::body::Bytes::from(body)))?;
        let client = legacy::Client::builder(TokioExecutor::new()).build_http();
        let (parts, body) = client.request(request).await?.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await?.to_bytes()).into_owned();
        Ok(Response::from_parts(parts, text))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_how_long_to_wait_and_others_are_served() -> Result<()> {
    let way = way(|limits| limits.rate_reads = "1/3".parse().unwrap()).await?;
    let lead = way.client("lead-62").await?;
    let calls = (0..MANY).map(|_| {
        let mut catalog = lead.catalog.clone();
        async move { catalog.list_agencies(ListAgenciesRequest::default()).await }
    });
    let answers = join_all(calls).await;
    assert!(answers.iter().filter(|answer| answer.is_ok()).count() >= 3, "the burst passes");
    let refused: Vec<_> = answers.into_iter().filter_map(|answer| answer.err()).collect();
    assert!(!refused.is_empty());
    for status in refused {
        let reason = status.get_details_error_info().map(|info| info.reason);
        assert_eq!((status.code(), reason.as_deref()), (Code::ResourceExhausted, Some("TOO_MANY_CALLS")));
        assert!(status.get_details_retry_info().and_then(|info| info.retry_delay).is_some_and(|d| !d.is_zero()));
    }
    let token = way.token("lead-62")?;
    let rest = join_all((0..MANY).map(|_| way.http(token, AGENCIES, Vec::new(), ""))).await;
    let rest = rest.into_iter().collect::<Result<Vec<_>>>()?;
    let refused = rest.iter().find(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS).ok_or("no 429")?;
    let wait: u64 = refused.headers()["retry-after"].to_str()?.parse()?;
    assert!(wait >= 1 && refused.body().contains("TOO_MANY_CALLS"), "{refused:?}");
    let web = "/berth.v1.CatalogService/ListAgencies";
    let web = join_all((0..MANY).map(|_| way.http(token, web, vec![0; 5], ""))).await;
    let web = web.into_iter().collect::<Result<Vec<_>>>()?;
    let code = |answer: &Response<String>| answer.headers().get("grpc-status").map(|v| v.as_bytes().to_vec());
    assert!(web.iter().any(|answer| code(answer).as_deref() == Some(b"8")), "RESOURCE_EXHAUSTED over gRPC-Web");
    way.client("approver").await?.catalog.list_agencies(ListAgenciesRequest::default()).await?;
    way.door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_fails_to_sign_in_too_often_waits_and_gets_in_later() -> Result<()> {
    let way = way(|limits| limits.rate_failures = "1/3".parse().unwrap()).await?;
    let stranger = Client::connect(&way.door.url, "nobody-has-this-token").await?;
    let tries = (0..MANY).map(|_| {
        let mut catalog = stranger.catalog.clone();
        async move { catalog.list_agencies(ListAgenciesRequest::default()).await.unwrap_err().code() }
    });
    let codes = join_all(tries).await;
    let count = |code| codes.iter().filter(|seen| **seen == code).count();
    let (unknown, exhausted) = (count(Code::Unauthenticated), count(Code::ResourceExhausted));
    assert!(unknown > 0 && exhausted > 0 && unknown + exhausted == MANY, "{codes:?}");
    let lead = way.client("lead-62").await?;
    until("somebody of the same address gets in", PATIENCE, async || {
        let answer = lead.catalog.clone().list_agencies(ListAgenciesRequest::default()).await;
        answer.map(drop).map_err(|status| status.to_string())
    })
    .await?;
    way.door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_by_every_way_in() -> Result<()> {
    let way = way(|_| {}).await?;
    let token = way.token("lead-62")?;
    let mut large = message("ag-62", "share-large", |_| {});
    large.validate_only = true;
    let mut lead = way.client("lead-62").await?;
    lead.onboardings.create_onboarding(large.clone()).await?;
    large.request_id = "x".repeat(MESSAGE);
    let refusal = lead.onboardings.create_onboarding(large).await.unwrap_err();
    let info = refusal.get_details_error_info().ok_or("no details")?;
    assert_eq!((refusal.code(), info.metadata["maxBytes"].as_str()), (Code::InvalidArgument, "524288"));
    let fill = |bytes: usize| "a".repeat(bytes);
    let web = "/berth.v1.CatalogService/ListAgencies";
    let body = way.http(token, CREATE, vec![b' '; MESSAGE + 1], "").await?;
    let nobody = way.http("nobody", CREATE, vec![b' '; MESSAGE + 1], "").await?;
    let header = way.http(token, AGENCIES, Vec::new(), &fill(HEADERS)).await?;
    let small = way.http(token, AGENCIES, Vec::new(), &fill(HEADERS / 4)).await?;
    let statuses = [&body, &nobody, &header, &small].map(|answer| answer.status().as_u16());
    assert_eq!(statuses, [400, 401, 400, 200], "{body:?} {nobody:?} {header:?}");
    assert!(body.body().contains(r#""maxBytes":"524288""#) && header.body().contains(r#""maxBytes":"8192""#));
    let header = way.http(token, web, vec![0; 5], &fill(HEADERS)).await?;
    assert_eq!(header.headers().get("grpc-status").map(|v| v.as_bytes()), Some(&b"3"[..]), "{header:?}");
    way.door.stop().await
}
