//! Least rights: what operator and door may is exactly what they do, counted from the audit log of a long story; and what
//! nobody of ours may do at all.

use std::collections::BTreeSet;

use berth_cluster::{AuditEvent, Cluster};
use berth_crds::Decision;
use berth_tests::error::Result;
use berth_tests::files;
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, RoleBinding};
use kube::Api;
use serde_json::{Value, json};

use crate::attack::{JSON, send};
use crate::week::a_week;
use crate::world::{World, shared};

const OPERATOR: &str = "system:serviceaccount:berth-system:berth-operator";
const DOOR: &str = "system:serviceaccount:berth-system:berth-api";

/// Rights that the story does not use, and why they are there all the same. Whoever uses one strikes it out here.
const LATER: &[(&str, &str)] = &[
    ("approve signoffroles.berth.dev network", "the automatic rule will sign openings that it covers"),
    ("delete prefixblocks.berth.dev", "release of prefixes; today only after a crash in the middle of an allocation"),
    (
        "update limitranges",
        "what somebody added and an apply leaves is replaced; no field of limits is of that kind today",
    ),
    ("update rolebindings.rbac.authorization.k8s.io", "the same for bindings"),
];

/// `verb resource.group`, as one right.
fn right(verb: &str, resource: &str, group: &str) -> String {
    if group.is_empty() { format!("{verb} {resource}") } else { format!("{verb} {resource}.{group}") }
}

/// Every right of the rules of a role, one by one; named ones carry the name.
fn spelled(rules: &[PolicyRule]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for rule in rules {
        let names = rule.resource_names.clone().unwrap_or_default();
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for verb in &rule.verbs {
                    let plain = right(verb, resource, group);
                    match names.as_slice() {
                        [] => drop(all.insert(plain)),
                        names => all.extend(names.iter().map(|name| format!("{plain} {name}"))),
                    }
                }
            }
        }
    }
    all
}

/// What the chart's files grant by the ClusterRoles and Roles of these names.
async fn granted(cluster: &Cluster, roles: &[&str]) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for name in roles {
        let role = Api::<ClusterRole>::all(cluster.admin()).get(name).await?;
        all.extend(spelled(&role.rules.unwrap_or_default()));
    }
    Ok(all)
}

/// What an account did, as rights.
fn used(events: &[AuditEvent], account: &str) -> BTreeSet<String> {
    let own = events.iter().filter(|e| e.user.username == account && e.code() < 300);
    let mut all = BTreeSet::new();
    for event in own {
        let Some(object) = &event.object_ref else { continue };
        if object.resource == "leases" {
            continue; // A Role of its own, in its own namespace.
        }
        let (resource, group) = (event.resource(), object.api_group.as_str());
        match &event.impersonated_user {
            None => {
                let plain = right(&event.verb, &resource, group);
                // A right on one object is used by what was done to that object.
                all.insert(format!("{plain} {}", object.name));
                all.insert(plain);
                // An apply that makes the object asks for `create` as well.
                if event.verb == "patch" && event.code() == 201 {
                    all.insert(right("create", &resource, group));
                }
            }
            Some(user) => {
                let account = user.username.starts_with("system:serviceaccount:");
                let how = if account { "serviceaccount" } else { "user-info" };
                all.insert(right(&format!("impersonate-on:{how}:{}", event.verb), &resource, group));
                all.insert(right(
                    &format!("impersonate:{how}"),
                    if account { "serviceaccounts" } else { "users" },
                    "authentication.k8s.io",
                ));
                if !account && !user.groups.is_empty() {
                    all.insert(right("impersonate:user-info", "groups", "authentication.k8s.io"));
                }
            }
        }
    }
    all
}

