//! The table: one write that each policy refuses, with what `system:masters` meets. Whoever else tries it meets the refusal.

use berth_guards::cases;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::Lab;
use crate::attack::{JSON, MERGE};
use crate::world::{decision, request};

/// A write that is refused.
pub struct Row {
    pub what: &'static str,
    /// What refuses it; the beginning of the name where two do.
    pub policy: &'static str,
    pub method: &'static str,
    pub path: String,
    pub content_type: &'static str,
    pub body: Value,
    /// Status of the refusal: 422 where a policy gives no reason.
    pub code: u16,
    /// Whether `system:masters` is let through.
    pub masters: bool,
}

/// The row whose request exempt accounts may make.
pub const DELETED_POLICY: &str = "a policy of ours deleted";

fn row(policy: &'static str, what: &'static str, method: &'static str, path: String, body: Value) -> Row {
    let content_type = if method == "PATCH" { MERGE } else { JSON };
    Row { what, policy, method, path, content_type, body, code: 403, masters: false }
}

fn patch(policy: &'static str, what: &'static str, path: String, body: Value) -> Row {
    row(policy, what, "PATCH", path, body)
}

fn delete(policy: &'static str, what: &'static str, path: String) -> Row {
    row(policy, what, "DELETE", path, Value::Null)
}

fn masters(row: Row) -> Row {
    Row { masters: true, ..row }
}

/// All of them; `namespace` is the environment's as it is now, `record` a segment of the ledger.
pub fn rows(lab: &Lab, namespace: &Value, record: &str) -> Vec<Row> {
    let mut all = of_namespaces(lab, namespace);
    all.extend(of_objects(lab));
    all.extend(of_registers(lab, record));
    all.extend(of_papers(lab));
    all
}

fn of_namespaces(lab: &Lab, namespace: &Value) -> Vec<Row> {
    let own = format!("/api/v1/namespaces/{}", lab.own);
    let stolen = json!({"metadata": {"labels": {"berth.dev/tenant": "stolen"}}});
    let mut emptied = namespace.clone();
    emptied["spec"]["finalizers"] = json!([]);
    let agency = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "agency-ag-9999"}});
    vec![
        patch("berth-namespace-keys", "another tenant", own.clone(), stolen.clone()),
        patch("berth-namespace-keys", "another tenant, by status", format!("{own}/status"), stolen),
        masters(row("berth-namespace-keys", "declared empty", "PUT", format!("{own}/finalize"), emptied)),
        row("berth-namespaces", "a name that is kept", "POST", "/api/v1/namespaces".into(), agency),
        delete("berth-namespaces", "a namespace of ours deleted", own),
    ]
}

fn of_objects(lab: &Lab) -> Vec<Row> {
    let own = format!("/api/v1/namespaces/{}", lab.own);
    let unmarked = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
    let key = json!({"metadata": {"annotations": {"ipam.cilium.io/ipv6-pool": "other"}}});
    let policies = format!("/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies", lab.own);
    let rbac = "rbac.authorization.k8s.io";
    let binding = json!({
        "apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": {"name": "made"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "berth-tenant-view"}
    });
    let bindings = format!("/apis/{rbac}/v1/namespaces/{}/rolebindings", lab.own);
    let quota = format!("{own}/resourcequotas/berth-quota");
    let ways = cases::ways(&lab.own);
    let deployment = ways.iter().find(|way| way.path.ends_with("/deployments")).expect("the table of guards has them");
    vec![
        masters(delete("berth-tenant-children", DELETED_POLICY, format!("{policies}/berth-default-deny"))),
        masters(patch(
            "berth-tenant-children",
            "a larger quota",
            quota.clone(),
            json!({"spec": {"hard": {"pods": "99"}}}),
        )),
        masters(row("berth-tenant-children", "a binding of one's own", "POST", bindings, binding)),
        masters(patch("berth-quota-mark", "the mark off, by status", format!("{quota}/status"), unmarked)),
        masters(patch(
            "berth-account-keys",
            "tokens in every pod",
            format!("{own}/serviceaccounts/default"),
            json!({"automountServiceAccountToken": true}),
        )),
        patch("berth-pod-keys", "a pod's own network", format!("{own}/pods/existing"), key.clone()),
        patch("berth-pod-keys", "a pod's own network, by status", format!("{own}/pods/existing/status"), key),
        row(
            "berth-template-keys",
            "a template's own network",
            "POST",
            deployment.path.clone(),
            deployment.with_key("ipam.antrea.io/ippools"),
        ),
        patch(
            "berth-service-keys",
            "an address of others",
            format!("{own}/services/existing"),
            json!({"spec": {"externalIPs": ["2001:db8::53"]}}),
        ),
    ]
}

