//! CatalogService: readable by everybody who is known.

use berth_crds::{Agency, EnvironmentClass, PolicyProfile};
use kube::ResourceExt as _;
use tonic::{Request, Response, Status};

use crate::{
    access::caller,
    convert::{catalog as convert, in_order},
    door::Door,
    name,
    page::Page,
    problem::{Problem, Result, Thing},
    proto::v1::{self as pb, catalog_service_server::CatalogService},
    read::{self, Findings, spec::reference},
};

/// The service.
#[derive(Clone)]
pub struct Catalog {
    door: Door,
}

impl Catalog {
    /// Serves through the door.
    pub fn new(door: Door) -> Self {
        Self { door }
    }

    fn today(&self) -> String {
        self.door.clock.today().to_string()
    }
}

fn id(given: &str, collection: &str) -> Result<String> {
    let mut findings = Findings::default();
    let id = reference(&mut findings, "name", given, collection).name;
    findings.or(id)
}

fn or_missing<T>(found: Option<T>, kind: &'static str, name: String) -> Result<T> {
    found.ok_or_else(|| Problem::NotFound(Thing::new(kind, name)))
}

#[tonic::async_trait]
impl CatalogService for Catalog {
    async fn get_agency(&self, r: Request<pb::GetAgencyRequest>) -> Result<Response<pb::Agency>, Status> {
        let (caller, id) = (caller(&r)?, id(&r.get_ref().name, "agencies")?);
        let mut findings = Findings::default();
        let day = read::day(&mut findings, &r.get_ref().as_of);
        let past = findings.or(day)?;
        let day = past.unwrap_or_else(|| self.door.clock.today()).to_string();
        let found = or_missing(self.door.registers().agency(&id).await?, "Agency", name::agency(&id))?;
        // The catalogue is everybody's, a person's telephone is not.
        let may = past.is_none() && (caller.sees_all() || caller.acts_for(&found));
        let contact = convert::contact(&found).filter(|_| may);
        Ok(Response::new(pb::Agency { contact, ..convert::agency(&found, &day) }))
    }

    async fn list_agencies(
        &self,
        r: Request<pb::ListAgenciesRequest>,
    ) -> Result<Response<pb::ListAgenciesResponse>, Status> {
        let pb::ListAgenciesRequest { page_size, page_token, query } = r.get_ref();
        let page = Page::read(*page_size, page_token, &format!("agencies {query}"))?;
        let mut findings = Findings::default();
        let query = read::query(&mut findings, query);
        let query = findings.or(query)?;
        let mut all = self.door.registers().all::<Agency>(None).await?;
        let Some(query) = query else {
            let (found, next_page_token) = page.cut(all, |a| a.name_any());
            let agencies = found.iter().map(|a| convert::agency(a, &self.today())).collect();
            return Ok(Response::new(pb::ListAgenciesResponse { agencies, next_page_token }));
        };
        all.retain(|agency| query.finds_agency(agency));
        let found = all.iter().map(|a| convert::agency(a, &self.today())).collect();
        let found = in_order(found, |a: &pb::Agency| (a.display_name.as_ref(), &a.name));
        let (agencies, next_page_token) = page.cut_in_order(found, |a| a.name.clone())?;
        Ok(Response::new(pb::ListAgenciesResponse { agencies, next_page_token }))
    }

    async fn get_class(&self, r: Request<pb::GetClassRequest>) -> Result<Response<pb::EnvironmentClass>, Status> {
        let id = id(&r.get_ref().name, "classes")?;
        let registers = self.door.registers();
        let found = or_missing(registers.class(&id).await?, "EnvironmentClass", name::class(&id))?;
        Ok(Response::new(convert::class(&found, &registers.sites().await?)))
    }

    async fn list_classes(
        &self,
        r: Request<pb::ListClassesRequest>,
    ) -> Result<Response<pb::ListClassesResponse>, Status> {
        let page = Page::read(r.get_ref().page_size, &r.get_ref().page_token, "classes")?;
        let registers = self.door.registers();
        let (all, sites) = futures::try_join!(registers.all::<EnvironmentClass>(None), registers.sites())?;
        let (found, next_page_token) = page.cut(all, |c| c.name_any());
        let classes = found.iter().map(|c| convert::class(c, &sites)).collect();
        Ok(Response::new(pb::ListClassesResponse { classes, next_page_token }))
    }

    async fn get_profile(&self, r: Request<pb::GetProfileRequest>) -> Result<Response<pb::PolicyProfile>, Status> {
        let id = id(&r.get_ref().name, "profiles")?;
        let found = or_missing(self.door.registers().profile(&id).await?, "PolicyProfile", name::profile(&id))?;
        Ok(Response::new(convert::profile(&found, &self.today())))
    }

    async fn list_profiles(
        &self,
        r: Request<pb::ListProfilesRequest>,
    ) -> Result<Response<pb::ListProfilesResponse>, Status> {
        let page = Page::read(r.get_ref().page_size, &r.get_ref().page_token, "profiles")?;
        let all = self.door.registers().all::<PolicyProfile>(None).await?;
        let (found, next_page_token) = page.cut(all, |p| p.name_any());
        let profiles = found.iter().map(|p| convert::profile(p, &self.today())).collect();
        Ok(Response::new(pb::ListProfilesResponse { profiles, next_page_token }))
    }
}
