//! What is terminating is judged like anything else: an object that a finalizer holds, deleted by somebody who may.

use berth_guards::children;
use berth_tests::error::Result;
use kube::Client;
use serde_json::{Value, json};

use super::lab;
use crate::attack::{Answer, JSON, MERGE, acting_as_account, bare, mallory, send};
use crate::guards::made;

/// Makes an object that a finalizer holds, deletes it, and sees that it is terminating; returns its path.
async fn dying(client: &Client, collection: &str, mut body: Value) -> Result<String> {
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let name = body["metadata"]["name"].as_str().ok_or("it has a name")?.to_owned();
    let path = format!("{collection}/{name}");
    for (method, path, body) in [("POST", collection, &body), ("DELETE", path.as_str(), &Value::Null)] {
        let answer = send(client, method, path, JSON, body).await;
        if !answer.accepted() {
            return Err(format!("{method} {path}: {answer:?}").into());
        }
    }
    let now = send(client, "GET", &path, JSON, &Value::Null).await.body;
    assert!(now["metadata"]["deletionTimestamp"].is_string(), "{path} is terminating: {now}");
    Ok(path)
}

/// What somebody tries with an object on its way out.
struct Try {
    method: &'static str,
    path: String,
    body: Value,
    policy: &'static str,
    code: u16,
}

fn patch(path: &str, body: Value, policy: &'static str) -> Try {
    Try { method: "PATCH", path: path.to_owned(), body, policy, code: 403 }
}

async fn tried(client: &Client, one: &Try) -> Answer {
    let content_type = if one.method == "PATCH" { MERGE } else { JSON };
    send(client, one.method, &one.path, content_type, &one.body).await
}

/// Each is refused; then what is nobody's matter passes, and the object can be finished.
async fn judged(client: &Client, tries: &[Try], control: (&str, Value)) -> usize {
    for one in tries {
        let answer = tried(client, one).await;
        let refused = answer.code == one.code && answer.message.contains(one.policy);
        assert!(refused, "{} {} {}: {answer:?}", one.method, one.path, one.body);
    }
    let (path, body) = control;
    let answer = send(client, "PATCH", path, MERGE, &body).await;
    assert!(answer.accepted(), "the control {path}: {answer:?}");
    tries.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_made_stays_guarded_while_it_is_terminating() -> Result<()> {
    let lab = lab().await?;
    let namespace = bare(&lab.world, "closeda-prod").await?;
    let (admin, client) = (lab.cluster().admin(), mallory(lab.cluster()).await?);
    for child in children::ALL {
        let version = if child.group.is_empty() { "/api/v1".into() } else { format!("/apis/{}/v1", child.group) };
        let collection = format!("{version}/namespaces/{namespace}/{}", child.resource);
        // By `system:masters`, which may.
        let path = dying(&admin, &collection, made(child, true)).await?;
        let policy = "berth-tenant-children";
        let released = json!({"metadata": {"finalizers": null}});
        let unmarked = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
        let tries = [
            patch(&path, released.clone(), policy),
            patch(&path, unmarked, policy),
            patch(&path, json!({"metadata": {"annotations": {"example.com/note": "x"}}}), policy),
            Try { method: "DELETE", path: path.clone(), body: Value::Null, policy, code: 403 },
        ];
        for one in &tries {
            let answer = tried(&client, one).await;
            assert!(answer.code == one.code && answer.message.contains(policy), "{}: {answer:?}", child.kind);
        }
        let finished = send(&admin, "PATCH", &path, MERGE, &released).await;
        assert!(finished.accepted(), "{}: {finished:?}", child.kind);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn workloads_stay_guarded_while_they_are_terminating() -> Result<()> {
    let lab = lab().await?;
    let client = mallory(lab.cluster()).await?;
    let base = format!("/api/v1/namespaces/{}", lab.own);
    let spec = berth_guards::cases::pod_spec("Always");
    let key = json!({"metadata": {"annotations": {"ipam.cilium.io/ipv6-pool": "x"}}});
    let note = json!({"metadata": {"annotations": {"example.com/note": "x"}}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "closing"}, "spec": spec});
    let pod = dying(&client, &format!("{base}/pods"), pod).await?;
    let status = format!("{pod}/status");
    let tries = [patch(&pod, key.clone(), "berth-pod-keys"), patch(&status, key.clone(), "berth-pod-keys")];
    let mut number = judged(&client, &tries, (pod.as_str(), note.clone())).await;

    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "closing"}, "spec": {"ports": [{"port": 80}]}
    });
    let service = dying(&client, &format!("{base}/services"), service).await?;
    let external = json!({"spec": {"externalIPs": ["2001:db8::53"]}});
    let tries = [patch(&service, external, "berth-service-keys"), patch(&service, key.clone(), "berth-service-keys")];
    number += judged(&client, &tries, (service.as_str(), note.clone())).await;

    let template = json!({"metadata": {"labels": {"app": "closing"}}, "spec": spec});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "closing"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "closing"}}, "template": template}
    });
    let deployments = format!("/apis/apps/v1/namespaces/{}/deployments", lab.own);
    let deployment = dying(&client, &deployments, deployment).await?;
    let tries = [patch(&deployment, json!({"spec": {"template": key}}), "berth-template-keys")];
    number += judged(&client, &tries, (deployment.as_str(), note)).await;
    println!("{number} writes on workloads that are terminating; 0 fail open");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn registers_and_blocks_stay_guarded_while_they_are_terminating() -> Result<()> {
    let lab = lab().await?;
    let client = mallory(lab.cluster()).await?;
    let berth = "/apis/berth.dev/v1alpha1";
    let note = json!({"metadata": {"annotations": {"example.com/note": "x"}}});
    let tenant = crate::release::entered("ending");
    let tenant = dying(&client, &format!("{berth}/tenants"), tenant).await?;
    let status = format!("{tenant}/status");
    let invented = json!({"status": {"prefix": "3fff:a10:1100::/56"}});
    let groundless = json!({"spec": {"displayName": {"vi": "Tên khác"}, "basis": {"reason": " "}}});
    let tries = [
        patch(&status, invented, "berth-status-writers"),
        Try { code: 422, ..patch(&tenant, groundless, "berth-register-basis") },
    ];
    let mut number = judged(&client, &tries, (tenant.as_str(), note.clone())).await;

    let block = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "PrefixBlock", "metadata": {"name": "3fff-ffe---48"},
        "spec": {
            "cidr": "3fff:ffe::/48", "parent": "3fff:ffe::/40", "parentUID": "x", "level": "Agency",
            "claimRef": {"name": "x", "uid": "x"}, "claimant": {"kind": "Agency", "name": "x", "uid": "x"},
            "state": "Pending"
        }
    });
    let operator = acting_as_account(lab.cluster(), berth_guards::OPERATOR, &[]);
    let block = dying(&operator, &format!("{berth}/prefixblocks"), block).await?;
    let policy = "berth-prefix-writers";
    let tries = [
        patch(&block, json!({"metadata": {"finalizers": null}}), policy),
        patch(&block, note.clone(), policy),
        Try { method: "DELETE", path: block.clone(), body: Value::Null, policy, code: 403 },
    ];
    // Of a block nothing is anybody else's matter: the control is the tenant's note again.
    number += judged(&client, &tries, (tenant.as_str(), note)).await;
    println!("{number} writes on registers and blocks that are terminating; 0 fail open");
    Ok(())
}
