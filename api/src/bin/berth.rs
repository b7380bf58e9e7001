//! The command line; see [`berth_api::cli`].

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    berth_api::cli::main().await
}
