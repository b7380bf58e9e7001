//! `berth why <namespace>`: whose, since when, by which decision.

use serde_json::{Value, json};

use super::{
    Exit, Result,
    args::Format,
    connect::{Session, call},
    failure::Failure,
    output,
    rows::id,
};
use crate::{
    name,
    proto::{to_json, v1 as pb},
};

/// Explains a namespace.
pub async fn why(session: &Session, namespace: &str) -> Result {
    let client = &session.client;
    let environment = match environment_of(namespace) {
        Some(environment) => {
            let request = pb::GetEnvironmentRequest { name: name::environment(&environment) };
            let environments = &client.environments;
            call("reading the environment", async || environments.clone().get_environment(request.clone()).await)
                .await?
        }
        // What was adopted keeps a name of its own.
        None => holder(session, namespace).await?,
    };
    if !environment.namespaces.iter().any(|n| n.name == namespace) {
        return Err(Failure::Missing(format!("{} has no namespace {namespace:?}", environment.name)));
    }
    let request = pb::GetTenantRequest { name: environment.tenant.clone(), ..Default::default() };
    let tenant = call("reading the tenant", async || client.tenants.clone().get_tenant(request.clone()).await).await?;
    let request = pb::GetAgencyRequest { name: tenant.agency.clone(), ..Default::default() };
    let agency = call("reading the agency", async || client.catalog.clone().get_agency(request.clone()).await).await?;
    let decisions = decisions(session, environment.basis.as_ref()).await?;
    match session.format {
        Format::Table => table(namespace, &environment, &tenant, &agency, &decisions)?,
        Format::Name => output::line(&environment.name)?,
        format => output::value(&value(namespace, &environment, &tenant, &agency, &decisions)?, format)?,
    }
    Ok(Exit::Done)
}

/// The environment that has a namespace of any name.
async fn holder(session: &Session, namespace: &str) -> Result<pb::Environment> {
    let environments = &session.client.environments;
    let mut request = pb::ListEnvironmentsRequest { page_size: 500, ..Default::default() };
    loop {
        let page = call("listing environments", async || environments.clone().list_environments(request.clone()).await)
            .await?;
        if let Some(found) = page.environments.into_iter().find(|e| e.namespaces.iter().any(|n| n.name == namespace)) {
            return Ok(found);
        }
        if page.next_page_token.is_empty() {
            return Err(Failure::Usage(format!(
                "{namespace:?} is not a tenant's namespace: it is <plate>-<kind> or <plate>-<kind>-<zone>, or was adopted by an environment that you may see"
            )));
        }
        request.page_token = page.next_page_token;
    }
}

/// `<plate>-<kind>` of `<plate>-<kind>[-<zone>]`.
fn environment_of(namespace: &str) -> Option<String> {
    let mut parts = namespace.split('-');
    let (plate, kind, zone) = (parts.next()?, parts.next()?, parts.next());
    let known = berth_crds::environment::EnvironmentKind::ALL.iter().any(|k| k.suffix() == kind);
    let zones = ["dmz", "app", "db", "mgmt"];
    let well_formed = parts.next().is_none() && known && !plate.is_empty() && zone.is_none_or(|z| zones.contains(&z));
    well_formed.then(|| format!("{plate}-{kind}"))
}

/// Decisions that made the ground; empty for a direct edit, or when the caller may not read the papers.
async fn decisions(session: &Session, basis: Option<&pb::Basis>) -> Result<Vec<pb::Decision>> {
    let Some(basis) = basis.filter(|basis| !basis.onboarding.is_empty()) else { return Ok(Vec::new()) };
    let request = pb::ListDecisionsRequest { parent: basis.onboarding.clone(), page_size: 500, ..Default::default() };
    let client = &session.client.onboardings;
    match call("listing decisions", async || client.clone().list_decisions(request.clone()).await).await {
        Ok(list) => Ok(list.decisions.into_iter().filter(|d| basis.decision_uids.contains(&d.uid)).collect()),
        Err(failure) if failure.exit() == Exit::NotAllowed => {
            eprintln!("you may not read the papers of {}", basis.onboarding);
            Ok(Vec::new())
        }
        Err(failure) => Err(failure),
    }
}

fn table(
    namespace: &str,
    environment: &pb::Environment,
    tenant: &pb::Tenant,
    agency: &pb::Agency,
    decisions: &[pb::Decision],
) -> Result<()> {
    let title = |text: &Option<pb::Bilingual>| text.clone().unwrap_or_default().vi;
    let basis = environment.basis.clone().unwrap_or_default();
    let row = |key: &str, value: String| vec![key.to_owned(), value];
    let mut rows = vec![
        row("namespace", namespace.to_owned()),
        row("environment", id(&environment.name)),
        row("system", format!("{} {}", tenant.code, title(&tenant.display_name))),
        row("agency", format!("{} {}", id(&agency.name), title(&agency.display_name))),
        row("level", tenant.level.to_string()),
        row("since", instant(environment.create_time.as_ref())),
        row("prefix", environment.prefix.clone()),
    ];
    match basis.onboarding.as_str() {
        "" => rows.push(row("basis", format!("direct edit: {}", basis.reason))),
        onboarding => rows.push(row("onboarding", format!("{onboarding} (revision {})", basis.revision))),
    }
    for decision in decisions {
        let by = decision.by.clone().unwrap_or_default().username;
        let at = instant(decision.create_time.as_ref());
        rows.push(row("decision", format!("{} {:?} by {by} at {at}", id(&decision.name), decision.verdict())));
    }
    if decisions.is_empty() && !basis.onboarding.is_empty() {
        rows.push(row("decision", basis.decision_uids.join(", ")));
    }
    let width = rows.iter().map(|row| row[0].len()).max().unwrap_or(0);
    rows.iter().try_for_each(|row| output::line(&format!("{:width$}  {}", row[0], row[1])))
}

fn value(
    namespace: &str,
    environment: &pb::Environment,
    tenant: &pb::Tenant,
    agency: &pb::Agency,
    decisions: &[pb::Decision],
) -> Result<Value> {
    let unwritable = || Failure::Local("cannot write a decision as JSON".into());
    let decisions =
        decisions.iter().map(|d| to_json("Decision", d).ok_or_else(unwritable)).collect::<Result<Vec<_>>>()?;
    Ok(json!({
        "namespace": namespace,
        "environment": output::json_of(environment)?,
        "tenant": output::json_of(tenant)?,
        "agency": output::json_of(agency)?,
        "decisions": decisions,
    }))
}

fn instant(at: Option<&prost_types::Timestamp>) -> String {
    at.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_names_its_environment() {
        assert_eq!(environment_of("abcdef-prod").as_deref(), Some("abcdef-prod"));
        assert_eq!(environment_of("abcdef-prod-db").as_deref(), Some("abcdef-prod"));
        for other in ["kube-system", "agency-ag-62", "abcdef-prod-db-x", "default", "abcdef-prod-zone"] {
            assert_eq!(environment_of(other), None, "{other}");
        }
    }
}
