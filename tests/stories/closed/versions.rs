//! Another version of our kinds, as a later release brings one, and the kinds of Kubernetes that we guard.

use std::collections::BTreeSet;

use berth_cluster::until;
use berth_guards::{children, shapes};
use berth_tests::error::Result;
use berth_tests::install;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::{Lab, open};
use crate::attack::{JSON, dry_run, mallory, send};
use crate::world::{PATIENCE, request};

/// A version that no release has: older by its name, with the schema of ours.
const OLD: &str = "v1alpha0";

/// Lets every kind of ours be written in an old version too.
async fn serve_old(admin: &Client) -> Result<()> {
    for crd in berth_crds::all_crds() {
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}", crd.name_any());
        let mut now = send(admin, "GET", &path, JSON, &Value::Null).await.body;
        let mut old = now["spec"]["versions"][0].clone();
        (old["name"], old["storage"]) = (json!(OLD), json!(false));
        now["spec"]["versions"].as_array_mut().ok_or("a kind has versions")?.push(old);
        let written = send(admin, "PUT", &path, JSON, &now).await;
        if !written.accepted() {
            return Err(format!("{path}: {written:?}").into());
        }
    }
    for crd in berth_crds::all_crds() {
        let path = format!("/apis/berth.dev/{OLD}/{}", crd.spec.names.plural);
        until(&format!("{path} is served"), PATIENCE, async || {
            let answer = send(admin, "GET", &path, JSON, &Value::Null).await;
            if answer.accepted() { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await?;
    }
    // The API server reads the parameters of policies anew after a kind changed.
    install::in_force(admin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_version_of_a_kind_is_guarded_like_the_one_that_is_stored() -> Result<()> {
    let lab = Lab::new("closed-versions").await?;
    let admin = lab.cluster().admin();
    let mut rows = lab.rows().await;
    rows.retain(|row| row.path.starts_with("/apis/berth.dev/"));
    serve_old(&admin).await?;
    for row in &mut rows {
        row.path = row.path.replacen("v1alpha1", OLD, 1);
        if row.body["apiVersion"].is_string() {
            row.body["apiVersion"] = json!(format!("berth.dev/{OLD}"));
        }
    }
    let mallory = mallory(lab.cluster()).await?;
    // A served version is known to admission a moment later; until then it refuses everything, with 503.
    until("admission knows the old version", PATIENCE, async || {
        let found = open(&mallory, OLD, &rows).await;
        if found.iter().any(|answer| answer.contains(": 503 ")) { Err(found.join(", ")) } else { Ok(()) }
    })
    .await?;
    assert_eq!(open(&mallory, OLD, &rows).await, Vec::<String>::new());
    assert_eq!(open(&admin, "system:masters", &rows).await, Vec::<String>::new());
    // The control: an honest paper passes in that version, and is stamped.
    let mut honest = request("ag-62", "closed-honest");
    honest["apiVersion"] = json!(format!("berth.dev/{OLD}"));
    let path = format!("/apis/berth.dev/{OLD}/namespaces/agency-ag-62/onboardings");
    let answer = dry_run(&lab.world.client("lead-62"), "POST", &path, JSON, &honest).await;
    assert!(answer.accepted(), "{answer:?}");
    assert_eq!(answer.body["spec"]["requester"]["username"], "lead-62");
    println!("{} rows in {OLD}; 0 fail open", rows.len());
    Ok(())
}

/// Versions of an API group in which it serves a resource.
async fn versions(client: &Client, group: &str, resource: &str) -> Vec<String> {
    let root = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
    let listed = send(client, "GET", &root, JSON, &Value::Null).await.body;
    let all = listed["versions"].as_array().cloned().unwrap_or_default();
    // The core group lists plain names, the others objects.
    let names = all.iter().filter_map(|v| v.as_str().or(v["version"].as_str()));
    let mut serving = Vec::new();
    for name in names {
        let kinds = send(client, "GET", &format!("{root}/{name}"), JSON, &Value::Null).await.body;
        let served = kinds["resources"].as_array().into_iter().flatten().any(|kind| kind["name"] == resource);
        serving.extend(served.then(|| name.to_owned()));
    }
    serving
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_guard_of_kubernetes_is_served_in_one_version() -> Result<()> {
    let lab = super::lab().await?;
    let client = lab.cluster().admin();
    let shapes = shapes::ALL.iter().map(|shape| (shape.group, shape.resource));
    let guarded: BTreeSet<_> = shapes.chain(children::ALL.iter().map(|child| (child.group, child.resource))).collect();
    for (group, resource) in &guarded {
        // The day that there is another, it belongs into the table of rows.
        assert_eq!(versions(&client, group, resource).await, ["v1"], "{group} {resource}");
    }
    println!("{} kinds and subresources, each in one version", guarded.len());
    Ok(())
}
