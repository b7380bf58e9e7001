//! Tokens of an OpenID Connect issuer, judged here by the keys that it publishes: OpenID Connect Core 1.0 §3.1.3.7 and the
//! best current practices for JSON Web Tokens (RFC 8725). The flags have the names and meanings that they have for
//! kube-apiserver, so that door and API server make the same user of one token.

use std::{fs, path::PathBuf, time::Duration};

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, dangerous, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Caller,
    keys::{Keys, Unreadable},
};

/// How far the issuer's clock and ours may differ, in seconds.
const LEEWAY: u64 = 60;
/// What a token may say that it is (RFC 8725 §3.11): an issuer signs others too, for example of a logout.
const KINDS: [&str; 4] = ["jwt", "application/jwt", "at+jwt", "application/at+jwt"];
/// Longest username, in bytes.
const USERNAME: usize = 256;
/// Most groups of one token.
const GROUPS: usize = 256;

/// The issuer, as flags and environment name it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// Issuer whose tokens are taken beside those that the API server reviews: its https URL, exactly as its tokens say it.
    #[arg(long, env = "BERTH_OIDC_ISSUER_URL", value_parser = issuer_url)]
    pub oidc_issuer_url: Option<String>,
    /// Certificates of the issuer's server, a PEM file; the system's without it.
    #[arg(long, env = "BERTH_OIDC_CA_FILE", requires = "oidc_issuer_url")]
    pub oidc_ca_file: Option<PathBuf>,
    /// Claim that is the username.
    #[arg(long, env = "BERTH_OIDC_USERNAME_CLAIM", default_value = "sub")]
    pub oidc_username_claim: String,
    /// What stands before usernames; `-` for nothing. Without it `<issuer>#`, and nothing for the claim `email`.
    #[arg(long, env = "BERTH_OIDC_USERNAME_PREFIX")]
    pub oidc_username_prefix: Option<String>,
    /// Claim that holds the groups; without it nobody has any.
    #[arg(long, env = "BERTH_OIDC_GROUPS_CLAIM")]
    pub oidc_groups_claim: Option<String>,
    /// What stands before groups.
    #[arg(long, env = "BERTH_OIDC_GROUPS_PREFIX", default_value = "")]
    pub oidc_groups_prefix: String,
    /// Signatures that are taken: RS256 … RS512, PS256 … PS512, ES256, ES384, EdDSA.
    #[arg(long, env = "BERTH_OIDC_SIGNING_ALGS", value_delimiter = ',', default_value = "RS256", value_parser = algorithm)]
    pub oidc_signing_algs: Vec<Algorithm>,
}

/// An issuer and what its tokens mean.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its URL, exactly as tokens say it.
    pub url: String,
    /// Certificates that its server's is checked with, PEM; `None`: the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Claim that is the username.
    pub username_claim: String,
    /// What stands before it.
    pub username_prefix: String,
    /// Claim that holds the groups.
    pub groups_claim: Option<String>,
    /// What stands before each.
    pub groups_prefix: String,
    /// Signatures that are taken.
    pub algorithms: Vec<Algorithm>,
}

impl Flags {
    /// Reads the file that the flags name; `None` where there is no issuer.
    pub fn config(&self) -> std::io::Result<Option<Config>> {
        let Some(url) = self.oidc_issuer_url.clone() else { return Ok(None) };
        let prefix = match self.oidc_username_prefix.as_deref() {
            Some("-") => String::new(),
            Some(prefix) => prefix.to_owned(),
            None if self.oidc_username_claim == "email" => String::new(),
            None => format!("{url}#"),
        };
        Ok(Some(Config {
            url,
            ca_pem: self.oidc_ca_file.as_ref().map(fs::read).transpose()?,
            username_claim: self.oidc_username_claim.clone(),
            username_prefix: prefix,
            groups_claim: self.oidc_groups_claim.clone(),
            groups_prefix: self.oidc_groups_prefix.clone(),
            algorithms: self.oidc_signing_algs.clone(),
        }))
    }
}

fn issuer_url(text: &str) -> Result<String, String> {
    let uri = text.parse::<http::Uri>().ok().filter(|uri| uri.scheme_str() == Some("https") && uri.query().is_none());
    uri.map(|_| text.to_owned()).ok_or_else(|| format!("{text:?} is no issuer: give its https URL without a query"))
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    // A shared secret (HMAC) would let everybody sign who can check.
    let asymmetric = text.parse::<Algorithm>().ok().filter(|algorithm| algorithm.family() != AlgorithmFamily::Hmac);
    asymmetric.ok_or_else(|| format!("{text:?} is not taken: give RS256, PS256, ES256, ES384, EdDSA, or longer ones"))
}

