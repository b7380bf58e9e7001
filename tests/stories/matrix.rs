//! S1, the namespace matrix: every verb on the namespace, its status and its finalize, for every kind of namespace and
//! everybody who could try. The written table is `namespaces.txt` beside this file; the ideas are those by which tenancy
//! operators have been taken over.

use std::fmt::Write as _;
use std::path::Path;

use berth_cluster::{Cluster, until};
use berth_crds::{ConditionType, condition};
use berth_tests::error::Result;
use kube::{Client, Config, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{APPLY, JSON, JSON_PATCH, MERGE, STRATEGIC, TOO_MUCH, acting_as_account, dry_run, mallory, send};
use crate::hijack;
use crate::world::{PATIENCE, World, shared};

/// Whose namespaces are tried, with their names.
struct Targets {
    own: String,
    other: String,
}

impl Targets {
    async fn new(world: &World, story: &str) -> Result<Self> {
        let own = world.onboard("ag-62", &format!("{story}-own"), |_| {}).await?.name_any();
        let other = world.onboard("ag-61", &format!("{story}-other"), |_| {}).await?.name_any();
        let plain = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "matrix-unowned"}});
        send(&world.cluster.admin(), "POST", "/api/v1/namespaces", JSON, &plain).await;
        Ok(Self { own, other })
    }

    fn all(&self) -> [(&'static str, &str); 5] {
        [
            ("own", &self.own),
            ("other", &self.other),
            ("unowned", "matrix-unowned"),
            ("system", "kube-system"),
            ("papers", "agency-ag-62"),
        ]
    }
}

/// Everybody who could try: the tenant's administrator, a service account of the tenant with the same right, an approver,
/// our own two accounts, nobody; and, to see admission alone, the administrator with all rights of the cluster.
async fn callers(world: &World, own: &str) -> Result<Vec<(&'static str, Client)>> {
    let cluster = &world.cluster;
    let account = format!("system:serviceaccount:{own}:default");
    Ok(vec![
        ("admin", world.client("lead-62")),
        ("account", acting_as_account(cluster, &account, &["berth:ag-62:requester"])),
        ("approver", world.client("approver")),
        ("operator", acting_as_account(cluster, berth_guards::OPERATOR, &[])),
        ("door", acting_as_account(cluster, "system:serviceaccount:berth-system:berth-api", &[])),
        ("anonymous", anonymous(cluster)?),
        ("mallory", mallory(cluster).await?),
    ])
}

/// A client without any credentials.
fn anonymous(cluster: &Cluster) -> Result<Client> {
    let mut config: Config = cluster.config(berth_cluster::Login::Admin);
    config.auth_info = Default::default();
    Ok(Client::try_from(config)?)
}

/// One line of the table: verb and subresource, the request, and whether it touches a key of ours.
struct Line {
    what: String,
    method: &'static str,
    subresource: &'static str,
    content_type: &'static str,
    body: Value,
}

/// Every verb, with a key of ours (`!`) and with a foreign one beside it.
fn lines(target: &str, namespace: &Value) -> Vec<Line> {
    let mut lines = Vec::new();
    let line = |verb: &str, mark: &str, subresource: &'static str, method, content_type, body| Line {
        what: format!("{verb}{mark} {}", if subresource.is_empty() { "-" } else { subresource }),
        method,
        subresource,
        content_type,
        body,
    };
    for (mark, key) in [("", "example.com/note"), ("!", "berth.dev/tenant")] {
        let labels = json!({"metadata": {"labels": {key: "stolen"}}});
        let mut whole = namespace.clone();
        whole["metadata"]["labels"][key] = json!("stolen");
        let mut applied = labels.clone();
        (applied["apiVersion"], applied["kind"]) = (json!("v1"), json!("Namespace"));
        let escaped = key.replace('/', "~1");
        let operations = json!([{"op": "add", "path": format!("/metadata/labels/{escaped}"), "value": "stolen"}]);
        for subresource in ["", "status", "finalize"] {
            lines.push(line("update", mark, subresource, "PUT", JSON, whole.clone()));
            if subresource != "finalize" {
                lines.push(line("merge", mark, subresource, "PATCH", MERGE, labels.clone()));
                lines.push(line("strategic", mark, subresource, "PATCH", STRATEGIC, labels.clone()));
                lines.push(line("json", mark, subresource, "PATCH", JSON_PATCH, operations.clone()));
                lines.push(line("apply", mark, subresource, "PATCH", APPLY, applied.clone()));
            }
        }
    }
    // Whose it is, is what a delete touches; somebody's own namespace is theirs to delete.
    let mark = if target == "unowned" { "" } else { "!" };
    lines.push(line("delete", mark, "", "DELETE", JSON, Value::Null));
    lines
}

