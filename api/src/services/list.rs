//! ListOnboardings: one agency, or all that the caller may read.

use berth_crds::{Onboarding, names};
use kube::{Api, Client, ResourceExt as _, api::ListParams};

use super::papers::Papers;
use crate::{
    convert::onboarding::{message, queue, waits},
    door::Door,
    identity::Caller,
    name,
    page::Page,
    problem::{As, Problem, Result, Thing, from_kube},
    proto::v1 as pb,
    read,
};

/// Collection of a token that goes on in the list of all namespaces.
const EVERYWHERE: &str = "-";

/// One page.
pub async fn list(
    door: &Door,
    caller: &Caller,
    request: pb::ListOnboardingsRequest,
) -> Result<pb::ListOnboardingsResponse> {
    let page = Page::read(request.page_size, &request.page_token, &format!("onboardings {}", request.parent))?;
    let client = door.as_caller(caller)?;
    let (found, next) = match name::ids::<1>(&request.parent, "agencies/*") {
        Some(["-"]) => wherever(door, caller, &client, &page).await?,
        Some([agency]) => {
            let id = door.registers().agency_id(agency).await?;
            in_agencies(&client, vec![names::agency_namespace(&id)], &page).await?
        }
        None => {
            let what =
                format!("{} is not a name like agencies/ag-62, or agencies/- for all", read::shown(&request.parent));
            return Err(Problem::field("parent", what));
        }
    };
    let onboardings = placed(&client, found).await;
    Ok(pb::ListOnboardingsResponse { onboardings, next_page_token: next })
}

/// Everywhere at once for those who may; for others one agency after the other.
async fn wherever(door: &Door, caller: &Caller, client: &Client, page: &Page) -> Result<(Vec<Onboarding>, String)> {
    let begun_in_agencies = page.at.as_ref().is_some_and(|(collection, _)| collection != EVERYWHERE);
    if !begun_in_agencies {
        let token = page.at.as_ref().map(|(_, token)| token.clone());
        match chunk(Api::all(client.clone()), page.size, token).await {
            Ok((found, next)) => return Ok((found, next.map(|n| page.token(EVERYWHERE, &n)).unwrap_or_default())),
            Err(Problem::NotAllowed { .. }) => {}
            Err(problem) => return Err(problem),
        }
    }
    let agencies = door.registers().acts_for(caller).await?;
    in_agencies(client, agencies.iter().map(|id| names::agency_namespace(id)).collect(), page).await
}

/// Namespaces in order, until the page is full.
async fn in_agencies(client: &Client, namespaces: Vec<String>, page: &Page) -> Result<(Vec<Onboarding>, String)> {
    let (begin, mut token) = page.at.clone().unwrap_or_default();
    let several = namespaces.len() > 1;
    let mut rest = namespaces.into_iter().skip_while(|namespace| *namespace < begin).peekable();
    let mut found = Vec::new();
    while let Some(namespace) = rest.next() {
        let token = Some(std::mem::take(&mut token)).filter(|t| !t.is_empty());
        let part = chunk(Api::namespaced(client.clone(), &namespace), page.size - found.len(), token).await;
        match part {
            Ok((part, Some(next))) => {
                found.extend(part);
                return Ok((found, page.token(&namespace, &next)));
            }
            Ok((part, None)) => found.extend(part),
            // The register names a member whose rights are not bound yet.
            Err(Problem::NotAllowed { .. }) if several => {}
            Err(problem) => return Err(problem),
        }
        if found.len() >= page.size {
            return Ok((found, rest.peek().map(|next| page.token(next, "")).unwrap_or_default()));
        }
    }
    Ok((found, String::new()))
}

async fn chunk(api: Api<Onboarding>, size: usize, token: Option<String>) -> Result<(Vec<Onboarding>, Option<String>)> {
    let params = ListParams { limit: u32::try_from(size).ok(), continue_token: token, ..ListParams::default() };
    let thing = Thing::new("Onboarding", api.namespace().map_or("agencies/-".into(), |n| name::onboarding(n, "-")));
    let list = api.list(&params).await.map_err(|e| from_kube(e, As::Caller, "list", thing))?;
    Ok((list.items, list.metadata.continue_.filter(|token| !token.is_empty())))
}

/// Messages with their places in the queue, as far as the caller may count them.
pub async fn placed(client: &Client, found: Vec<Onboarding>) -> Vec<pb::Onboarding> {
    let mut places = Default::default();
    if found.iter().any(waits) {
        let all = Api::<Onboarding>::all(client.clone()).list(&ListParams::default()).await;
        // Not being allowed to count is usual for an agency's people: the place stays unknown.
        places = all.map(|all| queue(&all.items)).unwrap_or_default();
    }
    let place = |o: &Onboarding| o.uid().and_then(|uid| places.get(&uid).copied()).unwrap_or(0);
    found.iter().map(|o| pb::Onboarding { queue_place: place(o), ..message(o) }).collect()
}

/// One message with its place in the queue.
pub async fn placed_one(papers: &Papers, found: Onboarding) -> pb::Onboarding {
    let mut messages = placed(&papers.client, vec![found]).await;
    messages.pop().unwrap_or_default()
}
