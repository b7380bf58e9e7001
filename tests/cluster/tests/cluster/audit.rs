//! Counting requests and writes.

use std::time::Duration;

use berth_cluster::{Cluster, Options};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::{Api, api::PostParams};

use crate::{code, nam, shared};

#[tokio::test]
async fn every_answered_request_is_in_the_audit_log_once() {
    let cluster = Cluster::throw_away(Options { people: vec![nam()], ..Options::default() }).await.unwrap();
    let mine = async |user: &'static str, mark| {
        let events = cluster.audit_since(mark).unwrap();
        let mine = events.into_iter().filter(|event| event.user.username == user);
        mine.map(|event| (event.verb.clone(), event.resource(), event.code(), event.is_write())).collect::<Vec<_>>()
    };
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.admin());
    let map = ConfigMap {
        metadata: kube::core::ObjectMeta { name: Some("m".into()), ..Default::default() },
        ..Default::default()
    };
    let (revision, mark) = (cluster.settle(Duration::from_secs(1)).await.unwrap(), cluster.mark().unwrap());
    for _ in 0..100 {
        maps.create(&PostParams::default(), &map).await.unwrap();
        maps.delete("m", &Default::default()).await.unwrap();
    }
    assert_eq!(code(Api::<Namespace>::all(cluster.client_for(&nam())).get("default").await), 403);
    let wrote = cluster.etcd_revision().await.unwrap() - revision;
    let (of_admin, of_nam) = (mine("admin", mark).await, mine("nam@so-y-te", mark).await);
    let pair = [("create".into(), "configmaps".into(), 201, true), ("delete".into(), "configmaps".into(), 200, true)];
    assert_eq!(of_admin, vec![pair; 100].concat());
    assert_eq!(of_nam, [("get".into(), "namespaces".into(), 403, false)]);
    assert!((200..=203).contains(&wrote), "200 writes and at most the API server's own lease: {wrote}");
}

#[tokio::test]
async fn the_audit_log_names_the_client_and_its_object() {
    let cluster = shared().await;
    let mark = cluster.mark().unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client_for(&nam()), "kube-public");
    maps.get("cluster-info").await.unwrap_err();
    let event = cluster
        .audit_since(mark)
        .unwrap()
        .into_iter()
        .find(|event| event.object_ref.as_ref().is_some_and(|object| object.name == "cluster-info"));
    let event = event.unwrap();
    assert_eq!((event.actor(), event.code()), ("nam@so-y-te", 403));
    assert_eq!(event.object_ref.unwrap().namespace, "kube-public");
    assert!(event.stage_timestamp >= event.request_received_timestamp);
}
