//! The command line asks for the separate acts: a level, the permission to operate, another owner.

use berth_api::cli::Exit;
use berth_crds::onboarding::{Action, LevelRequest, TransferRequest, Verdict};
use berth_crds::tenant::Measures;
use berth_crds::{Onboarding, common::NameRef, names};
use berth_tests::error::Result;

use crate::way::{Way, berth};
use crate::world::code;

/// What `berth` ends with.
async fn exit(way: &Way, who: &str, words: &[&str]) -> Result<Exit> {
    Ok(berth(way.world, &way.door, who, words).await?.unwrap_or_else(|failure| failure.exit()))
}

/// The paper that a command made, once its checks are.
async fn paper(way: &Way, request_id: &str) -> Result<Onboarding> {
    let id = names::onboarding("ag-62", "lead-62", request_id);
    way.world.checked(&way.world.onboarding("ag-62", &id).await?).await
}

/// Checks that are not in order.
fn bad(paper: &Onboarding) -> Vec<String> {
    let checks = paper.status.clone().unwrap_or_default().checks;
    let bad = checks.into_iter().filter(|c| matches!(c.result, Verdict::Failed | Verdict::Refused));
    bad.map(|c| format!("{}: {}", c.id, c.message)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn through_the_command_line_an_agency_asks_for_a_level_a_permission_and_another_owner() -> Result<()> {
    let way = Way::open().await?;
    let environment = way.world.onboard("ag-62", "cli-acts", |_| {}).await?;
    let tenant = environment.spec.tenant_ref.name;
    let create = |action: &'static str| {
        let flags = ["--agency", "ag-62", "--tenant", &tenant, "--justification", "Theo quy định.", "--action"];
        ["onboard", "create"].into_iter().chain(flags).chain([action]).collect::<Vec<&str>>()
    };
    let ask = async |action: &'static str, id: &str, more: &[&str]| {
        exit(&way, "lead-62", &[create(action).as_slice(), &["--request-id", id], more].concat()).await
    };
    let measures = ["--measures", "some", "--measures-date", "2029-06-30"];
    let level = ["--level", "3", "--regulation", "12/QC-SYT", "--review-date", "2030-01-01"];
    let level = [level.as_slice(), &measures].concat();
    assert_eq!(ask("record-level", "cli-level", &level).await?, Exit::Done);
    let recorded = paper(&way, "cli-level").await?;
    let asked = LevelRequest {
        level: 3,
        regulation: Some("12/QC-SYT".into()),
        measures: Some(Measures::Some),
        measures_by: Some("2029-06-30".into()),
        review_on: Some("2030-01-01".into()),
    };
    assert_eq!((recorded.spec.action, recorded.spec.level.clone()), (Action::RecordLevel, Some(asked)));
    assert_eq!(bad(&recorded), Vec::<String>::new());

    assert_eq!(ask("go-live", "cli-live", &[]).await?, Exit::Done);
    let live = paper(&way, "cli-live").await?;
    assert_eq!((live.spec.action, live.spec.tenant_ref.clone()), (Action::GoLive, Some(NameRef::to(tenant.as_str()))));

    let owners = ["--from-agency", "ag-62", "--to-agency", "ag-61"];
    assert_eq!(ask("transfer", "cli-pass", &owners).await?, Exit::Done);
    let passed = paper(&way, "cli-pass").await?;
    let asked = TransferRequest { from: NameRef::to("ag-62"), to: NameRef::to("ag-61") };
    assert_eq!((passed.spec.action, passed.spec.transfer.clone()), (Action::Transfer, Some(asked)));
    assert_eq!(bad(&passed), Vec::<String>::new());

    // What is not said is named, with the flag or field, and nothing is made.
    assert_eq!(ask("transfer", "cli-nobody", &["--from-agency", "ag-62"]).await?, Exit::Failed);
    assert_eq!(ask("record-level", "cli-measures", &["--level", "3", "--measures", "most"]).await?, Exit::Usage);
    let id = names::onboarding("ag-62", "lead-62", "cli-nobody");
    assert_eq!(code(way.world.onboarding("ag-62", &id).await), 404);
    Ok(())
}
