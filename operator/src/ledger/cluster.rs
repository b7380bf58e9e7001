//! Segments and checkpoint in the cluster.

use std::sync::Arc;

use berth_crds::audit::{AuditObject, CHECKPOINT, segment_name};
use berth_crds::{
    AddressPlan, Agency, AuditCheckpoint, AuditCheckpointSpec, AuditRecord, AuditRecordSpec, Decision, Environment,
    EnvironmentClass, Intervention, NetworkChange, Onboarding, PolicyProfile, PrefixBlock, Site, Tenant,
    WorkingCalendar, labels,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::core::{ApiResource, DynamicObject};
use kube::{Api, Client, Resource as _, ResourceExt};

use crate::apply::live;
use crate::error::{Error, Result, answer, while_};

/// Segments of one answer: one may have half a mebibyte.
const CHUNK: u32 = 50;

/// The ledger's objects.
pub struct Cluster {
    client: Client,
    records: Api<AuditRecord>,
    checkpoints: Api<AuditCheckpoint>,
}

impl Cluster {
    pub fn new(client: Client) -> Self {
        Self { records: Api::all(client.clone()), checkpoints: Api::all(client.clone()), client }
    }

    /// Segments in order of number, names sort as numbers do: one page of them, and where the next begins.
    pub async fn page(&self, after: Option<String>) -> Result<(Vec<AuditRecordSpec>, Option<String>)> {
        let params = ListParams { continue_token: after, ..ListParams::default().limit(CHUNK) };
        let page = self.records.list(&params).await.map_err(while_("list", "the segments of the ledger"))?;
        let next = page.metadata.continue_.filter(|token| !token.is_empty());
        Ok((page.items.into_iter().map(|record| record.spec).collect(), next))
    }

    /// Every block, as the API server has it now.
    pub async fn blocks(&self) -> Result<Vec<Arc<PrefixBlock>>> {
        let api: Api<PrefixBlock> = Api::all(self.client.clone());
        let all = api.list(&ListParams::default()).await.map_err(while_("list", "PrefixBlocks"))?;
        Ok(all.items.into_iter().map(Arc::new).collect())
    }

    /// Creates a segment. Returns what the cluster has under its number: the same, or what another writer, or an
    /// earlier try of ours whose answer was lost, created first.
    pub async fn create(&self, segment: &AuditRecordSpec) -> Result<AuditRecordSpec> {
        let name = segment_name(segment.number);
        let record = AuditRecord::new(&name, segment.clone());
        let params = PostParams { field_manager: Some(labels::OPERATOR.into()), ..Default::default() };
        match self.records.create(&params, &record).await {
            Ok(created) => Ok(created.spec),
            Err(error) if answer(&error).is_some_and(|s| s.is_already_exists()) => {
                let found = live(&self.records, &name).await?;
                found.map(|record| record.spec).ok_or(Error::Conflict { what: format!("AuditRecord {name:?}") })
            }
            Err(error) => Err(while_("create", format!("AuditRecord {name:?}"))(error)),
        }
    }

    /// A segment, as the API server has it now.
    pub async fn segment(&self, number: i64) -> Result<Option<AuditRecord>> {
        live(&self.records, &segment_name(number)).await
    }

    /// Deletes a segment; the policies decide whether it may go.
    pub async fn delete(&self, record: &AuditRecord) -> Result<()> {
        let name = record.name_any();
        let preconditions = Preconditions { uid: record.uid(), ..Default::default() };
        let params = DeleteParams { preconditions: Some(preconditions), ..Default::default() };
        match self.records.delete(&name, &params).await {
            Ok(_) => Ok(()),
            Err(error) if answer(&error).is_some_and(|s| s.is_not_found()) => Ok(()),
            Err(error) => Err(while_("prune", format!("AuditRecord {name:?}"))(error)),
        }
    }

    /// The checkpoint, once there is one.
    pub async fn checkpoint(&self) -> Result<Option<AuditCheckpoint>> {
        live(&self.checkpoints, CHECKPOINT).await
    }

    /// Moves the checkpoint to a segment, unless it is there or further already; returns where it stands.
    pub async fn move_checkpoint(&self, to: &AuditRecordSpec) -> Result<i64> {
        let spec = AuditCheckpointSpec { number: to.number, hash: to.hash.clone() };
        let params = PostParams { field_manager: Some(labels::OPERATOR.into()), ..Default::default() };
        let what = "the checkpoint of the ledger";
        let written = match self.checkpoint().await? {
            Some(now) if now.spec.number >= to.number => return Ok(now.spec.number),
            Some(mut now) => {
                now.spec = spec;
                self.checkpoints.replace(CHECKPOINT, &params, &now).await.map_err(while_("move", what))?
            }
            None => {
                let first = AuditCheckpoint::new(CHECKPOINT, spec);
                self.checkpoints.create(&params, &first).await.map_err(while_("create", what))?
            }
        };
        Ok(written.spec.number)
    }

    /// What became of a recorded object, as the API server itself says.
    pub async fn fate(&self, object: &AuditObject) -> Result<Fate> {
        // A kind that this version does not know is not gone for that.
        let Some(resource) = resource(&object.kind) else { return Ok(Fate::Stands) };
        let api: Api<DynamicObject> = match &object.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let what = format!("{} {:?}", object.kind, object.name);
        let found = api.get_metadata_opt(&object.name).await.map_err(while_("read", what))?;
        let Some(found) = found.filter(|found| found.uid().as_deref() == Some(&object.uid)) else {
            return Ok(Fate::Gone);
        };
        let ours = found.labels().get(labels::MANAGED_BY).is_some_and(|by| by == labels::OPERATOR);
        Ok(if object.kind == Namespace::kind(&()) && !ours { Fate::Released } else { Fate::Stands })
    }
}

/// What became of a recorded object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is there.
    Stands,
    /// No object of its UID is there any more.
    Gone,
    /// The namespace is there and does not carry our mark any more.
    Released,
}

/// How a recorded kind is read.
fn resource(kind: &str) -> Option<ApiResource> {
    macro_rules! of {
        ($($kind:ty)*) => {
            [$(ApiResource::erase::<$kind>(&())),*].into_iter().find(|resource| resource.kind == kind)
        };
    }
    of!(Onboarding Decision Agency Site EnvironmentClass PolicyProfile WorkingCalendar AddressPlan Tenant Environment
        Namespace PrefixBlock NetworkChange Intervention)
}
