//! `berth env`, `berth tenant`, `berth agency`, `berth catalog`.

use super::{
    Exit, Result,
    args::{Agency, Catalog, Env, Ipv4Only, Tenant},
    connect::{Session, call},
    create::full,
    failure::Failure,
    output,
};
use crate::proto::v1 as pb;

/// Most entries of a page.
const PAGE: i32 = 500;

/// All pages of a list.
macro_rules! pages {
    ($doing:literal, $client:expr, $method:ident, $field:ident, $request:expr) => {
        pages!($doing, $client, $method, $field, $request, |_page| {})
    };
    ($doing:literal, $client:expr, $method:ident, $field:ident, $request:expr, |$page:ident| $also:block) => {{
        let (mut request, mut found, client) = ($request, Vec::new(), $client);
        loop {
            let page = call($doing, async || client.clone().$method(request.clone()).await).await?;
            let $page = &page;
            $also
            found.extend(page.$field);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break found;
            }
        }
    }};
}

/// One message.
macro_rules! single {
    ($doing:literal, $client:expr, $method:ident, $request:expr) => {{
        let (request, client) = ($request, $client);
        call($doing, async || client.clone().$method(request.clone()).await).await?
    }};
}

/// Environments.
pub async fn environments(session: &Session, command: Env) -> Result {
    let client = &session.client.environments;
    match command {
        Env::List { agency, tenant, ipv4_only } => {
            let request = pb::ListEnvironmentsRequest {
                agency: optional("agencies", agency),
                tenant: optional("tenants", tenant),
                page_size: PAGE,
                ipv4_only: ipv4_only.map_or(0, |only| standing(only) as i32),
                ..Default::default()
            };
            let mut counted;
            let all = pages!("listing environments", client, list_environments, environments, request, |page| {
                counted = page.ipv4_exceptions;
            });
            output::many(&all, session.format)?;
            if let (Some(_), Some(counted)) = (ipv4_only, counted) {
                eprintln!("Exceptions for IPv4 only: {} open, {} over.", counted.open, counted.over);
            }
        }
        Env::Get { name } => {
            let request = pb::GetEnvironmentRequest { name: full("environments", &name) };
            let environment = single!("reading the environment", client, get_environment, request);
            output::one(&environment, session.format)?;
            tell(&environment);
        }
        Env::Night(act) => return super::night::night(session, act).await,
        Env::Watch { name } => watch(session, full("environments", &name)).await?,
        Env::Kubeconfig { name } => {
            let text = "a kubeconfig refers to a token file: name it with --token-file or BERTH_TOKEN_FILE";
            let file = session.token_file.as_ref().ok_or_else(|| Failure::NotLoggedIn(text.into()))?;
            let token_file = file.to_string_lossy().into_owned();
            let request = pb::GetKubeconfigRequest { name: full("environments", &name), token_file };
            let answer = single!("getting the kubeconfig", client, get_kubeconfig, request);
            output::write(&answer.kubeconfig)?;
            eprintln!("Next: berth env kubeconfig {name} > kubeconfig && kubectl --kubeconfig kubeconfig get pods");
        }
    }
    Ok(Exit::Done)
}

/// What of an environment ends by a day and stands in no column.
fn tell(environment: &pb::Environment) {
    if let Some(exception) = &environment.ipv4_only {
        eprintln!("Exposed over IPv4 only until {}: {}", exception.until, exception.reason);
    }
    if let Some(temporary) = &environment.temporary {
        let quota = temporary.quota.clone().unwrap_or_default();
        let then =
            format!("{} with {} CPU, {} memory, {} storage", temporary.class, quota.cpu, quota.memory, quota.storage);
        eprintln!("Raised until {}; granted afterwards: {then}", temporary.until);
    }
}

fn standing(only: Ipv4Only) -> pb::list_environments_request::Ipv4Only {
    match only {
        Ipv4Only::Open => pb::list_environments_request::Ipv4Only::Open,
        Ipv4Only::Over => pb::list_environments_request::Ipv4Only::Over,
    }
}

