//! `berth admin`: commands and flags.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Registers.
#[derive(Clone, Debug, Subcommand)]
pub enum Admin {
    /// Put running systems or agencies on record from a CSV file. Without --apply it only says what it would do: every row is
    /// checked here and by the API server, and nothing is written. A row that contradicts the register is an error, never a
    /// change. Repeated, it writes nothing that is there already. Exit code 1 when a row is wrong.
    Import(Import),
    /// Give a running namespace to an environment that waits for it, or is to have it. Without --apply it only says what would be
    /// violated: by what stands in the namespace, by the environment's class and level, and by the API server's own judgement of
    /// running pods. Nothing is restarted by it. Exit code 1 when it cannot be taken over as it is.
    Adopt(Adopt),
    /// Give back what an environment adopted: what Berth put into its namespaces goes, they and everything that runs in them stay,
    /// and the booking is free. Without --apply it only says so.
    Release(Release),
}

/// An adoption.
#[derive(Args, Clone, Debug)]
pub struct Adopt {
    /// The running namespace.
    pub namespace: String,
    /// Its UID, as you looked it up: another namespace of the name is not taken.
    #[arg(long)]
    pub uid: String,
    /// The environment that takes it over, `<plate>-<kind>`.
    #[arg(long)]
    pub environment: String,
    /// Why; on record with your name.
    #[arg(long, requires = "apply")]
    pub reason: Option<String>,
    /// Give it to the environment. Refused findings stop it.
    #[arg(long, requires = "reason")]
    pub apply: bool,
    /// Your kubeconfig; without it, as kubectl finds it. You are a platform operator to whom ClusterRole berth-adopter is bound.
    #[arg(long)]
    pub kubeconfig: Option<PathBuf>,
}

/// The reverse of an adoption.
#[derive(Args, Clone, Debug)]
pub struct Release {
    /// The environment, `<plate>-<kind>`.
    pub environment: String,
    /// Why; on record with your name.
    #[arg(long, requires = "apply")]
    pub reason: Option<String>,
    /// Give back.
    #[arg(long, requires = "reason")]
    pub apply: bool,
    /// Your kubeconfig; without it, as kubectl finds it.
    #[arg(long)]
    pub kubeconfig: Option<PathBuf>,
}

/// An import.
#[derive(Args, Clone, Debug)]
pub struct Import {
    /// CSV in UTF-8 with a head; `-` is standard input. A column `code` makes it an inventory of systems, `id` a list of agencies.
    pub file: PathBuf,
    /// Write. With a wrong row nothing at all is written, unless --skip-bad-rows.
    #[arg(long)]
    pub apply: bool,
    /// Write the rows that are right although others are wrong; the wrong ones are told, and the exit code is 0.
    #[arg(long, requires = "apply")]
    pub skip_bad_rows: bool,
    /// Your kubeconfig; without it, as kubectl finds it. Your own rights decide: those of a platform operator are needed.
    #[arg(long)]
    pub kubeconfig: Option<PathBuf>,
}
