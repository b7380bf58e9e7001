//! The runbook of the book, run as it is printed: every command of `docs/src/how-to/at-night.md`, in its order.

use berth_cluster::{Login, until};
use berth_crds::Environment;
use berth_tests::error::Result;
use berth_tests::files;
use berth_tests::stack::Door;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::berth;
use crate::attack::{JSON, send};
use crate::world::{PATIENCE, World};

/// A section with its commands.
struct Section {
    title: String,
    commands: Vec<String>,
}

fn sections() -> Result<Vec<Section>> {
    let text = std::fs::read_to_string(files::chart().join("../../docs/src/how-to/at-night.md"))?;
    let (mut sections, mut shell) = (Vec::<Section>::new(), false);
    for line in text.lines() {
        match line {
            "```sh" => shell = true,
            "```" => shell = false,
            _ if line.starts_with("## ") => {
                sections.push(Section { title: line[3..].to_owned(), commands: Vec::new() });
            }
            _ if shell => sections.last_mut().ok_or("a command before the first section")?.commands.push(line.into()),
            _ => {}
        }
    }
    Ok(sections)
}

/// The words of a command, as a shell makes them of these simple lines.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote, mut open) = (vec![String::new()], None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => (quote, open) = (Some(c), true),
            (None, ' ') => {
                if open || !words.last().is_some_and(String::is_empty) {
                    words.push(String::new());
                }
                open = false;
            }
            (_, c) => words.last_mut().expect("there is one from the start").push(c),
        }
    }
    words
}

/// What somebody needs who runs the page.
struct Night {
    world: World,
    door: Door,
    environment: String,
}

impl Night {
    /// Runs a command and returns what it prints.
    async fn run(&self, line: &str) -> Result<String> {
        let now: Environment = Api::all(self.world.cluster.admin()).get(&self.environment).await?;
        let next = now.spec.basis.revision.unwrap_or(0) + 1;
        let line = line.replace("$ENV", &self.environment).replace("$STUCK", "stuck");
        let words = words(&line.replace("$REVISION", &next.to_string()));
        let (program, rest) = words.split_first().ok_or("an empty command")?;
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        if program == "berth" {
            berth(&self.world, &self.door, "platform", &rest).await?.map_err(|e| format!("{line}: {e}"))?;
            return Ok(String::new());
        }
        assert_eq!(program, "kubectl", "{line}");
        let output = self.world.cluster.kubectl(Login::Admin, &rest).await?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        Err(format!("{line}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// Runs a command until it prints what it should: an act is told a moment after it is made.
    async fn prints(&self, line: &str, wanted: &str) -> Result<()> {
        until(&format!("{line} prints {wanted:?}"), PATIENCE, async || {
            let said = self.run(line).await.map_err(|e| e.to_string())?;
            if said.contains(wanted) { Ok(()) } else { Err(said) }
        })
        .await?;
        Ok(())
    }
}

/// A namespace that is being deleted and holds something with a finalizer of nobody.
async fn stuck(world: &World) -> Result<()> {
    let admin = world.cluster.admin();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "stuck"}});
    let held = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/nobody"]}
    });
    let path = "/api/v1/namespaces/stuck";
    assert!(send(&admin, "POST", "/api/v1/namespaces", JSON, &namespace).await.accepted());
    assert!(send(&admin, "POST", &format!("{path}/configmaps"), JSON, &held).await.accepted());
    assert!(send(&admin, "DELETE", path, JSON, &Value::Null).await.accepted());
    Ok(())
}

/// What a command should print, where that is more than nothing going wrong.
const PRINTS: &[(&str, &str)] = &[
    ("kubectl get events --field-selector reason=Isolated", "Isolated"),
    ("kubectl get namespace $STUCK", "example.com/nobody"),
    ("kubectl get configmaps --namespace $STUCK", "held"),
    ("kubectl get validatingadmissionpolicy berth-break-glass", "berth-break-glass"),
    ("kubectl get environments", "-prod"),
    ("kubectl get validatingadmissionpolicybindings", "berth-tenant-children"),
    ("kubectl get environment $ENV --output jsonpath={.spec.access}", "berth:ag-62:requester"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_runbook_does_what_the_page_says() -> Result<()> {
    let (world, operator) = World::own().await?;
    let environment = world.onboard("ag-62", "night-runbook", |_| {}).await?.name_any();
    let door = Door::start(&world.cluster).await?;
    let night = Night { world, door, environment };
    let (mut operator, mut run) = (Some(operator), 0);
    for section in sections()? {
        match section.title.as_str() {
            "A namespace stays in Terminating" => stuck(&night.world).await?,
            "The operator is down" => operator.take().ok_or("it is down already")?.crash(),
            "One tenant floods the API server" => operator = Some(night.world.operator().await?),
            _ => {}
        }
        assert!(!section.commands.is_empty(), "{}: nothing to type", section.title);
        for line in &section.commands {
            match PRINTS.iter().find(|(begins, _)| line.starts_with(begins)) {
                Some((_, wanted)) => night.prints(line, wanted).await?,
                None => drop(night.run(line).await?),
            }
            run += 1;
        }
    }
    let namespace = &night.environment;
    let lead = night.world.client("lead-62");
    super::gets(&lead, namespace, 403).await?;
    println!("{run} commands of the runbook");
    drop(operator);
    night.door.stop().await
}
