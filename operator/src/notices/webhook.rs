//! Webhooks: a CloudEvent 1.0 in structured mode, signed as Standard Webhooks 1.0 says
//! (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64 of HMAC-SHA256>` over `id.timestamp.body`), so that a
//! receiver may take any library for it. A redirect is not followed: the address is the province's to say.

use std::sync::Arc;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use berth_crds::NoticeSpec;
use berth_plan::notice::event;
use hmac::{Hmac, Mac as _};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::ConfigBuilderExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use sha2::Sha256;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::Failure;
use super::mail::read;
use super::settings::Webhook;

/// Mark of a key that is written in base64.
const BASE64_KEY: &str = "whsec_";
/// Most bytes of an answer that are read.
const ANSWER: usize = 4096;

/// Calls a webhook with a notice.
pub(super) async fn call(hook: &Webhook, namespace: &str, spec: &NoticeSpec, now: Timestamp) -> Result<(), Failure> {
    let event = event(namespace, spec).map_err(|e| Failure::Refused(format!("the event cannot be made: {e}")))?;
    let body = event.to_string();
    let keys = keys(&read("webhooks.keyFile", &hook.key_file)?)?;
    let request = Request::post(&hook.url)
        .header("content-type", "application/cloudevents+json; charset=utf-8")
        .header("webhook-id", &spec.id)
        .header("webhook-timestamp", now.as_second())
        .header("webhook-signature", signature(&keys, &spec.id, now.as_second(), &body))
        .header("user-agent", concat!("berth-operator/", env!("CARGO_PKG_VERSION")))
        .body(Full::<Bytes>::from(body))
        .map_err(|e| Failure::Refused(format!("the request cannot be made: {e}")))?;
    let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls(hook)?);
    let client = Client::builder(TokioExecutor::new()).build(connector.https_or_http().enable_http1().build());
    let unreachable = |e: &dyn std::error::Error| Failure::Unreachable(chained(e));
    let answer = client.request(request).await.map_err(|e| unreachable(&e))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    // A line of it helps who reads the failure; nobody needs more.
    let said = Limited::new(answer.into_body(), ANSWER).collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let said = String::from_utf8_lossy(&said).lines().next().unwrap_or_default().chars().take(200).collect::<String>();
    Err(judged(status, format!("answered {status} {said}").trim_end().to_owned()))
}

/// A server that is busy or broken is one; anything else it says of this event.
fn judged(status: StatusCode, text: String) -> Failure {
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        Failure::Unreachable(text)
    } else {
        Failure::Refused(text)
    }
}

/// The keys of a file: one a line, as bytes or, after `whsec_`, in base64.
fn keys(text: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let key = |line: &str| match line.strip_prefix(BASE64_KEY) {
        // The text of the error may quote the key.
        Some(code) => STANDARD.decode(code).map_err(|_| Failure::Unreachable("`keyFile` is no base64".into())),
        None => Ok(line.as_bytes().to_vec()),
    };
    let keys: Vec<Vec<u8>> = lines.map(key).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(Failure::Unreachable("`keyFile` holds no key".into())) } else { Ok(keys) }
}

/// The header: one signature for each key.
fn signature(keys: &[Vec<u8>], id: &str, timestamp: i64, body: &str) -> String {
    let one = |key: &Vec<u8>| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of HMAC has any length");
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    keys.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn tls(hook: &Webhook) -> Result<ClientConfig, Failure> {
    let wrong = |e: &dyn std::fmt::Display| Failure::Unreachable(format!("TLS: {e}"));
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(&e))?;
    let mut roots = RootCertStore::empty();
    let pem = match &hook.ca_file {
        Some(path) => read("webhooks.caFile", path)?,
        // A system without certificates of its own can still call in plain text, and nothing else.
        None if hook.url.starts_with("http://") => String::new(),
        None => return Ok(builder.with_native_roots().map_err(|e| wrong(&e))?.with_no_client_auth()),
    };
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// An error with its causes: "error sending request" alone helps nobody.
fn chained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks 1.0.0.
    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        let keys = keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signature = signature(&keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_keys_make_two_signatures_and_none_is_a_failure_that_quotes_nothing() {
        let two = keys("first\n\n  second \n").unwrap();
        assert_eq!(two, [b"first".to_vec(), b"second".to_vec()]);
        assert_eq!(signature(&two, "a", 1, "b").split(' ').count(), 2);
        let secret = keys("whsec_not~base64").unwrap_err();
        assert!(!secret.text().contains("not~base64"), "{secret:?}");
        assert!(keys(" \n").is_err());
    }

    #[test]
    fn a_busy_or_broken_server_is_left_alone_and_a_refusal_is_the_events_own() {
        let kinds = [500, 503, 429, 400, 404, 301].map(|code| {
            let failure = judged(StatusCode::from_u16(code).unwrap(), String::new());
            matches!(failure, Failure::Unreachable(_))
        });
        assert_eq!(kinds, [true, true, true, false, false, false]);
    }
}
