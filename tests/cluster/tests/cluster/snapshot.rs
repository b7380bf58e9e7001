//! Going back to an earlier state of etcd.

use berth_cluster::{Cluster, Options};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use crate::create_namespace;

#[tokio::test]
async fn a_cluster_that_was_restored_has_what_it_had_and_nothing_that_came_later() {
    let cluster = Cluster::throw_away(Options::default()).await.unwrap();
    create_namespace(cluster.admin(), "before").await.unwrap();
    let snapshot = cluster.snapshot().await.unwrap();
    create_namespace(cluster.admin(), "after").await.unwrap();
    cluster.restore(&snapshot).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(cluster.admin());
    let (before, after) = (namespaces.get_opt("before").await.unwrap(), namespaces.get_opt("after").await.unwrap());
    assert!(before.is_some() && after.is_none());
}
