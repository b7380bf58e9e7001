//! Every value, on its way from the chart to the program that reads it.

use std::collections::{BTreeMap, BTreeSet};

use berth_api::server::Settings;
use berth_operator::args::Args;
use berth_operator::notices;
use berth_tests::error::Result;
use berth_tests::files;
use berth_tests::helm::Helm;
use clap::{ArgAction, CommandFactory, Parser};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Objects, every, render};

/// Values that hold something, by their path; a map that is empty by default is one value.
fn leaves(value: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    match value.as_object().filter(|map| !map.is_empty()) {
        Some(map) => map.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), found)),
        None => drop(found.insert(path.to_owned(), value.clone())),
    }
}

#[test]
fn the_file_with_every_value_has_each_and_none_as_it_is_by_default() {
    let written: Value = files::read(&files::chart().join("values.yaml")).unwrap();
    let every: Value = files::read(every().as_ref()).unwrap();
    let mut defaults = BTreeMap::new();
    leaves(&written, "", &mut defaults);
    let same = defaults.iter().filter(|(path, default)| every.pointer(path).is_none_or(|value| value == *default));
    let same: Vec<&str> = same.map(|(path, _)| path.as_str()).collect();
    assert_eq!(same, ["/networkPolicy/enabled"], "which has a rendering of its own");
}

/// The container of a workload, and the pod that it is in.
fn pod<'a>(objects: &'a Objects, name: &str) -> (&'a Value, &'a Value) {
    let pod = &objects[&format!("Deployment berth-system {name}")]["spec"]["template"]["spec"];
    (pod, &pod["containers"][0])
}

