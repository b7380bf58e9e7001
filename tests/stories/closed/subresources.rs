//! Every subresource of what is guarded, as the API server's own discovery names them: guarded too, or in the table with what
//! it cannot write.

use std::collections::{BTreeMap, BTreeSet};

use berth_tests::error::Result;
use berth_tests::files;
use kube::Client;
use serde_json::{Value, json};

use super::lab;
use crate::attack::{JSON, MERGE, STRATEGIC, acting_as_account, dry_run, mallory, send};

/// Subresources that write nothing that a policy guards, and why.
const OPEN: [(&str, &str); 16] = [
    ("cronjobs/status", "its template stays as it is"),
    ("customresourcedefinitions/status", "it deletes nothing"),
    ("daemonsets/status", "its template stays as it is"),
    ("deployments/status", "its template stays as it is"),
    ("jobs/status", "its template stays as it is"),
    ("pods/attach", "it connects"),
    ("pods/eviction", "it deletes a pod, which is its owner's"),
    ("pods/exec", "it connects"),
    ("pods/portforward", "it connects"),
    ("pods/proxy", "it connects"),
    ("replicasets/status", "its template stays as it is"),
    ("replicationcontrollers/scale", "a number"),
    ("replicationcontrollers/status", "its template stays as it is"),
    ("serviceaccounts/token", "a token for who may ask for it"),
    ("services/proxy", "it connects"),
    ("statefulsets/status", "its template stays as it is"),
];

/// Group and resource, subresource included, of everything that some policy matches.
fn matched() -> Result<BTreeSet<(String, String)>> {
    let mut all = BTreeSet::new();
    for path in files::yaml(&files::chart().join("files/policies"))? {
        for document in std::fs::read_to_string(path)?.split("\n---\n") {
            let policy: Value = serde_yaml::from_str(document)?;
            for rule in policy["spec"]["matchConstraints"]["resourceRules"].as_array().into_iter().flatten() {
                for (group, resource) in pairs(rule) {
                    all.insert((group, resource));
                }
            }
        }
    }
    Ok(all)
}

fn pairs(rule: &Value) -> Vec<(String, String)> {
    let words = |key: &str| -> Vec<String> {
        rule[key].as_array().into_iter().flatten().filter_map(|w| w.as_str().map(str::to_owned)).collect()
    };
    let resources = words("resources");
    words("apiGroups").into_iter().flat_map(|g| resources.iter().map(move |r| (g.clone(), r.clone()))).collect()
}

/// Subresources of a group's preferred version that can be written.
async fn writable(client: &Client, group: &str) -> Result<Vec<String>> {
    let version = match group {
        "" => "/api/v1".to_owned(),
        _ => {
            let about = send(client, "GET", &format!("/apis/{group}"), JSON, &Value::Null).await.body;
            // A group that the cluster does not have has nothing to write.
            let Some(version) = about["preferredVersion"]["groupVersion"].as_str() else { return Ok(Vec::new()) };
            format!("/apis/{version}")
        }
    };
    let kinds = send(client, "GET", &version, JSON, &Value::Null).await.body;
    let writes = |kind: &&Value| {
        let verbs = kind["verbs"].as_array().into_iter().flatten().filter_map(Value::as_str);
        verbs.into_iter().any(|verb| ["create", "update", "patch"].contains(&verb))
    };
    let kinds = kinds["resources"].as_array().into_iter().flatten().filter(writes);
    Ok(kinds.filter_map(|kind| kind["name"].as_str()).filter(|name| name.contains('/')).map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_subresource_that_writes_is_guarded_or_in_the_table_of_those_that_need_not_be() -> Result<()> {
    let lab = lab().await?;
    let client = lab.cluster().admin();
    let matched = matched()?;
    let groups: BTreeSet<&str> = matched.iter().map(|(group, _)| group.as_str()).collect();
    let base = |resource: &str| resource.split('/').next().unwrap_or_default().to_owned();
    let guarded: BTreeSet<(String, String)> = matched.iter().map(|(g, r)| (g.clone(), base(r))).collect();
    let (mut open, mut counts) = (Vec::new(), BTreeMap::<&str, usize>::new());
    for group in groups {
        for name in writable(&client, group).await? {
            if !guarded.contains(&(group.to_owned(), base(&name))) {
                continue;
            }
            if matched.contains(&(group.to_owned(), name.clone())) {
                *counts.entry("guarded").or_default() += 1;
            } else {
                open.push(name);
            }
        }
    }
    open.sort();
    println!("subresources of what is guarded: {counts:?}, {} that need not be", open.len());
    assert_eq!(open, OPEN.map(|(name, _)| name.to_owned()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn subresources_in_the_table_write_nothing_of_ours_and_a_quota_goes_on_counting() -> Result<()> {
    const KEY: &str = "ipam.cilium.io/ipv6-pool";
    let lab = lab().await?;
    let (client, base) = (mallory(lab.cluster()).await?, format!("/api/v1/namespaces/{}", lab.own));
    let pod = json!({"metadata": {"labels": {"app": "a"}}, "spec": berth_guards::cases::pod_spec("Always")});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "closed"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "a"}}, "template": pod}
    });
    let deployments = format!("/apis/apps/v1/namespaces/{}/deployments", lab.own);
    let made = send(&client, "POST", &deployments, JSON, &deployment).await;
    assert!(made.accepted(), "{made:?}");
    let keyed = json!({"spec": {"template": {"metadata": {"annotations": {KEY: "x"}}}}});
    let refused = dry_run(&client, "PATCH", &format!("{deployments}/closed"), MERGE, &keyed).await;
    assert_eq!(refused.code, 403, "{refused:?}");
    let by_status = dry_run(&client, "PATCH", &format!("{deployments}/closed/status"), MERGE, &keyed).await;
    assert!(by_status.accepted(), "{by_status:?}");
    assert_eq!(by_status.body["spec"]["template"]["metadata"]["annotations"], Value::Null);
    let annotated = json!({"metadata": {"annotations": {KEY: "x"}}});
    for subresource in ["ephemeralcontainers", "resize"] {
        let path = format!("{base}/pods/existing/{subresource}");
        let answer = dry_run(&client, "PATCH", &path, STRATEGIC, &annotated).await;
        assert!(answer.body["metadata"]["annotations"][KEY].is_null(), "{subresource}: {answer:?}");
    }
    // The mark of a quota is held, its use is not: by whom the quota controller is, and by a note of anybody's.
    let quota = format!("{base}/resourcequotas/berth-quota");
    let note = json!({"metadata": {"annotations": {"example.com/note": "x"}}});
    let noted = dry_run(&client, "PATCH", &format!("{quota}/status"), MERGE, &note).await;
    assert!(noted.accepted(), "{noted:?}");
    let mut counted = send(&lab.cluster().admin(), "GET", &quota, JSON, &Value::Null).await.body;
    counted["status"]["used"]["pods"] = json!("2");
    let controller =
        acting_as_account(lab.cluster(), "system:serviceaccount:kube-system:resourcequota-controller", &[]);
    let counted = dry_run(&controller, "PUT", &format!("{quota}/status"), JSON, &counted).await;
    assert!(counted.accepted(), "{counted:?}");
    Ok(())
}
