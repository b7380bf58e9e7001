//! Helm itself, built from its own module: it renders the chart and installs it on a real API server, as people do.

use std::path::PathBuf;
use std::process::Stdio;

use berth_cluster::{Cluster, Login};
use tokio::process::Command;

use crate::error::Result;
use crate::go;

/// Helm, with a home of its own: no repositories, no plugins, and nobody's kubeconfig.
pub struct Helm {
    program: PathBuf,
    home: tempfile::TempDir,
}

impl Helm {
    /// Without a cluster.
    pub async fn new() -> Result<Self> {
        let program = tokio::task::spawn_blocking(|| go::build("helm", "helm.sh/helm/v3/cmd/helm", "helm")).await??;
        Ok(Self { program, home: tempfile::tempdir()? })
    }

    /// As the administrator of a cluster.
    pub async fn on(cluster: &Cluster) -> Result<Self> {
        let helm = Self::new().await?;
        cluster.write_kubeconfig(Login::Admin, &helm.kubeconfig())?;
        Ok(helm)
    }

    fn kubeconfig(&self) -> PathBuf {
        self.home.path().join("kubeconfig")
    }

    /// Runs a command and returns what it printed.
    ///
    /// # Errors
    /// What Helm complains about, where it ends with another code than 0.
    pub async fn run(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(words).env_clear().env("HOME", self.home.path()).env("KUBECONFIG", self.kubeconfig());
        // The chart has more objects than Helm asks for at once by itself.
        command.env("HELM_BURST_LIMIT", "1000").env("HELM_QPS", "1000");
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        let (said, complaint) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
        if output.status.success() {
            return Ok(said);
        }
        Err(format!("helm {}: {complaint}{said}", words.join(" ")).into())
    }
}
