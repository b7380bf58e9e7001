//! Who is who.

use berth_cluster::{Cluster, Error, Login, Options, Person};
use k8s_openapi::api::{
    authentication::v1::{SelfSubjectReview, TokenReview, UserInfo},
    core::v1::Namespace,
};
use kube::{Api, Client, api::PostParams};
use serde_json::json;

use crate::{code, nam, shared};

pub async fn who_am_i(client: Client) -> UserInfo {
    let reviews: Api<SelfSubjectReview> = Api::all(client);
    let review = reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await.unwrap();
    review.status.unwrap().user_info.unwrap()
}

async fn list(client: Client) -> u16 {
    code(Api::<Namespace>::all(client).list(&Default::default()).await)
}

#[tokio::test]
async fn a_person_with_groups_is_who_they_say() {
    let user = who_am_i(shared().await.client_for(&nam())).await;
    assert_eq!(user.username.as_deref(), Some("nam@so-y-te"));
    assert_eq!(user.groups.unwrap(), ["berth:ag-62:requester", "say \"hi\"", "system:authenticated"]);
}

#[tokio::test]
async fn a_person_may_nothing_the_admin_all_and_an_unknown_token_is_nobody() {
    let cluster = shared().await;
    let unknown = Person::new("nam@so-y-te", ["system:masters"]);
    let answers =
        [list(cluster.client_for(&nam())).await, list(cluster.admin()).await, list(cluster.client_for(&unknown)).await];
    assert_eq!(answers, [403, 200, 401]);
}

#[tokio::test]
async fn a_token_works_only_where_its_audience_is() {
    let cluster = shared().await;
    let token =
        async |audiences: &[&str]| cluster.service_account_token("default", "default", audiences).await.unwrap();
    let both = token(&["https://kubernetes.default.svc", "berth"]).await;
    let (berth_only, foreign) = (token(&["berth"]).await, token(&["elsewhere"]).await);
    let mut answers = Vec::new();
    for token in [&both, &berth_only, &foreign] {
        answers.push(list(cluster.client_for(token)).await);
    }
    // `berth` is one of the API server's own audiences, so a token for the door alone also logs in to the API.
    assert_eq!(answers, [403, 403, 401]);
    for token in [both.as_str(), &berth_only, &nam().token] {
        let review = json!({ "spec": { "token": token, "audiences": ["berth"] } });
        let reviews: Api<TokenReview> = Api::all(cluster.admin());
        let answer = reviews.create(&PostParams::default(), &serde_json::from_value(review).unwrap()).await.unwrap();
        assert_eq!(answer.status.unwrap().authenticated, Some(true));
    }
}

#[tokio::test]
async fn a_token_file_logs_in_as_whoever_its_token_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nam");
    std::fs::write(&file, nam().token).unwrap();
    let cluster = shared().await;
    assert_eq!(who_am_i(cluster.client_for(&file)).await.username.unwrap(), nam().name);
    let kubeconfig = cluster.kubeconfig(&file).unwrap();
    assert!(kubeconfig.contains("tokenFile") && !kubeconfig.contains(&nam().token), "{kubeconfig}");
    assert!(cluster.kubeconfig(Login::Admin).unwrap().contains("certificate-authority-data"));
}

#[tokio::test]
async fn people_who_do_not_fit_the_token_file_are_refused() {
    let with_comma = Person::new("nam", ["a,b"]);
    let refused = Cluster::throw_away(Options { people: vec![with_comma], ..Options::default() }).await;
    assert!(matches!(refused, Err(Error::Person { name, .. }) if name == "nam"));
}
