//! AuditService: the ledger, read with the door's own rights and filtered by what the caller may see.

use berth_crds::{AuditCheckpoint, AuditRecord, Reason, audit};
use berth_plan::ledger::{canonical, history::Query};
use kube::ResourceExt as _;
use tonic::{Request, Response, Status};

use super::tenant::agency_filter;
use crate::{
    access::caller,
    convert::audit as convert,
    door::Door,
    identity::Caller,
    page::Page,
    problem::{Problem, Result},
    proto::v1::{self as pb, audit_service_server::AuditService},
    read::{self, Findings, optional},
    registers::Sight,
};

/// The service.
#[derive(Clone)]
pub struct Audits {
    door: Door,
}

impl Audits {
    /// Serves through the door.
    pub fn new(door: Door) -> Self {
        Self { door }
    }

    async fn entries(
        &self,
        caller: &Caller,
        request: pb::ListAuditEntriesRequest,
    ) -> Result<pb::ListAuditEntriesResponse> {
        let pb::ListAuditEntriesRequest { object, person, agency, from, to, .. } = &request;
        let arguments = format!("auditEntries {object} {person} {agency} {from} {to}");
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let query = self.query(&request).await?;
        let sight = self.sight(caller).await?;
        let segments = self.door.registers().all::<AuditRecord>(None).await?;
        let found = segments.iter().flat_map(|segment| convert::entries(&segment.spec));
        let seen = |entry: &audit::AuditEntry| match (&sight, &entry.agency) {
            (Sight::Province, _) => true,
            (sight, Some(agency)) => sight.covers(agency),
            (_, None) => false,
        };
        let found = found.filter(|(_, entry)| seen(entry) && query.finds(entry)).collect();
        let (found, next_page_token) = page.cut(found, |(name, _)| name.clone());
        let audit_entries = found.iter().map(|(name, entry)| convert::entry(name, entry)).collect();
        Ok(pb::ListAuditEntriesResponse { audit_entries, next_page_token })
    }

    async fn query(&self, request: &pb::ListAuditEntriesRequest) -> Result<Query> {
        let mut findings = Findings::default();
        let mut day = |field, text: &str| match text {
            "" => None,
            text => read::date(&mut findings, field, text),
        };
        let (from, to) = (day("from", &request.from), day("to", &request.to));
        // The last day is meant to its end.
        let after = to.and_then(|to| to.tomorrow().ok());
        findings.or(())?;
        Ok(Query {
            object: optional(&request.object),
            person: optional(&request.person),
            agency: agency_filter(&self.door.registers(), &request.agency).await?,
            from: from.map(|day| self.door.clock.start_of(day)),
            until: after.map(|day| self.door.clock.start_of(day)),
        })
    }

    /// Auditors and platform operators see all; approvers see what they decide in the papers, and of the ledger what
    /// concerns agencies that they act for.
    async fn sight(&self, caller: &Caller) -> Result<Sight> {
        if caller.audits() {
            return Ok(Sight::Province);
        }
        Ok(Sight::Agencies(self.door.registers().acts_for(caller).await?))
    }

    async fn records(
        &self,
        caller: &Caller,
        request: pb::ListAuditRecordsRequest,
    ) -> Result<pb::ListAuditRecordsResponse> {
        if !caller.audits() {
            return Err(Problem::NotAllowed {
                reason: Reason::PermissionDenied,
                message: "segments of the ledger are for auditors and platform operators: list entries instead".into(),
            });
        }
        let page = Page::read(request.page_size, &request.page_token, "auditRecords")?;
        let registers = self.door.registers();
        // The checkpoint first: what is exported behind our back is then a record too many, never one that is missing.
        let checkpoint = registers.get::<AuditCheckpoint>(audit::CHECKPOINT).await?;
        let all = registers.all::<AuditRecord>(None).await?;
        let (found, next_page_token) = page.cut(all, |record| record.name_any());
        let record = |r: &AuditRecord| pb::AuditRecord {
            name: convert::record_name(&r.name_any()),
            line: canonical::line(&r.spec),
        };
        let checkpoint = checkpoint.map(|c| pb::AuditCheckpoint {
            record: convert::record_name(&audit::segment_name(c.spec.number)),
            hash: c.spec.hash,
        });
        let audit_records = found.iter().map(record).collect();
        Ok(pb::ListAuditRecordsResponse { audit_records, next_page_token, checkpoint })
    }
}

#[tonic::async_trait]
impl AuditService for Audits {
    async fn list_audit_entries(
        &self,
        r: Request<pb::ListAuditEntriesRequest>,
    ) -> Result<Response<pb::ListAuditEntriesResponse>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.entries(&caller, r.into_inner()).await?))
    }

    async fn list_audit_records(
        &self,
        r: Request<pb::ListAuditRecordsRequest>,
    ) -> Result<Response<pb::ListAuditRecordsResponse>, Status> {
        let caller = caller(&r)?;
        Ok(Response::new(self.records(&caller, r.into_inner()).await?))
    }
}
