//! kubectl, as a function and as a command.

use std::process::{Command, Output};

use berth_cluster::{Cluster, Login, VERSION};

use crate::{nam, shared};

fn text(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into(), String::from_utf8_lossy(&output.stderr).into())
}

#[tokio::test]
async fn kubectl_acts_as_whoever_is_asked() {
    let cluster = shared().await;
    let as_admin = cluster.kubectl(Login::Admin, &["get", "namespace", "default", "-o", "name"]).await.unwrap();
    assert_eq!(text(&as_admin).0, "namespace/default\n");
    let as_nam = cluster.kubectl(&nam(), &["get", "namespaces"]).await.unwrap();
    assert!(!as_nam.status.success() && text(&as_nam).1.contains("Forbidden"), "{as_nam:?}");
    let unknown = cluster.kubectl("no such token", &["get", "namespaces"]).await.unwrap();
    assert!(text(&unknown).1.contains("Unauthorized") || text(&unknown).1.contains("logged in"), "{unknown:?}");
}

#[test]
fn the_installed_command_is_kubectl_of_the_same_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = Cluster::install_kubectl(folder.path()).unwrap();
    let output = Command::new(path).args(["version", "--client", "-o", "json"]).output().unwrap();
    assert!(text(&output).0.contains(&format!("\"gitVersion\": \"{VERSION}\"")), "{output:?}");
}
