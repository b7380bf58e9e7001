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
