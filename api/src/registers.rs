//! The registers: read with the door's own rights, filtered by what the caller may see.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Arc,
};

use berth_crds::{
    AddressPlan, Agency, Environment, EnvironmentClass, PolicyProfile, Site, Tenant,
    agency::{DatedText, DayRange},
    labels,
};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    api::{ListParams, WatchParams},
    core::WatchEvent,
};
use serde::de::DeserializeOwned;

use crate::{
    clock::Clock,
    identity::Caller,
    name,
    problem::{As, Problem, Result, Thing, from_kube},
};

/// Entries of one request to the API server.
const CHUNK: u32 = 500;

/// What a caller sees of the registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everything.
    Province,
    /// What belongs to these agencies.
    Agencies(BTreeSet<String>),
}

impl Sight {
    /// Whether something of the agency is seen.
    pub fn covers(&self, agency: &str) -> bool {
        match self {
            Self::Province => true,
            Self::Agencies(ids) => ids.contains(agency),
        }
    }
}

/// A reader of the registers.
#[derive(Clone)]
pub struct Registers {
    client: Client,
    clock: Clock,
}

impl Registers {
    /// Reads with the door's own client.
    pub fn new(client: Client, clock: Clock) -> Self {
        Self { client, clock }
    }

    /// One object, or `None`.
    pub async fn get<K>(&self, id: &str) -> Result<Option<K>>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::ClusterResourceScope> + Clone + DeserializeOwned + Debug,
    {
        if id == "-" || !name::is_id(id) {
            return Ok(None);
        }
        let found = Api::<K>::all(self.client.clone()).get_opt(id).await;
        found.map_err(|e| from_kube(e, As::Door, "read", Thing::new("register entry", id)))
    }

    /// Every object of a kind, in order of name.
    pub async fn all<K>(&self, fields: Option<String>) -> Result<Vec<K>>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::ClusterResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let api = Api::<K>::all(self.client.clone());
        let mut params = ListParams { field_selector: fields, limit: Some(CHUNK), ..ListParams::default() };
        let mut found = Vec::new();
        loop {
            let page = api.list(&params).await;
            let page = page.map_err(|e| from_kube(e, As::Door, "list", Thing::new("register", K::kind(&()))))?;
            found.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params.continue_token = Some(token),
                None => return Ok(found),
            }
        }
    }

    /// Changes of one environment after `version`.
    pub async fn watch_environment(
        &self,
        id: &str,
        version: &str,
    ) -> Result<impl futures::Stream<Item = kube::Result<WatchEvent<Environment>>> + Send + use<>> {
        let params = WatchParams::default().fields(&format!("metadata.name={id}"));
        let events = Api::<Environment>::all(self.client.clone()).watch(&params, version).await;
        events.map_err(|e| from_kube(e, As::Door, "watch", Thing::new("Environment", name::environment(id))))
    }

    /// The agency of an id, or of an alias in force today.
    pub async fn agency(&self, given: &str) -> Result<Option<Agency>> {
        if let Some(agency) = self.get::<Agency>(given).await? {
            return Ok(Some(agency));
        }
        let today = self.clock.today().to_string();
        Ok(self.all::<Agency>(None).await?.into_iter().find(|agency| is_called(&agency.spec.aliases, given, &today)))
    }

    /// The agency's id, or a problem that says what to do.
    pub async fn agency_id(&self, given: &str) -> Result<String> {
        match self.agency(given).await? {
            Some(agency) => Ok(agency.metadata.name.unwrap_or_default()),
            None => Err(Problem::NotFound(Thing::new("Agency", name::agency(given)))),
        }
    }

    /// What the caller sees.
    pub async fn sight(&self, caller: &Caller) -> Result<Sight> {
        if caller.sees_all() {
            return Ok(Sight::Province);
        }
        Ok(Sight::Agencies(self.acts_for(caller).await?))
    }

    /// Ids of the agencies that the caller acts for.
    pub async fn acts_for(&self, caller: &Caller) -> Result<BTreeSet<String>> {
        let agencies = self.all::<Agency>(None).await?;
        Ok(agencies.into_iter().filter(|a| caller.acts_for(a)).filter_map(|a| a.metadata.name).collect())
    }

    /// A tenant that the caller may see.
    pub async fn tenant(&self, caller: &Caller, id: &str) -> Result<Option<Tenant>> {
        let Some(tenant) = self.get::<Tenant>(id).await? else { return Ok(None) };
        let seen = caller.sees_all()
            || self.get::<Agency>(&tenant.spec.agency_ref.name).await?.is_some_and(|owner| caller.acts_for(&owner));
        Ok(seen.then_some(tenant))
    }

    /// An environment that the caller may see, with its tenant.
    pub async fn environment(&self, caller: &Caller, id: &str) -> Result<Option<(Environment, Option<Tenant>)>> {
        let Some(environment) = self.get::<Environment>(id).await? else { return Ok(None) };
        let tenant = self.tenant(caller, &environment.spec.tenant_ref.name).await?;
        Ok((caller.sees_all() || tenant.is_some()).then_some((environment, tenant)))
    }

    /// The sites.
    pub async fn sites(&self) -> Result<Vec<Site>> {
        self.all(None).await
    }

    /// A class.
    pub async fn class(&self, id: &str) -> Result<Option<EnvironmentClass>> {
        self.get(id).await
    }

    /// A rule set.
    pub async fn profile(&self, id: &str) -> Result<Option<PolicyProfile>> {
        self.get(id).await
    }

    /// The address plan, once there is one.
    pub async fn address_plan(&self) -> Result<Option<AddressPlan>> {
        self.get(labels::ADDRESS_PLAN).await
    }
}

/// Objects by their name, as the plan reads registers.
pub fn named<K: Resource>(objects: Vec<K>) -> BTreeMap<String, Arc<K>> {
    objects.into_iter().map(|object| (object.name_any(), Arc::new(object))).collect()
}

/// Whether the interval covers a day; `YYYY-MM-DD` sorts as text.
pub fn covers(range: &DayRange, day: &str) -> bool {
    range.from.as_str() <= day && range.to.as_deref().is_none_or(|to| day <= to)
}

fn is_called(aliases: &[DatedText], given: &str, today: &str) -> bool {
    aliases.iter().any(|alias| alias.value == given && covers(&alias.in_force, today))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_counts_only_on_its_days() {
        let range = DayRange { from: "2025-03-01".into(), to: Some("2025-06-30".into()) };
        let aliases = [DatedText { value: "so-y-te".into(), in_force: range }];
        let called = |day| is_called(&aliases, "so-y-te", day);
        assert_eq!(["2025-02-28", "2025-03-01", "2025-06-30", "2025-07-01"].map(called), [false, true, true, false]);
    }
}
