//! Tokens that the API server knows: service accounts, and whoever its own configuration makes known.

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use kube::{Api, Client, api::PostParams};

use super::Caller;
use crate::problem::{As, Result, Thing, from_kube};

/// The caller whose token it is, by TokenReview for an audience; `None`: the API server does not know it, or not for us.
pub async fn review(client: &Client, token: &str, audience: &str) -> Result<Option<Caller>> {
    let spec = TokenReviewSpec { token: token.to_owned(), audiences: Some(vec![audience.to_owned()]) };
    let review = TokenReview { spec, ..TokenReview::default() };
    let answer = Api::<TokenReview>::all(client.clone()).create(&PostParams::default(), &review).await;
    let status =
        answer.map_err(|e| from_kube(e, As::Door, "review", Thing::new("token", "")))?.status.unwrap_or_default();
    let ours = status.audiences.unwrap_or_default().iter().any(|granted| granted == audience);
    match (status.authenticated, ours, status.user) {
        (Some(true), true, Some(user)) => Caller::new(user).map(Some),
        _ => Ok(None),
    }
}
