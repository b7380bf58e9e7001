//! S15 of tokens: none that was changed is believed, and whatever an issuer publishes or signs is read or refused.

use berth_fuzz::Decoder;
use jsonwebtoken::{
    EncodingKey, Header, encode,
    jwk::{Jwk, JwkSet},
};
use serde_json::json;

use super::*;
use crate::identity::keys::pick;

fn issuer() -> Issuer {
    let config = Config {
        url: "https://sso.example".into(),
        ca_pem: Some(Vec::new()),
        username_claim: "sub".into(),
        username_prefix: "sso:".into(),
        groups_claim: Some("groups".into()),
        groups_prefix: String::new(),
        algorithms: vec![Algorithm::ES256],
    };
    Issuer::new(config, Duration::ZERO).unwrap()
}

/// Public keys of an issuer that signs with ES256, and a token that it signed.
fn signed() -> (JwkSet, String) {
    let key = EncodingKey::from_ec_der(&rcgen::KeyPair::generate().unwrap().serialize_der());
    let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
    public.common.key_id = Some("k".into());
    let claims = json!({"iss": "https://sso.example", "aud": "berth", "sub": "lan", "exp": 4_000_000_000_u64,
        "groups": ["berth:approver"]});
    let header = Header { kid: Some("k".into()), ..Header::new(Algorithm::ES256) };
    (JwkSet { keys: vec![public] }, encode(&header, &claims, &key).unwrap())
}

/// A token judged with keys at hand, as [`Issuer::caller`] does once it has them.
fn judged(issuer: &Issuer, keys: &JwkSet, token: &str) -> Result<Caller, Fault> {
    let header = decode_header(token)?;
    if !issuer.config.algorithms.contains(&header.alg) {
        return Err(Fault::Algorithm(header.alg));
    }
    let found = pick(keys, header.kid.as_deref(), header.alg);
    let key = found.ok_or(Fault::NoKey { kid: header.kid, algorithm: header.alg })?;
    let claims: Map<String, Value> =
        decode(token, &DecodingKey::from_jwk(&key)?, &issuer.validation(header.alg, "berth"))?.claims;
    issuer.judge(&claims, jsonwebtoken::get_current_timestamp()).map(|(caller, _)| caller)
}

#[test]
fn no_token_that_was_changed_is_believed() {
    let (issuer, (keys, good)) = (issuer(), signed());
    assert_eq!(judged(&issuer, &keys, &good).unwrap().username, "sso:lan");
    let (mut believed, mut named) = (0, 0);
    Decoder::new("tokens").inputs(200).texts(&[good.as_str()], |token| {
        named += u32::from(issuer.is_named_by(token));
        if judged(&issuer, &keys, token).is_ok() {
            believed += 1;
            assert_eq!(token, good, "what is believed is what was signed");
        }
    });
    assert!(believed > 0 && named > 0, "some are the token itself");
}

#[test]
fn keys_of_an_issuer_that_make_no_sense_are_no_keys() {
    let (issuer, (keys, good)) = (issuer(), signed());
    let sound = serde_json::to_value(&keys).unwrap();
    let rsa = json!({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "OKP", "crv": "Ed25519", "x": "AQAB"}, {"kty": "oct", "k": "AQAB"}]});
    Decoder::new("keys").inputs(100).values(&[sound, rsa], |value| {
        let Ok(set) = serde_json::from_value::<JwkSet>(value.clone()) else { return };
        for algorithm in [Algorithm::ES256, Algorithm::ES384, Algorithm::RS256, Algorithm::PS512, Algorithm::EdDSA] {
            let Some(key) = pick(&set, None, algorithm) else { continue };
            if let Ok(key) = DecodingKey::from_jwk(&key) {
                let _ = decode::<Map<String, Value>>(&good, &key, &issuer.validation(algorithm, "berth"));
            }
        }
        let _ = judged(&issuer, &set, &good);
    });
}

#[test]
fn claims_of_a_good_token_make_somebody_or_nobody_and_never_one_of_the_clusters_own() {
    let issuer = issuer();
    let claims = json!({"iss": "https://sso.example", "aud": ["berth"], "sub": "lan", "exp": 2000, "iat": 900, "groups": ["berth:approver"]});
    Decoder::new("claims").values(&[claims], |value| {
        let Some(claims) = value.as_object() else { return };
        if let Ok((caller, _)) = issuer.judge(claims, 1000) {
            assert!(caller.username.starts_with("sso:"), "{caller:?}");
            assert!(caller.groups.iter().all(|group| !group.is_empty() && !group.starts_with("system:")), "{caller:?}");
        }
    });
}