/// The environment of a workload; what comes from the pod itself has no value.
fn environment(objects: &Objects, name: &str) -> BTreeMap<String, String> {
    let list = pod(objects, name).1["env"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list.iter().map(|variable| (text(&variable["name"]), text(&variable["value"]))).collect()
}

/// What a program makes of its environment: each variable is one of its flags, and takes the value.
fn start<P: Parser + CommandFactory>(environment: &BTreeMap<String, String>) -> Result<P> {
    let command = P::command();
    let mut words = vec![command.get_name().to_owned()];
    for (name, value) in environment {
        let flag = command.get_arguments().find(|flag| flag.get_env().is_some_and(|env| env == name.as_str()));
        let flag = flag.ok_or_else(|| format!("{name} is no variable of {}", command.get_name()))?;
        let long = flag.get_long().ok_or_else(|| format!("{name} has no flag"))?;
        let switch = matches!(flag.get_action(), ArgAction::SetTrue);
        words.push(if switch { format!("--{long}") } else { format!("--{long}={value}") });
    }
    Ok(P::try_parse_from(words)?)
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_programs_read_what_the_chart_gives_them_by_default() -> Result<()> {
    let objects = render(&Helm::new().await?, &[]).await?;
    let door: Settings = start(&environment(&objects, "berth-api"))?;
    let limits =
        [door.limits.rate_reads, door.limits.rate_writes, door.limits.rate_failures].map(|rate| rate.to_string());
    assert_eq!(limits, ["100/400", "20/200", "5/100"]);
    assert!(door.oidc.config()?.is_none() && door.tls_client_ca.is_none() && door.cluster_url.is_none());
    let operator: Args = start(&environment(&objects, "berth-operator"))?;
    assert!(operator.log_json && operator.notices.is_none() && operator.ledger_export.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_reaches_the_program_that_it_is_for() -> Result<()> {
    let objects = render(&Helm::new().await?, &["--values", &every()]).await?;
    let door = environment(&objects, "berth-api");
    let expected = pairs([
        ("BERTH_LISTEN", "[::]:8443"),
        ("BERTH_TLS_CERT", "/etc/berth/tls/tls.crt"),
        ("BERTH_TLS_KEY", "/etc/berth/tls/tls.key"),
        ("BERTH_TLS_CLIENT_CA", "/etc/berth/trust/clients.crt"),
        ("BERTH_OIDC_ISSUER_URL", "https://login.example/realms/province"),
        ("BERTH_OIDC_USERNAME_CLAIM", "email"),
        ("BERTH_OIDC_USERNAME_PREFIX", "-"),
        ("BERTH_OIDC_GROUPS_CLAIM", "groups"),
        ("BERTH_OIDC_GROUPS_PREFIX", "oidc:"),
        ("BERTH_OIDC_SIGNING_ALGS", "ES256,RS512"),
        ("BERTH_OIDC_CA_FILE", "/etc/berth/trust/issuer.crt"),
        ("BERTH_MAX_CONNECTIONS", "100000"),
        ("BERTH_MAX_CONNECTIONS_PER_PEER", "100000"),
        ("BERTH_RATE_READS", "7/8"),
        ("BERTH_RATE_WRITES", "5/6"),
        ("BERTH_RATE_FAILURES", "3/4"),
        ("BERTH_CLUSTER_URL", "https://cluster.example:6443"),
        ("BERTH_CLUSTER_CA", "/etc/berth/cluster/ca.crt"),
    ]);
    assert_eq!(door, expected);
    start::<Settings>(&door)?;
    let operator = environment(&objects, "berth-operator");
    let expected = pairs([
        ("HOSTNAME", ""),
        ("BERTH_OPERATOR_HEALTH", "[::]:8081"),
        ("BERTH_OPERATOR_CONCURRENCY", "12"),
        ("BERTH_OPERATOR_REMOVALS", "0"),
        ("BERTH_TIME_ZONE", "Asia/Bangkok"),
        ("BERTH_LOG_JSON", "true"),
        ("BERTH_NOTICES", "/etc/berth/notices/notices.yaml"),
        ("BERTH_LEDGER_EXPORT", "/var/lib/berth/ledger"),
        ("BERTH_LEDGER_KEEP", "1000000"),
    ]);
    assert_eq!(operator, expected);
    start::<Args>(&operator)?;
    let settings = objects["ConfigMap berth-system berth-notices"]["data"]["notices.yaml"].as_str();
    let settings = notices::Settings::parse(settings.ok_or("no text")?, &TimeZone::get("Asia/Bangkok")?)?;
    let smtp = settings.smtp.as_ref().ok_or("no mail server")?;
    assert_eq!((smtp.from.as_str(), smtp.port), ("Berth <berth@tinh.example>", 465));
    let told: Vec<_> = settings.webhooks.iter().map(|hook| (hook.name.as_str(), hook.occasions.len())).collect();
    assert_eq!(told, [("itsm", 2), ("plain", 0)]);
    assert_eq!(settings.rules.offices["approver"].superiors[0].name, "Trần Thị B");
    let named = [&smtp.password_file, &smtp.ca_file].into_iter().flatten();
    let hooks = settings.webhooks.iter().flat_map(|hook| std::iter::once(&hook.key_file).chain(&hook.ca_file));
    let inside: Vec<String> = named.chain(hooks).map(|path| path.display().to_string()).collect();
    assert_eq!(lost(&objects, "berth-api", &[]), Vec::<String>::new());
    assert_eq!(lost(&objects, "berth-operator", &inside), Vec::<String>::new());
    rest_of_them(&objects);
    Ok(())
}

/// Keys of the Secrets that people make: a certificate, a password, the key of a webhook.
const SECRET: [&str; 4] = ["tls.crt", "tls.key", "password", "key"];

/// Paths that a workload is told of and that no volume of its pod holds.
fn lost(objects: &Objects, name: &str, further: &[String]) -> Vec<String> {
    let (pod, container) = pod(objects, name);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let there = |path: &String| {
        list(&container["volumeMounts"]).iter().any(|mount| {
            let at = mount["mountPath"].as_str().unwrap_or_default();
            let Some(file) = path.strip_prefix(at) else { return false };
            let file = file.trim_start_matches('/');
            let volumes = list(&pod["volumes"]);
            let Some(volume) = volumes.iter().find(|volume| volume["name"] == mount["name"]) else { return false };
            let map = volume["configMap"]["name"].as_str().map(|map| format!("ConfigMap berth-system {map}"));
            match map {
                Some(map) => objects.get(&map).is_some_and(|map| map["data"].get(file).is_some()),
                None if volume["secret"].is_object() => SECRET.contains(&file),
                None => volume["persistentVolumeClaim"].is_object() && file.is_empty(),
            }
        })
    };
    let told = environment(objects, name).into_values().filter(|value| value.starts_with('/'));
    told.chain(further.iter().cloned()).filter(|path| !there(path)).collect()
}

/// What no program reads: images, Secrets, policies, bindings.
fn rest_of_them(objects: &Objects) {
    let image = "registry.example/other:1.2.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let mut secrets = BTreeSet::new();
    for name in ["berth-api", "berth-operator"] {
        let (pod, container) = pod(objects, name);
        assert_eq!((&container["image"], &container["imagePullPolicy"]), (&json!(image), &json!("Always")));
        assert_eq!(pod["imagePullSecrets"], json!([{"name": "123"}]));
        assert_eq!(container["resources"]["limits"], json!({"memory": "1Gi"}));
        for volume in pod["volumes"].as_array().into_iter().flatten() {
            let named = [&volume["secret"]["secretName"], &volume["persistentVolumeClaim"]["claimName"]];
            secrets.extend(named.into_iter().filter_map(Value::as_str).map(str::to_owned));
        }
    }
    assert_eq!(secrets, BTreeSet::from(["321", "456", "789", "itsm", "plain"].map(str::to_owned)));
    let ends = |name: &str| objects[&format!("NetworkPolicy berth-system {name}")]["spec"]["egress"][0].clone();
    let end = |cidr: &str, ports: &[u16]| {
        let ports: Vec<Value> = ports.iter().map(|port| json!({"protocol": "TCP", "port": port})).collect();
        json!({"to": [{"ipBlock": {"cidr": cidr}}], "ports": ports})
    };
    assert_eq!(ends("api-server-and-dns"), end("2001:db8::10/128", &[6444]));
    assert_eq!(ends("issuer"), end("2001:db8::20/128", &[8444]));
    assert_eq!(ends("notices"), end("2001:db8::30/128", &[465, 8443]));
    let service = &objects["Service berth-system berth-api"]["spec"];
    assert_eq!((&service["type"], &service["ports"][0]["port"]), (&json!("LoadBalancer"), &json!(443)));
    let bound = |name: &str| {
        let subjects = objects.get(&format!("ClusterRoleBinding {name}")).map(|b| b["subjects"].as_array().cloned());
        let subjects = subjects.flatten().unwrap_or_default();
        subjects.iter().filter_map(|subject| subject["name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(bound("berth-signer-approver"), ["oidc:approvers", "oidc:deputies"]);
    assert_eq!(bound("berth-signer-governing-body"), Vec::<String>::new());
    assert_eq!(bound("berth-break-glass"), ["berth:night"]);
    let policies = objects.iter().filter(|(name, _)| name.contains("AdmissionPolicy "));
    let text: String = policies.map(|(_, policy)| policy.to_string()).collect();
    assert!(text.contains(r#"[\"berth:night\"].exists(g, g in request.userInfo.groups)"#));
    assert!(text.contains(r#"[\"system:serviceaccount:networks:cilium\"]"#));
    assert!(text.contains(r#"[\"gateways.example/timeout\"]"#) && !text.contains("argocd.argoproj.io"));
    assert!(!text.contains("calico-node") && !text.contains("[].exists(g,"), "nothing of the defaults is left");
    assert!(
        !objects.contains_key("Namespace pipelines") && !objects.contains_key("RoleBinding pipelines berth-door-sa")
    );
    // One replica has nothing to keep up while a node is drained.
    assert!(!objects.contains_key("PodDisruptionBudget berth-system berth-api"));
}
