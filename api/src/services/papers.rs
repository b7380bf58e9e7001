//! Papers of one agency, read and written as the caller.

use std::sync::Arc;

use berth_crds::{Connection, Decision, Onboarding, labels, names};
use kube::{
    Api, Client, ResourceExt as _,
    api::{ListParams, PostParams},
    core::{ApiResource, DynamicObject, ObjectMeta},
};
use serde_json::Value;

use crate::{
    door::Door,
    identity::Caller,
    name,
    problem::{As, Problem, Result, Thing, from_kube},
};

/// The papers of an agency, as a caller sees them.
pub struct Papers {
    /// Acts as the caller.
    pub client: Client,
    /// Namespace of the agency.
    pub namespace: String,
}

impl Papers {
    /// Opens the papers of an agency id.
    pub fn open(door: &Door, caller: &Caller, agency: &str) -> Result<Self> {
        Ok(Self { client: door.as_caller(caller)?, namespace: names::agency_namespace(agency) })
    }

    /// The Onboardings.
    pub fn onboardings(&self) -> Api<Onboarding> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The Decisions.
    pub fn decisions(&self) -> Api<Decision> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Every Onboarding.
    pub async fn all(&self) -> Result<Vec<Arc<Onboarding>>> {
        let thing = Thing::new("Onboarding", name::onboarding(&self.namespace, "-"));
        let found = self.onboardings().list(&ListParams::default()).await;
        let found = found.map_err(|e| from_kube(e, As::Caller, "list", thing))?;
        Ok(found.items.into_iter().map(Arc::new).collect())
    }

    /// Every Onboarding and every Decision.
    pub async fn everything(&self) -> Result<(Vec<Arc<Onboarding>>, Vec<Arc<Decision>>)> {
        listed(self.onboardings(), self.decisions()).await
    }

    /// One Onboarding.
    pub async fn onboarding(&self, id: &str) -> Result<Onboarding> {
        let thing = Thing::new("Onboarding", name::onboarding(&self.namespace, id));
        self.onboardings().get(id).await.map_err(|e| from_kube(e, As::Caller, "read", thing))
    }

    /// The Decisions about an Onboarding, in order of role and number.
    pub async fn decisions_about(&self, onboarding: &str) -> Result<Vec<Decision>> {
        let params = ListParams::default().fields(&format!("spec.onboardingRef.name={onboarding}"));
        let thing = Thing::new("Decision", format!("{}/decisions/-", name::onboarding(&self.namespace, onboarding)));
        let found = self.decisions().list(&params).await;
        let mut found = found.map_err(|e| from_kube(e, As::Caller, "list", thing))?.items;
        found.sort_by_key(|d| (d.creation_timestamp().map(|t| t.0), d.name_any()));
        Ok(found)
    }

    /// The Connections.
    pub fn connections(&self) -> Api<Connection> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// One Connection.
    pub async fn connection(&self, id: &str) -> Result<Connection> {
        let thing = Thing::new("Connection", name::connection(&self.namespace, id));
        self.connections().get(id).await.map_err(|e| from_kube(e, As::Caller, "read", thing))
    }

    /// The Decisions about a Connection.
    pub async fn decisions_on(&self, connection: &str) -> Result<Vec<Decision>> {
        let params = ListParams::default().fields(&format!("spec.connectionRef.name={connection}"));
        let thing = Thing::new("Decision", format!("{}/decisions/-", name::connection(&self.namespace, connection)));
        let found = self.decisions().list(&params).await;
        Ok(found.map_err(|e| from_kube(e, As::Caller, "list", thing))?.items)
    }

    /// Creates a Connection; `requester` is left out, admission stamps it.
    pub async fn create_connection(
        &self,
        id: &str,
        spec: &berth_crds::ConnectionSpec,
        dry: bool,
    ) -> Result<Connection> {
        let thing = Thing::new("Connection", name::connection(&self.namespace, id));
        self.create(ApiResource::erase::<Connection>(&()), id, &[], without("requester", spec)?, dry, thing).await
    }

