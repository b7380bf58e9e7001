//! Clusters that this crate did not start.

use berth_cluster::{Cluster, Component, Error, Login};

use crate::{nam, people::who_am_i, shared};

#[tokio::test]
async fn in_an_existing_cluster_people_are_impersonated_and_nothing_is_stopped() {
    let local = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    local.write_kubeconfig(Login::Admin, &kubeconfig).unwrap();
    let cluster = Cluster::existing(&kubeconfig).await.unwrap();

    assert!(cluster.is_external());
    assert_eq!((cluster.url(), cluster.ca_pem()), (local.url(), local.ca_pem()));
    let person = nam().with_token("of no use here");
    let (here, there) = (who_am_i(cluster.client_for(&person)).await, who_am_i(local.client_for(&nam())).await);
    assert_eq!((here.username, here.groups), (there.username, there.groups));
    let by_kubectl =
        cluster.kubectl(&person, &["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&by_kubectl.stdout), nam().name);

    let refused = |answer: Result<(), Error>| assert!(matches!(answer, Err(Error::External { .. })));
    refused(cluster.kill(Component::Etcd));
    refused(cluster.restart(Component::Etcd).await);
    refused(cluster.stop(Component::Etcd));
    refused(cluster.audit().map(drop));
    refused(cluster.etcd_revision().await.map(drop));
    drop(cluster);
    local.admin().apiserver_version().await.unwrap();
}

#[tokio::test]
async fn a_kubeconfig_that_is_not_there_is_named() {
    let error = Cluster::existing("no/such/kubeconfig".as_ref()).await.unwrap_err().to_string();
    assert!(error.contains("no/such/kubeconfig") && error.contains("BERTH_CLUSTER_KUBECONFIG"), "{error}");
}

#[test]
fn only_the_variable_of_berth_selects_an_existing_cluster() {
    let run = |variable: &str| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "existing::start_with_the_variable", "--ignored", "--nocapture"])
            .env_remove("BERTH_CLUSTER_KUBECONFIG")
            .env(variable, "no/such/kubeconfig")
            .output()
            .unwrap()
    };
    let text = |output: std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let (ours, theirs) = (text(run("BERTH_CLUSTER_KUBECONFIG")), text(run("KUBECONFIG")));
    assert!(ours.contains("refused: the kubeconfig no/such/kubeconfig"), "{ours}");
    assert!(theirs.contains("external: false"), "{theirs}");
}

#[tokio::test]
#[ignore = "run by the test above in a process of its own"]
async fn start_with_the_variable() {
    match Cluster::start(Default::default()).await {
        Ok(cluster) => println!("external: {}", cluster.is_external()),
        Err(error) => println!("refused: {error}"),
    }
}
