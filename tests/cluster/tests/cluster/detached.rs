//! A cluster that outlives its `Cluster`, for the demo.

use std::path::Path;

use berth_cluster::{Cluster, Component, Error, Login, Options};

use crate::{all_end, create_namespace, runs};

fn detached(folder: &Path) -> Options {
    Options { folder: Some(folder.into()), detached: true, unsafe_no_fsync: true, ..Options::default() }
}

#[tokio::test]
async fn a_detached_cluster_runs_until_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::throw_away(detached(folder.path())).await.unwrap();
    let kubeconfig = folder.path().join("admin.kubeconfig");
    let pids: Vec<u32> = cluster.pids().unwrap().into_iter().map(|(_, pid)| pid).collect();
    drop(cluster);

    let later = Cluster::existing(&kubeconfig).await.unwrap();
    create_namespace(later.admin(), "still-there").await.unwrap();
    let second = Cluster::throw_away(detached(folder.path())).await;
    assert!(matches!(second, Err(Error::Folder { .. })));

    assert_eq!(Cluster::stop_detached(folder.path()).await.unwrap(), Component::ALL);
    all_end(&pids).await.unwrap();
    assert_eq!(Cluster::stop_detached(folder.path()).await.unwrap(), []);
    assert!(folder.path().join("etcd").exists());

    let again = Cluster::throw_away(Options { detached: false, ..detached(folder.path()) }).await.unwrap();
    again.kubectl(Login::Admin, &["get", "namespace", "default"]).await.unwrap();
    assert_eq!(again.folder().unwrap(), folder.path());
}

#[tokio::test]
async fn a_process_id_that_belongs_to_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("etcd.pid"), std::process::id().to_string()).unwrap();
    assert_eq!(Cluster::stop_detached(folder.path()).await.unwrap(), []);
    assert!(runs(std::process::id()));
}

#[tokio::test]
async fn a_folder_with_other_files_is_not_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine");
    std::fs::write(&file, "precious").unwrap();
    assert!(matches!(Cluster::throw_away(detached(folder.path())).await, Err(Error::Folder { .. })));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "precious");
}

#[tokio::test]
async fn a_detached_cluster_needs_a_folder() {
    let options = Options { detached: true, ..Options::default() };
    assert!(matches!(Cluster::throw_away(options).await, Err(Error::Folder { .. })));
}
