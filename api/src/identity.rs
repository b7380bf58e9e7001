//! Who calls: a token that the API server reviews, a token of an OpenID Connect issuer, or a client's certificate becomes a
//! [`Caller`].

mod authenticator;
mod certificate;
mod keys;
mod oidc;
mod review;

use berth_crds::{
    Agency,
    agency::{Member, SubjectKind},
    labels,
};
use k8s_openapi::api::authentication::v1::UserInfo;

pub use authenticator::Authenticator;
pub use certificate::Certificate;
pub use keys::Unreadable;
pub use oidc::{Config as OidcConfig, Fault, Flags as OidcFlags, Issuer};

use crate::problem::{Problem, Result};

/// Users and groups of the cluster's own.
const SYSTEM: &str = "system:";

/// Groups whose members see the registers of the whole province.
pub const PROVINCE_ROLES: &[&str] = &[
    "berth:approver",
    "berth:appraiser",
    "berth:network",
    "berth:governing-body",
    "berth:auditor",
    "berth:platform-operator",
];

/// Groups whose members read the whole ledger, as the chart binds `berth-ledger-reader`.
pub const LEDGER_ROLES: &[&str] = &["berth:auditor", "berth:platform-operator"];

/// Groups whose members answer for devices outside the cluster, as policy `berth-network-change-identity` asks for them.
pub const NETWORK_ROLES: &[&str] = &["berth:network", "berth:platform-operator"];

/// Somebody who is known, reduced to what the door may act as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Username, as the API server knows it.
    pub username: String,
    /// Groups without `system:` ones; empty for service accounts, whose groups the API server derives.
    pub groups: Vec<String>,
}

impl Caller {
    /// The caller behind a reviewed token; `system:` users that are not service accounts are refused.
    pub fn new(user: UserInfo) -> Result<Self> {
        let username = user.username.unwrap_or_default();
        if username.is_empty() || username.starts_with(SYSTEM) && service_account(&username).is_none() {
            return Err(Problem::UnknownCaller(format!(
                "{username:?} may not use the door: use an account of a person or pipeline"
            )));
        }
        // The API server lets nobody act as the group of no name, which some tokens have.
        let kept = |group: &String| !group.is_empty() && !group.starts_with(SYSTEM);
        let groups = match service_account(&username) {
            Some(_) => Vec::new(),
            None => user.groups.unwrap_or_default().into_iter().filter(kept).collect(),
        };
        Ok(Self { username, groups })
    }

    /// A person whom an issuer's token or a certificate names. Neither can name somebody of the cluster's own: a service account
    /// is known by the API server's word only.
    pub fn person(username: &str, groups: Vec<String>) -> Result<Self> {
        if username.starts_with(SYSTEM) {
            return Err(Problem::UnknownCaller(format!(
                "{username:?} may not use the door: use an account of a person or pipeline"
            )));
        }
        Self::new(UserInfo { username: Some(username.into()), groups: Some(groups), ..UserInfo::default() })
    }

    /// Namespace and name, if the caller is a service account.
    pub fn service_account(&self) -> Option<(&str, &str)> {
        service_account(&self.username)
    }

    /// Whether the caller has a role that sees the registers of the whole province.
    pub fn sees_all(&self) -> bool {
        self.groups.iter().any(|g| PROVINCE_ROLES.contains(&g.as_str()))
    }

    /// Whether the caller has a role that reads the whole ledger.
    pub fn audits(&self) -> bool {
        self.groups.iter().any(|g| LEDGER_ROLES.contains(&g.as_str()))
    }

    /// Whether the caller has a role that answers for devices outside the cluster.
    pub fn answers_for_devices(&self) -> bool {
        self.groups.iter().any(|g| NETWORK_ROLES.contains(&g.as_str()))
    }

    /// Whether the register says that the caller acts for the agency.
    pub fn acts_for(&self, agency: &Agency) -> bool {
        agency.spec.members.iter().any(|member| self.is(member))
    }

    fn is(&self, member: &Member) -> bool {
        let subject = &member.subject;
        match subject.kind {
            SubjectKind::Group => self.groups.contains(&subject.name),
            SubjectKind::User => self.username == subject.name,
            SubjectKind::ServiceAccount => {
                self.service_account()
                    == subject.namespace.as_deref().map(|namespace| (namespace, subject.name.as_str()))
            }
        }
    }
}

fn service_account(username: &str) -> Option<(&str, &str)> {
    username.strip_prefix(labels::SERVICE_ACCOUNT_USER)?.split_once(':')
}

#[cfg(test)]
mod tests {
    use berth_crds::agency::{MemberRole, Subject};

    use super::*;

    fn user(name: &str, groups: &[&str]) -> UserInfo {
        UserInfo {
            username: Some(name.into()),
            groups: Some(groups.iter().map(|g| (*g).to_owned()).collect()),
            uid: Some("1".into()),
            ..UserInfo::default()
        }
    }

    #[test]
    fn only_what_the_door_may_act_as_is_kept() {
        let lan =
            Caller::new(user("lan", &["berth:ag-62:requester", "system:authenticated", "", "system:masters", "staff"]))
                .unwrap();
        assert_eq!(
            lan,
            Caller { username: "lan".into(), groups: vec!["berth:ag-62:requester".into(), "staff".into()] }
        );
        let pipeline = Caller::new(user("system:serviceaccount:ci:deploy", &["system:serviceaccounts"])).unwrap();
        assert_eq!((pipeline.service_account(), pipeline.groups.is_empty()), (Some(("ci", "deploy")), true));
    }

    #[test]
    fn system_users_and_nobody_are_refused() {
        for name in ["system:kube-controller-manager", "system:anonymous", "system:serviceaccount:x", ""] {
            assert!(Caller::new(user(name, &[])).is_err(), "{name}");
        }
    }

    #[test]
    fn a_member_is_matched_by_kind_and_namespace() {
        let member = |kind, name: &str, namespace: Option<&str>| Member {
            subject: Subject { kind, name: name.into(), namespace: namespace.map(Into::into) },
            role: MemberRole::Requester,
        };
        let mut agency = Agency::new("ag-62", Default::default());
        agency.spec.members =
            vec![member(SubjectKind::ServiceAccount, "deploy", Some("ci")), member(SubjectKind::Group, "g", None)];
        let acts = |name: &str, groups: &[&str]| Caller::new(user(name, groups)).unwrap().acts_for(&agency);
        assert!(acts("system:serviceaccount:ci:deploy", &[]) && acts("lan", &["g"]));
        assert!(!acts("system:serviceaccount:other:deploy", &[]) && !acts("g", &[]) && !acts("deploy", &["ci"]));
    }

    #[test]
    fn neither_issuer_nor_certificate_names_somebody_of_the_cluster() {
        for name in ["system:serviceaccount:pipelines:deploy", "system:admin", "system:anonymous", ""] {
            assert!(Caller::person(name, vec![]).is_err(), "{name}");
        }
        let groups = vec!["system:masters".to_owned(), "berth:approver".to_owned(), String::new()];
        let lan = Caller { username: "lan".into(), groups: vec!["berth:approver".into()] };
        assert_eq!(Caller::person("lan", groups), Ok(lan));
    }
}
