//! S13, revocation: whoever is taken off a list, whose binding goes or whose account is deleted is out, at the API server and at
//! the door, also of what they were following. What other stories tell is not told again: an entry of an access list that ends
//! (`night`), members and an agency's papers by kubectl (`abuse`), a new owner (`transfer`), a removed environment (`leaving`).

use std::time::Instant;

use berth_api::client::Client;
use berth_api::proto::v1 as pb;
use berth_cluster::until;
use berth_crds::Agency;
use berth_tests::error::Result;
use berth_tests::people::{self, Account};
use berth_tests::stack::Door;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tonic::{Code, Status, Streaming};

use crate::world::{PATIENCE, World, code, decision};

/// Waits until a call is answered with a code, and prints how long that took.
async fn answered<T>(what: &str, wanted: Code, call: impl AsyncFn() -> std::result::Result<T, Status>) -> Result<()> {
    let begun = Instant::now();
    until(what, PATIENCE, async || match call().await {
        Err(status) if status.code() == wanted => Ok(()),
        Err(status) => Err(status.to_string()),
        Ok(_) => Err("let in".to_owned()),
    })
    .await?;
    println!("{what}: after {} ms", begun.elapsed().as_millis());
    Ok(())
}

/// Reads on until the stream ends, and says with which code.
async fn ended<T>(what: &str, mut stream: Streaming<T>) -> Result<Option<Code>> {
    let begun = Instant::now();
    let end = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(status) => return Some(status.code()),
            }
        }
    };
    let code = tokio::time::timeout(PATIENCE, end).await.map_err(|_| format!("{what} goes on"))?;
    println!("{what}: after {} ms", begun.elapsed().as_millis());
    Ok(code)
}

async fn client(world: &World, door: &Door, who: &str) -> Result<Client> {
    let person = world.people.iter().find(|person| person.name == who).ok_or("nobody of that name")?;
    Ok(Client::connect(&door.url, &person.token).await?)
}

/// Says who acts for ag-62.
async fn members(world: &World, subjects: &[Value]) -> Result<()> {
    let members: Vec<_> = subjects.iter().map(|subject| json!({"subject": subject, "role": "Requester"})).collect();
    let agencies = Api::<Agency>::all(world.cluster.admin());
    agencies.patch("ag-62", &Default::default(), &Patch::Merge(json!({"spec": {"members": members}}))).await?;
    Ok(())
}

fn papers() -> pb::ListOnboardingsRequest {
    pb::ListOnboardingsRequest { parent: "agencies/ag-62".into(), ..Default::default() }
}

/// The first message of a watch has come.
async fn follows<T>(stream: tonic::Response<Streaming<T>>) -> Result<Streaming<T>> {
    let mut stream = stream.into_inner();
    stream.message().await?.ok_or("it ended at once")?;
    Ok(stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_taken_off_a_list_or_deleted_is_out_also_of_what_they_follow() -> Result<()> {
    let (world, _operator) = World::own().await?;
    let door = Door::start(&world.cluster).await?;
    let environment = format!("environments/{}", world.onboard("ag-62", "revoked", |_| {}).await?.name_any());
    let paper = world.ask("lead-62", "ag-62", "revoked-open", |_| {}).await?;
    let name = format!("agencies/ag-62/onboardings/{}", paper.name_any());
    a_deleted_account(&world, &door, &name).await?;
    a_member(&world, &door, &name, &environment).await?;
    a_signer(&world, &door, &name).await?;
    // Neither does the API server take the paper of who signs no more.
    assert_eq!(code(world.create("approver", decision(&paper, "approver", 1, "Approve")).await), 403);
    door.stop().await
}

/// Its token was believed a moment ago.
async fn a_deleted_account(world: &World, door: &Door, paper: &str) -> Result<()> {
    let account = Account { namespace: "pipelines".into(), name: "leaves".into() };
    let token = people::pipeline(&world.cluster, &account).await?;
    let group = json!({"kind": "Group", "name": "berth:ag-62:requester"});
    let pipeline = json!({"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace});
    members(world, &[group, pipeline]).await?;
    let client = Client::connect(&door.url, &token).await?;
    let list = async || client.clone().onboardings.list_onboardings(papers()).await;
    until("the pipeline is a member", PATIENCE, async || list().await.map(drop).map_err(|e| e.to_string())).await?;
    let watch = pb::WatchOnboardingRequest { name: paper.into() };
    let followed = follows(client.clone().onboardings.watch_onboarding(watch).await?).await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(world.cluster.admin(), &account.namespace);
    accounts.delete(&account.name, &Default::default()).await?;
    answered("a deleted account is nobody", Code::Unauthenticated, list).await?;
    assert_eq!(ended("its watch ends", followed).await?, Some(Code::Unauthenticated));
    Ok(())
}

/// For papers and for registers.
async fn a_member(world: &World, door: &Door, paper: &str, environment: &str) -> Result<()> {
    let client = client(world, door, "lead-62").await?;
    let list = async || client.clone().onboardings.list_onboardings(papers()).await;
    let get = async || {
        let request = pb::GetEnvironmentRequest { name: environment.into() };
        client.clone().environments.get_environment(request).await
    };
    let kubeconfig = async || {
        let request = pb::GetKubeconfigRequest { name: environment.into(), token_file: "token".into() };
        client.clone().environments.get_kubeconfig(request).await
    };
    let environments = async || {
        let all = client.clone().environments.list_environments(pb::ListEnvironmentsRequest::default()).await?;
        Ok::<_, Status>(all.into_inner().environments.len())
    };
    list().await?;
    get().await?;
    kubeconfig().await?;
    assert_eq!(environments().await?, 1);
    let watch = pb::WatchOnboardingRequest { name: paper.into() };
    let papers = follows(client.clone().onboardings.watch_onboarding(watch).await?).await?;
    let watch = pb::WatchEnvironmentRequest { name: environment.into() };
    let registers = follows(client.clone().environments.watch_environment(watch).await?).await?;

    members(world, &[]).await?;
    answered("who is no member reads no papers", Code::PermissionDenied, list).await?;
    answered("nor registers", Code::NotFound, get).await?;
    answered("nor gets a kubeconfig", Code::NotFound, kubeconfig).await?;
    assert_eq!(environments().await?, 0);
    assert_eq!(ended("their watch of a paper ends", papers).await?, Some(Code::PermissionDenied));
    assert_eq!(ended("their watch of an environment ends", registers).await?, Some(Code::NotFound));
    Ok(())
}

/// The province's role is a binding.
async fn a_signer(world: &World, door: &Door, paper: &str) -> Result<()> {
    let client = client(world, door, "approver").await?;
    let approve = async || {
        let request = pb::ApproveOnboardingRequest { name: paper.into(), validate_only: true, ..Default::default() };
        client.clone().onboardings.approve_onboarding(request).await
    };
    // The policies' view of the papers is a moment behind.
    until("the approver may approve", PATIENCE, async || approve().await.map(drop).map_err(|e| e.to_string())).await?;
    let bindings = Api::<ClusterRoleBinding>::all(world.cluster.admin());
    bindings.delete("berth-signer-approver", &Default::default()).await?;
    answered("who has no role approves nothing", Code::PermissionDenied, approve).await
}
