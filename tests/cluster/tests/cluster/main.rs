//! The proof that a `Cluster` is a real control plane and leaves nothing behind.

use std::time::Instant;

use berth_cluster::{Cluster, Options};

#[tokio::test]
async fn a_cluster_starts_in_seconds() {
    let start = Instant::now();
    let cluster = Cluster::start(Options::default()).await.unwrap();
    eprintln!("ready in {:?}, revision {}", start.elapsed(), cluster.etcd_revision().await.unwrap());
    assert_eq!(cluster.admin().apiserver_version().await.unwrap().git_version, "v1.37.2");
}
