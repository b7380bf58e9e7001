//! Who calls: a bearer token becomes a [`Caller`] by TokenReview with the door's audience.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use berth_crds::{
    Agency,
    agency::{Member, SubjectKind},
    labels,
};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use kube::{Api, Client, api::PostParams};
use sha2::{Digest, Sha256};

use crate::limits;
use crate::problem::{As, Problem, Result, Thing, from_kube};

/// How long an answer of TokenReview is believed: a revoked token stops working within this time.
const BELIEVED: Duration = Duration::from_secs(10);
/// Most tokens that are remembered.
const REMEMBERED: usize = 4096;
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

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
        if username.is_empty() || username.starts_with("system:") && service_account(&username).is_none() {
            return Err(Problem::UnknownCaller(format!(
                "{username:?} may not use the door: use an account of a person or pipeline"
            )));
        }
        // The API server lets nobody act as the group of no name, which some tokens have.
        let kept = |group: &String| !group.is_empty() && !group.starts_with("system:");
        let groups = match service_account(&username) {
            Some(_) => Vec::new(),
            None => user.groups.unwrap_or_default().into_iter().filter(kept).collect(),
        };
        Ok(Self { username, groups })
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
    username.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')
}

/// Asks the API server who a token belongs to.
pub struct Authenticator {
    client: Client,
    audience: String,
    /// By SHA-256 of the token, so that no token stays in memory.
    believed: Mutex<HashMap<[u8; 32], (Instant, Caller)>>,
}

impl Authenticator {
    /// Reviews tokens with the door's own account.
    pub fn new(client: Client, audience: impl Into<String>) -> Self {
        Self { client, audience: audience.into(), believed: Mutex::default() }
    }

    /// The caller behind the `authorization` header, if its token was reviewed a moment ago.
    pub fn remembered(&self, headers: &http::HeaderMap) -> Option<Caller> {
        self.known(&key(bearer(headers).ok()?))
    }

    /// The caller behind the `authorization` header.
    pub async fn caller(&self, headers: &http::HeaderMap) -> Result<Caller> {
        let token = bearer(headers)?;
        let key = key(token);
        if let Some(caller) = self.known(&key) {
            return Ok(caller);
        }
        let caller = self.review(token).await?;
        self.remember(key, caller.clone());
        Ok(caller)
    }

    async fn review(&self, token: &str) -> Result<Caller> {
        let spec = TokenReviewSpec { token: token.to_owned(), audiences: Some(vec![self.audience.clone()]) };
        let review = TokenReview { spec, ..TokenReview::default() };
        let answer = Api::<TokenReview>::all(self.client.clone()).create(&PostParams::default(), &review).await;
        let status =
            answer.map_err(|e| from_kube(e, As::Door, "review", Thing::new("token", "")))?.status.unwrap_or_default();
        let ours = status.audiences.unwrap_or_default().contains(&self.audience);
        match (status.authenticated, ours, status.user) {
            (Some(true), true, Some(user)) => Caller::new(user),
            _ => Err(Problem::UnknownCaller(format!(
                "the token is not valid, has expired or is not for audience {:?}: get a new one",
                self.audience
            ))),
        }
    }

    fn known(&self, key: &[u8; 32]) -> Option<Caller> {
        let believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        believed.get(key).filter(|(since, _)| since.elapsed() < BELIEVED).map(|(_, caller)| caller.clone())
    }

    fn remember(&self, key: [u8; 32], caller: Caller) {
        let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        if believed.len() >= REMEMBERED {
            believed.retain(|_, (since, _)| since.elapsed() < BELIEVED);
        }
        if believed.len() < REMEMBERED {
            believed.insert(key, (Instant::now(), caller));
        }
    }
}

fn key(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token of the one `authorization` header.
fn bearer(headers: &http::HeaderMap) -> Result<&str> {
    let missing = || {
        Problem::UnknownCaller(format!(
            "no token: send `authorization: Bearer <token>` with a token for audience {:?}",
            labels::AUDIENCE
        ))
    };
    let mut all = headers.get_all(http::header::AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else { return Err(missing()) };
    let (scheme, token) = only.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    let token = token.trim();
    let well_formed = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= limits::TOKEN;
    if well_formed { Ok(token) } else { Err(missing()) }
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
    fn a_token_is_read_from_exactly_one_bearer_header() {
        let headers = |values: &[&'static str]| {
            let mut map = http::HeaderMap::new();
            values.iter().for_each(|v| {
                map.append(http::header::AUTHORIZATION, http::HeaderValue::from_static(v));
            });
            map
        };
        assert_eq!(bearer(&headers(&["Bearer abc"])), Ok("abc"));
        for bad in [&[][..], &["Bearer "], &["Bearer"], &["Basic abc"], &["Bearer a", "Bearer b"]] {
            assert!(bearer(&headers(bad)).is_err(), "{bad:?}");
        }
    }
}
