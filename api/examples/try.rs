//! scratch
use berth_cluster::*;
use serde_json::{Value, json};
use std::time::Duration;
type R<T> = std::result::Result<T, Box<dyn std::error::Error>>;
async fn apply(c: &kube::Client, v: Value) -> R<()> {
    let gvk = v["apiVersion"].as_str().unwrap().to_owned();
    let (group, version) = gvk.rsplit_once('/').unwrap_or(("", &gvk));
    let kind = v["kind"].as_str().unwrap();
    let plural = match kind {
        "Agency" => "agencies".into(),
        "EnvironmentClass" => "environmentclasses".into(),
        k => format!("{}s", k.to_lowercase()),
    };
    let ar = kube::core::ApiResource {
        group: group.into(),
        version: version.into(),
        api_version: gvk.clone(),
        kind: kind.into(),
        plural,
    };
    let o: kube::core::DynamicObject = serde_json::from_value(v.clone())?;
    let api: kube::Api<kube::core::DynamicObject> = match &o.metadata.namespace {
        Some(n) => kube::Api::namespaced_with(c.clone(), n, &ar),
        None => kube::Api::all_with(c.clone(), &ar),
    };
    let name = o.metadata.name.clone().unwrap();
    api.patch(&name, &kube::api::PatchParams::apply("try").force(), &kube::api::Patch::Apply(&o)).await?;
    Ok(())
}
#[tokio::main]
async fn main() -> R<()> {
    let dir = std::path::Path::new("/tmp/berth-try");
    std::fs::create_dir_all(dir)?;
    let people = vec![
        Person::new("lan", ["berth:ag-62:requester"]),
        Person::new("minh", ["berth:ag-67:requester", "berth:ag-62:reader"]),
        Person::new("hoa", ["berth:approver"]),
        Person::new("both", ["berth:approver", "berth:ag-62:requester"]),
        Person::new("stranger", ["staff"]),
        Person::new("po", ["berth:platform-operator"]),
    ];
    let cluster =
        Cluster::start(Options { people: people.clone(), unsafe_no_fsync: true, ..Options::default() }).await?;
    for p in &people {
        std::fs::write(dir.join(&p.name), &p.token)?;
    }
    for part in ["crds", "rbac", "policies"] {
        let o = cluster
            .kubectl(
                Login::Admin,
                &["apply", "--server-side", "--force-conflicts", "-f", &format!("charts/berth/files/{part}")],
            )
            .await?;
        if !o.status.success() {
            return Err(String::from_utf8_lossy(&o.stderr).into_owned().into());
        }
        if part == "crds" {
            cluster
                .kubectl(Login::Admin, &["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"])
                .await?;
        }
    }
    cluster.write_kubeconfig(Login::Admin, &dir.join("kubeconfig"))?;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let a = cluster.admin();
    let day = json!({"from": "2020-01-01"});
    let member = |g: &str, r: &str| json!({"subject": {"kind": "Group", "name": g}, "role": r});
    for (id, alias, extra) in [
        (
            "ag-62",
            "so-tttt",
            json!([member("berth:ag-62:requester", "Requester"), member("berth:ag-62:reader", "Reader"),
        {"subject": {"kind":"ServiceAccount","name":"ci","namespace":"pipelines"},"role":"Requester"}]),
        ),
        ("ag-67", "so-y-te", json!([member("berth:ag-67:requester", "Requester")])),
        ("ag-47", "ubnd", json!([])),
    ] {
        apply(&a, json!({"apiVersion":"berth.dev/v1alpha1","kind":"Agency","metadata":{"name":id},"spec":{"type":"Department","inForce":day,"names":[{"value":{"vi":format!("Cơ quan {id}")},"inForce":day}],"aliases":[{"value":alias,"inForce":day}],"members":extra}})).await?;
    }
    for (id, runtime) in [("m", "Containers"), ("vm", "VirtualMachines")] {
        apply(&a, json!({"apiVersion":"berth.dev/v1alpha1","kind":"EnvironmentClass","metadata":{"name":id},"spec":{"displayName":{"vi":"M"},"resources":{"cpu":"8","memory":"32Gi","storage":"500Gi"},"runtime":runtime,"pods":100,"container":{"defaultCpu":"500m","defaultMemory":"1Gi"}}})).await?;
    }
    apply(&a, json!({"apiVersion":"berth.dev/v1alpha1","kind":"Site","metadata":{"name":"dc1"},"spec":{"displayName":{"vi":"DC"},"capacity":{"cpu":"100","memory":"100Gi","storage":"10Ti"},"overcommitPercent":100,"highestLevel":3,"runtimes":["Containers"],"country":"VN","addressDigit":"0"}})).await?;
    apply(&a, json!({"apiVersion":"berth.dev/v1alpha1","kind":"AddressPlan","metadata":{"name":"default"},"spec":{"roots":[{"cidr":"3fff::/32","kind":"Documentation"}],"departmentPools":["0"],"communePools":["8"]}})).await?;
    cluster.kubectl(Login::Admin, &["create", "serviceaccount", "ci", "-n", "pipelines"]).await?;
    cluster.kubectl(Login::Admin, &["create", "serviceaccount", "ci", "-n", "default"]).await?;
    for (ns, f) in [("pipelines", "ci"), ("default", "ci-default")] {
        std::fs::write(
            dir.join(f),
            cluster.service_account_token(ns, "ci", &["https://kubernetes.default.svc", "berth"]).await?,
        )?;
    }
    std::fs::write(
        dir.join("no-audience"),
        cluster.service_account_token("pipelines", "ci", &["https://kubernetes.default.svc"]).await?,
    )?;
    let op = cluster.client_for(
        &cluster.service_account_token("berth-system", "berth-operator", &["https://kubernetes.default.svc"]).await?,
    );
    for id in ["ag-62", "ag-67"] {
        let ns = format!("agency-{id}");
        if let Err(e) = apply(&op, json!({"apiVersion":"v1","kind":"Namespace","metadata":{"name":ns,"labels":{"app.kubernetes.io/managed-by":"berth-operator","berth.dev/agency":id,"pod-security.kubernetes.io/enforce":"restricted"}}})).await { eprintln!("ns as operator: {e}"); apply(&a, json!({"apiVersion":"v1","kind":"Namespace","metadata":{"name":ns}})).await?; }
        for (role, r) in [("requester", "berth-requester"), ("reader", "berth-paper-reader")] {
            let mut subjects = vec![
                json!({"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":format!("berth:{id}:{role}")}),
            ];
            if id == "ag-62" && role == "requester" {
                subjects.push(json!({"kind":"ServiceAccount","name":"ci","namespace":"pipelines"}));
            }
            if let Err(e) = apply(&op, json!({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":r,"namespace":ns,"labels":{"app.kubernetes.io/managed-by":"berth-operator"}},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":r},"subjects":subjects})).await { eprintln!("rb: {e}"); }
        }
    }
    let door = cluster.service_account_token("berth-system", "berth-api", &["https://kubernetes.default.svc"]).await?;
    let mut config = berth_api::server::ServeConfig::new(cluster.config(&door));
    config.cluster = Some(berth_api::door::ClusterEnd { url: cluster.url(), ca_pem: cluster.ca_pem().into() });
    let _ = tracing_subscriber::fmt().with_env_filter("warn,berth_api=debug").with_writer(std::io::stderr).try_init();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:18443").await?;
    eprintln!("up");
    berth_api::server::serve(config, listener, async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await?;
    Ok(())
}
