use berth_api::page::Page;
use berth_cluster::Person;

use super::*;

/// What Kubernetes gives a service account, shortened: header, claims and signature.
const ACCOUNT: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMifQ.c2ln-_bmF0dXJl";
/// What the API server gives for the next page of a list.
const CONTINUE: &str = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NDIsInN0YXJ0IjoiYVx1MDAwMCJ9";

fn told(text: &str) -> Option<String> {
    found(text.as_bytes())
}

#[test]
fn each_kind_of_secret_is_found_and_what_stands_before_it_is_told() {
    let person = Person::new("lan", ["g"]).token;
    let unsigned = format!("{}.", ACCOUNT.rsplit_once('.').unwrap().0);
    let continued = format!("an account's token after \"{CONTINUE} \"");
    let cases = [
        (format!("authorization: Bearer {person}"), "a person's token after \"authorization: Bearer \""),
        (format!("?access_token={ACCOUNT}&x"), "an account's token after \"?access_token=\""),
        (format!("{{\"token\":\"{unsigned}\"}}"), "an account's token after \"{\\\"token\\\":\\\"\""),
        (format!("{CONTINUE} {ACCOUNT}"), continued.as_str()),
        (format!("AUTH PLAIN {}", mail::PASSWORD), "the mail server's password after \"AUTH PLAIN \""),
        (format!("Hmac {{ {WEBHOOK_KEY:?} }}"), "the webhook's key after \"Hmac { \\\"\""),
        ("-----BEGIN EC PRIVATE KEY-----\\nMHc".to_owned(), "a private key after \"-----BEGIN EC \""),
    ];
    for (text, expected) in cases {
        assert_eq!(told(&text).as_deref(), Some(expected), "{text}");
    }
    // Long lines are told in part.
    let long = told(&format!("{}{person}", "x".repeat(1000)));
    assert_eq!(long, Some(format!("a person's token after {:?}", "x".repeat(BEFORE))));
}

#[test]
fn a_secret_is_found_in_base64_and_as_bytes_too() {
    for (what, word) in WORDS {
        let mut texts = vec![format!("{:?}", format!("a{word}b").as_bytes())];
        for before in ["", "\0", "\0b", "\0be", "\0bert"] {
            for after in ["", "\0", "~~"] {
                texts.push(STANDARD_NO_PAD.encode(format!("{before}{word}{after}")));
                texts.push(URL_SAFE_NO_PAD.encode(format!("{before}{word}{after}")));
            }
        }
        for text in texts {
            assert!(told(&text).is_some_and(|told| told.starts_with(what)), "{what} in {text}");
        }
    }
}

#[test]
fn what_only_looks_like_a_secret_is_none() {
    let page = Page::read(1, "", "onboardings agencies/-").unwrap().token("agency-ag-62", CONTINUE);
    let [header, claims, _] = ACCOUNT.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let other = URL_SAFE_NO_PAD.encode(r#"{"typ":"page"}"#);
    let texts = [
        format!("http.url=https://127.0.0.1:6443/apis/berth.dev/v1alpha1/onboardings?limit=50&continue={CONTINUE}"),
        format!("http.url=/v1/agencies/-/onboardings?pageToken={page}"),
        // The end of a sentence, names of files, and three parts that are no token.
        format!("it goes on at {CONTINUE}. Read it. Again."),
        format!("{CONTINUE}.json.gz"),
        format!("{other}.{claims}.x"),
        format!("{header}.{claims}"),
        format!("{header}..x"),
        header.to_owned(),
        "eyJ.eyJ.x".to_owned(),
        "eyJ".to_owned(),
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUFw==\n-----END CERTIFICATE-----".to_owned(),
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ==".to_owned(),
        "reconciling object object.ref=Environment.v1alpha1.berth.dev/abcdef-prod object.reason=object updated"
            .to_owned(),
        "cannot list agencies: token of the caller, password and key are not in this line".to_owned(),
        format!("sha256 {}", "0123456789abcdef".repeat(4)),
        String::new(),
    ];
    for text in texts {
        assert_eq!(told(&text), None, "{text}");
    }
}

#[test]
fn what_is_logged_is_heard_in_messages_fields_and_spans_at_debug_level_and_told_once() {
    static HEARD: Caught = Mutex::new(BTreeMap::new());
    let person = Person::new("lan", ["g"]);
    tracing::subscriber::with_default(Ear(&HEARD), || {
        tracing::info!(%CONTINUE, who = ?person, "nothing to hear");
        tracing::trace!(token = person.token, "too low");
        tracing::debug!(target: "h2::codec", token = person.token, "a frame");
        assert_eq!(untold(&HEARD), Vec::<String>::new());

        let say = || tracing::debug!(target: "message", "it is {}", person.token);
        say();
        tracing::warn!(target: "field", key = ?WEBHOOK_KEY.as_bytes());
        let span = tracing::debug_span!(target: "span", "login", token = ACCOUNT, password = tracing::field::Empty);
        span.in_scope(|| tracing::debug!(target: "inside", "nothing to hear"));
        span.record("password", mail::PASSWORD);
        say();
    });
    let heard = untold(&HEARD);
    let places: Vec<_> = heard.iter().map(|line| line.split([' ', ':']).next().unwrap()).collect();
    assert_eq!(places, ["a", "field", "message", "span"], "{heard:?}");
    assert!(heard.iter().all(|line| !line.contains(&person.token) && !line.contains(mail::PASSWORD)), "{heard:?}");
    assert_eq!(untold(&HEARD), Vec::<String>::new());
}
