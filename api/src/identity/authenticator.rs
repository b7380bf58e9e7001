//! What a call shows of who it comes from, and who that is.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use berth_crds::labels;
use http::{HeaderMap, header::AUTHORIZATION};
use jiff::Timestamp;
use kube::Client;
use sha2::{Digest, Sha256};

use super::{Caller, Certificate, Issuer, oidc, review};
use crate::limits;
use crate::problem::{Problem, Result};

/// How long a token that was found good is believed: a revoked one stops working within this time.
const BELIEVED: Duration = Duration::from_secs(10);
/// Most tokens that are remembered.
const REMEMBERED: usize = 4096;

/// Finds out who calls. A token is what counts where there is one; the certificate of a proxy's connection does not
/// replace a token that is not good.
pub struct Authenticator {
    client: Client,
    audience: String,
    issuer: Option<Issuer>,
    /// By SHA-256 of the token, so that no token stays in memory; with the end of the belief.
    believed: Mutex<HashMap<[u8; 32], (Instant, Caller)>>,
}

impl Authenticator {
    /// Reviews tokens with the door's own account, and judges those of the issuer, if there is one.
    pub fn new(client: Client, audience: impl Into<String>, issuer: Option<Issuer>) -> Self {
        Self { client, audience: audience.into(), issuer, believed: Mutex::default() }
    }

    /// The caller, where nobody must be asked: a token that was found good a moment ago, or a certificate.
    pub fn remembered(&self, headers: &HeaderMap, certificate: Option<&Certificate>) -> Option<Caller> {
        match shown(headers, certificate) {
            Some(certificate) => certificate.caller(Timestamp::now()).ok(),
            None => self.known(&key(bearer(headers).ok()?)),
        }
    }

    /// The caller.
    pub async fn caller(&self, headers: &HeaderMap, certificate: Option<&Certificate>) -> Result<Caller> {
        if let Some(certificate) = shown(headers, certificate) {
            return certificate.caller(Timestamp::now());
        }
        let token = bearer(headers)?;
        let key = key(token);
        if let Some(caller) = self.known(&key) {
            return Ok(caller);
        }
        let (caller, believed) = self.judge(token).await?;
        self.remember(key, caller.clone(), believed);
        Ok(caller)
    }

    /// Whose token it is, and for how long that is believed. The issuer that a token names decides who judges it: what one
    /// judge refuses is laid before no other.
    async fn judge(&self, token: &str) -> Result<(Caller, Duration)> {
        let found = match &self.issuer {
            Some(issuer) if issuer.is_named_by(token) => match issuer.caller(token, &self.audience).await {
                Ok((caller, left)) => Some((caller, left.min(BELIEVED))),
                Err(oidc::Fault::Keys(error)) => return Err(Problem::down("asking the issuer for its keys", &error)),
                Err(fault) => {
                    // Which test a token fails is for the operator of the door to know, not for who tries.
                    tracing::debug!(%fault, "a token of the issuer is refused");
                    None
                }
            },
            _ => review::review(&self.client, token, &self.audience).await?.map(|caller| (caller, BELIEVED)),
        };
        found.ok_or_else(|| {
            Problem::UnknownCaller(format!(
                "the token is not valid, has expired or is not for audience {:?}: get a new one",
                self.audience
            ))
        })
    }

    fn known(&self, key: &[u8; 32]) -> Option<Caller> {
        let believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        believed.get(key).filter(|(end, _)| Instant::now() < *end).map(|(_, caller)| caller.clone())
    }

    fn remember(&self, key: [u8; 32], caller: Caller, time: Duration) {
        let now = Instant::now();
        let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        if believed.len() >= REMEMBERED {
            believed.retain(|_, (end, _)| now < *end);
        }
        if believed.len() < REMEMBERED {
            believed.insert(key, (now + time, caller));
        }
    }
}

/// The certificate, if it is what counts.
fn shown<'a>(headers: &HeaderMap, certificate: Option<&'a Certificate>) -> Option<&'a Certificate> {
    certificate.filter(|_| !headers.contains_key(AUTHORIZATION))
}

fn key(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token of the one `authorization` header.
fn bearer(headers: &HeaderMap) -> Result<&str> {
    let missing = || {
        Problem::UnknownCaller(format!(
            "no token: send `authorization: Bearer <token>` with a token for audience {:?}",
            labels::AUDIENCE
        ))
    };
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else { return Err(missing()) };
    let (scheme, token) = only.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    let token = token.trim();
    let well_formed = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= limits::TOKEN;
    if well_formed { Ok(token) } else { Err(missing()) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
