//! Two clusters at once.

use berth_cluster::{Cluster, Login, Options};
use kube::Client;

use crate::{code, create_namespace};

#[tokio::test]
async fn two_clusters_side_by_side_know_nothing_of_each_other() {
    let options = || Options { unsafe_no_fsync: true, ..Options::default() };
    let (one, two) = tokio::join!(Cluster::throw_away(options()), Cluster::throw_away(options()));
    let (one, two) = (one.unwrap(), two.unwrap());
    create_namespace(one.admin(), "same").await.unwrap();
    create_namespace(two.admin(), "same").await.unwrap();
    assert_eq!(code(create_namespace(one.admin(), "same").await), 409);

    let mut astray = one.config(Login::Admin);
    astray.cluster_url = two.url().parse().unwrap();
    let refused = Client::try_from(astray).unwrap().apiserver_version().await.unwrap_err();
    assert!(!matches!(refused, kube::Error::Api(_)), "the other's certificate must not be trusted: {refused}");
}
