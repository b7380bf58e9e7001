//! The independent checker of addresses: a Go program that reads the API like anybody who may list, and shares no line
//! with what gave the addresses. Go is needed for the control plane of the tests anyway.

use std::fs;
use std::path::Path;
use std::process::Command;

use berth_cluster::{Cluster, Person};
use serde_json::Value;

use crate::error::Result;
use crate::go;

/// What the checker says of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// In order; the checker's own figures.
    InOrder(Value),
    /// One complaint a line, sorted.
    Complaints(Vec<String>),
}

/// Judges what a cluster holds, as somebody who may list it.
pub async fn judge(cluster: &Cluster, who: &Person) -> Result<Verdict> {
    let folder = tempfile::tempdir()?;
    let (ca, token) = (folder.path().join("ca.pem"), folder.path().join("token"));
    fs::write(&ca, cluster.ca_pem())?;
    fs::write(&token, &who.token)?;
    let flags = [("-server", cluster.url()), ("-ca", text(&ca)), ("-token-file", text(&token))];
    let flags = flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect();
    tokio::task::spawn_blocking(move || run(flags)).await?
}

/// Judges a world that is written down: `{addressPlans, prefixBlocks, prefixClaims}`.
pub fn judge_written(world: &Value) -> Result<Verdict> {
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), world.to_string())?;
    run(vec!["-world".into(), text(file.path())])
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn run(flags: Vec<String>) -> Result<Verdict> {
    let output = Command::new(go::build("checker", ".", "checker")?).args(flags).output()?;
    let said = String::from_utf8(output.stdout)?;
    match output.status.code() {
        Some(0) => Ok(Verdict::InOrder(serde_json::from_str(&said)?)),
        Some(1) => Ok(Verdict::Complaints(said.lines().map(str::to_owned).collect())),
        _ => Err(format!("the checker failed: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
