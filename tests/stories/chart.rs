//! The chart as Helm renders and installs it: it holds what the stories install, every value reaches the program that it is
//! for, and a real API server takes all of it.

mod values;

use std::collections::BTreeMap;

use berth_cluster::{Cluster, Options, VERSION, until};
use berth_crds::Agency;
use berth_tests::error::Result;
use berth_tests::helm::Helm;
use berth_tests::{files, install};
use k8s_openapi::api::admissionregistration::v1::{MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBinding};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::world::PATIENCE;

/// Objects by kind, namespace and name.
type Objects = BTreeMap<String, Value>;

fn chart() -> String {
    files::chart().display().to_string()
}

/// The file with every value.
fn every() -> String {
    files::root().join("tests/helm/every-value.yaml").display().to_string()
}

/// What Helm renders with further flags.
async fn render(helm: &Helm, flags: &[&str]) -> Result<Objects> {
    let (chart, mut objects) = (chart(), Objects::new());
    let words = ["template", "berth", &chart, "--namespace", "berth-system", "--kube-version", VERSION];
    read(&helm.run(&[words.as_slice(), flags].concat()).await?, &mut objects)?;
    Ok(objects)
}

/// Adds the objects of a text; one that is there twice is an error.
fn read(text: &str, objects: &mut Objects) -> Result<()> {
    for document in serde_yaml::Deserializer::from_str(text) {
        let object = Value::deserialize(document)?;
        if object.is_null() {
            continue; // Comments alone.
        }
        let metadata = &object["metadata"];
        let words =
            [&object["kind"], &metadata["namespace"], &metadata["name"]].map(|w| w.as_str().unwrap_or_default());
        let name = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        if objects.insert(name.clone(), object).is_some() {
            return Err(format!("{name} is rendered twice").into());
        }
    }
    Ok(())
}

/// An object without what Helm adds, with numbers of one kind and strings of CEL in one kind of quotes.
fn plain(object: &Value) -> Value {
    match object {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| *key != "helm.sh/resource-policy");
            let map: serde_json::Map<_, _> = kept.map(|(key, value)| (key.clone(), plain(value))).collect();
            Value::Object(map.into_iter().filter(|(key, value)| key != "annotations" || *value != json!({})).collect())
        }
        Value::Array(list) => list.iter().map(plain).collect(),
        Value::Number(number) => json!(number.as_f64()),
        Value::String(text) => json!(text.replace('\'', "\"").replace("\", \"", "\",\"")),
        other => other.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_renders_what_the_stories_install_and_the_workloads() -> Result<()> {
    let helm = Helm::new().await?;
    let rendered = render(&helm, &[]).await?;
    let mut installed = Objects::new();
    for folder in ["crds", "rbac", "policies"] {
        for file in files::yaml(&files::chart().join("files").join(folder))? {
            read(&std::fs::read_to_string(&file)?, &mut installed)?;
        }
    }
    let other = |(name, object): &(&String, &Value)| rendered.get(*name).map(plain) != Some(plain(object));
    let others: Vec<&String> = installed.iter().filter(other).map(|(name, _)| name).collect();
    assert_eq!(others, Vec::<&String>::new(), "missing or another than in the chart's files");
    let further: Vec<&str> =
        rendered.keys().filter(|name| !installed.contains_key(*name)).map(String::as_str).collect();
    let expected = [
        "Deployment berth-system berth-api",
        "Deployment berth-system berth-operator",
        "NetworkPolicy berth-system api-server-and-dns",
        "NetworkPolicy berth-system default-deny",
        "NetworkPolicy berth-system door",
        "PodDisruptionBudget berth-system berth-api",
        "PodDisruptionBudget berth-system berth-operator",
        "Service berth-system berth-api",
    ];
    assert_eq!(further, expected);
    let open = render(&helm, &["--set", "networkPolicy.enabled=false"]).await?;
    assert!(!open.keys().any(|name| name.starts_with("NetworkPolicy ")), "the tenants' own are the operator's");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_finds_nothing_to_complain_about_and_refuses_what_the_schema_does_not_hold() -> Result<()> {
    let (helm, chart, every) = (Helm::new().await?, chart(), every());
    let lint = ["lint", &chart, "--strict", "--kube-version", VERSION];
    helm.run(&lint).await?;
    helm.run(&[lint.as_slice(), &["--values", &every]].concat()).await?;
    let refused = [
        ("api.limit.reads=1/2", "limit"),
        ("api.oidc=null", "oidc"),
        ("guards.networkIdentities.calico=null", "calico"),
        ("api.limits.reads=fast", "reads"),
        ("api.oidc.signingAlgs={HS256}", "signingAlgs"),
        ("cluster.url=http://cluster.example", "url"),
        ("notices.smtp.host=mail.example", "from"),
    ];
    for (set, word) in refused {
        let refusal = render(&helm, &["--set", set]).await.err().ok_or_else(|| format!("{set} is taken"))?.to_string();
        assert!(refusal.contains("values don't meet the specifications of the schema"), "{set}: {refusal}");
        assert!(refusal.contains(word), "{set}: {refusal}");
    }
    Ok(())
}

/// Names of everything of a kind that is part of Berth.
async fn ours<K>(cluster: &Cluster) -> Result<Vec<String>>
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let params = ListParams::default().labels("app.kubernetes.io/part-of=berth");
    Ok(Api::<K>::all(cluster.admin()).list(&params).await?.items.iter().map(ResourceExt::name_any).collect())
}

