//! Certificates of clients, read as the API server reads them: the common name is the user, each organisation is a group.

use jiff::Timestamp;
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _, x509::AttributeTypeAndValue};

use super::Caller;
use crate::problem::{Problem, Result};

/// What a certificate says whose chain and proof of possession the handshake has checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    names: Vec<String>,
    groups: Vec<String>,
    ends: Timestamp,
}

impl Certificate {
    /// Reads a certificate, DER; `None` when it says nothing that can be read.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let subject = certificate.subject();
        let ends = Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?;
        Some(Self { names: texts(subject.iter_common_name())?, groups: texts(subject.iter_organization())?, ends })
    }

    /// The person whom it names. A connection may outlast its certificate: the caller does not.
    pub fn caller(&self, now: Timestamp) -> Result<Caller> {
        if self.ends < now {
            return Err(Problem::UnknownCaller("the client's certificate has expired: get a new one".into()));
        }
        match self.names.as_slice() {
            [name] => Caller::person(name, self.groups.clone()),
            _ => Err(Problem::UnknownCaller("the client's certificate does not have exactly one common name".into())),
        }
    }
}

fn texts<'a>(parts: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>) -> Option<Vec<String>> {
    parts.map(|part| part.as_str().ok().map(str::to_owned)).collect()
}
