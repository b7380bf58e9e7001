//! The server of the door; see [`berth_api::server`].

use std::process::ExitCode;

use berth_api::server::{Settings, serve};
use clap::Parser as _;
use tokio::{net::TcpListener, signal::unix};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    // A panic is told where everything else is, with its place.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a defect")));
    match run(Settings::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("berth-api: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<(), berth_api::server::Error> {
    let config = settings.config().await?;
    let listener = TcpListener::bind(settings.listen).await?;
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let ended = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    serve(config, listener, ended).await
}