    /// Creates an Onboarding; `requester` is left out, admission stamps it.
    pub async fn create_onboarding(
        &self,
        id: &str,
        spec: &berth_crds::OnboardingSpec,
        dry: bool,
    ) -> Result<Onboarding> {
        let thing = Thing::new("Onboarding", name::onboarding(&self.namespace, id));
        self.create(ApiResource::erase::<Onboarding>(&()), id, &[], without("requester", spec)?, dry, thing).await
    }

    /// Creates a Decision; `by` is left out, admission stamps it.
    pub async fn create_decision(&self, id: &str, spec: &berth_crds::DecisionSpec, dry: bool) -> Result<Decision> {
        let about = spec.paper().name.as_str();
        let (paper, labels) = match spec.connection_ref {
            Some(_) => (name::connection(&self.namespace, about), Vec::new()),
            None => (name::onboarding(&self.namespace, about), vec![(berth_crds::labels::ONBOARDING, about)]),
        };
        let thing = Thing::new("Decision", format!("{paper}/decisions/{id}"));
        self.create(ApiResource::erase::<Decision>(&()), id, &labels, without("by", spec)?, dry, thing).await
    }

    async fn create<K: serde::de::DeserializeOwned>(
        &self,
        kind: ApiResource,
        id: &str,
        labels: &[(&str, &str)],
        spec: Value,
        dry: bool,
        thing: Thing,
    ) -> Result<K> {
        let mut object =
            DynamicObject::new(id, &kind).within(&self.namespace).data(serde_json::json!({ "spec": spec }));
        if !labels.is_empty() {
            let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            object.metadata = ObjectMeta { labels: Some(labels), ..object.metadata };
        }
        let params = PostParams { dry_run: dry, field_manager: Some(labels::DOOR.into()) };
        let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), &self.namespace, &kind);
        let created = api.create(&params, &object).await.map_err(|e| from_kube(e, As::Caller, "create", thing))?;
        let value = serde_json::to_value(created).map_err(|e| Problem::bug("encoding what was created", &e))?;
        serde_json::from_value(value).map_err(|e| Problem::bug("reading what was created", &e))
    }
}

/// Every Onboarding and every Decision of all agencies, for who may read them.
pub async fn everywhere(door: &Door, caller: &Caller) -> Result<(Vec<Arc<Onboarding>>, Vec<Arc<Decision>>)> {
    let client = door.as_caller(caller)?;
    listed(Api::all(client.clone()), Api::all(client)).await
}

/// Papers first: a Decision that is read is about one of them, or about one that is newer than the report.
async fn listed(
    papers: Api<Onboarding>,
    decisions: Api<Decision>,
) -> Result<(Vec<Arc<Onboarding>>, Vec<Arc<Decision>>)> {
    let (all, namespace) = (ListParams::default(), papers.namespace().map(str::to_owned));
    let place = namespace.map_or_else(|| "agencies/-".into(), |namespace| name::onboarding(&namespace, "-"));
    let thing = |kind| Thing::new(kind, place.clone());
    let found = papers.list(&all).await.map_err(|e| from_kube(e, As::Caller, "list", thing("Onboarding")))?;
    let decided = decisions.list(&all).await.map_err(|e| from_kube(e, As::Caller, "list", thing("Decision")))?;
    Ok((found.items.into_iter().map(Arc::new).collect(), decided.items.into_iter().map(Arc::new).collect()))
}

/// A spec without the field that admission stamps.
fn without(field: &str, spec: &impl serde::Serialize) -> Result<Value> {
    let mut value = serde_json::to_value(spec).map_err(|e| Problem::bug("encoding a paper", &e))?;
    if let Some(object) = value.as_object_mut() {
        object.remove(field);
    }
    Ok(value)
}
