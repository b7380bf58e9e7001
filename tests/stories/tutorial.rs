//! The tutorial "An agency's first system, by curl and by pipeline": its bodies are what the door takes over REST, its command
//! is the same request, and names and sentences that it shows are those that come.

use berth_api::cli::{Arguments, Exit, run};
use berth_cluster::until;
use berth_crds::{ConditionType, Onboarding};
use berth_tests::error::Result;
use berth_tests::people::{Account, pipeline};
use berth_tests::stack::Door;
use clap::Parser as _;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use serde_json::Value;

use crate::world::{PATIENCE, World, shared};

const PAGE: &str = include_str!("../../docs/src/tutorial/first-system.md");
/// Who reads the page, and the code of the system that it asks for.
const LEAD: &str = "it-lead@so-y-te.example";
const CODE: &str = "YT-90";
const PAPERS: &str = "/v1/agencies/so-y-te/onboardings";

/// What the page has between a text and the line `EOF`.
fn written(after: &str) -> &'static str {
    let body = PAGE.split_once(after).and_then(|(_, rest)| rest.split_once("\nEOF\n"));
    body.expect("the page has the body of each request").0
}

/// The code and body of an answer over REST; without a body it is a GET.
async fn ask(door: &Door, token: &str, path: &str, key: &str, body: &str) -> Result<(u16, Value)> {
    let request = Request::builder()
        .method(if body.is_empty() { "GET" } else { "POST" })
        .uri(format!("{}{path}", door.url))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"));
    let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
    let client = legacy::Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request.body(Full::new(axum::body::Bytes::from(body.to_owned())))?).await?;
    let code = answer.status().as_u16();
    Ok((code, serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?))
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// An answer's sentence, which the page shows.
fn shown(answer: &(u16, Value)) -> (u16, bool) {
    let sentence = text(&answer.1, "/error/message");
    (answer.0, !sentence.is_empty() && PAGE.contains(sentence))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tutorials_requests_become_a_system_and_a_staging_environment() -> Result<()> {
    let world = shared().await?;
    let door = Door::start(&world.cluster).await?;
    let token = |who: &str| world.people.iter().find(|p| p.name == who).map(|p| p.token.clone()).ok_or("nobody");
    let (lead, approver) = (token(LEAD)?, token("approver")?);
    let first = written("first.json <<'EOF'\n");
    let (code, checked) = ask(&door, &lead, &format!("{PAPERS}:check"), "", first).await?;
    assert_eq!((code, text(&checked, "/state")), (200, "AWAITING_APPROVAL"), "{checked}");

    let (code, made) = ask(&door, &lead, PAPERS, "yt-90-prod", first).await?;
    let name = text(&made, "/name").to_owned();
    assert!(code == 200 && PAGE.contains(&format!("\n{name}\n")), "{made}");
    let again = ask(&door, &lead, PAPERS, "yt-90-prod", first).await?;
    assert_eq!(text(&again.1, "/uid"), text(&made, "/uid"), "the same request");
    let other = first.replace("Cần môi trường để vận hành hệ thống đặt lịch khám.", "Lý do khác.");
    let other = ask(&door, &lead, PAPERS, "yt-90-prod", &other).await?;
    assert_eq!(shown(&other), (409, true), "{other:?}");
    let approve = format!("/v1/{name}:approve");
    let own = ask(&door, &lead, &approve, "", r#"{"reason": "Tự duyệt."}"#).await?;
    assert_eq!(shown(&own), (403, true), "{own:?}");
    let nobody = ask(&door, "", "/v1/classes/xs", "", "").await?;
    assert_eq!(nobody.0, 401);
    until("the approver's yes is taken", PATIENCE, async || {
        match ask(&door, &approver, &approve, "tutorial-yes", r#"{"reason": "Trong danh mục; đủ căn cứ."}"#).await
        {
            Ok((200, _)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    let paper = world.onboarding("ag-67", name.rsplit('/').next().unwrap_or_default()).await?;
    world.until(&paper, ConditionType::Ready).await?;
    let (_, done) = ask(&door, &lead, &format!("/v1/{name}"), "", "").await?;
    assert_eq!(text(&done, "/state"), "HANDED_OVER");
    let environment = text(&done, "/environment").to_owned();
    let (_, stands) = ask(&door, &lead, &format!("/v1/{environment}"), "", "").await?;
    assert_eq!((text(&stands, "/state"), text(&stands, "/effectiveQuota/cpu")), ("READY", "1"), "{stands}");
    let path = format!("/v1/{environment}:kubeconfig?tokenFile=%2Ftoken");
    let (_, config) = ask(&door, &lead, &path, "", "").await?;
    assert!(text(&config, "/kubeconfig").contains("tokenFile: /token"), "{config}");
    by_pipeline(world, &door, text(&stands, "/tenant")).await?;
    door.stop().await
}

async fn by_pipeline(world: &World, door: &Door, tenant: &str) -> Result<()> {
    let account = Account { namespace: "pipelines".into(), name: "so-y-te".into() };
    let token = pipeline(&world.cluster, &account).await?;
    let body = written("<<EOF | jq -r .name\n").replace("$TENANT", tenant);
    let (code, made) = ask(door, &token, PAPERS, "yt-90-staging", &body).await?;
    let name = text(&made, "/name").to_owned();
    assert!(code == 200 && PAGE.contains(&format!("\n{name}\n")), "{made}");
    let paper = world.onboarding("ag-67", name.rsplit('/').next().unwrap_or_default()).await?;
    world.until(&paper, ConditionType::Ready).await?;
    let (_, decided) = ask(door, &token, &format!("/v1/{name}/decisions"), "", "").await?;
    let by = (text(&decided, "/decisions/0/by/username"), text(&decided, "/decisions/0/verdict"));
    assert_eq!(by, ("berth:auto", "APPROVE"), "{decided}");
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), &token)?;
    let token_file = file.path().display().to_string();
    let command = PAGE.split_once("request=$(berth ").and_then(|(_, rest)| rest.split_once(" -o name)"));
    let command = command.expect("the page has the command").0.replace("\\\n", " ").replace("\"$TENANT\"", tenant);
    // The one word in quotes.
    let mut parts = command.split('"');
    let plain = |part: Option<&str>| part.unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (before, quoted) = (plain(parts.next()), parts.next().unwrap_or_default().to_owned());
    let start = ["berth", "--server", &door.url, "--token-file", &token_file].map(str::to_owned);
    let words = [start.to_vec(), before, vec![quoted], plain(parts.next())].concat();
    assert_eq!(run(Arguments::try_parse_from(words)?).await?, Exit::Done);
    let plate = tenant.trim_start_matches("tenants/");
    let about = |paper: &&Onboarding| {
        let new = paper.spec.system.as_ref().is_some_and(|system| system.code == CODE);
        new || paper.spec.tenant_ref.as_ref().is_some_and(|tenant| tenant.name == plate)
    };
    let papers = world.within::<Onboarding>("agency-ag-67").await?;
    assert_eq!(papers.iter().filter(about).count(), 2, "the command found the pipeline's own request");
    let staging = format!("{plate}-staging");
    Api::<ServiceAccount>::namespaced(world.cluster.admin(), &staging).get("berth-deploy").await?;
    Ok(())
}
