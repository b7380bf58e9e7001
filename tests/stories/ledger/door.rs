//! The ledger through the door: whoever may see it sees it, the others do not; and the command line verifies it.

use berth_api::access::{May, ROLES, TABLE};
use berth_api::cli::{Arguments, Exit, Failure, run};
use berth_api::client::Client;
use berth_api::proto::v1 as pb;
use berth_tests::error::Result;
use berth_tests::stack::Door;
use clap::Parser as _;
use tonic::Code;

use crate::world::{World, shared};

/// Who stands for which role of the table.
const PEOPLE: [(&str, &str); 5] = [
    ("requester", "lead-62"),
    ("approver", "approver"),
    ("auditor", "auditor"),
    ("platform-operator", "platform"),
    ("stranger", "nobody"),
];

fn token(world: &World, who: &str) -> String {
    world.people.iter().find(|p| p.name == who).expect("declared in the world").token.clone()
}

/// What the table says of a role.
fn may(path: &str, role: &str) -> May {
    let row = TABLE.iter().find(|row| row.path == path).expect("the RPC is in the table");
    row.may[ROLES.iter().position(|r| *r == role).expect("the role is in the table")]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_sees_of_the_ledger_what_the_table_says() -> Result<()> {
    let world = shared().await?;
    world.onboard("ag-62", "ledger-door", |_| {}).await?;
    world.onboard("ag-61", "ledger-door-61", |_| {}).await?;
    super::caught_up(world, &["ledger-door", "ledger-door-61"]).await?;
    let door = Door::start(&world.cluster).await?;
    for (role, who) in PEOPLE {
        let mut client = Client::connect(&door.url, &token(world, who)).await?;
        let seen = async |client: &mut Client, agency: &str| -> Result<usize> {
            let request = pb::ListAuditEntriesRequest { agency: agency.into(), ..Default::default() };
            Ok(client.audits.list_audit_entries(request).await?.into_inner().audit_entries.len())
        };
        let (own, other) = (seen(&mut client, "agencies/ag-62").await?, seen(&mut client, "agencies/ag-61").await?);
        let expected = match may("/berth.v1.AuditService/ListAuditEntries", role) {
            May::All => (true, true),
            May::Own => (true, false),
            May::No => (false, false),
        };
        assert_eq!((own > 0, other > 0), expected, "{who} as {role}");
        let segments = client.audits.list_audit_records(pb::ListAuditRecordsRequest::default()).await;
        let code = segments.err().map(|status| status.code());
        let refused = may("/berth.v1.AuditService/ListAuditRecords", role) == May::No;
        assert_eq!(code, refused.then_some(Code::PermissionDenied), "{who} as {role}");
    }
    door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_found_by_object_person_and_period_page_by_page() -> Result<()> {
    let world = shared().await?;
    world.onboard("ag-62", "ledger-find", |_| {}).await?;
    super::caught_up(world, &["ledger-find"]).await?;
    let door = Door::start(&world.cluster).await?;
    let mut client = Client::connect(&door.url, &token(world, "auditor")).await?;
    let mut request = pb::ListAuditEntriesRequest { object: "ledger-find".into(), page_size: 2, ..Default::default() };
    let mut acts = Vec::new();
    loop {
        let page = client.audits.list_audit_entries(request.clone()).await?.into_inner();
        acts.extend(page.audit_entries.iter().map(|e| (format!("{:?}", e.act()), e.who.clone(), e.role.clone())));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let operator = "system:serviceaccount:berth-system:berth-operator";
    let expected = [
        ("Submitted", "lead-62", "requester"),
        ("Decided", "approver", "approver"),
        ("TookEffect", operator, ""),
        ("Concluded", operator, ""),
        ("HandedOver", operator, ""),
    ]
    .map(|(act, who, role)| (act.to_owned(), who.to_owned(), role.to_owned()));
    acts.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(acts, expected);
    let found = async |client: &mut Client, request: pb::ListAuditEntriesRequest| -> Result<usize> {
        let request = pb::ListAuditEntriesRequest { object: "ledger-find".into(), ..request };
        Ok(client.audits.list_audit_entries(request).await?.into_inner().audit_entries.len())
    };
    let by = pb::ListAuditEntriesRequest { person: "approver".into(), ..Default::default() };
    assert_eq!(found(&mut client, by).await?, 1);
    let before = pb::ListAuditEntriesRequest { to: "2020-12-31".into(), ..Default::default() };
    assert_eq!(found(&mut client, before).await?, 0);
    let nonsense = pb::ListAuditEntriesRequest { from: "2020-02-30".into(), ..Default::default() };
    assert_eq!(client.audits.list_audit_entries(nonsense).await.unwrap_err().code(), Code::InvalidArgument);
    door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_verifies_cluster_and_export_and_says_what_is_wrong() -> Result<()> {
    let world = shared().await?;
    world.onboard("ag-62", "ledger-cli", |_| {}).await?;
    super::caught_up(world, &["ledger-cli"]).await?;
    let door = Door::start(&world.cluster).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    std::fs::write(&file, token(world, "auditor"))?;
    let berth = async |arguments: &[&str]| {
        let token_file = file.to_string_lossy().into_owned();
        let common = ["berth", "--server", &door.url, "--token-file", &token_file, "audit"];
        run(Arguments::try_parse_from(common.iter().chain(arguments)).expect("right usage")).await
    };
    assert_eq!(berth(&["verify"]).await?, Exit::Done);
    assert_eq!(berth(&["list", "--object", "ledger-cli"]).await?, Exit::Done);
    let evidence = super::evidence(world.client("auditor"), None).await?;
    let lines: Vec<_> =
        evidence.cluster.iter().flatten().map(|(_, s)| berth_plan::ledger::canonical::line(s)).collect();
    let export = folder.path().join("ledger.jsonl");
    let path = export.to_string_lossy().into_owned();
    std::fs::write(&export, lines.join("\n"))?;
    assert_eq!(berth(&["verify", &path, "--cluster"]).await?, Exit::Done);
    // Offline, without a token.
    let offline = async || run(Arguments::try_parse_from(["berth", "audit", "verify", &path]).expect("usage")).await;
    assert_eq!(offline().await?, Exit::Done);
    std::fs::write(&export, lines.join("\n").replacen("lead-62", "lead-63", 1))?;
    let Err(Failure::Local(fault)) = offline().await else { panic!("a changed name is found") };
    assert!(fault.ends_with("in the export its content does not have its hash"), "{fault}");
    door.stop().await
}
