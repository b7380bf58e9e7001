//! `berth onboard list|get|watch`, and how a request is named.

use tonic::Code;

use super::{
    Exit, Result,
    args::{Language, List, Which},
    connect::{Session, call},
    create::full,
    failure::Failure,
    output, rows,
};
use crate::proto::v1 as pb;

/// Lists every page.
pub async fn list(session: &Session, list: List) -> Result {
    let parent = full("agencies", list.agency.as_deref().unwrap_or("-"));
    output::many(&all(session, parent).await?, session.format)?;
    Ok(Exit::Done)
}

/// Every request of an agency that the caller may read.
pub async fn all(session: &Session, parent: String) -> Result<Vec<pb::Onboarding>> {
    let mut request = pb::ListOnboardingsRequest { parent, page_size: 500, ..Default::default() };
    let (mut found, client) = (Vec::new(), &session.client.onboardings);
    loop {
        let page = call("listing requests", async || client.clone().list_onboardings(request.clone()).await).await?;
        found.extend(page.onboardings);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// The full name of a request; a short one without an agency is looked for in everything that the caller may read.
pub async fn named(session: &Session, which: &Which) -> Result<String> {
    match (which.name.contains('/'), &which.agency) {
        (true, _) => Ok(which.name.clone()),
        (false, Some(agency)) => Ok(format!("{}/onboardings/{}", full("agencies", agency), which.name)),
        (false, None) => {
            let found = all(session, "agencies/-".into()).await?.into_iter().find(|o| rows::id(&o.name) == which.name);
            let missing = || {
                Failure::Missing(format!(
                    "there is no request {:?} that you may read: see `berth onboard list`",
                    which.name
                ))
            };
            found.map(|onboarding| onboarding.name).ok_or_else(missing)
        }
    }
}

/// Shows one.
pub async fn get(session: &Session, which: Which) -> Result {
    let request = pb::GetOnboardingRequest { name: named(session, &which).await? };
    let client = &session.client.onboardings;
    let found = call("reading the request", async || client.clone().get_onboarding(request.clone()).await).await?;
    output::one(&found, session.format)?;
    eprintln!("{}", standing(session, &found));
    Ok(Exit::Done)
}

/// Where a request stands: state, who holds it, since when, due when, what happens next.
pub fn standing(session: &Session, found: &pb::Onboarding) -> String {
    let text = |words: &Option<pb::Bilingual>| session.text(words.as_ref());
    let vietnamese = session.language == Language::Vi;
    let (by, since, until) = if vietnamese { ("đang ở", "từ", "hạn") } else { ("held by", "since", "until") };
    let mut parts = vec![text(&found.state_words)];
    if !found.holder.is_empty() {
        parts.push(format!("{by} {}", text(&found.holder_words)));
    }
    parts.extend(found.since.as_ref().map(|instant| format!("{since} {instant}")));
    if !found.due.is_empty() {
        parts.push(format!("{until} {}", found.due));
    }
    let later = found.later_profiles.iter().map(|later| coming(later, vietnamese));
    let first = format!("{}. {}", parts.join(", "), text(&found.next_step));
    [first].into_iter().chain(later).collect::<Vec<_>>().join(" ")
}

/// A rule set that comes into force after the submission.
fn coming(later: &pb::LaterProfile, vietnamese: bool) -> String {
    let (profile, from, met_by) = (rows::id(&later.profile), &later.from, &later.met_by);
    match (vietnamese, met_by.as_str()) {
        (true, "") => format!("Bộ quy định {profile} áp dụng từ {from}; thời hạn của hồ sơ không đổi."),
        (true, _) => {
            format!(
                "Bộ quy định {profile} áp dụng từ {from}, phải đáp ứng trước hết ngày {met_by}; thời hạn của hồ sơ không đổi."
            )
        }
        (false, "") => format!("Rule set {profile} applies from {from}; no clock of this request changes."),
        (false, _) => {
            format!("Rule set {profile} applies from {from}, to be met by {met_by}; no clock of this request changes.")
        }
    }
}

/// Shows one whenever it changes, until it ends or the caller does.
pub async fn watch(session: &Session, which: Which) -> Result {
    let name = named(session, &which).await?;
    let mut last = String::new();
    follow(session, &name, async |onboarding: pb::Onboarding| {
        // Heartbeats repeat what was said.
        if onboarding.etag != last {
            last.clone_from(&onboarding.etag);
            output::next(&onboarding, session.format)?;
        }
        Ok(None)
    })
    .await
}

/// Calls `seen` with every message, across lost connections, until it returns an exit.
pub async fn follow(
    session: &Session,
    name: &str,
    mut seen: impl AsyncFnMut(pb::Onboarding) -> Result<Option<Exit>>,
) -> Result {
    let request = pb::WatchOnboardingRequest { name: name.to_owned() };
    let client = &session.client.onboardings;
    loop {
        let mut stream =
            call("watching the request", async || client.clone().watch_onboarding(request.clone()).await).await?;
        loop {
            match stream.message().await {
                Ok(Some(onboarding)) => {
                    if let Some(exit) = seen(onboarding).await? {
                        return Ok(exit);
                    }
                }
                Ok(None) => break,
                Err(status) if is_lost(&status) => break,
                Err(status) => return Err(Failure::server("watching the request")(status)),
            }
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

/// A connection that broke, in the words of gRPC.
fn is_lost(status: &tonic::Status) -> bool {
    use std::error::Error as _;
    matches!(status.code(), Code::Unavailable | Code::Cancelled)
        || status.code() == Code::Unknown && status.source().is_some()
}
