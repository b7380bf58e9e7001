//! ConnectionService.

use berth_crds::decision::Effect;
use berth_crds::{Connection, Decision, DecisionSpec, Reason, common::UidRef, decision::DecisionVerdict, names};
use kube::{Api, Client, ResourceExt as _, api::ListParams};
use tonic::{Request, Response, Status};

use super::{decide::retried, papers::Papers, reach};
use crate::{
    access::caller,
    convert::connection::message,
    door::Door,
    identity::Caller,
    name,
    page::Page,
    problem::{As, Problem, Result, Thing, correlation_id, from_kube},
    proto::v1::{self as pb, connection_service_server::ConnectionService},
    read::{self, Findings},
};

/// The service.
#[derive(Clone)]
pub struct Connections {
    door: Door,
}

impl Connections {
    /// Serves through the door.
    pub fn new(door: Door) -> Self {
        Self { door }
    }

    async fn papers(&self, caller: &Caller, given: &str) -> Result<(Papers, String)> {
        let mut findings = Findings::default();
        let [agency, id] = read::connection::connection_name(&mut findings, "name", given);
        let (agency, id) = findings.or((agency, id))?;
        let agency = self.door.registers().agency_id(&agency).await?;
        Ok((Papers::open(&self.door, caller, &agency)?, id))
    }

    async fn create(&self, caller: &Caller, request: pb::CreateConnectionRequest) -> Result<pb::Connection> {
        let mut findings = Findings::default();
        read::request_id(&mut findings, &request.request_id);
        let given = read::spec::reference(&mut findings, "parent", &request.parent, "agencies").name;
        let asked = request.connection.as_ref().and_then(|connection| connection.spec.as_ref());
        let Some(asked) = asked else {
            findings.missing("connection.spec", "say what you ask for");
            return findings.or(pb::Connection::default());
        };
        let spec = read::connection::spec(&mut findings, asked, &request.request_id, &self.door.clock);
        let spec = findings.or(spec)?;
        let agency = self.door.registers().agency_id(&given).await?;
        let request_id = spec.request_id.clone().unwrap_or_else(|| correlation_id() + &correlation_id());
        let id = names::connection(&agency, &caller.username, &request_id);
        let papers = Papers::open(&self.door, caller, &agency)?;
        match papers.create_connection(&id, &spec, request.validate_only).await {
            Ok(created) => Ok(message(&created)),
            Err(Problem::Exists { .. }) => {
                let found = papers.connection(&id).await?;
                let mut same = found.spec.clone();
                same.requester = spec.requester.clone();
                let name = name::connection(&papers.namespace, &id);
                match same == spec {
                    true => Ok(message(&found)),
                    false => Err(Problem::Exists {
                        reason: Reason::RequestIdReused,
                        message: format!(
                            "request_id was used for {name}, which asks for something else: choose a new request_id"
                        ),
                        thing: Thing::new("Connection", name),
                    }),
                }
            }
            Err(problem) => Err(problem),
        }
    }

    async fn list(&self, caller: &Caller, request: pb::ListConnectionsRequest) -> Result<pb::ListConnectionsResponse> {
        let page = Page::read(request.page_size, &request.page_token, &format!("connections {}", request.parent))?;
        let found = match name::ids::<1>(&request.parent, "agencies/*") {
            Some(["-"]) => readable(&self.door, caller).await?,
            Some([agency]) => {
                let agency = self.door.registers().agency_id(agency).await?;
                within(&self.door.as_caller(caller)?, &names::agency_namespace(&agency)).await?
            }
            None => {
                let what = format!(
                    "{} is not a name like agencies/ag-62, or agencies/- for all",
                    read::shown(&request.parent)
                );
                return Err(Problem::field("parent", what));
            }
        };
        let (found, next_page_token) = page.cut(found, key);
        Ok(pb::ListConnectionsResponse { connections: found.iter().map(message).collect(), next_page_token })
    }

    async fn decide(&self, caller: &Caller, request: pb::DecideConnectionRequest) -> Result<pb::Connection> {
        let mut findings = Findings::default();
        let mut spec = read::connection::decision(&mut findings, &request);
        findings.or(())?;
        let (papers, id) = self.papers(caller, &request.name).await?;
        let connection = papers.connection(&id).await?;
        let uid = connection.uid().unwrap_or_default();
        if !request.uid.is_empty() && request.uid != uid {
            let what = format!("{:?} is not the uid of this paper, {uid}: read it again", request.uid);
            return Err(Problem::field("uid", what));
        }
        spec.connection_ref = Some(UidRef { name: id.clone(), uid });
        let existing = papers.decisions_on(&id).await?;
        let thing = Thing::new("Connection", name::connection(&papers.namespace, &id));
        if retried(existing.iter(), caller, &spec, &thing)? {
            return Ok(message(&connection));
        }
        possible(&connection, &existing, &spec, &papers.namespace)?;
        let numbers = existing.iter().filter(|d| d.spec.role == spec.role);
        let highest =
            numbers.filter_map(|d| names::parse_decision(d.metadata.name.as_deref()?).map(|(_, _, n)| n)).max();
        let decision = names::decision(&id, spec.role.as_str(), highest.unwrap_or(0) + 1);
        papers.create_decision(&decision, &spec, request.validate_only).await?;
        Ok(message(&papers.connection(&id).await?))
    }
}

