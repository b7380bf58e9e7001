//! The data folder of one cluster: where every file lies, and whether the folder outlives the cluster.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    thread,
};

use tempfile::TempDir;

use crate::{Component, Error, Options, Result, detached::running};

/// Keeps throw-away folders when set to `1`.
const KEEP: &str = "BERTH_CLUSTER_KEEP";
/// Says that a folder is one of ours and may be emptied.
const MARKER: &str = "berth-cluster";

/// Paths inside the data folder.
#[derive(Debug, Clone)]
pub(crate) struct Layout(pub(crate) PathBuf);

impl Layout {
    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("etcd")
    }
    pub(crate) fn ca(&self) -> PathBuf {
        self.0.join("pki/ca.crt")
    }
    pub(crate) fn ca_key(&self) -> PathBuf {
        self.0.join("pki/ca.key")
    }
    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.join("pki/tls.crt")
    }
    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("pki/tls.key")
    }
    pub(crate) fn accounts_key(&self) -> PathBuf {
        self.0.join("pki/service-accounts.key")
    }
    pub(crate) fn accounts_public_key(&self) -> PathBuf {
        self.0.join("pki/service-accounts.pub")
    }
    pub(crate) fn tokens(&self) -> PathBuf {
        self.0.join("tokens.csv")
    }
    pub(crate) fn audit_policy(&self) -> PathBuf {
        self.0.join("audit-policy.yaml")
    }
    pub(crate) fn audit_log(&self) -> PathBuf {
        self.0.join("audit.log")
    }
    pub(crate) fn admin_kubeconfig(&self) -> PathBuf {
        self.0.join("admin.kubeconfig")
    }
    pub(crate) fn manager_kubeconfig(&self) -> PathBuf {
        self.0.join("kube-controller-manager.kubeconfig")
    }
    pub(crate) fn log(&self, component: Component) -> PathBuf {
        self.0.join(format!("{component}.log"))
    }
    pub(crate) fn pid(&self, component: Component) -> PathBuf {
        self.0.join(format!("{component}.pid"))
    }
    /// Forgets which processes ran.
    pub(crate) fn remove_pids(&self) -> Result<()> {
        let recorded = Component::ALL.map(|component| self.pid(component)).into_iter().filter(|path| path.exists());
        recorded.into_iter().try_for_each(|path| fs::remove_file(&path).map_err(Error::io("remove", &path)))
    }
    pub(crate) fn marker(&self) -> PathBuf {
        self.0.join(MARKER)
    }
}

/// The data folder and what becomes of it.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) layout: Layout,
    temporary: Option<TempDir>,
}

impl Folder {
    /// A throw-away folder, or the one that was asked for, emptied of an earlier cluster.
    pub(crate) fn create(options: &Options) -> Result<Self> {
        let Some(path) = &options.folder else {
            let temporary = tempfile::Builder::new()
                .prefix("berth-cluster-")
                .permissions(fs::Permissions::from_mode(0o700))
                .tempdir()
                .map_err(Error::io("create a folder in", env::temp_dir()))?;
            return Ok(Self { layout: Layout(temporary.path().into()), temporary: Some(temporary) });
        };
        fs::create_dir_all(path).map_err(Error::io("create", path))?;
        let layout = Layout(fs::canonicalize(path).map_err(Error::io("resolve", path))?);
        empty(&layout)?;
        Ok(Self { layout, temporary: None })
    }

    /// The folder to remove if this process ends without dropping the cluster.
    pub(crate) fn orphan(&self) -> Option<&Path> {
        self.temporary.as_ref().map(TempDir::path).filter(|_| !keep())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take()
            && (keep() || thread::panicking())
        {
            eprintln!("berth-cluster: logs and data are kept in {}", temporary.keep().display());
        }
    }
}

fn keep() -> bool {
    env::var_os(KEEP).is_some_and(|value| value == "1")
}

/// Removes what an earlier cluster left, and nothing else.
fn empty(layout: &Layout) -> Result<()> {
    let path = &layout.0;
    if !running(layout).is_empty() {
        return Err(Error::Folder {
            folder: path.clone(),
            why: "a cluster still runs in it; call Cluster::stop_detached first",
        });
    }
    let used = fs::read_dir(path).map_err(Error::io("list", path))?.next().is_some();
    if used && !layout.marker().exists() {
        return Err(Error::Folder {
            folder: path.clone(),
            why: "it holds files that are not a cluster's; choose an empty folder",
        });
    }
    if used {
        fs::remove_dir_all(path).map_err(Error::io("empty", path))?;
        fs::create_dir_all(path).map_err(Error::io("create", path))?;
    }
    let marker = layout.marker();
    fs::write(&marker, "The data of a berth-cluster; it is emptied when the next one starts here.\n")
        .map_err(Error::io("write", &marker))
}