/// The table as it is: a row per target and line, a column per caller, `yes` or the code of the refusal.
async fn table(world: &World) -> Result<String> {
    let targets = Targets::new(world, "matrix").await?;
    let callers = callers(world, &targets.own).await?;
    let mut out = String::from(HEAD);
    let columns: String = callers.iter().map(|(who, _)| format!("{who:>10}")).collect();
    writeln!(out, "{:<8} {:<20}{columns}", "target", "request")?;
    for (target, name) in targets.all() {
        let path = format!("/api/v1/namespaces/{name}");
        let now = send(&world.cluster.admin(), "GET", &path, JSON, &Value::Null).await.body;
        for line in lines(target, &now) {
            let slash = if line.subresource.is_empty() { "" } else { "/" };
            let mut query = format!("{path}{slash}{}", line.subresource);
            if line.content_type == APPLY {
                query += "?fieldManager=matrix&force=true";
            }
            write!(out, "{target:<8} {:<20}", line.what)?;
            for (_, client) in &callers {
                let answer = dry_run(client, line.method, &query, line.content_type, &line.body).await;
                let cell = if answer.accepted() { "yes".to_owned() } else { answer.code.to_string() };
                write!(out, "{cell:>10}")?;
            }
            writeln!(out)?;
        }
    }
    for name in ["matrix-new", "agency-ag-9999"] {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        row(&mut out, &callers, "new", &format!("create {name}"), "POST", "/api/v1/namespaces", &body).await?;
    }
    let marked = json!({"metadata": {"name": "matrix-new", "labels": {"berth.dev/tenant": "x"}}});
    row(&mut out, &callers, "new", "create! -", "POST", "/api/v1/namespaces", &marked).await?;
    row(&mut out, &callers, "all", "deletecollection! -", "DELETE", "/api/v1/namespaces", &Value::Null).await?;
    Ok(out)
}