async fn watch(session: &Session, name: String) -> Result<()> {
    let client = &session.client.environments;
    let mut stream = single!(
        "watching the environment",
        client,
        watch_environment,
        pb::WatchEnvironmentRequest { name: name.clone() }
    );
    let mut last = String::new();
    while let Some(environment) = stream.message().await.map_err(Failure::server("watching the environment"))? {
        if environment.etag != last {
            last.clone_from(&environment.etag);
            output::next(&environment, session.format)?;
        }
    }
    Ok(())
}

/// Information systems.
pub async fn tenants(session: &Session, command: Tenant) -> Result {
    let client = &session.client.tenants;
    match command {
        Tenant::List { agency, search } => {
            let (agency, query) = (agency.unwrap_or_default(), search.unwrap_or_default());
            output::many(&tenants_of(session, &agency, query).await?, session.format)?;
        }
        Tenant::Get { name, as_of } => {
            let request = pb::GetTenantRequest { name: full("tenants", &name), as_of: as_of.unwrap_or_default() };
            output::one(&single!("reading the tenant", client, get_tenant, request), session.format)?;
        }
    }
    Ok(Exit::Done)
}

/// Tenants of an agency, by id or alias; of everybody when it is empty.
pub async fn all_tenants(session: &Session, agency: &str) -> Result<Vec<pb::Tenant>> {
    tenants_of(session, agency, String::new()).await
}

async fn tenants_of(session: &Session, agency: &str, query: String) -> Result<Vec<pb::Tenant>> {
    let agency = optional("agencies", Some(agency.to_owned()).filter(|agency| !agency.is_empty()));
    let request = pb::ListTenantsRequest { agency, query, page_size: PAGE, ..Default::default() };
    Ok(pages!("listing tenants", &session.client.tenants, list_tenants, tenants, request))
}

/// Bodies.
pub async fn agencies(session: &Session, command: Agency) -> Result {
    let Agency::List { search } = command;
    let query = search.unwrap_or_default();
    output::many(&all_agencies(session, query).await?, session.format)?;
    Ok(Exit::Done)
}

async fn all_agencies(session: &Session, query: String) -> Result<Vec<pb::Agency>> {
    let request = pb::ListAgenciesRequest { query, page_size: PAGE, ..Default::default() };
    Ok(pages!("listing agencies", &session.client.catalog, list_agencies, agencies, request))
}

/// The catalogue.
pub async fn catalog(session: &Session, command: Catalog) -> Result {
    let (client, format) = (&session.client.catalog, session.format);
    match command {
        Catalog::Agencies { name: Some(name), as_of } => {
            let request = pb::GetAgencyRequest { name: full("agencies", &name), as_of: as_of.unwrap_or_default() };
            output::one(&single!("reading the agency", client, get_agency, request), format)?;
        }
        Catalog::Agencies { name: None, .. } => {
            output::many(&all_agencies(session, String::new()).await?, format)?;
        }
        Catalog::Classes { name: Some(name) } => {
            let request = pb::GetClassRequest { name: full("classes", &name) };
            output::one(&single!("reading the class", client, get_class, request), format)?;
        }
        Catalog::Classes { name: None } => {
            let request = pb::ListClassesRequest { page_size: PAGE, ..Default::default() };
            output::many(&pages!("listing classes", client, list_classes, classes, request), format)?;
        }
        Catalog::Profiles { name: Some(name) } => {
            let request = pb::GetProfileRequest { name: full("profiles", &name) };
            output::one(&single!("reading the rule set", client, get_profile, request), format)?;
        }
        Catalog::Profiles { name: None } => {
            let request = pb::ListProfilesRequest { page_size: PAGE, ..Default::default() };
            output::many(&pages!("listing rule sets", client, list_profiles, profiles, request), format)?;
        }
    }
    Ok(Exit::Done)
}

fn optional(collection: &str, given: Option<String>) -> String {
    given.map(|given| full(collection, &given)).unwrap_or_default()
}
