//! Somebody who has more rights than anybody should, and requests as raw as an attacker's: what refuses them is admission,
//! not RBAC, which may be set wrong in a cluster without anybody noticing.

use berth_cluster::{Cluster, Login, until};
use berth_crds::{Environment, labels};
use berth_guards::cases;
use berth_tests::error::Result;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::world::{PATIENCE, World};

/// Group that a story binds to `cluster-admin`; unlike `system:masters` no guard knows it.
pub const TOO_MUCH: &str = "test:too-much-right";

pub const JSON: &str = "application/json";
pub const MERGE: &str = "application/merge-patch+json";
pub const JSON_PATCH: &str = "application/json-patch+json";
pub const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub const APPLY: &str = "application/apply-patch+yaml";

/// A client that acts as a user with groups.
pub fn acting_as(cluster: &Cluster, user: &str, groups: &[&str]) -> Client {
    let mut config = cluster.config(Login::Admin);
    config.auth_info.impersonate = Some(user.into());
    config.auth_info.impersonate_groups = Some(groups.iter().map(|g| (*g).to_owned()).collect());
    Client::try_from(config).expect("the admin's client was built of the same settings")
}

/// A client that acts as a service account, in the groups that one has and further ones.
pub fn acting_as_account(cluster: &Cluster, username: &str, further: &[&str]) -> Client {
    let namespace = username.split(':').nth(2).unwrap_or_default();
    let own = format!("system:serviceaccounts:{namespace}");
    let groups = [&["system:authenticated", "system:serviceaccounts", own.as_str()], further].concat();
    acting_as(cluster, username, &groups)
}

/// The tenant's administrator, by a mistake of somebody an administrator of the cluster too.
pub async fn mallory(cluster: &Cluster) -> Result<Client> {
    overpower(cluster).await?;
    let client = acting_as(cluster, "mallory", &["berth:ag-62:requester", TOO_MUCH, "system:authenticated"]);
    until("the binding is seen", PATIENCE, async || {
        let answer = send(&client, "GET", "/api/v1/nodes", JSON, &Value::Null).await;
        if answer.code == 200 { Ok(()) } else { Err(answer.message) }
    })
    .await?;
    Ok(client)
}

async fn overpower(cluster: &Cluster) -> Result<()> {
    let rbac = "rbac.authorization.k8s.io";
    let binding = json!({
        "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "test-too-much-right"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": rbac, "kind": "Group", "name": TOO_MUCH}]
    });
    let path = format!("/apis/{rbac}/v1/clusterrolebindings");
    let answer = send(&cluster.admin(), "POST", &path, JSON, &binding).await;
    if [201, 409].contains(&answer.code) { Ok(()) } else { Err(answer.message.into()) }
}

/// What the API server said.
#[derive(Clone)]
pub struct Answer {
    pub code: u16,
    pub message: String,
    pub body: Value,
}

impl Answer {
    pub fn accepted(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.message)
    }
}

/// Sends a request; a null body is none.
pub async fn send(client: &Client, method: &str, path: &str, content_type: &str, body: &Value) -> Answer {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = http::Request::builder().method(method).uri(path).header("Content-Type", content_type).body(bytes);
    match client.request::<Value>(request.expect("the path is made of names")).await {
        Ok(body) => Answer { code: 200 + u16::from(method == "POST"), message: String::new(), body },
        Err(kube::Error::Api(status)) => {
            Answer { code: status.code, message: status.message.clone(), body: Value::Null }
        }
        Err(error) => Answer { code: 0, message: error.to_string(), body: Value::Null },
    }
}

/// Like [`send`], without anything being stored: authorization and admission judge a dry run like the real thing.
pub async fn dry_run(client: &Client, method: &str, path: &str, content_type: &str, body: &Value) -> Answer {
    let joint = if path.contains('?') { '&' } else { '?' };
    send(client, method, &format!("{path}{joint}dryRun=All"), content_type, body).await
}

/// An environment of level 1 of `ag-62` in which a pod and a Service `existing` stand.
pub async fn furnished(world: &World, name: &str) -> Result<Environment> {
    let environment = world.onboard("ag-62", name, |_| {}).await?;
    let base = format!("/api/v1/namespaces/{}", environment.name_any());
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "existing"}, "spec": cases::pod_spec("Always")
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "existing"}, "spec": {"ports": [{"port": 80}]}
    });
    for (resource, body) in [("pods", pod), ("services", service)] {
        // The ServiceAccount `default` comes a moment after its namespace.
        until(&format!("{resource} are accepted"), PATIENCE, async || {
            let answer = send(&world.client("lead-62"), "POST", &format!("{base}/{resource}"), JSON, &body).await;
            if answer.accepted() { Ok(()) } else { Err(answer.message) }
        })
        .await?;
    }
    Ok(environment)
}

/// A namespace that is the operator's by its labels, with nothing in it and no Pod Security; returns its name.
pub async fn bare(world: &World, name: &str) -> Result<String> {
    let operator = acting_as_account(&world.cluster, berth_guards::OPERATOR, &[]);
    let labels = json!({"app.kubernetes.io/managed-by": "berth-operator", "berth.dev/environment": name});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    let created = send(&operator, "POST", "/api/v1/namespaces", JSON, &namespace).await;
    if !created.accepted() {
        return Err(created.message.into());
    }
    let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
    until("its ServiceAccount is there", PATIENCE, async || {
        let answer = send(&world.cluster.admin(), "GET", &account, JSON, &Value::Null).await;
        if answer.accepted() { Ok(()) } else { Err(answer.message) }
    })
    .await?;
    Ok(name.to_owned())
}

/// Writes host names into a namespace of ours, as the operator does; `None` takes them away.
pub async fn grant(world: &World, namespace: &str, names: Option<&str>) -> Result<()> {
    let operator = acting_as_account(&world.cluster, berth_guards::OPERATOR, &[]);
    let patch = json!({"metadata": {"annotations": {(labels::HOST_NAMES): names}}});
    let written = send(&operator, "PATCH", &format!("/api/v1/namespaces/{namespace}"), MERGE, &patch).await;
    if written.accepted() { Ok(()) } else { Err(written.message.into()) }
}

/// Brings every document of a policy file into force, in place of what the cluster has under its name.
pub async fn put_policies(cluster: &Cluster, text: &str) -> Result<()> {
    let admin = cluster.admin();
    for document in text.split("\n---\n") {
        let object: Value = serde_yaml::from_str(document)?;
        let kind = object["kind"].as_str().unwrap_or_default();
        let plural = match kind {
            "ValidatingAdmissionPolicy" => "validatingadmissionpolicies",
            "MutatingAdmissionPolicy" => "mutatingadmissionpolicies",
            "ValidatingAdmissionPolicyBinding" => "validatingadmissionpolicybindings",
            "MutatingAdmissionPolicyBinding" => "mutatingadmissionpolicybindings",
            _ => return Err(format!("{kind} is no guard").into()),
        };
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("/apis/admissionregistration.k8s.io/v1/{plural}/{name}");
        // A replacement: an apply would add to sets, such as `validationActions`, what another manager left there.
        let mut whole = send(&admin, "GET", &path, JSON, &Value::Null).await.body;
        whole["spec"] = object["spec"].clone();
        let answer = send(&admin, "PUT", &path, JSON, &whole).await;
        if !answer.accepted() {
            return Err(format!("{kind} {name}: {answer:?}").into());
        }
    }
    Ok(())
}