async fn row(
    out: &mut String,
    callers: &[(&str, Client)],
    target: &str,
    what: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<()> {
    write!(out, "{target:<8} {what:<20}")?;
    for (_, client) in callers {
        let answer = dry_run(client, method, path, JSON, body).await;
        let cell = if answer.accepted() { "yes".to_owned() } else { answer.code.to_string() };
        write!(out, "{cell:>10}")?;
    }
    Ok(writeln!(out)?)
}

const HEAD: &str = "\
# The namespace matrix (S1). `!`: the request touches what is ours. `mallory` is the tenant's administrator who was given all
# rights of the cluster by mistake: what refuses there is admission alone. UPDATE=1 rewrites this file; read the difference.
# own, other: namespaces of environments; unowned: somebody's; system: kube-system; papers: agency-ag-62.
# 405: the API has no such verb, whoever asks with the right to. 409: the name is taken.
";

#[tokio::test(flavor = "multi_thread")]
async fn the_namespace_matrix_is_the_written_table() -> Result<()> {
    let found = table(shared().await?).await?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories/namespaces.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &found)?;
    }
    let rows = found.lines().filter(|l| !l.starts_with('#')).skip(1);
    let mut unexpected = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let answers = &cells[cells.len() - 7..];
        // Whatever the table says: nobody but operator and mallory writes a namespace, and mallory nothing of ours.
        let people = [0, 1, 2, 4, 5].iter().any(|i| answers[*i] == "yes");
        if people || row.contains('!') && answers[6] == "yes" {
            unexpected.push(row.to_owned());
        }
    }
    println!("{} rows, {} unexpected allows", found.lines().count() - 5, unexpected.len());
    assert_eq!(unexpected, Vec::<String>::new());
    assert_eq!(found, std::fs::read_to_string(&path)?, "run with UPDATE=1 and read the difference");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_idea_takes_a_namespace_over_and_the_same_without_our_keys_passes() -> Result<()> {
    let world = shared().await?;
    let targets = Targets::new(world, "hijack").await?;
    let (strong, weak) = (mallory(&world.cluster).await?, world.client("lead-62"));
    let own = format!("/api/v1/namespaces/{}", targets.own);
    let now = send(&world.cluster.admin(), "GET", &own, JSON, &Value::Null).await.body;
    let ideas = hijack::ideas(&targets.own, &targets.other, &now);
    for idea in &ideas {
        for (who, client) in [("mallory", &strong), ("the tenant's administrator", &weak)] {
            let answer = dry_run(client, idea.method, &idea.path, idea.content_type, &idea.body).await;
            assert!(idea.refused_with.contains(&answer.code), "{}, by {who}: {answer:?}", idea.name);
        }
    }
    for control in hijack::controls(&targets.own, &now) {
        let answer = dry_run(&strong, control.method, &control.path, control.content_type, &control.body).await;
        assert!(answer.accepted(), "{}: {answer:?}", control.name);
    }
    println!("{} ideas, each by two callers", ideas.len());
    let after = send(&world.cluster.admin(), "GET", &own, JSON, &Value::Null).await.body;
    assert_eq!(now["metadata"]["labels"], after["metadata"]["labels"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_was_there_before_is_not_taken_over() -> Result<()> {
    let world = shared().await?;
    // Whoever guesses the plate of a paper takes the name first; the environment says so and nothing is written there.
    let paper = world.ask("lead-62", "ag-62", "matrix-squat", |_| {}).await?;
    let plate = berth_crds::names::plate(&paper.uid().unwrap_or_default(), 0).ok_or("a plate")?;
    let name = berth_crds::names::environment(&plate, "prod");
    let strong = mallory(&world.cluster).await?;
    let squat = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    assert!(send(&strong, "POST", "/api/v1/namespaces", JSON, &squat).await.accepted());
    let mark = world.cluster.mark()?;
    world.decide("approver", &paper, "Approve").await?;
    let environments: kube::Api<berth_crds::Environment> = kube::Api::all(world.cluster.admin());
    let said = until("the environment says that the name is taken", PATIENCE, async || {
        let status = environments.get(&name).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
        let ready = condition::get(&status.conditions, ConditionType::NamespacesReady);
        ready.filter(|c| c.reason == "NamespaceForeign").map(|c| c.message.clone()).ok_or_else(|| format!("{ready:?}"))
    })
    .await?;
    assert!(said.contains(&name), "{said}");
    let written = world.cluster.audit_since(mark)?.into_iter().filter(|e| {
        let there = e.object_ref.as_ref().is_some_and(|o| o.namespace == name);
        e.actor() == berth_guards::OPERATOR && there && e.is_write() && e.code() < 300
    });
    assert_eq!(written.map(|e| e.request_uri).collect::<Vec<_>>(), Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_itself_takes_no_namespace_that_it_did_not_make() -> Result<()> {
    let world = shared().await?;
    let own = world.onboard("ag-62", "matrix-operator", |_| {}).await?.name_any();
    // Bound by the key rules although it holds the rights: a bug in it, or whoever stole its account.
    let stolen = acting_as_account(&world.cluster, berth_guards::OPERATOR, &[TOO_MUCH]);
    mallory(&world.cluster).await?;
    let ours = json!({"app.kubernetes.io/managed-by": "berth-operator", "berth.dev/environment": "kube-system"});
    for path in ["/api/v1/namespaces/kube-system", "/api/v1/namespaces/default", "/api/v1/namespaces/berth-system"] {
        for subresource in ["", "/status"] {
            let body = json!({"metadata": {"labels": ours}});
            let answer = dry_run(&stolen, "PATCH", &format!("{path}{subresource}"), MERGE, &body).await;
            assert!(answer.code == 403 && answer.message.contains("berth-operator-namespaces"), "{path}: {answer:?}");
        }
        assert_eq!(dry_run(&stolen, "DELETE", path, JSON, &Value::Null).await.code, 403);
    }
    let turned = json!({"metadata": {"labels": {"berth.dev/tenant": "abcdef"}}});
    let path = format!("/api/v1/namespaces/{own}");
    assert_eq!(dry_run(&stolen, "PATCH", &path, MERGE, &turned).await.code, 403, "another tenant's");
    let moved = json!({"metadata": {"labels": {"berth.dev/agency": "ag-61"}}});
    assert!(dry_run(&stolen, "PATCH", &path, MERGE, &moved).await.accepted(), "the owner may change, by a paper");
    Ok(())
}
