//! Tokens of an OpenID Connect issuer (reliability §2.6): each test that a token must pass, what the issuer is asked and how
//! often, and that who comes in by one is held to the same rules as everybody else.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use berth_api::client::Client;
use berth_api::identity::{Fault, Issuer as Judge};
use berth_api::proto::v1::{ApproveOnboardingRequest, ListEnvironmentsRequest};
use berth_crds::ConditionType;
use berth_tests::error::Result;
use berth_tests::issuer::{AUDIENCE, Issuer, Signing};
use berth_tests::stack::Door;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tonic::Code;

use crate::door::{message, reason};
use crate::world::shared;

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3600);

fn judge(issuer: &Issuer, pause: Duration) -> Result<Judge> {
    Ok(Judge::new(issuer.config(), pause)?)
}

/// What is found wrong with a token, in a word.
async fn verdict(judge: &Judge, token: &str) -> String {
    match judge.caller(token, AUDIENCE).await {
        Ok((caller, _)) => format!("{} {:?}", caller.username, caller.groups),
        Err(Fault::Token(_)) => "token".into(),
        Err(Fault::Algorithm(_)) => "algorithm".into(),
        Err(Fault::Kind(_)) => "kind".into(),
        Err(Fault::NoKey { .. }) => "key".into(),
        Err(Fault::Claim(claim)) => claim,
        Err(Fault::User) => "user".into(),
        Err(Fault::Keys(_)) => "issuer".into(),
    }
}

