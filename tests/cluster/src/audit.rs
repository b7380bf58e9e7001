//! The audit log: every request for a resource, who made it and how it was answered.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
};

use jiff::Timestamp;
use serde::Deserialize;

use crate::{Cluster, Error, Result, access::form};

/// A place in the audit log, for [`Cluster::audit_since`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditMark(u64);

/// One request, as far as the log says at level `Metadata`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Identifies the request; equal on all its events.
    #[serde(rename = "auditID")]
    pub audit_id: String,
    /// `ResponseComplete` on everything that this crate returns.
    pub stage: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// Path and query.
    #[serde(rename = "requestURI")]
    pub request_uri: String,
    /// Who logged in.
    pub user: AuditUser,
    /// As whom they acted, if that is somebody else.
    pub impersonated_user: Option<AuditUser>,
    /// The client program.
    #[serde(default)]
    pub user_agent: String,
    /// What the request was about.
    pub object_ref: Option<AuditObject>,
    /// How it was answered.
    pub response_status: Option<AuditStatus>,
    /// When the request came in.
    pub request_received_timestamp: Timestamp,
    /// When this stage was reached.
    pub stage_timestamp: Timestamp,
}

/// A user in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuditUser {
    /// User name; empty for a caller whose token was refused.
    #[serde(default)]
    pub username: String,
    /// All groups, those that the API server added included.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// The object of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditObject {
    /// API group; empty for the core group.
    pub api_group: String,
    /// API version.
    pub api_version: String,
    /// Plural resource name.
    pub resource: String,
    /// Subresource; empty for the object itself.
    pub subresource: String,
    /// Namespace; empty for cluster-scoped objects and requests over all namespaces.
    pub namespace: String,
    /// Object name; empty for lists and for creates with a generated name.
    pub name: String,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuditStatus {
    /// HTTP status.
    #[serde(default)]
    pub code: u16,
}

impl AuditEvent {
    /// Whether the request wanted to change something.
    pub fn is_write(&self) -> bool {
        matches!(self.verb.as_str(), "create" | "update" | "patch" | "delete" | "deletecollection")
    }

    /// HTTP status of the answer; 0 if there was none.
    pub fn code(&self) -> u16 {
        self.response_status.as_ref().map_or(0, |status| status.code)
    }

    /// The resource with its subresource, as RBAC writes it: `namespaces`, `environments/status`.
    pub fn resource(&self) -> String {
        match &self.object_ref {
            None => String::new(),
            Some(object) if object.subresource.is_empty() => object.resource.clone(),
            Some(object) => format!("{}/{}", object.resource, object.subresource),
        }
    }

    /// Who acted: the impersonated user if there is one.
    pub fn actor(&self) -> &str {
        &self.impersonated_user.as_ref().unwrap_or(&self.user).username
    }
}

impl Cluster {
    /// The present end of the audit log.
    ///
    /// An event is written before its client sees the end of the answer, so what was answered before is before the mark.
    pub fn mark(&self) -> Result<AuditMark> {
        let path = self.local("read the audit log")?.folder.layout.audit_log();
        let file = path.metadata().map_err(Error::io("read the length of", &path))?;
        Ok(AuditMark(file.len()))
    }

    /// The audit log as it is written.
    pub fn audit_log(&self) -> Result<Vec<u8>> {
        let path = self.local("read the audit log")?.folder.layout.audit_log();
        read_from(&path, AuditMark(0)).map_err(Error::io("read", &path))
    }

    /// All requests that were answered, in the order of their answers.
    pub fn audit(&self) -> Result<Vec<AuditEvent>> {
        self.audit_since(AuditMark(0))
    }

    /// The requests that were answered since a mark.
    pub fn audit_since(&self, mark: AuditMark) -> Result<Vec<AuditEvent>> {
        let path = self.local("read the audit log")?.folder.layout.audit_log();
        complete(&read_from(&path, mark).map_err(Error::io("read", &path))?)
    }
}

fn read_from(path: &Path, mark: AuditMark) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(mark.0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The events of answered requests; a watch counts when it ends. A last line without its end is still being written.
fn complete(log: &[u8]) -> Result<Vec<AuditEvent>> {
    let lines = log.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let events = lines.map(serde_json::from_slice::<AuditEvent>);
    events
        .filter(|event| event.as_ref().map_or(true, |event| event.stage == "ResponseComplete"))
        .collect::<Result<_, _>>()
        .map_err(|error| form("the audit log", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stage: &str) -> String {
        format!(
            r#"{{"auditID":"1","stage":"{stage}","verb":"create","requestURI":"/api/v1/namespaces","user":{{"username":"nam"}},
            "requestReceivedTimestamp":"2026-11-24T01:02:03.000004Z","stageTimestamp":"2026-11-24T01:02:03.000005Z"}}"#
        )
        .replace('\n', "")
    }

    #[test]
    fn only_answered_requests_with_their_whole_line_count() {
        let log = format!("{}\n{}\n{}", line("ResponseStarted"), line("ResponseComplete"), &line("Panic")[..20]);
        let stages: Vec<_> = complete(log.as_bytes()).unwrap().into_iter().map(|event| event.stage).collect();
        assert_eq!(stages, ["ResponseComplete"]);
    }
}
