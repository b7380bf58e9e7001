//! kubectl, which is part of the same binary.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use tokio::process::Command;

use crate::{Binary, Cluster, Error, Login, Result};

impl Cluster {
    /// Runs kubectl as somebody and returns what it printed; a failure of kubectl itself is in the output's status.
    pub async fn kubectl<'a>(&self, login: impl Into<Login<'a>>, arguments: &[&str]) -> Result<Output> {
        let binary = Binary::ensure_blocking().await?;
        let folder = tempfile::tempdir().map_err(Error::io("create a folder for", "kubectl"))?;
        let kubeconfig = folder.path().join("kubeconfig");
        self.write_kubeconfig(login, &kubeconfig)?;
        let mut command = Command::new(&binary);
        command.arg("kubectl").arg(format!("--kubeconfig={}", kubeconfig.display())).args(arguments);
        // Nothing of the caller's own kubectl: no configuration, no preferences, no cache.
        command.env_remove("KUBECONFIG").env("KUBERC", "off").env("KUBECACHEDIR", folder.path().join("cache"));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command.output().await.map_err(Error::io("run", &binary))
    }

    /// Writes a command `kubectl` into a folder, for people whose PATH begins with it; returns its path.
    pub fn install_kubectl(folder: &Path) -> Result<PathBuf> {
        let binary = Binary::ensure()?;
        let path = folder.join("kubectl");
        let quoted = binary.to_string_lossy().replace('\'', r"'\''");
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        fs::write(&path, format!("#!/bin/sh\nexec '{quoted}' kubectl \"$@\"\n")).map_err(Error::io("write", &path))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(Error::io("make executable", &path))?;
        Ok(path)
    }
}
