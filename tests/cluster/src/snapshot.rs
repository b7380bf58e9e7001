//! etcd's data of an earlier moment, and a control plane that goes back to it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{Cluster, Component, Error, Result};

/// What etcd had on disk at one moment.
#[derive(Debug)]
pub struct Snapshot(TempDir);

impl Cluster {
    /// Copies etcd's data as a crash at this moment would leave it; etcd is ended for that, and started again.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let store = self.local("copy etcd's data")?.folder.layout.store();
        let copy = TempDir::new().map_err(Error::io("create a folder for", &store))?;
        self.kill(Component::Etcd)?;
        copy_tree(&store, &copy.path().join("etcd")).map_err(|(path, error)| Error::io("copy", path)(error))?;
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
        copy_tree(&snapshot.0.path().join("etcd"), &store).map_err(|(path, error)| Error::io("copy", path)(error))?;
        for component in Component::ALL {
            self.restart(component).await?;
        }
        Ok(())
    }
}

fn copy_tree(from: &Path, to: &Path) -> std::result::Result<(), (PathBuf, io::Error)> {
    let failed = |error| (from.to_owned(), error);
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).map_err(|error| (entry.path(), error))?;
        }
    }
    // etcd refuses a folder that others may read.
    let permissions = fs::metadata(from).map_err(failed)?.permissions();
    fs::set_permissions(to, permissions).map_err(failed)
}