async fn deployments(cluster: &Cluster) -> Result<Vec<(String, Option<i32>)>> {
    let api = Api::<Deployment>::namespaced(cluster.admin(), "berth-system");
    let all = api.list(&ListParams::default()).await?.items;
    Ok(all.iter().map(|d| (d.name_any(), d.spec.as_ref().and_then(|spec| spec.replicas))).collect())
}

/// Groups that break-glass is bound to.
async fn by_break_glass(cluster: &Cluster) -> Result<Vec<String>> {
    let binding = Api::<ClusterRoleBinding>::all(cluster.admin()).get_opt("berth-break-glass").await?;
    let subjects = binding.and_then(|binding| binding.subjects).unwrap_or_default();
    Ok(subjects.into_iter().map(|subject| subject.name).collect())
}

/// The runbook's commands that let break-glass in and take it away again, as words.
fn at_night() -> Vec<Vec<String>> {
    let lines = include_str!("../../docs/src/how-to/at-night.md").lines();
    let commands = lines.filter_map(|line| line.strip_prefix("helm "));
    let word = |word: &str| if word == "charts/berth" { chart() } else { word.trim_matches('\'').to_owned() };
    commands.map(|line| line.split_whitespace().map(word).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_installs_changes_and_removes_the_chart_on_a_real_api_server() -> Result<()> {
    let cluster = Cluster::throw_away(Options::default()).await?;
    let (helm, chart, every) = (Helm::on(&cluster).await?, chart(), every());
    let namespace = serde_json::from_value(json!({"metadata": {"name": "berth-system"}}))?;
    let namespaces = Api::<Namespace>::all(cluster.admin());
    namespaces.create(&PostParams::default(), &namespace).await?;
    let place = ["berth", &chart, "--namespace", "berth-system"];
    helm.run(&[["install"].as_slice(), &place, &["--take-ownership"]].concat()).await?;
    install::in_force(&cluster.admin()).await?;
    let named = |api: i32, operator: i32| {
        vec![("berth-api".to_owned(), Some(api)), ("berth-operator".to_owned(), Some(operator))]
    };
    assert_eq!(deployments(&cluster).await?, named(2, 2));
    let agency = json!({"type": "Department", "inForce": {"from": "2026-01-01"},
        "names": [{"value": {"vi": "Sở Một"}, "inForce": {"from": "2026-01-01"}}]});
    let agencies = Api::<Agency>::all(cluster.admin());
    agencies.create(&PostParams::default(), &Agency::new("ag-01", serde_json::from_value(agency)?)).await?;

    for (words, expected) in at_night().iter().zip([&["berth:break-glass"][..], &[]]) {
        helm.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        assert_eq!(by_break_glass(&cluster).await?, expected, "{words:?}");
    }
    helm.run(&[["upgrade"].as_slice(), &place, &["--values", &every]].concat()).await?;
    install::in_force(&cluster.admin()).await?;
    assert_eq!(deployments(&cluster).await?, named(1, 3));
    assert_eq!(by_break_glass(&cluster).await?, ["berth:night"]);
    until("the namespace of pipelines is gone", PATIENCE, async || match namespaces.get_opt("pipelines").await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await?;
    // Back as it was: nothing that was set is remembered.
    helm.run(&[["upgrade"].as_slice(), &place, &["--reset-values"]].concat()).await?;
    assert_eq!(deployments(&cluster).await?, named(2, 2));

    let kinds: Api<CustomResourceDefinition> = Api::all(cluster.admin());
    let before: Vec<_> = kinds.list(&ListParams::default()).await?.items.iter().map(ResourceExt::uid).collect();
    helm.run(&["uninstall", "berth", "--namespace", "berth-system"]).await?;
    until("programs, rights and guards are gone", PATIENCE, async || {
        let failed = |error: berth_tests::error::Error| error.to_string();
        let left = [
            deployments(&cluster).await.map_err(failed)?.into_iter().map(|(name, _)| name).collect(),
            ours::<ClusterRole>(&cluster).await.map_err(failed)?,
            ours::<ClusterRoleBinding>(&cluster).await.map_err(failed)?,
            ours::<ValidatingAdmissionPolicyBinding>(&cluster).await.map_err(failed)?,
            ours::<MutatingAdmissionPolicyBinding>(&cluster).await.map_err(failed)?,
        ];
        if left.concat().is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await?;
    let after: Vec<_> = kinds.list(&ListParams::default()).await?.items.iter().map(ResourceExt::uid).collect();
    assert_eq!(after, before, "the kinds stay");
    agencies.get("ag-01").await?;
    let own = namespaces.get("berth-system").await?;
    assert_eq!(own.metadata.deletion_timestamp, None, "it may hold the exported ledger");
    Ok(())
}