fn of_registers(lab: &Lab, record: &str) -> Vec<Row> {
    let berth = "/apis/berth.dev/v1alpha1";
    let environment = format!("{berth}/environments/{}", lab.own);
    let direct = json!({"type": "Direct", "reason": "Sửa.", "revision": 1});
    let block = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "PrefixBlock", "metadata": {"name": "3fff-fff---48"},
        "spec": {
            "cidr": "3fff:fff::/48", "parent": "3fff:fff::/40", "parentUID": "x", "level": "Agency",
            "claimRef": {"name": "x", "uid": "x"}, "claimant": {"kind": "Agency", "name": "x", "uid": "x"},
            "state": "Pending"
        }
    });
    let crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let renamed = json!({"spec": {"displayName": {"vi": "Tên khác"}}});
    vec![
        delete("berth-environment-delete", "an environment with namespaces deleted", environment.clone()),
        delete("berth-tenant-", "a system with environments deleted", format!("{berth}/tenants/{}", lab.plate)),
        delete("berth-register-delete", "a site with bookings deleted", format!("{berth}/sites/binh-duong-dc1")),
        patch(
            "berth-status-writers",
            "headroom that is not there",
            format!("{berth}/sites/binh-duong-dc1/status"),
            json!({"status": {"booked": []}}),
        ),
        Row {
            code: 422,
            ..patch("berth-register-basis", "no ground", format!("{berth}/tenants/{}", lab.plate), renamed)
        },
        patch(
            "berth-direct-revision",
            "an edit that does not count",
            environment,
            json!({"spec": {"endDate": "2030-12-31", "basis": direct}}),
        ),
        row("berth-prefix-writers", "a block of one's own", "POST", format!("{berth}/prefixblocks"), block),
        delete("berth-ledger-", "a segment of the ledger deleted", format!("{berth}/auditrecords/{record}")),
        delete("berth-crd-delete", "a kind deleted", format!("{crds}/sites.berth.dev")),
    ]
}

fn of_papers(lab: &Lab) -> Vec<Row> {
    let papers = "/apis/berth.dev/v1alpha1/namespaces/agency-ag-62";
    let mut forged = request("ag-62", "closed-forged");
    forged["spec"]["requester"] = json!({"username": "somebody"});
    let signed = decision(&lab.paper, "approver", 2, "Approve");
    let (mut by_others, mut another) = (signed.clone(), signed);
    by_others["spec"]["by"] = json!({"username": "somebody"});
    another["spec"]["onboardingRef"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
    let environment = json!({"name": lab.own, "uid": "x"});
    let act = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Intervention", "metadata": {"name": "forged"},
        "spec": {"environmentRef": environment, "act": "EndIsolation", "reason": "Giả."}
    });
    let outside = json!({"environmentRef": environment, "agency": "ag-62", "prefixes": ["3fff:a10::/60"]});
    let change = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "NetworkChange", "metadata": {"name": "forged"},
        "spec": {"reference": "CR-1", "environments": [outside]}
    });
    let notice = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Notice", "metadata": {"name": "onb-x.receipt.01234567"},
        "spec": {
            "id": "0123456789abcdef0123456789abcdef", "occasion": "Receipt", "at": "2026-01-01T00:00:00Z",
            "about": {"kind": "Onboarding", "name": "onb-x", "uid": "x"}
        }
    });
    let decisions = format!("{papers}/decisions");
    let cluster = |resource: &str| format!("/apis/berth.dev/v1alpha1/{resource}");
    vec![
        row("berth-onboarding-identity", "a forged requester", "POST", format!("{papers}/onboardings"), forged),
        row("berth-decision-identity", "a forged signer", "POST", decisions.clone(), by_others),
        Row { code: 422, ..row("berth-decision-paper", "another paper", "POST", decisions, another) },
        delete("berth-papers-permanent", "a paper deleted", format!("{papers}/onboardings/{}", lab.paper.name_any())),
        row("berth-intervention-identity", "an act at night", "POST", cluster("interventions"), act),
        row(
            "berth-network-change-identity",
            "a device that was not changed",
            "POST",
            cluster("networkchanges"),
            change,
        ),
        row("berth-notices", "something that was not told", "POST", format!("{papers}/notices"), notice),
    ]
}