/// Why a token is refused. For the log only.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is not well formed, not signed by the key, or one of its standard claims does not hold.
    #[error(transparent)]
    Token(#[from] jsonwebtoken::errors::Error),
    /// It is signed in a way that is not taken.
    #[error("it is signed with {0:?}")]
    Algorithm(Algorithm),
    /// It is a token of another kind.
    #[error("it is a {0:?}")]
    Kind(String),
    /// The issuer has no such key.
    #[error("the issuer has no key {kid:?} for {algorithm:?}")]
    NoKey {
        /// Id of the key.
        kid: Option<String>,
        /// Signature.
        algorithm: Algorithm,
    },
    /// A claim is not as it must be.
    #[error("claim {0:?} is missing or not as it must be")]
    Claim(String),
    /// The user is one of the cluster's own.
    #[error("its user may not use the door")]
    User,
    /// The issuer's keys are not known.
    #[error("the issuer's keys cannot be read: {0}")]
    Keys(#[from] Unreadable),
}

/// An issuer that is trusted.
pub struct Issuer {
    config: Config,
    keys: Keys,
}

impl Issuer {
    /// An issuer whose keys are read when the first token comes: the door opens although it does not answer. It is asked
    /// anew for a key that is not known at most once in a `pause`.
    pub fn new(config: Config, pause: Duration) -> Result<Self, Unreadable> {
        let keys = Keys::new(&config.url, config.ca_pem.as_deref(), pause)?;
        Ok(Self { config, keys })
    }

    /// Whether a token says that it is of this issuer. Nothing of it is believed yet.
    pub fn is_named_by(&self, token: &str) -> bool {
        #[derive(Deserialize)]
        struct Says {
            iss: String,
        }
        dangerous::insecure_decode_claims::<Says>(token).is_ok_and(|says| says.iss == self.config.url)
    }

    /// The person whose token it is, and how long it still lasts.
    pub async fn caller(&self, token: &str, audience: &str) -> Result<(Caller, Duration), Fault> {
        let header = decode_header(token)?;
        if !self.config.algorithms.contains(&header.alg) {
            return Err(Fault::Algorithm(header.alg));
        }
        if let Some(kind) = header.typ.filter(|kind| !KINDS.contains(&kind.to_ascii_lowercase().as_str())) {
            return Err(Fault::Kind(kind));
        }
        let found = self.keys.find(header.kid.as_deref(), header.alg).await?;
        let key = found.ok_or(Fault::NoKey { kid: header.kid, algorithm: header.alg })?;
        let claims: Map<String, Value> =
            decode(token, &DecodingKey::from_jwk(&key)?, &self.validation(header.alg, audience))?.claims;
        self.judge(&claims, jsonwebtoken::get_current_timestamp())
    }

    fn validation(&self, algorithm: Algorithm, audience: &str) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_audience(&[audience]);
        validation.set_issuer(&[&self.config.url]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation
    }

    /// What the claims of a good token mean.
    fn judge(&self, claims: &Map<String, Value>, now: u64) -> Result<(Caller, Duration), Fault> {
        let wrong = |claim: &str| Fault::Claim(claim.to_owned());
        if claims.get("iss").and_then(Value::as_str) != Some(&self.config.url) {
            return Err(wrong("iss"));
        }
        let issued = claims.get("iat").map(|at| at.as_f64().ok_or_else(|| wrong("iat"))).transpose()?;
        if issued.is_some_and(|at| at > (now + LEEWAY) as f64) {
            return Err(wrong("iat"));
        }
        let ends = claims.get("exp").and_then(Value::as_f64).ok_or_else(|| wrong("exp"))?;
        let left = Duration::try_from_secs_f64(ends + LEEWAY as f64 - now as f64).map_err(|_| wrong("exp"))?;
        // An address that nobody proved to be theirs is nobody's name.
        let verified = claims.get("email_verified");
        if self.config.username_claim == "email" && verified.is_some_and(|verified| *verified != Value::Bool(true)) {
            return Err(wrong("email_verified"));
        }
        let name = claims.get(&self.config.username_claim).and_then(Value::as_str);
        let name = name.filter(|name| fits(name)).ok_or_else(|| wrong(&self.config.username_claim))?;
        let groups = self.groups(claims)?;
        let caller = Caller::person(&format!("{}{name}", self.config.username_prefix), groups);
        Ok((caller.map_err(|_| Fault::User)?, left))
    }

    fn groups(&self, claims: &Map<String, Value>) -> Result<Vec<String>, Fault> {
        let Some(claim) = &self.config.groups_claim else { return Ok(Vec::new()) };
        let one = |group: &Value| group.as_str().filter(|group| fits(group)).map(str::to_owned);
        let groups = match claims.get(claim) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Array(all)) if all.len() <= GROUPS => all.iter().map(one).collect(),
            Some(other) => one(other).map(|group| vec![group]),
        };
        let groups = groups.ok_or_else(|| Fault::Claim(claim.clone()))?;
        Ok(groups.into_iter().map(|group| format!("{}{group}", self.config.groups_prefix)).collect())
    }
}

/// Whether a text can be a name.
fn fits(text: &str) -> bool {
    (1..=USERNAME).contains(&text.len()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod decoding;
#[cfg(test)]
mod tests;
