//! Tokens that the API server knows: service accounts, and whoever its own configuration makes known.

use http::{Request, header::CONTENT_TYPE};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use kube::Client;

use super::Caller;
use crate::problem::{As, Problem, Result, Thing, from_kube};

/// Where tokens are reviewed.
const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
/// What is done, for errors.
const DOING: &str = "reviewing a token";

/// The caller whose token it is, by TokenReview for an audience; `None`: the API server does not know it, or not for us.
pub async fn review(client: &Client, token: &str, audience: &str) -> Result<Option<Caller>> {
    let spec = TokenReviewSpec { token: token.to_owned(), audiences: Some(vec![audience.to_owned()]) };
    let status = ask(client, &TokenReview { spec, ..TokenReview::default() }).await?.status.unwrap_or_default();
    let ours = status.audiences.unwrap_or_default().iter().any(|granted| granted == audience);
    match (status.authenticated, ours, status.user) {
        (Some(true), true, Some(user)) => Caller::new(user).map(Some),
        _ => Ok(None),
    }
}

/// The answer repeats the token. It is read here and not by `Api::create`, which logs what it cannot read.
async fn ask(client: &Client, review: &TokenReview) -> Result<TokenReview> {
    let body = serde_json::to_vec(review).map_err(|_| Problem::bug(DOING, &"the question cannot be written"))?;
    let request = Request::post(REVIEWS).header(CONTENT_TYPE, "application/json").body(body);
    let request = request.map_err(|error| Problem::bug(DOING, &error))?;
    let answer = client.request_text(request).await;
    let answer = answer.map_err(|error| from_kube(error, As::Door, "review", Thing::new("token", "")))?;
    serde_json::from_str(&answer).map_err(|_| Problem::bug(DOING, &"the answer is no TokenReview"))
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        io,
        sync::{Mutex, PoisonError},
    };

    use http::Response;
    use kube::client::Body;
    use serde_json::json;
    use tower::service_fn;
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    struct Log;

    impl io::Write for Log {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// An API server that answers with the question and a status.
    fn server(status: serde_json::Value) -> Client {
        let echo = move |request: Request<Body>| {
            let status = status.clone();
            async move {
                let question = request.into_body().collect_bytes().await.unwrap_or_default();
                let mut answer: serde_json::Value = serde_json::from_slice(&question).unwrap();
                answer["status"] = status;
                Ok::<_, Infallible>(Response::new(Body::from(answer.to_string().into_bytes())))
            }
        };
        Client::new(service_fn(echo), "default")
    }

    #[tokio::test]
    async fn an_answer_is_read_and_one_that_cannot_be_is_told_without_the_token_in_it() {
        let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::DEBUG).with_writer(|| Log).finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let known = json!({"authenticated": true, "audiences": ["berth"], "user": {"username": "lan"}});
        let lan = Caller { username: "lan".into(), groups: vec![] };
        assert_eq!(review(&server(known.clone()), "secret", "berth").await, Ok(Some(lan)));
        assert_eq!(review(&server(known), "secret", "another").await, Ok(None));
        assert_eq!(review(&server(json!({"error": "expired"})), "secret", "berth").await, Ok(None));
        for unreadable in [json!(7), json!({"user": "secret"})] {
            let refused = review(&server(unreadable), "secret", "berth").await;
            assert!(matches!(refused, Err(Problem::Bug(_))), "{refused:?}");
        }
        let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
        assert!(log.contains("the answer is no TokenReview") && !log.contains("secret"), "{log}");
    }
}