/// Says at once what the operator would void later.
fn possible(connection: &Connection, existing: &[Decision], act: &DecisionSpec, namespace: &str) -> Result<()> {
    let name = name::connection(namespace, &connection.name_any());
    let refused = |reason, what: &str| {
        let thing = Thing::new("Connection", name.clone());
        Err(Problem::Refused { reason, message: format!("{name}: {what}"), thing })
    };
    let status = connection.status.clone().unwrap_or_default();
    if status.closed.is_some() {
        return refused(Reason::Closed, "it is closed for good: ask for a new one");
    }
    if act.verdict == DecisionVerdict::Consent && connection.spec.counterpart_of.is_none() {
        return refused(Reason::PermissionDenied, "the other owner consents to its own copy of it");
    }
    let standing = |d: &&Decision| d.status.as_ref().and_then(|s| s.effect) != Some(Effect::Void);
    let same = existing.iter().filter(standing).any(|d| d.spec.role == act.role && d.spec.verdict == act.verdict);
    let once = act.verdict != DecisionVerdict::Close;
    if once && (same || (status.outcome.is_some() && act.verdict != DecisionVerdict::Consent)) {
        return refused(Reason::AlreadyDecided, "it is decided already");
    }
    Ok(())
}

/// Every Connection that the caller may read, in order of [`key`].
pub(super) async fn readable(door: &Door, caller: &Caller) -> Result<Vec<Connection>> {
    let client = door.as_caller(caller)?;
    let everywhere = Api::<Connection>::all(client.clone()).list(&ListParams::default()).await;
    let everywhere = everywhere.map_err(|e| from_kube(e, As::Caller, "list", Thing::new("Connection", "agencies/-")));
    let mut found = match everywhere {
        Ok(list) => list.items,
        Err(Problem::NotAllowed { .. }) => {
            let mut found = Vec::new();
            for agency in door.registers().acts_for(caller).await? {
                match within(&client, &names::agency_namespace(&agency)).await {
                    Ok(part) => found.extend(part),
                    // The register names a member whose rights are not bound yet.
                    Err(Problem::NotAllowed { .. }) => {}
                    Err(problem) => return Err(problem),
                }
            }
            found
        }
        Err(problem) => return Err(problem),
    };
    found.sort_by_key(key);
    Ok(found)
}

async fn within(client: &Client, namespace: &str) -> Result<Vec<Connection>> {
    let list = Api::<Connection>::namespaced(client.clone(), namespace).list(&ListParams::default()).await;
    let thing = Thing::new("Connection", name::connection(namespace, "-"));
    let mut found = list.map_err(|e| from_kube(e, As::Caller, "list", thing))?.items;
    found.sort_by_key(key);
    Ok(found)
}

fn key(connection: &Connection) -> String {
    format!("{} {}", connection.namespace().unwrap_or_default(), connection.name_any())
}

#[tonic::async_trait]
impl ConnectionService for Connections {
    async fn create_connection(
        &self,
        r: Request<pb::CreateConnectionRequest>,
    ) -> Result<Response<pb::Connection>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.create(&caller, r.into_inner()).await?))
    }

    async fn get_connection(&self, r: Request<pb::GetConnectionRequest>) -> Result<Response<pb::Connection>, Status> {
        let (papers, id) = self.papers(&caller(&r)?, &r.get_ref().name).await?;
        Ok(Response::new(message(&papers.connection(&id).await?)))
    }

    async fn list_connections(
        &self,
        r: Request<pb::ListConnectionsRequest>,
    ) -> Result<Response<pb::ListConnectionsResponse>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.list(&caller, r.into_inner()).await?))
    }

    async fn decide_connection(
        &self,
        r: Request<pb::DecideConnectionRequest>,
    ) -> Result<Response<pb::Connection>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.decide(&caller, r.into_inner()).await?))
    }

    async fn check_reach(&self, r: Request<pb::CheckReachRequest>) -> Result<Response<pb::Reach>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(reach::reach(&self.door, &caller, r.into_inner()).await?))
    }
}
