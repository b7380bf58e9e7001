//! Components that crash, hang and come back.

use std::{net::TcpListener, time::Duration};

use berth_cluster::{Cluster, Component, Error, Login, Options, until};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::{Api, Client};

use crate::{SOON, create_namespace};

fn impatient(cluster: &Cluster) -> Client {
    let mut config = cluster.config(Login::Admin);
    config.read_timeout = Some(Duration::from_millis(500));
    Client::try_from(config).unwrap()
}

fn namespaces(client: Client) -> Api<Namespace> {
    Api::all(client)
}

#[tokio::test]
async fn every_component_can_crash_and_come_back_with_its_data() {
    let cluster = Cluster::throw_away(Options::default()).await.unwrap();
    create_namespace(cluster.admin(), "kept").await.unwrap();
    let (pids, url) = (cluster.pids().unwrap(), cluster.url());
    for component in Component::ALL {
        cluster.kill(component).unwrap();
        assert!(matches!(cluster.kill(component), Err(Error::State { state: "not running", .. })));
        if component != Component::ControllerManager {
            namespaces(impatient(&cluster)).get("kept").await.unwrap_err();
        }
        cluster.restart(component).await.unwrap();
        namespaces(cluster.admin()).get("kept").await.unwrap();
    }
    assert_eq!(cluster.url(), url);
    assert!(cluster.pids().unwrap().iter().all(|pid| !pids.contains(pid)));
    create_namespace(cluster.admin(), "new").await.unwrap();
    let accounts: Api<ServiceAccount> = Api::namespaced(cluster.admin(), "new");
    until("the work of the controller manager", SOON, async || accounts.get("default").await).await.unwrap();
}

#[tokio::test]
async fn a_frozen_api_server_answers_nothing_until_it_goes_on() {
    let cluster = Cluster::throw_away(Options { unsafe_no_fsync: true, ..Options::default() }).await.unwrap();
    cluster.stop(Component::ApiServer).unwrap();
    impatient(&cluster).apiserver_version().await.unwrap_err();
    cluster.cont(Component::ApiServer).unwrap();
    until("an answer", SOON, async || impatient(&cluster).apiserver_version().await).await.unwrap();
}

#[tokio::test]
async fn a_component_that_cannot_start_says_why() {
    let options = Options { api_server_flags: vec!["--no-such-flag".into()], ..Options::default() };
    let error = Cluster::throw_away(options).await.unwrap_err();
    assert!(
        matches!(&error, Error::Exited { component: Component::ApiServer, tail, .. } if tail.contains("no-such-flag")),
        "{error}"
    );
}

#[tokio::test]
async fn a_component_that_does_not_become_ready_says_what_it_answered() {
    let options = Options { ready_within: Duration::from_millis(50), ..Options::default() };
    let error = Cluster::throw_away(options).await.unwrap_err();
    assert!(matches!(error, Error::NotReady { .. }), "{error}");
}

/// The port in the command line of a component that runs.
fn port(cluster: &Cluster, component: Component) -> u16 {
    let (_, pid) = cluster.pids().unwrap().into_iter().find(|(running, _)| *running == component).unwrap();
    let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    let names = ["--secure-port=", "--listen-client-urls="];
    let flag = line.split('\0').find(|flag| names.iter().any(|name| flag.starts_with(name))).unwrap();
    flag.rsplit([':', '=']).next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_port_that_somebody_took_is_named_and_free_again_is_used_again() {
    let cluster = Cluster::throw_away(Options { unsafe_no_fsync: true, ..Options::default() }).await.unwrap();
    for component in Component::ALL {
        let port = port(&cluster, component);
        cluster.kill(component).unwrap();
        let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let error = cluster.restart(component).await.unwrap_err();
        let named = matches!(&error, Error::Exited { component: of, tail, .. }
            if *of == component && tail.contains("address already in use"));
        assert!(named, "{error}");
        drop(taken);
        cluster.restart(component).await.unwrap();
    }
}
