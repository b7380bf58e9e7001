//! A bounded, seeded fuzzer: the tenant's administrator, with everything that the chart gives, tries verbs × resources ×
//! patches of the API's own discovery document. Nothing changes outside its namespaces, and nothing of ours inside them.
//!
//! `BERTH_FUZZ_STEPS` and `BERTH_FUZZ_SEED` make it longer or other; a run prints both.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use berth_fuzz::Dice;
use berth_guards::{cases, children, shapes};
use berth_tests::error::Result;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{APPLY, JSON, JSON_PATCH, MERGE, STRATEGIC, furnished, send};
use crate::world::World;

/// A resource as discovery names it.
#[derive(Clone, Debug)]
struct Kind {
    version: String,
    name: String,
    subresource: String,
    kind: String,
    namespaced: bool,
    listable: bool,
    writable: bool,
}

impl Kind {
    fn path(&self, namespace: &str, name: &str) -> String {
        let root = if self.version.contains('/') { "/apis/" } else { "/api/" };
        let mut path = format!("{root}{}", self.version);
        if self.namespaced && !namespace.is_empty() {
            path += &format!("/namespaces/{namespace}");
        }
        path += &format!("/{}", self.name);
        if !name.is_empty() {
            path += &format!("/{name}");
        }
        if self.subresource.is_empty() { path } else { format!("{path}/{}", self.subresource) }
    }
}

