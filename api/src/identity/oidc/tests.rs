use clap::Parser as _;
use jsonwebtoken::jwk::Jwk;
use serde_json::json;

use super::*;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

fn flags(words: &[&str]) -> Result<Flags, String> {
    let line = Line::try_parse_from(["door"].iter().chain(words));
    line.map(|line| line.flags).map_err(|error| error.to_string())
}

fn issuer(change: impl FnOnce(&mut Config)) -> Issuer {
    let flags = flags(&["--oidc-issuer-url", "https://sso.example"]).unwrap();
    let mut config = flags.config().unwrap().unwrap();
    config.ca_pem = Some(Vec::new());
    change(&mut config);
    Issuer::new(config, Duration::ZERO).unwrap()
}

fn claims(more: Value) -> Map<String, Value> {
    let mut claims = json!({"iss": "https://sso.example", "exp": 2000, "sub": "lan"});
    claims.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    claims.as_object().cloned().unwrap()
}

#[test]
fn names_are_made_as_the_api_server_makes_them() {
    let url = "https://sso.example";
    let prefix = |words: &[&str]| {
        let all: Vec<_> = ["--oidc-issuer-url", url].iter().chain(words).copied().collect();
        flags(&all).unwrap().config().unwrap().unwrap().username_prefix
    };
    assert_eq!(prefix(&[]), "https://sso.example#");
    assert_eq!(prefix(&["--oidc-username-claim", "email"]), "");
    assert_eq!(prefix(&["--oidc-username-prefix", "-"]), "");
    assert_eq!(prefix(&["--oidc-username-prefix", "oidc:"]), "oidc:");
    assert!(flags(&[]).unwrap().config().unwrap().is_none(), "no issuer, nothing to trust");
}

#[test]
fn an_issuer_is_an_https_url_and_a_signature_needs_a_key_that_only_it_has() {
    for bad in ["http://sso.example", "sso.example", "https://sso.example/?realm=x", ""] {
        assert!(flags(&["--oidc-issuer-url", bad]).is_err(), "{bad}");
    }
    let algorithms = |text| flags(&["--oidc-signing-algs", text]).map(|flags| flags.oidc_signing_algs);
    assert_eq!(algorithms("RS256,ES256"), Ok(vec![Algorithm::RS256, Algorithm::ES256]));
    for bad in ["HS256", "none", "RS256,HS512", ""] {
        assert!(algorithms(bad).is_err(), "{bad}");
    }
}

#[test]
fn claims_become_a_caller_that_lasts_as_long_as_they_do() {
    let caller = |username: &str, groups: &[&str]| Caller {
        username: username.into(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    };
    let plain = issuer(|_| {}).judge(&claims(json!({"groups": ["g"]})), 1000).unwrap();
    assert_eq!(plain, (caller("https://sso.example#lan", &[]), Duration::from_secs(1060)));
    let grouped = issuer(|config| {
        config.groups_claim = Some("groups".into());
        config.groups_prefix = "sso:".into();
    });
    let (found, _) = grouped.judge(&claims(json!({"groups": ["g", "system:masters"]})), 1000).unwrap();
    assert_eq!(found, caller("https://sso.example#lan", &["sso:g", "sso:system:masters"]));
}

#[test]
fn an_address_that_nobody_verified_is_no_name() {
    let issuer = issuer(|config| {
        config.username_claim = "email".into();
        config.username_prefix = String::new();
    });
    let judge = |more| issuer.judge(&claims(more), 1000).map(|(caller, _)| caller.username).map_err(|e| e.to_string());
    let wrong = |claim: &str| Err(format!("claim {claim:?} is missing or not as it must be"));
    let email = "lan@so-kh-cn.example";
    assert_eq!(judge(json!({"email": email, "email_verified": true})), Ok(email.into()));
    assert_eq!(judge(json!({"email": email})), Ok(email.into()));
    assert_eq!(judge(json!({"email": email, "email_verified": false})), wrong("email_verified"));
    assert_eq!(judge(json!({"email": email, "email_verified": "true"})), wrong("email_verified"));
    assert_eq!(judge(json!({})), wrong("email"));
}

#[test]
fn a_signature_of_rsa_is_checked_with_the_key() {
    // Made with OpenSSL 3: RSA of 2048 bits, PKCS #1 v1.5, SHA-256.
    const MODULUS: &str = "v0ICRFhiMfXx_z1Rirs4q4bu9RmkJg-GGI1VtnxVRv_d06noKHFJfGEjaevuku8TlYAGN-L-NoXnFAVKFMQBRHFN87qpx2SzK-7D\
         539_D7bxCxUInZ1Qy1bxQmnkchwAuHMEnbNRIhHRiBn6soM5xpY8pbMe6edx2Ln8E4xpWVx6PgnO0W-MnzzmqqSROCbMgkXbZf2m\
         GhhlZNRgWR_gzaMRWa_RQJn2v6sJKMignsUZGxJQGaX2oBYu-kI1rqkYvewHENPnWwAB2Ku-tP2u_YeepKk8YQfqWP3tqw2DMAlP\
         i4zapJlEZ187fP-iStWvt5ku6jVZOL2-UgFGm8greQ";
    const HEADER_AND_CLAIMS: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLCJleHAiOjEzMDA4MTkzODB9";
    const SIGNATURE: &str = "BBqq0YT0MuuqGZ3OxMCoDBxxnavzUAl5PgOO1KH9sybUwjxncLlpaSTN2HE-JkNlu_ByB8tJ8ttBx60Toq307Bx7URSklwgHfDeV\
         Ofu6W7H4Oi30KCwMarsAJRvkSIX4tfPL67xayrYaij8otnF9ErIY41rD6aYObdZFdLIG6qFmFaCuasqaHTWDP38uSuw4_ursPQsR\
         8iE3KnT5ql5XK3dWIMk8sY_DxbYtCPeva7rsrGK2kZlB_OZ8uaz1Q_6hNrjn_hj0kh9N50KJY3qFAAZcoBSnUZIvw0uJX01FIjDG\
         aqBw63mJzIwYc6lHeu1SYHddnAiDSAZZvgkSwYiX5w";
    let key = json!({"kty": "RSA", "e": "AQAB", "n": MODULUS});
    let key = DecodingKey::from_jwk(&serde_json::from_value::<Jwk>(key).unwrap()).unwrap();
    let mut anything = Validation::new(Algorithm::RS256);
    (anything.validate_exp, anything.validate_aud) = (false, false);
    let check = |signature: &str| {
        decode::<Map<String, Value>>(format!("{HEADER_AND_CLAIMS}.{signature}"), &key, &anything)
            .map(|token| token.claims["iss"].clone())
            .map_err(|error| error.into_kind())
    };
    assert_eq!(check(SIGNATURE), Ok(json!("joe")));
    let other = format!("A{}", &SIGNATURE[1..]);
    assert_eq!(check(&other), Err(jsonwebtoken::errors::ErrorKind::InvalidSignature));
}
