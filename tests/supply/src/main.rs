//! `sbomgen`: prints the bill of materials of a release.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use berth_supply::sbom::{Input, Program, bill};
use berth_supply::{Error, Result, built, lock, tree};
use clap::Parser;
use sha2::{Digest as _, Sha256};

/// Prints a CycloneDX bill of materials of what is in a release.
#[derive(Parser)]
struct Args {
    /// Root of the workspace.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Target triple of the release; this machine's without it.
    #[arg(long)]
    target: Option<String>,
    /// Messages of the build (`cargo build --message-format=json`): what it compiled must be what the bill lists.
    #[arg(long)]
    built: Option<PathBuf>,
    /// When the sources were committed, RFC 3339: part of the bill.
    #[arg(long)]
    time: Option<String>,
    /// Programs of the release; their hashes stand in the bill.
    programs: Vec<PathBuf>,
}

fn main() -> std::process::ExitCode {
    match run(&Args::parse()) {
        Ok(text) => {
            println!("{text}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("sbomgen: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<String> {
    let lock = lock::read(&text(&args.root.join("Cargo.lock"))?)?;
    let product = tree::product(&args.root, args.target.as_deref())?;
    if let Some(messages) = &args.built {
        let listed: BTreeSet<_> = product.keys().cloned().collect();
        built::agrees(&built::packages(&text(messages)?)?, &listed)?;
    }
    let programs = args.programs.iter().map(|path| program(path)).collect::<Result<Vec<_>>>()?;
    let version = env!("CARGO_PKG_VERSION");
    let time = args.time.as_deref();
    let bill = bill(&Input { version, lock: &lock, product: &product, programs: &programs, time })?;
    Ok(format!("{bill:#}"))
}

fn program(path: &Path) -> Result<Program> {
    let bytes = fs::read(path).map_err(|source| Error::File { path: path.display().to_string(), source })?;
    let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Program { name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(), sha256 })
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.display().to_string(), source })
}