/// Resources, with their subresources, that the caller may write in a namespace.
async fn writable(client: &Client, namespace: &str) -> Result<BTreeSet<String>> {
    let group = "authorization.k8s.io/v1";
    let review = json!({"apiVersion": group, "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}});
    let answer = send(client, "POST", &format!("/apis/{group}/selfsubjectrulesreviews"), JSON, &review).await;
    let rules = answer.body["status"]["resourceRules"].as_array().cloned().ok_or(answer.message)?;
    let words = |rule: &Value, key: &str| -> Vec<String> {
        rule[key].as_array().into_iter().flatten().filter_map(|w| w.as_str().map(str::to_owned)).collect()
    };
    let writes = |rule: &&Value| words(rule, "verbs").iter().any(|v| ["update", "patch"].contains(&v.as_str()));
    Ok(rules.iter().filter(writes).flat_map(|rule| words(rule, "resources")).collect())
}

/// Everything that the API offers, as the caller sees it.
async fn discover(client: &Client, namespace: &str) -> Result<Vec<Kind>> {
    let writable = writable(client, namespace).await?;
    let groups = send(client, "GET", "/apis", JSON, &Value::Null).await.body;
    let preferred = groups["groups"].as_array().into_iter().flatten();
    let preferred = preferred.filter_map(|g| g["preferredVersion"]["groupVersion"].as_str());
    let mut kinds = Vec::new();
    for version in std::iter::once("v1").chain(preferred) {
        let root = if version.contains('/') { "/apis/" } else { "/api/" };
        let list = send(client, "GET", &format!("{root}{version}"), JSON, &Value::Null).await.body;
        for resource in list["resources"].as_array().into_iter().flatten() {
            let name = resource["name"].as_str().unwrap_or_default();
            let writable = writable.contains(name);
            let (name, subresource) = name.split_once('/').unwrap_or((name, ""));
            let verbs = resource["verbs"].as_array().into_iter().flatten();
            kinds.push(Kind {
                version: version.to_owned(),
                name: name.to_owned(),
                subresource: subresource.to_owned(),
                kind: resource["kind"].as_str().unwrap_or_default().to_owned(),
                namespaced: resource["namespaced"] == json!(true),
                writable,
                listable: subresource.is_empty() && verbs.into_iter().any(|v| v == "list"),
            });
        }
    }
    Ok(kinds)
}

/// Objects by their path, without what every write changes.
type Snapshot = BTreeMap<String, Value>;

/// After so many steps the fuzzer looks what there is to be tried by now.
const LOOK: u64 = 250;

/// Resources that live of themselves: they are nobody's registers.
const RESTLESS: [&str; 3] = ["events", "leases", "ipaddresses"];

async fn snapshot(admin: &Client, kinds: &[Kind]) -> Snapshot {
    let mut all = Snapshot::new();
    for kind in kinds.iter().filter(|k| k.listable && !RESTLESS.contains(&k.name.as_str())) {
        let list = send(admin, "GET", &kind.path("", ""), JSON, &Value::Null).await.body;
        for mut object in list["items"].as_array().cloned().unwrap_or_default() {
            let metadata = &mut object["metadata"];
            let namespace = metadata["namespace"].as_str().unwrap_or_default().to_owned();
            let path = kind.path(&namespace, metadata["name"].as_str().unwrap_or_default());
            for restless in ["managedFields", "resourceVersion"] {
                metadata.as_object_mut().map(|m| m.remove(restless));
            }
            all.insert(path, object);
        }
    }
    all
}

/// What must be the same afterwards: everything outside the tenant's namespaces, and ours inside them. Requests that the
/// tenant makes for its agency are its right: those that were there stay, new ones may come.
fn guarded(all: Snapshot, own: &[String]) -> Snapshot {
    let inside = |path: &str| own.iter().any(|n| path.contains(&format!("/namespaces/{n}/")));
    // Our mark counts on the kinds that the operator makes; on a tenant's ConfigMap it means nothing to anybody.
    let made = |path: &str| children::ALL.iter().any(|c| path.contains(&format!("/{}/", c.resource)));
    let ours = |o: &Value| o["metadata"]["labels"]["app.kubernetes.io/managed-by"] == json!("berth-operator");
    let kept = all.into_iter().filter(|(path, o)| !inside(path) || made(path) && ours(o));
    kept.map(|(path, mut object)| {
        if inside(&path) {
            object.as_object_mut().map(|o| o.remove("status"));
        }
        (path, object)
    })
    .collect()
}

/// Paths of objects that are not what they were.
fn differences(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let paths: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let own = ["onboardings", "connections", "decisions"].map(|kind| format!("/agency-ag-62/{kind}/"));
    let paper = |path: &str| own.iter().any(|kind| path.contains(kind.as_str()));
    let changed = paths.into_iter().filter(|p| before.get(*p) != after.get(*p));
    changed.filter(|p| before.contains_key(*p) || !paper(p)).cloned().collect()
}

const KEYS: [&str; 11] = [
    "berth.dev/tenant",
    "berth.dev/environment-uid",
    "app.kubernetes.io/managed-by",
    "pod-security.kubernetes.io/enforce",
    "ipam.cilium.io/ipv6-pool",
    "cni.projectcalico.org/ipAddrs",
    "k8s.v1.cni.cncf.io/networks",
    "metallb.io/loadBalancerIPs",
    "external-dns.alpha.kubernetes.io/hostname",
    "berth.dev/host-names",
    "example.com/note",
];

/// One change: where, as a list of steps, and what.
fn change(dice: &mut Dice, targets: &[String]) -> (Vec<String>, Value) {
    let key = (*dice.of(&KEYS)).to_owned();
    let text = json!(*dice.of(&["berth-operator", "stolen", "privileged", "", "kube-system"]));
    let owner = json!([{"apiVersion": "v1", "kind": "Namespace", "name": dice.of(targets), "uid": "00000000-0000-0000-0000-000000000000"}]);
    let subjects = json!([{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "lead-62"}]);
    let choices: [(&[&str], Value); 18] = [
        (&["metadata", "labels", &key], text.clone()),
        (&["metadata", "annotations", &key], text.clone()),
        (&["metadata", "labels", &key], Value::Null),
        (&["metadata", "labels"], Value::Null),
        (&["metadata", "finalizers"], json!(["berth.dev/hold"])),
        (&["metadata", "ownerReferences"], owner),
        (&["metadata", "namespace"], json!(dice.of(targets))),
        (&["spec", "template", "metadata", "annotations", &key], text.clone()),
        (&["spec", "externalIPs"], json!(["2001:db8::53"])),
        (&["spec", "loadBalancerClass"], text.clone()),
        (&["spec", "hostNetwork"], json!(true)),
        (&["spec", "template", "spec", "hostNetwork"], json!(true)),
        (&["spec", "nodeName"], text.clone()),
        (&["subjects"], subjects),
        (&["roleRef", "name"], json!("cluster-admin")),
        (&["spec", "hard", "pods"], json!("9999")),
        (&["status"], json!({})),
        (&["data", "key"], text),
    ];
    let (path, value) = dice.of(&choices);
    (path.iter().map(|s| (*s).to_owned()).collect(), value.clone())
}

fn set(object: &mut Value, path: &[String], value: Value) {
    match path {
        [] => *object = value,
        [step, rest @ ..] => {
            if !object.is_object() {
                *object = json!({});
            }
            set(&mut object[step.as_str()], rest, value);
        }
    }
}

/// One try: method, path, type of the body, body.
fn attempt(
    dice: &mut Dice,
    kinds: &[Kind],
    targets: &[String],
    known: &Snapshot,
) -> (&'static str, String, &'static str, Value) {
    // Half of all tries are about what RBAC lets the tenant write, in its namespace: those get as far as admission.
    let deep = dice.throw(2) == 0;
    let allowed: Vec<&Kind> = kinds.iter().filter(|k| k.writable).collect();
    let kind = if deep { (*dice.of(&allowed)).clone() } else { dice.of(kinds).clone() };
    let namespace = if deep || dice.throw(2) == 0 { &targets[0] } else { dice.of(targets) };
    let root = Kind { subresource: String::new(), ..kind.clone() }.path(namespace, "");
    let there: Vec<&String> = known.keys().filter(|p| p.starts_with(&format!("{root}/"))).collect();
    let seen = (!there.is_empty() && dice.throw(8) > 0).then(|| (*dice.of(&there)).clone());
    let name = seen.as_ref().and_then(|p| p.rsplit('/').next()).unwrap_or("fuzzed").to_owned();
    let mut whole = seen.and_then(|p| known.get(&p).cloned()).unwrap_or_else(|| made(&kind));
    (whole["apiVersion"], whole["kind"]) = (json!(kind.version), json!(kind.kind));
    let mut patch = json!({});
    let mut operations = Vec::new();
    for _ in 0..=dice.throw(2) {
        let (steps, value) = change(dice, targets);
        set(&mut whole, &steps, value.clone());
        set(&mut patch, &steps, value.clone());
        let pointer: String = steps.iter().map(|s| format!("/{}", s.replace('/', "~1"))).collect();
        operations.push(json!({"op": dice.of(&["add", "replace", "remove"]), "path": pointer, "value": value}));
    }
    let one = kind.path(namespace, &name);
    match dice.throw(8) {
        0 | 1 => {
            whole["metadata"]["name"] = json!(format!("fuzzed-{}", dice.throw(20)));
            for stale in ["uid", "creationTimestamp"] {
                whole["metadata"].as_object_mut().map(|m| m.remove(stale));
            }
            let name = if kind.subresource.is_empty() { "" } else { &name };
            ("POST", kind.path(namespace, name), JSON, whole)
        }
        2 => ("PUT", one, JSON, whole),
        3 => ("PATCH", one, MERGE, patch),
        4 => ("PATCH", one, STRATEGIC, patch),
        5 => ("PATCH", one, JSON_PATCH, json!(operations)),
        6 => {
            (patch["apiVersion"], patch["kind"]) = (json!(kind.version), json!(kind.kind));
            ("PATCH", format!("{one}?fieldManager=fuzz&force=true"), APPLY, patch)
        }
        _ => {
            let path = if dice.throw(3) == 0 { kind.path(namespace, "") } else { one };
            ("DELETE", path, JSON, Value::Null)
        }
    }
}

/// An object of a kind that may not exist yet.
fn made(kind: &Kind) -> Value {
    let pod = cases::pod_spec("Always");
    let template = json!({"metadata": {"labels": {"app": "a"}}, "spec": pod});
    let spec = match kind.kind.as_str() {
        "Pod" => pod,
        "Service" => json!({"ports": [{"port": 80}]}),
        "NetworkPolicy" => json!({"podSelector": {}}),
        "Ingress" => json!({"rules": [{"host": "stolen.example"}]}),
        _ => json!({"selector": {"matchLabels": {"app": "a"}}, "template": template, "hard": {}, "limits": []}),
    };
    json!({"metadata": {"name": "fuzzed"}, "spec": spec})
}

/// Keys, fields and hosts of the guard table that somebody got onto an object of the tenant, which is granted no host.
fn planted(all: &Snapshot, own: &str) -> Vec<String> {
    let ingresses = format!("/namespaces/{own}/ingresses/");
    let mut found: Vec<String> = all.keys().filter(|path| path.contains(&ingresses)).cloned().collect();
    for shape in shapes::ALL.iter().filter(|s| !s.resource.contains('/')) {
        let here = format!("/namespaces/{own}/{}/", shape.resource);
        for (path, object) in all.iter().filter(|(p, _)| p.contains(&here)) {
            let holder = shape.template.iter().fold(object, |o, step| &o[*step]);
            let spec = &holder["spec"];
            let fields = shapes::FIELDS.iter().filter(|f| f.family == shape.family && !spec[f.name].is_null());
            found.extend(fields.filter(|f| spec[f.name] != json!(false)).map(|f| format!("{path}: {}", f.name)));
            for map in [&holder["metadata"]["annotations"], &holder["metadata"]["labels"]] {
                let keys = map.as_object().into_iter().flatten().map(|(k, _)| k);
                found.extend(keys.filter(|k| cases::is_guarded(k)).map(|k| format!("{path}: {k}")));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_administrator_changes_nothing_outside_and_nothing_of_ours_inside() -> Result<()> {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (steps, seed) = (number("BERTH_FUZZ_STEPS", 1_000), number("BERTH_FUZZ_SEED", 20_260_000_001));
    let (world, operator) = World::own().await?;
    let own = furnished(&world, "fuzz-own").await?.name_any();
    let other = world.onboard("ag-61", "fuzz-other", |_| {}).await?.name_any();
    // Nothing is repaired: what is changed stays to be seen.
    operator.stop().await?;
    let (admin, tenant) = (world.cluster.admin(), world.client("lead-62"));
    let targets: Vec<String> =
        [own.as_str(), &other, "agency-ag-62", "agency-ag-61", "kube-system", "berth-system", "default"]
            .map(Into::into)
            .into();
    let kinds = discover(&tenant, &own).await?;
    let before = snapshot(&admin, &kinds).await;
    let mark = world.cluster.mark()?;
    let (mut dice, mut codes) = (Dice(seed | 1), BTreeMap::<u16, usize>::new());
    let mut known = before.clone();
    for step in 1..=steps {
        let (method, path, content_type, body) = attempt(&mut dice, &kinds, &targets, &known);
        let answer = send(&tenant, method, &path, content_type, &body).await;
        // 500 is the API server's word for an apply with a field that the kind does not have.
        assert_ne!(answer.code, 0, "{method} {path} {body}: {answer:?}");
        *codes.entry(answer.code).or_default() += 1;
        if step % LOOK == 0 {
            known = snapshot(&admin, &kinds).await;
        }
    }
    // What controllers make of it counts too.
    world.cluster.settle(Duration::from_secs(2)).await?;
    let after = snapshot(&admin, &kinds).await;
    println!("seed {seed}, {steps} steps over {} resources, answers {codes:?}", kinds.len());
    let accepted = world.cluster.audit_since(mark)?.into_iter().filter(|e| {
        let object = e.object_ref.clone().unwrap_or_default();
        let paper = object.namespace == "agency-ag-62" && e.verb == "create" && object.api_group == "berth.dev";
        let review = object.resource.starts_with("selfsubject");
        e.actor() == "lead-62" && e.is_write() && e.code() < 300 && object.namespace != own && !paper && !review
    });
    let accepted: Vec<_> = accepted.map(|e| format!("{} {}", e.verb, e.request_uri)).collect();
    assert_eq!(accepted, Vec::<String>::new(), "writes outside");
    assert_eq!(planted(&after, &own), Vec::<String>::new(), "keys, fields and hosts inside");
    let own = [own];
    assert_eq!(differences(&guarded(before, &own), &guarded(after, &own)), Vec::<String>::new());
    let through = codes.iter().filter(|(code, _)| (200..300).contains(*code)).map(|(_, n)| n).sum::<usize>();
    assert!(through > 20 && codes.get(&403).is_some_and(|n| *n > 100), "the fuzzer must get somewhere: {codes:?}");
    Ok(())
}