/// Calls that were answered with 403, of an account's own.
fn denied(events: &[AuditEvent], account: &str) -> Vec<String> {
    let own = events.iter().filter(|e| e.user.username == account && e.impersonated_user.is_none() && e.code() == 403);
    own.map(|e| format!("{} {}", e.verb, e.request_uri)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_and_door_hold_exactly_what_they_use() -> Result<()> {
    let (world, operator) = World::own().await?;
    a_week(&world).await?;
    // A second life: what a start reads, and what it writes, which is nothing but the lease.
    operator.stop().await?;
    let operator = world.operator().await?;
    operator.stop().await?;
    let events = world.cluster.audit()?;
    let mut unused = BTreeSet::new();
    for (account, roles) in
        [(OPERATOR, ["berth-operator"].as_slice()), (DOOR, &["berth-api", "berth-door", "berth-door-sa"])]
    {
        assert_eq!(denied(&events, account), Vec::<String>::new(), "{account} is denied nothing in normal operation");
        let (may, does) = (granted(&world.cluster, roles).await?, used(&events, account));
        println!("{account}: {} rights, {} used", may.len(), may.intersection(&does).count());
        let loud = may.difference(&does).filter(|r| !r.starts_with("bind ") && !r.starts_with("approve "));
        unused.extend(loud.filter(|r| !shown_by_list(r, &does)).cloned());
    }
    unused.extend(bound_and_signed(&world).await?);
    let later: BTreeSet<String> = LATER.iter().map(|(right, _)| (*right).to_owned()).collect();
    println!("{} rights that no step of the story uses, each with its reason", later.len());
    assert_eq!(unused, later, "unused rights, and those that the table says come later");
    Ok(())
}

/// To `get` what is listed all the time shows nothing more: live reads before rare writes are of this kind.
fn shown_by_list(right: &str, does: &BTreeSet<String>) -> bool {
    right.strip_prefix("get ").is_some_and(|what| does.contains(&format!("list {what}")))
}

/// Rights that leave no request of their own: `bind` shows in bindings, `approve` in Decisions.
async fn bound_and_signed(world: &World) -> Result<Vec<String>> {
    let may = granted(&world.cluster, &["berth-operator"]).await?;
    let mut does = BTreeSet::new();
    for binding in world.all::<RoleBinding>().await? {
        does.insert(format!("bind clusterroles.rbac.authorization.k8s.io {}", binding.role_ref.name));
    }
    for decision in world.all::<Decision>().await?.into_iter().filter(|d| d.spec.by.username == "berth:auto") {
        does.insert(format!("approve signoffroles.berth.dev {}", decision.spec.role.as_str()));
    }
    let silent = may.into_iter().filter(|r| r.starts_with("bind ") || r.starts_with("approve "));
    Ok(silent.filter(|r| !does.contains(r)).collect())
}

/// S5: powers that would make an account of ours worth stealing.
const FORBIDDEN: [(&str, &str, &str, &str); 14] = [
    ("escalate", "rbac.authorization.k8s.io", "clusterroles", ""),
    ("bind", "rbac.authorization.k8s.io", "clusterroles", "cluster-admin"),
    ("impersonate", "", "users", "admin"),
    ("list", "", "secrets", ""),
    ("create", "", "pods", ""),
    ("create", "", "pods/exec", ""),
    ("get", "", "nodes/proxy", ""),
    ("create", "", "serviceaccounts/token", ""),
    ("create", "admissionregistration.k8s.io", "validatingwebhookconfigurations", ""),
    ("delete", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", ""),
    ("update", "apiextensions.k8s.io", "customresourcedefinitions", ""),
    ("approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client"),
    ("create", "", "persistentvolumes", ""),
    ("*", "*", "*", ""),
];

async fn allowed(cluster: &Cluster, account: &str, power: (&str, &str, &str, &str)) -> Result<bool> {
    let (verb, group, resource, name) = power;
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": account, "groups": ["system:serviceaccounts", "system:serviceaccounts:berth-system", "system:authenticated"],
            "resourceAttributes":
                {"verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name}
        }
    });
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let answer = send(&cluster.admin(), "POST", path, JSON, &review).await;
    Ok(answer.body["status"]["allowed"].as_bool().ok_or(answer.message)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_the_forbidden_powers_is_held_by_operator_or_door() -> Result<()> {
    let cluster = &shared().await?.cluster;
    let mut held = Vec::new();
    for account in [OPERATOR, DOOR] {
        for power in FORBIDDEN {
            if allowed(cluster, account, power).await? {
                held.push((account, power));
            }
        }
    }
    println!("{} of {} forbidden powers held", held.len(), 2 * FORBIDDEN.len());
    assert_eq!(held, []);
    let control = ("bind", "rbac.authorization.k8s.io", "clusterroles", "berth-tenant-view");
    assert!(allowed(cluster, OPERATOR, control).await?, "the question itself is answered with yes where it is so");
    assert!(allowed(cluster, DOOR, ("create", "authentication.k8s.io", "tokenreviews", "")).await?);
    Ok(())
}

#[test]
fn no_role_of_the_chart_has_a_wildcard_and_bind_always_names_roles() {
    for path in files::yaml(&files::chart().join("files/rbac")).unwrap() {
        let text = std::fs::read_to_string(&path).unwrap();
        for document in text.split("\n---\n") {
            let object: Value = serde_yaml::from_str(document).unwrap();
            let rules: Vec<PolicyRule> = serde_json::from_value(object["rules"].clone()).unwrap_or_default();
            for rule in rules {
                let spelled = format!("{rule:?}");
                let all = [&rule.api_groups, &rule.resources].into_iter().flatten().flatten().chain(&rule.verbs);
                assert!(all.into_iter().all(|word| word != "*"), "{}: {spelled}", path.display());
                let silent = rule.verbs.iter().any(|v| v == "bind" || v == "approve");
                assert!(!silent || rule.resource_names.is_some_and(|n| !n.is_empty()), "{}: {spelled}", path.display());
                assert!(!rule.verbs.iter().any(|v| v == "escalate" || v == "impersonate"), "{spelled}");
            }
        }
    }
}
