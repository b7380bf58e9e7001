//! Health endpoints: `/live` (the process answers) and `/ready` (caches are filled).

use std::net::SocketAddr;

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Router, extract::State};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Serves until the token is cancelled.
pub async fn serve(address: SocketAddr, ready: watch::Receiver<bool>, stop: CancellationToken) -> std::io::Result<()> {
    let app =
        Router::new().route("/live", get(|| async { "live\n" })).route("/ready", get(readiness)).with_state(ready);
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn readiness(State(ready): State<watch::Receiver<bool>>) -> (StatusCode, &'static str) {
    if *ready.borrow() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "caches are filling\n")
    }
}
