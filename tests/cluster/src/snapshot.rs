//! etcd's data of an earlier moment, and a control plane that goes back to it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{Cluster, Component, Error, Result};

/// What etcd had on disk at one moment.
#[derive(Debug)]
pub struct Snapshot(TempDir);

impl Snapshot {
    /// Where the copy lies, for [`Options::store`](crate::Options::store) of another cluster.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("etcd")
    }
}

impl Cluster {
    /// Copies etcd's data as a crash at this moment would leave it; etcd is ended for that, and started again.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let store = self.local("copy etcd's data")?.folder.layout.store();
        let copy = TempDir::new().map_err(Error::io("create a folder for", &store))?;
        self.kill(Component::Etcd)?;
        copy_tree(&store, &copy.path().join("etcd"))?;
        self.restart(Component::Etcd).await?;
        Ok(Snapshot(copy))
    }

    /// Puts earlier data back, as an administrator does who restores a backup: everything is ended first, and started
    /// again on the old data.
    pub async fn restore(&self, snapshot: &Snapshot) -> Result<()> {
        let store = self.local("replace etcd's data")?.folder.layout.store();
        for component in [Component::ControllerManager, Component::ApiServer, Component::Etcd] {
            self.kill(component)?;
        }
        fs::remove_dir_all(&store).map_err(Error::io("remove", &store))?;
        copy_tree(&snapshot.path(), &store)?;
        for component in Component::ALL {
            self.restart(component).await?;
        }
        Ok(())
    }
}

/// Copies a folder with everything in it.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    let failed = |path: &Path| Error::io("copy", path.to_owned());
    fs::create_dir_all(to).map_err(failed(to))?;
    for entry in fs::read_dir(from).map_err(failed(from))? {
        let entry = entry.map_err(failed(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(failed(&path))?.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(failed(&path))?;
        }
    }
    // etcd refuses a folder that others may read.
    let permissions = fs::metadata(from).map_err(failed(from))?.permissions();
    fs::set_permissions(to, permissions).map_err(failed(to))
}
