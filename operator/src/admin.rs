//! Health endpoints: `/live` (the process answers) and `/ready` (it reconciles, or may take over at any time).

use std::net::SocketAddr;

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Router, extract::State};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::run::Phase;

/// Serves until the token is cancelled.
pub async fn serve(address: SocketAddr, ready: watch::Receiver<Phase>, stop: CancellationToken) -> std::io::Result<()> {
    let app =
        Router::new().route("/live", get(|| async { "live\n" })).route("/ready", get(readiness)).with_state(ready);
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn readiness(State(ready): State<watch::Receiver<Phase>>) -> (StatusCode, &'static str) {
    if *ready.borrow() != Phase::Starting {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
    }
}
