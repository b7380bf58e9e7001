//! Who may call what: one table with every RPC, and the one place where callers become known.

use std::{sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, header::AUTHORIZATION};
use http_body_util::BodyExt as _;
use tokio::sync::watch;
use tonic::Status;

use crate::{
    arrival::Arrival,
    crowd::Place,
    identity::{Authenticator, Caller, Certificate},
    problem::{Problem, Result},
    turnstile::Turnstile,
};

/// How an RPC is decided, once the caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// By the API server: the door acts as the caller on papers, so RBAC and policies decide as for kubectl.
    AsCaller,
    /// By the registers: an agency's people see what belongs to their agencies, the province's roles see all.
    BySight,
    /// Everybody who is known.
    Known,
}

/// What a group of callers may do with an RPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Everywhere.
    All,
    /// For the agencies that they act for.
    Own,
    /// Nowhere.
    No,
}

/// Roles of the table's columns, in order.
pub const ROLES: [&str; 9] = [
    "requester",
    "reader",
    "approver",
    "appraiser",
    "network",
    "governing-body",
    "auditor",
    "platform-operator",
    "stranger",
];

/// One row: the RPC, how it is decided, and what follows for each role as the chart binds it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Path of the method.
    pub path: &'static str,
    /// How it is decided.
    pub rule: Rule,
    /// What follows, in the order of [`ROLES`].
    pub may: [May; 9],
}

const fn row(path: &'static str, rule: Rule, may: [May; 9]) -> Row {
    Row { path, rule, may }
}

use May::{All, No, Own};
use Rule::{AsCaller, BySight, Known};

const ASK: [May; 9] = [Own, No, No, No, No, No, No, No, No];
const READ: [May; 9] = [Own, Own, All, All, All, All, All, All, No];
const AUDIT: [May; 9] = [Own, Own, No, No, No, No, All, All, No];
const PROVINCE: [May; 9] = [No, No, All, All, All, All, All, All, No];
const OUTSIDE: [May; 9] = [No, No, No, No, All, No, No, All, No];
const VERIFY: [May; 9] = [No, No, No, No, No, No, All, All, No];
const SIGN: [May; 9] = [No, No, All, All, All, All, No, No, No];
/// Owners consent and close; the network unit decides.
const CONNECT: [May; 9] = [Own, No, No, No, All, No, No, No, No];
const EVERYBODY: [May; 9] = [All; 9];

/// Every RPC of `berth.v1`. An RPC that is missing here is refused, and a test fails.
pub const TABLE: &[Row] = &[
    row("/berth.v1.OnboardingService/CreateOnboarding", AsCaller, ASK),
    row("/berth.v1.OnboardingService/GetOnboarding", AsCaller, READ),
    row("/berth.v1.OnboardingService/ListOnboardings", AsCaller, READ),
    row("/berth.v1.OnboardingService/WatchOnboarding", AsCaller, READ),
    row("/berth.v1.OnboardingService/ApproveOnboarding", AsCaller, SIGN),
    row("/berth.v1.OnboardingService/RejectOnboarding", AsCaller, SIGN),
    row("/berth.v1.OnboardingService/ReturnOnboarding", AsCaller, SIGN),
    row("/berth.v1.OnboardingService/CorrectOnboarding", AsCaller, ASK),
    row("/berth.v1.OnboardingService/CheckOnboarding", AsCaller, READ),
    row("/berth.v1.OnboardingService/WithdrawOnboarding", AsCaller, ASK),
    row("/berth.v1.OnboardingService/ReconcileOnboarding", AsCaller, ASK),
    row("/berth.v1.OnboardingService/GetDecision", AsCaller, READ),
    row("/berth.v1.OnboardingService/ListDecisions", AsCaller, READ),
    row("/berth.v1.ConnectionService/CreateConnection", AsCaller, ASK),
    row("/berth.v1.ConnectionService/GetConnection", AsCaller, READ),
    row("/berth.v1.ConnectionService/ListConnections", AsCaller, READ),
    row("/berth.v1.ConnectionService/DecideConnection", AsCaller, CONNECT),
    row("/berth.v1.ConnectionService/CheckReach", BySight, READ),
    row("/berth.v1.TenantService/GetTenant", BySight, READ),
    row("/berth.v1.TenantService/ListTenants", BySight, READ),
    row("/berth.v1.EnvironmentService/GetEnvironment", BySight, READ),
    row("/berth.v1.EnvironmentService/ListEnvironments", BySight, READ),
    row("/berth.v1.EnvironmentService/WatchEnvironment", BySight, READ),
    row("/berth.v1.EnvironmentService/GetKubeconfig", BySight, READ),
    row("/berth.v1.EnvironmentService/InterveneEnvironment", AsCaller, OUTSIDE),
    row("/berth.v1.CatalogService/GetAgency", Known, EVERYBODY),
    row("/berth.v1.CatalogService/ListAgencies", Known, EVERYBODY),
    row("/berth.v1.CatalogService/GetClass", Known, EVERYBODY),
    row("/berth.v1.CatalogService/ListClasses", Known, EVERYBODY),
    row("/berth.v1.CatalogService/GetProfile", Known, EVERYBODY),
    row("/berth.v1.CatalogService/ListProfiles", Known, EVERYBODY),
    row("/berth.v1.AuditService/ListAuditEntries", BySight, AUDIT),
    row("/berth.v1.AuditService/ListAuditRecords", BySight, VERIFY),
    row("/berth.v1.AddressService/GetAddressPlan", BySight, READ),
    row("/berth.v1.AddressService/WhoisAddress", BySight, READ),
    row("/berth.v1.AddressService/ExportAddresses", BySight, READ),
    row("/berth.v1.AddressService/AcknowledgeExport", AsCaller, OUTSIDE),
    row("/berth.v1.AddressService/JustifyAddresses", BySight, PROVINCE),
    row("/berth.v1.ReportService/GetDemand", AsCaller, READ),
    row("/berth.v1.ReportService/GetSecurityReport", AsCaller, READ),
    row("/berth.v1.ReportService/ListSimilarSystems", BySight, PROVINCE),
];

