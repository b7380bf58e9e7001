//! EnvironmentService.

use std::collections::BTreeSet;

use berth_crds::Environment;
use berth_plan::ipv4::{self, Standing};
use futures::StreamExt as _;
use kube::ResourceExt as _;
use tonic::{Request, Response, Status};

use super::{
    intervene, kubeconfig,
    tenant::{agency_filter, visible},
    watch::{Changes, Messages, Watched, watch},
};
use crate::{
    access::{caller, ticket},
    convert::{address as convert, environment::message},
    door::Door,
    identity::Caller,
    name,
    page::Page,
    problem::{Problem, Result, Thing},
    proto::v1::{self as pb, environment_service_server::EnvironmentService},
    read::{Findings, spec::reference},
};

/// The service.
#[derive(Clone)]
pub struct Environments {
    door: Door,
}

impl Environments {
    /// Serves through the door.
    pub fn new(door: Door) -> Self {
        Self { door }
    }

    async fn get(&self, caller: &Caller, given: &str) -> Result<Environment> {
        let mut findings = Findings::default();
        let id = reference(&mut findings, "name", given, "environments").name;
        let id = findings.or(id)?;
        match self.door.registers().environment(caller, &id).await? {
            Some((environment, _)) => Ok(environment),
            None => Err(Problem::NotFound(Thing::new("Environment", name::environment(&id)))),
        }
    }

    async fn list(
        &self,
        caller: &Caller,
        request: pb::ListEnvironmentsRequest,
    ) -> Result<pb::ListEnvironmentsResponse> {
        let arguments = format!("environments {} {} {}", request.agency, request.tenant, request.ipv4_only);
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let mut findings = Findings::default();
        let tenant = match request.tenant.as_str() {
            "" => None,
            given => Some(reference(&mut findings, "tenant", given, "tenants").name),
        };
        let tenant = findings.or(tenant)?;
        let registers = self.door.registers();
        let agency = agency_filter(&registers, &request.agency).await?;
        let whole = caller.sees_all() && agency.is_none();
        let selector = tenant.map(|id| format!("spec.tenantRef.name={id}"));
        let mut environments = registers.all::<Environment>(selector).await?;
        if !whole {
            // The tenant's owner decides, not the copy in the environment's status.
            let tenants = visible(&registers, caller, agency).await?;
            let ids: BTreeSet<_> = tenants.iter().map(|tenant| tenant.name_any()).collect();
            environments.retain(|environment| ids.contains(&environment.spec.tenant_ref.name));
        }
        let today = self.door.clock.today();
        let counted = ipv4::count(&environments, today);
        if let Some(wanted) = standing(request.ipv4_only()) {
            environments.retain(|environment| ipv4::standing(environment, today) == Some(wanted));
        }
        let (found, next_page_token) = page.cut(environments, |e| e.name_any());
        let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        Ok(pb::ListEnvironmentsResponse {
            environments: found.iter().map(message).collect(),
            next_page_token,
            ipv4_exceptions: Some(pb::Ipv4Exceptions { open: number(counted.open), over: number(counted.over) }),
        })
    }

    async fn kubeconfig(&self, caller: &Caller, request: pb::GetKubeconfigRequest) -> Result<pb::Kubeconfig> {
        let environment = self.get(caller, &request.name).await?;
        kubeconfig::kubeconfig(self.door.cluster.as_deref(), &environment, &request.token_file)
    }
}

/// The exceptions that a list is reduced to.
fn standing(asked: pb::list_environments_request::Ipv4Only) -> Option<Standing> {
    match asked {
        pb::list_environments_request::Ipv4Only::Unspecified => None,
        pb::list_environments_request::Ipv4Only::Open => Some(Standing::Open),
        pb::list_environments_request::Ipv4Only::Over => Some(Standing::Over),
    }
}

struct WatchedEnvironment {
    service: Environments,
    caller: Caller,
    name: String,
}

impl Watched for WatchedEnvironment {
    type Noun = Environment;
    type Message = pb::Environment;

    async fn get(&self) -> Result<Environment> {
        self.service.get(&self.caller, &self.name).await
    }

    async fn changes(&self, version: &str) -> Result<Changes<Environment>> {
        let id = self.name.strip_prefix("environments/").unwrap_or_default();
        Ok(self.service.door.registers().watch_environment(id, version).await?.boxed())
    }

    async fn message(&self, noun: Environment) -> pb::Environment {
        message(&noun)
    }

    fn thing(&self) -> Thing {
        Thing::new("Environment", self.name.clone())
    }
}

#[tonic::async_trait]
impl EnvironmentService for Environments {
    type WatchEnvironmentStream = Messages<pb::Environment>;

    async fn get_environment(
        &self,
        r: Request<pb::GetEnvironmentRequest>,
    ) -> Result<Response<pb::Environment>, Status> {
        let environment = self.get(&caller(&r)?, &r.get_ref().name).await?;
        let plan = self.door.registers().address_plan().await?;
        let assignments = convert::assigned_to(plan.as_ref(), &environment, self.door.clock.today());
        Ok(Response::new(pb::Environment { assignments, ..message(&environment) }))
    }

    async fn list_environments(
        &self,
        r: Request<pb::ListEnvironmentsRequest>,
    ) -> Result<Response<pb::ListEnvironmentsResponse>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.list(&caller, r.into_inner()).await?))
    }

    async fn watch_environment(
        &self,
        r: Request<pb::WatchEnvironmentRequest>,
    ) -> Result<Response<Self::WatchEnvironmentStream>, Status> {
        let (caller, ticket) = (caller(&r)?, ticket(&r)?);
        let watched = WatchedEnvironment { service: self.clone(), caller, name: r.into_inner().name };
        Ok(Response::new(watch(watched, ticket).await?))
    }

    async fn get_kubeconfig(&self, r: Request<pb::GetKubeconfigRequest>) -> Result<Response<pb::Kubeconfig>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.kubeconfig(&caller, r.into_inner()).await?))
    }

    async fn intervene_environment(
        &self,
        r: Request<pb::InterveneEnvironmentRequest>,
    ) -> Result<Response<pb::Intervention>, Status> {
        let (caller, request) = (caller(&r)?, r.into_inner());
        let environment = self.get(&caller, &request.name).await?;
        Ok(Response::new(intervene::intervene(&self.door, &caller, &environment, request).await?))
    }
}