/// A token of three parts as they are given.
fn raw(header: &str, claims: &str, signature: &[u8]) -> String {
    [header.as_bytes(), claims.as_bytes(), signature].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

/// Claims with some of them changed; `null` takes one away.
fn changed(issuer: &Issuer, changes: Value) -> Value {
    let mut claims = issuer.claims("lan", &["g"]);
    for (key, value) in changes.as_object().into_iter().flatten() {
        let map = claims.as_object_mut().unwrap();
        if value.is_null() {
            map.remove(key)
        } else {
            map.insert(key.clone(), value.clone())
        };
    }
    claims
}

#[tokio::test]
async fn claims_that_do_not_hold_are_each_refused() -> Result<()> {
    let issuer = Issuer::start().await?;
    let judge = judge(&issuer, NEVER)?;
    let now = jsonwebtoken::get_current_timestamp();
    let long = "a".repeat(257);
    let cases = [
        (json!({}), "lan [\"g\"]"),
        (json!({"aud": ["account", AUDIENCE]}), "lan [\"g\"]"),
        (json!({"groups": null}), "lan []"),
        (json!({"groups": "g"}), "lan [\"g\"]"),
        (json!({"groups": ["g", "system:masters"]}), "lan [\"g\"]"),
        (json!({"exp": now - 30}), "lan [\"g\"]"),
        (json!({"aud": "another"}), "token"),
        (json!({"aud": ["another", "account"]}), "token"),
        (json!({"aud": []}), "token"),
        (json!({"aud": null}), "token"),
        (json!({"aud": {"berth": true}}), "token"),
        (json!({"iss": format!("{}/", issuer.url)}), "token"),
        (json!({"iss": "https://another.example"}), "token"),
        (json!({"iss": [issuer.url.as_str(), "https://another.example"]}), "iss"),
        (json!({"iss": null}), "token"),
        (json!({"exp": now - 120}), "token"),
        (json!({"exp": null}), "token"),
        (json!({"exp": (now + 600).to_string()}), "token"),
        (json!({"exp": -1}), "token"),
        (json!({"nbf": now + 600}), "token"),
        (json!({"nbf": "now"}), "token"),
        (json!({"iat": now + 600}), "iat"),
        (json!({"iat": "now"}), "iat"),
        (json!({"sub": null}), "token"),
        (json!({"sub": 7}), "token"),
        (json!({"sub": ""}), "sub"),
        (json!({"sub": long}), "sub"),
        (json!({"sub": "lan\nadmin"}), "sub"),
        (json!({"sub": "system:admin"}), "user"),
        (json!({"sub": "system:serviceaccount:pipelines:deploy"}), "user"),
        (json!({"groups": 7}), "groups"),
        (json!({"groups": [{"name": "berth:approver"}]}), "groups"),
        (json!({"groups": ["g", ""]}), "groups"),
    ];
    for (changes, expected) in cases {
        let token = issuer.signing().sign(&issuer.signing().header(), &changed(&issuer, changes.clone()))?;
        assert_eq!(verdict(&judge, &token).await, expected, "{changes}");
    }
    Ok(())
}

#[tokio::test]
async fn tokens_that_are_not_signed_by_the_issuers_key_are_each_refused() -> Result<()> {
    let issuer = Issuer::start().await?;
    let judge = judge(&issuer, NEVER)?;
    let (key, claims) = (issuer.signing(), issuer.claims("lan", &["g"]));
    let good = issuer.token("lan", &["g"])?;
    assert_eq!(verdict(&judge, &good).await, "lan [\"g\"]");
    let [header, body, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let text = claims.to_string();
    // Somebody else's key under the same name, offered in every way that a header has.
    let other = Signing::new(&key.kid)?;
    let secret = |with: &[u8]| -> Result<String> {
        Ok(encode(
            &Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) },
            &claims,
            &EncodingKey::from_secret(with)?,
        )?)
    };
    let with = |change: fn(&mut Header)| {
        let mut header = key.header();
        change(&mut header);
        header
    };
    let named = |kid: Option<&str>| Header { kid: kid.map(str::to_owned), ..key.header() };
    let offered = Header { jwk: Some(other.jwk()?), jku: Some("https://localhost:1/keys".into()), ..key.header() };
    let cases = [
        ("no algorithm", raw(r#"{"alg":"none","typ":"JWT"}"#, &text, b""), "token"),
        ("no algorithm, in other letters", raw(r#"{"alg":"nOnE"}"#, &text, b""), "token"),
        ("no algorithm and a signature", raw(r#"{"alg":"none"}"#, &text, b"x"), "token"),
        ("a secret that is the public key", secret(key.public_pem().as_bytes())?, "algorithm"),
        ("a secret that is the key's name", secret(key.kid.as_bytes())?, "algorithm"),
        ("an algorithm that is not taken", raw(r#"{"alg":"ES384","kid":"key-1"}"#, &text, &[7; 96]), "algorithm"),
        ("another key of that name", other.sign(&key.header(), &claims)?, "token"),
        ("a key that the header brings along", other.sign(&offered, &claims)?, "token"),
        ("a key that nobody has", key.sign(&named(Some("key-2")), &claims)?, "key"),
        ("a key's name that is a path", key.sign(&named(Some("../../dev/null")), &claims)?, "key"),
        ("a token of a logout", key.sign(&with(|h| h.typ = Some("logout+jwt".into())), &claims)?, "kind"),
        (
            "an extension that must be understood",
            key.sign(&with(|h| h.crit = Some(vec!["exp".into()])), &claims)?,
            "token",
        ),
        (
            "other claims",
            format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(text.replace("lan", "bao"))),
            "token",
        ),
        (
            "another header",
            format!("{}.{body}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"key-1"}"#)),
            "token",
        ),
        ("a signature cut short", good[..good.len() - 2].to_owned(), "token"),
        ("a signature of zeros", format!("{header}.{body}.{}", URL_SAFE_NO_PAD.encode([0; 64])), "token"),
        ("no signature", format!("{header}.{body}."), "token"),
        ("two parts", format!("{header}.{body}"), "token"),
        ("five parts", format!("{good}.x.y"), "token"),
        ("nothing", String::new(), "token"),
        ("dots", "..".into(), "token"),
        ("no base64", "?.?.?".into(), "token"),
        ("no JSON", raw("x", "y", b"z"), "token"),
    ];
    for (what, token, expected) in cases {
        assert_eq!(verdict(&judge, &token).await, expected, "{what}");
    }
    // Without a name the one key is meant; of two, none.
    let nameless = key.sign(&named(None), &claims)?;
    assert_eq!(verdict(&judge, &nameless).await, "lan [\"g\"]");
    issuer.publish(vec![key.jwk()?, Signing::new("key-3")?.jwk()?]);
    assert_eq!(verdict(&self::judge(&issuer, NEVER)?, &nameless).await, "key");
    Ok(())
}

#[tokio::test]
async fn the_issuer_is_asked_once_whatever_number_of_callers_come_and_keys_are_invented() -> Result<()> {
    let issuer = Issuer::start().await?;
    let judge = Arc::new(judge(&issuer, NEVER)?);
    let token = issuer.token("lan", &[])?;
    let first = (0..50).map(|_| {
        let (judge, token) = (judge.clone(), token.clone());
        tokio::spawn(async move { verdict(&judge, &token).await })
    });
    for answer in futures::future::join_all(first).await {
        assert_eq!(answer?, "lan []");
    }
    for number in 0..50 {
        let header = Header { kid: Some(format!("invented-{number}")), ..issuer.signing().header() };
        let token = issuer.signing().sign(&header, &issuer.claims("lan", &[]))?;
        assert_eq!(verdict(&judge, &token).await, "key");
    }
    assert_eq!(issuer.asked(), 1);
    Ok(())
}

#[tokio::test]
async fn a_new_key_is_found_with_its_first_token_and_what_is_known_outlasts_a_silent_issuer() -> Result<()> {
    let mut issuer = Issuer::start().await?;
    let judge = judge(&issuer, Duration::ZERO)?;
    // Nobody is known while the issuer has never answered; nor by the word of another.
    issuer.silence(true);
    let before = issuer.token("lan", &[])?;
    assert_eq!(verdict(&judge, &before).await, "issuer");
    issuer.silence(false);
    issuer.pretend("https://another.example");
    assert_eq!(verdict(&judge, &before).await, "issuer");
    issuer.pretend(&issuer.url);
    assert_eq!(verdict(&judge, &before).await, "lan []");

    issuer.rotate("key-2")?;
    let after = issuer.token("lan", &[])?;
    assert_eq!(verdict(&judge, &after).await, "lan []");
    assert_eq!(verdict(&judge, &before).await, "key");

    issuer.silence(true);
    assert_eq!((verdict(&judge, &after).await, verdict(&judge, &before).await), ("lan []".into(), "key".into()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_with_an_issuers_token_is_stamped_and_may_not_decide_what_they_asked() -> Result<()> {
    let world = shared().await?;
    let issuer = Issuer::start().await?;
    let door = Door::start_trusting(&world.cluster, issuer.config()).await?;
    let both = issuer.token("hoa@so-kh-cn.example", &["berth:ag-62:requester", "berth:approver"])?;
    let mut client = Client::connect(&door.url, &both).await?;
    let asked = client.onboardings.create_onboarding(message("ag-62", "oidc-asks", |_| {})).await?.into_inner();
    let id = asked.name.rsplit('/').next().unwrap_or_default();
    let paper = world.onboarding("ag-62", id).await?;
    assert_eq!(paper.spec.requester.username, "hoa@so-kh-cn.example", "the API server stamps who the token names");
    let approve = ApproveOnboardingRequest { name: asked.name.clone(), uid: asked.uid.clone(), ..Default::default() };
    let refusal = client.onboardings.approve_onboarding(approve.clone()).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::PermissionDenied, "SELF_APPROVAL"));
    let other = issuer.token("minh@berth.example", &["berth:approver"])?;
    Client::connect(&door.url, &other).await?.onboardings.approve_onboarding(approve).await?;
    world.until(&paper, ConditionType::Ready).await?;

    // A token for the door is none for the API server, and whoever is refused hears the same whatever is wrong.
    let refused = [
        issuer.signing().sign(&issuer.signing().header(), &changed(&issuer, json!({"exp": 1})))?,
        issuer.signing().sign(&issuer.signing().header(), &changed(&issuer, json!({"aud": "another"})))?,
        issuer.signing().sign(&issuer.signing().header(), &changed(&issuer, json!({"sub": "system:admin"})))?,
        Signing::new("key-1")?.sign(&issuer.signing().header(), &issuer.claims("lan", &["berth:approver"]))?,
        raw(r#"{"alg":"none"}"#, &issuer.claims("lan", &["berth:approver"]).to_string(), b""),
        "nobody-has-this-token".to_owned(),
    ];
    let mut answers = Vec::new();
    for token in refused {
        let mut client = Client::connect(&door.url, &token).await?;
        let refusal = client.environments.list_environments(ListEnvironmentsRequest::default()).await.unwrap_err();
        answers.push((refusal.code(), refusal.message().to_owned()));
    }
    answers.dedup();
    let said = "the token is not valid, has expired or is not for audience \"berth\": get a new one";
    assert_eq!(answers, vec![(Code::Unauthenticated, said.to_owned())]);
    door.stop().await
}
