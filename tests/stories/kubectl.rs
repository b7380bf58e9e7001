//! With kubectl alone: a decision from a file, and at a glance who holds what until when.

use std::collections::BTreeMap;

use berth_cluster::{Person, until};
use berth_crds::decision::Effect;
use berth_crds::{ConditionType, Decision, Onboarding};
use berth_tests::error::Result;
use kube::{Api, ResourceExt};

use crate::world::{PATIENCE, World, decision, shared};

/// What `kubectl get onb -A -o wide` shows a person of a paper, by the heads of its columns.
async fn row(world: &World, who: &Person, paper: &Onboarding) -> Result<BTreeMap<String, String>> {
    let output = world.cluster.kubectl(who, &["get", "onb", "-A", "-o", "wide"]).await?;
    let text = String::from_utf8(output.stdout)?;
    let mut lines = text.lines().map(|line| line.chars().collect::<Vec<char>>());
    let head = lines.next().ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    // A column begins where its head does.
    let begins: Vec<usize> = (0..head.len()).filter(|i| head[*i] != ' ' && (*i == 0 || head[*i - 1] == ' ')).collect();
    let cells = |line: &[char]| -> Vec<String> {
        let ends = begins.iter().skip(1).copied().chain([usize::MAX]);
        let cell = |(begin, end): (&usize, usize)| line.iter().take(end).skip(*begin).collect::<String>();
        begins.iter().zip(ends).map(cell).map(|cell| cell.trim().to_owned()).collect()
    };
    let heads = cells(&head);
    let mut rows = lines.map(|line| heads.iter().cloned().zip(cells(&line)).collect::<BTreeMap<_, _>>());
    let place = (paper.namespace().unwrap_or_default(), paper.name_any());
    let own = rows.find(|row| (row["NAMESPACE"].clone(), row["NAME"].clone()) == place);
    Ok(own.ok_or_else(|| format!("{place:?} is not in\n{text}"))?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_sees_with_kubectl_who_holds_a_request_until_when_and_decides_by_a_file() -> Result<()> {
    let world = shared().await?;
    let approver = world.people.iter().find(|person| person.name == "approver").ok_or("no approver")?;
    let paper = world.ask("lead-62", "ag-62", "story-kubectl", |_| {}).await?;
    let paper = world.checked(&paper).await?;
    let due = paper.status.clone().and_then(|s| s.summary).and_then(|s| s.due).ok_or("no day")?;
    let shown = row(world, approver, &paper).await?;
    let columns = ["AGENCY", "ACTION", "STATE", "HOLDER", "DUE", "REQUESTER"];
    assert_eq!(
        columns.map(|column| shown[column].as_str()),
        ["ag-62", "New", "AwaitingApproval", "approver", &due, "lead-62"]
    );
    assert!(shown["AGE"].starts_with(|c: char| c.is_ascii_digit()), "{shown:?}");

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("decision.yaml");
    std::fs::write(&file, serde_yaml::to_string(&decision(&paper, "approver", 1, "Approve"))?)?;
    let file = file.display().to_string();
    let created = until("the policies see the paper", PATIENCE, async || {
        let output = world.cluster.kubectl(approver, &["create", "-f", &file]).await.map_err(|e| e.to_string())?;
        let said = if output.status.success() { Ok(output.stdout) } else { Err(output.stderr) };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        said.map(text).map_err(text)
    })
    .await?;
    assert_eq!(created, "decision.berth.dev/story-kubectl.approver.1 created\n");
    let decisions: Api<Decision> = Api::namespaced(world.cluster.admin(), "agency-ag-62");
    let made = decisions.get("story-kubectl.approver.1").await?;
    assert_eq!(made.spec.by.username, "approver", "stamped");
    assert_eq!(world.effect(&made).await?, (Effect::Effective, "Effective".to_owned()));
    world.until(&paper, ConditionType::Ready).await?;
    let shown = row(world, approver, &paper).await?;
    let columns = ["STATE", "HOLDER", "APPROVED", "READY"].map(|column| shown[column].as_str());
    assert_eq!(columns, ["HandedOver", "requester", "True", "True"]);
    Ok(())
}
