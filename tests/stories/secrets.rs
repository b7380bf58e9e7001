//! S12, canaries: in a story in which everybody who has a secret uses it, no token, password or key is in an object, an event, a
//! status, an e-mail, a webhook's call, the audit log or a log of the control plane. That none is in a line that operator and
//! door log is looked at in every story (`berth_tests::canary`).

use berth_api::client::Client;
use berth_api::proto::v1::ListEnvironmentsRequest;
use berth_cluster::{Component, TOKEN_MARK};
use berth_crds::notice::Occasion;
use berth_crds::{ConditionType, Onboarding, Reason};
use berth_tests::canary::found;
use berth_tests::error::Result;
use berth_tests::install;
use berth_tests::issuer::Issuer;
use berth_tests::mail::Place;
use berth_tests::people::{self, Account};
use berth_tests::receiver::Receiver;
use berth_tests::stack::{Door, Operator};
use kube::ResourceExt;
use serde_json::json;
use tonic::Code;

use crate::door::message;
use crate::notices::{KEY, peopled, reaches, settings};
use crate::way::berth;
use crate::world::World;

/// A token without a signature.
const UNSIGNED: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJsYW4ifQ.";

/// A request from a person's token to an environment that is handed over, and its environment.
async fn asked(world: &World, door: &Door) -> Result<(Onboarding, String)> {
    let lead = world.people.iter().find(|person| person.name == "lead-62").ok_or("nobody of that name")?;
    let mut client = Client::connect(&door.url, &lead.token).await?;
    let asked = client.onboardings.create_onboarding(message("ag-62", "canary", |_| {})).await?.into_inner();
    let paper = world.onboarding("ag-62", asked.name.rsplit('/').next().unwrap_or_default()).await?;
    world.decide("approver", &paper, "Approve").await?;
    let paper = world.until(&paper, ConditionType::Ready).await?;
    let name = paper.status.clone().and_then(|s| s.environment_ref).ok_or("no environment")?.name;
    berth(world, door, "lead-62", &["env", "kubeconfig", &name]).await??;
    Ok((paper, name))
}

/// Tokens of every kind, good and bad.
async fn shown(world: &World, door: &Door, issuer: &Issuer) -> Result<()> {
    let account = Account { namespace: "pipelines".into(), name: "canary".into() };
    let mut over = issuer.claims("lan", &["g"]);
    over["exp"] = json!(1);
    let tokens = [
        (people::pipeline(&world.cluster, &account).await?, None),
        (issuer.token("lan", &["g"])?, None),
        (issuer.signing().sign(&issuer.signing().header(), &over)?, Some(Code::Unauthenticated)),
        (UNSIGNED.to_owned(), Some(Code::Unauthenticated)),
        (format!("{TOKEN_MARK}whom-nobody-knows"), Some(Code::Unauthenticated)),
    ];
    for (token, expected) in tokens {
        let mut client = Client::connect(&door.url, &token).await?;
        let answer = client.environments.list_environments(ListEnvironmentsRequest::default()).await;
        assert_eq!(answer.err().map(|status| status.code()), expected);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_password_or_key_is_stored_sent_recorded_or_logged() -> Result<()> {
    let world = peopled().await?;
    let (place, receiver, key) = (Place::new()?, Receiver::start(0).await?, tempfile::NamedTempFile::new()?);
    std::fs::write(key.path(), KEY)?;
    let server = place.start().await?;
    let operator =
        Operator::start_telling(&world.cluster, settings(Some(&place), Some((&receiver, key.path())))?, None).await?;
    install::agencies_ready(&world.cluster).await?;
    let issuer = Issuer::start().await?;
    let door = Door::start_trusting(&world.cluster, issuer.config()).await?;
    let (paper, environment) = asked(&world, &door).await?;
    shown(&world, &door, &issuer).await?;
    // The password and the webhook's key were used.
    reaches(&world, &paper, Occasion::HandedOver, Reason::NoticeDelivered).await?;
    let (mails, calls) = (server.mails().await?, receiver.calls());
    assert!(!calls.is_empty() && calls.iter().all(|call| call.is_signed_by(KEY)));
    door.stop().await?;
    operator.stop().await?;

    // Each place with a word that stands in it: a search that finds nothing has searched something.
    let mut places = vec![
        ("etcd".to_owned(), world.cluster.stored().await?.concat(), environment.clone()),
        ("the audit log".to_owned(), world.cluster.audit_log()?, environment),
        ("e-mails".to_owned(), format!("{mails:?}").into_bytes(), paper.name_any()),
        ("calls of the webhook".to_owned(), format!("{calls:?}").into_bytes(), paper.name_any()),
    ];
    for component in Component::ALL {
        places.push((format!("the log of {component}"), std::fs::read(world.cluster.log(component)?)?, " ".to_owned()));
    }
    for (place, text, word) in &places {
        assert!(String::from_utf8_lossy(text).contains(word), "{word:?} is not in {place}");
        assert_eq!(found(text), None, "in {place}");
    }
    Ok(())
}
