//! The demo: a real control plane, Berth, a province; agencies ask, approvers decide, environments become Ready.

pub mod folder;
pub mod play;
pub mod serve;
pub mod tell;
pub mod verify;

use crate::error::Result;
use folder::Folder;

/// Shows Berth at work on this machine.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "cargo demo", bin_name = "cargo demo --", version)]
pub struct Args {
    /// Play, verify, and exit: 0 only if everything came as it must.
    #[arg(long, conflicts_with_all = ["detach", "stop"])]
    pub once: bool,
    /// Play, then leave everything running in the background.
    #[arg(long, conflicts_with = "stop")]
    pub detach: bool,
    /// End what `--detach` left running.
    #[arg(long)]
    pub stop: bool,
    /// The background half of `--detach`.
    #[arg(long, hide = true)]
    pub background: bool,
}

/// Runs the demo; the number is the exit code.
pub async fn run(args: Args) -> Result<u8> {
    let folder = Folder::new();
    if args.stop {
        return folder.stop().await;
    }
    if args.detach && !args.background {
        return folder.detach().await;
    }
    folder.claim().await?;
    let served = serve::Served::start(&folder).await?;
    let played = play::play(&served).await?;
    let verdict = verify::verify(&served, &played).await?;
    tell::summary(&played, &verdict);
    if args.once {
        served.stop().await?;
        folder.release()?;
        // Last line of all: scripts read it.
        println!("{}", verdict.line());
        return Ok(u8::from(!verdict.holds()));
    }
    println!("{}", verdict.line());
    folder.ready()?;
    tell::next(&folder, args.background);
    served.until_told(&folder).await?;
    served.stop().await?;
    folder.release()?;
    Ok(u8::from(!verdict.holds()))
}