/// What the guard asks.
pub struct Gate {
    /// Makes callers known.
    pub authenticator: Authenticator,
    /// Counts calls and failures.
    pub turnstile: Turnstile,
    /// Becomes true when the server ends.
    pub closing: watch::Receiver<bool>,
}

impl Gate {
    /// Who asks. A peer that failed too often waits, except with a token that is known already or with a certificate.
    pub async fn known(&self, headers: &HeaderMap, arrival: Option<&Arrival>) -> Result<Caller> {
        let Some(arrival) = arrival else {
            return Err(Problem::bug("finding the peer", &"the listener did not say who it is"));
        };
        let certificate = arrival.certificate.as_deref();
        if let Some(caller) = self.authenticator.remembered(headers, certificate) {
            return Ok(caller);
        }
        self.turnstile.may_try(arrival.peer, Instant::now())?;
        let caller = self.authenticator.caller(headers, certificate).await;
        if matches!(caller, Err(Problem::UnknownCaller(_))) {
            self.turnstile.failed(arrival.peer, Instant::now());
        }
        caller
    }
}

/// What a call that lasts needs: whether its caller is still known, and whether the server ends.
#[derive(Clone)]
pub struct Ticket {
    gate: Arc<Gate>,
    authorization: HeaderMap,
    certificate: Option<Arc<Certificate>>,
}

impl Ticket {
    /// Asks again who it is: a token that expired or was revoked ends a watch, and so does the end of a certificate.
    pub async fn still_known(&self) -> Result<()> {
        self.gate.authenticator.caller(&self.authorization, self.certificate.as_deref()).await.map(drop)
    }

    /// Returns when the server ends.
    pub async fn closing(&self) {
        // A sender that is gone is a server that is gone.
        self.gate.closing.clone().wait_for(|closing| *closing).await.ok();
    }
}

/// Makes the caller known before anything is decoded; every method of `berth.v1` passes here.
pub async fn guard(State(gate): State<Arc<Gate>>, mut request: Request<Body>, next: Next) -> Response {
    if !TABLE.iter().any(|row| row.path == request.uri().path()) {
        return answer(Problem::NotSupported(format!("there is no method {}", request.uri().path())));
    }
    let place = match enter(&gate, &mut request).await {
        Ok(place) => place,
        Err(problem) => return answer(problem),
    };
    // The place is held until the last message is out, or the caller is gone.
    next.run(request).await.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held = &place;
            frame
        }))
    })
}

/// Finds the caller and takes its place.
async fn enter(gate: &Arc<Gate>, request: &mut Request<Body>) -> Result<Place<String>> {
    let arrival = request.extensions().get::<Arrival>();
    let caller = gate.known(request.headers(), arrival).await?;
    let certificate = arrival.and_then(|arrival| arrival.certificate.clone());
    let place = gate.turnstile.call(&caller.username, request.uri().path(), Instant::now())?;
    let sent = request.headers().get(AUTHORIZATION).cloned();
    let authorization = sent.into_iter().map(|value| (AUTHORIZATION, value)).collect();
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(Ticket { gate: gate.clone(), authorization, certificate });
    Ok(place)
}

fn answer(problem: Problem) -> Response {
    Status::from(problem).into_http()
}

/// The caller that [`guard`] made known.
pub fn caller<T>(request: &tonic::Request<T>) -> Result<Caller> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| Problem::bug("finding the caller", &"the guard did not run"))
}

/// The ticket that [`guard`] gave.
pub fn ticket<T>(request: &tonic::Request<T>) -> Result<Ticket> {
    let ticket = request.extensions().get::<Ticket>().cloned();
    ticket.ok_or_else(|| Problem::bug("finding the ticket", &"the guard did not run"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::pool;

    #[test]
    fn every_rpc_stands_in_the_table_once() {
        let services = pool().services().filter(|s| s.full_name().starts_with("berth.v1."));
        let mut rpcs: Vec<_> = services
            .flat_map(|s| s.methods().map(|m| format!("/{}/{}", s.full_name(), m.name())).collect::<Vec<_>>())
            .collect();
        let mut table: Vec<_> = TABLE.iter().map(|row| row.path.to_owned()).collect();
        rpcs.sort();
        table.sort();
        assert_eq!(rpcs, table);
    }

    #[test]
    fn a_stranger_may_only_read_the_catalogue() {
        for row in TABLE {
            let expected = if row.rule == Known { All } else { No };
            assert_eq!(*row.may.last().unwrap(), expected, "{}", row.path);
        }
    }
}
