//! TenantService.

use berth_crds::Tenant;
use kube::ResourceExt as _;
use tonic::{Request, Response, Status};

use crate::{
    access::caller,
    convert::{
        in_order,
        tenant::{message, message_as_of},
    },
    door::Door,
    identity::Caller,
    name,
    page::Page,
    problem::{Problem, Result, Thing},
    proto::v1::{self as pb, tenant_service_server::TenantService},
    read::{self, Findings, day, spec::reference},
    registers::{Registers, Sight},
};

/// The service.
#[derive(Clone)]
pub struct Tenants {
    door: Door,
}

impl Tenants {
    /// Serves through the door.
    pub fn new(door: Door) -> Self {
        Self { door }
    }

    async fn get(&self, caller: &Caller, request: &pb::GetTenantRequest) -> Result<pb::Tenant> {
        let mut findings = Findings::default();
        let id = reference(&mut findings, "name", &request.name, "tenants").name;
        let day = day(&mut findings, &request.as_of);
        let id = findings.or(id)?;
        let found = self.door.registers().tenant(caller, &id).await?;
        let found = found.ok_or_else(|| Problem::NotFound(Thing::new("Tenant", name::tenant(&id))))?;
        Ok(day.map_or_else(|| message(&found), |day| message_as_of(&found, day)))
    }

    async fn list(&self, caller: &Caller, request: pb::ListTenantsRequest) -> Result<pb::ListTenantsResponse> {
        let pb::ListTenantsRequest { agency, query, .. } = &request;
        let page = Page::read(request.page_size, &request.page_token, &format!("tenants {agency} {query}"))?;
        let mut findings = Findings::default();
        let query = read::query(&mut findings, query);
        let query = findings.or(query)?;
        let registers = self.door.registers();
        let agency = agency_filter(&registers, agency).await?;
        let mut all = visible(&registers, caller, agency).await?;
        let Some(query) = query else {
            let (found, next_page_token) = page.cut(all, |t| t.name_any());
            return Ok(pb::ListTenantsResponse { tenants: found.iter().map(message).collect(), next_page_token });
        };
        all.retain(|tenant| query.finds_tenant(tenant));
        let found = in_order(all.iter().map(message).collect(), |t: &pb::Tenant| (t.display_name.as_ref(), &t.name));
        let (tenants, next_page_token) = page.cut_in_order(found, |t| t.name.clone())?;
        Ok(pb::ListTenantsResponse { tenants, next_page_token })
    }
}

/// The id of the agency that a list is reduced to.
pub async fn agency_filter(registers: &Registers, given: &str) -> Result<Option<String>> {
    if given.is_empty() {
        return Ok(None);
    }
    let mut findings = Findings::default();
    let id = reference(&mut findings, "agency", given, "agencies").name;
    Ok(Some(registers.agency_id(&findings.or(id)?).await?))
}

/// Tenants that the caller may see, of one agency or of all, by name.
pub async fn visible(registers: &Registers, caller: &Caller, agency: Option<String>) -> Result<Vec<Tenant>> {
    let sight = registers.sight(caller).await?;
    let only = match (&sight, agency) {
        (_, Some(id)) => Some(id),
        (Sight::Agencies(ids), None) if ids.len() == 1 => ids.first().cloned(),
        (Sight::Agencies(ids), None) if ids.is_empty() => return Ok(Vec::new()),
        _ => None,
    };
    let mut tenants = registers.all::<Tenant>(only.map(|id| format!("spec.agencyRef.name={id}"))).await?;
    tenants.retain(|tenant| sight.covers(&tenant.spec.agency_ref.name));
    Ok(tenants)
}

#[tonic::async_trait]
impl TenantService for Tenants {
    async fn get_tenant(&self, r: Request<pb::GetTenantRequest>) -> Result<Response<pb::Tenant>, Status> {
        Ok(Response::new(self.get(&caller(&r)?, r.get_ref()).await?))
    }

    async fn list_tenants(
        &self,
        r: Request<pb::ListTenantsRequest>,
    ) -> Result<Response<pb::ListTenantsResponse>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.list(&caller, r.into_inner()).await?))
    }
}
