//! Who is in, and what is done when nobody has time for a paper.

use std::time::Instant;

use berth_api::cli::Exit;
use berth_cluster::until;
use berth_crds::{ConditionType, Environment, condition};
use berth_tests::error::Result;
use berth_tests::stack::Door;
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{JSON, MERGE, dry_run, mallory, send};
use crate::way::{self, Way};
use crate::world::{PATIENCE, World, shared};

mod glass;
mod runbook;

const ENVIRONMENTS: &str = "/apis/berth.dev/v1alpha1/environments";
const ACTS: &str = "/apis/berth.dev/v1alpha1/interventions";

/// Edits an environment by hand, as a platform operator does.
pub async fn edit(world: &World, name: &str, spec: Value) -> Result<()> {
    until("the edit is accepted", PATIENCE, async || {
        let now: Environment = Api::all(world.cluster.admin()).get(name).await.map_err(|e| e.to_string())?;
        let revision = now.spec.basis.revision.unwrap_or(0) + 1;
        let mut body = json!({"spec": spec, "metadata": {"resourceVersion": now.resource_version()}});
        body["spec"]["basis"] = json!({"type": "Direct", "reason": "Sửa danh sách truy cập.", "revision": revision});
        let path = format!("{ENVIRONMENTS}/{name}");
        let answer = send(&world.client("platform"), "PATCH", &path, MERGE, &body).await;
        if answer.accepted() { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await?;
    Ok(())
}

/// What the API server answers to somebody who lists the pods of a namespace.
pub async fn enters(client: &Client, namespace: &str) -> u16 {
    send(client, "GET", &format!("/api/v1/namespaces/{namespace}/pods"), JSON, &Value::Null).await.code
}

/// Waits until it answers so.
pub async fn gets(client: &Client, namespace: &str, code: u16) -> Result<()> {
    until(&format!("{namespace} answers {code}"), PATIENCE, async || {
        let seen = enters(client, namespace).await;
        if seen == code { Ok(()) } else { Err(seen.to_string()) }
    })
    .await?;
    Ok(())
}

/// Waits until a condition says so, and returns its message.
async fn says(world: &World, name: &str, type_: ConditionType, reason: &str) -> Result<String> {
    let api: Api<Environment> = Api::all(world.cluster.admin());
    Ok(until(&format!("{name}: {} is {reason}", type_.as_str()), PATIENCE, async || {
        let conditions = api.get(name).await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
        match condition::get(&conditions, type_) {
            Some(c) if c.reason == reason => Ok(c.message.clone()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?)
}

/// Runs the command line as a person.
async fn berth(world: &World, door: &Door, who: &str, words: &[&str]) -> Result<std::result::Result<Exit, String>> {
    Ok(way::berth(world, door, who, words).await?.map_err(|failure| failure.to_string()))
}

/// Names of the policies in a namespace.
async fn policies(world: &World, namespace: &str) -> std::result::Result<Vec<String>, kube::Error> {
    let api: Api<NetworkPolicy> = Api::namespaced(world.cluster.admin(), namespace);
    Ok(api.list(&Default::default()).await?.iter().map(ResourceExt::name_any).collect())
}

async fn until_policies(world: &World, namespace: &str, wanted: &[&str]) -> Result<()> {
    until(&format!("the policies are {wanted:?}"), PATIENCE, async || {
        let seen = policies(world, namespace).await.map_err(|e| e.to_string())?;
        if seen == wanted { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_the_list_is_in_until_the_day_is_over_and_who_leaves_it_is_out() -> Result<()> {
    let world = shared().await?;
    let name = world.onboard("ag-62", "night-access", |_| {}).await?.name_any();
    let owner = json!({"subject": {"kind": "Group", "name": "berth:ag-62:requester"}, "role": "Admin"});
    let person = |who: &str, expires: Option<&str>| json!({"subject": {"kind": "User", "name": who}, "role": "View", "expires": expires});
    let hired = json!({"subject": {"kind": "Group", "name": "berth:ag-62:contractor"}, "role": "View"});
    // People who were hired have an end, or the list is refused.
    let path = format!("{ENVIRONMENTS}/{name}");
    let basis = json!({"type": "Direct", "reason": "Thuê ngoài.", "revision": 2});
    let endless = json!({"spec": {"access": [owner, hired], "basis": basis}});
    let refused = dry_run(&world.client("platform"), "PATCH", &path, MERGE, &endless).await;
    assert!(refused.code == 422 && refused.message.contains("access of contractors must end"), "{refused:?}");
    let (nobody, auditor) = (world.client("nobody"), world.client("auditor"));
    assert_eq!(enters(&nobody, &name).await, 403);
    // One who may enter, and one whose day is over.
    let list = json!([owner, person("nobody", Some("2099-12-31")), person("auditor", Some("2026-01-01"))]);
    edit(world, &name, json!({"access": list})).await?;
    gets(&nobody, &name, 200).await?;
    assert_eq!(enters(&auditor, &name).await, 403, "the last day of the auditor's access is over");
    edit(world, &name, json!({"access": [owner]})).await?;
    let removed = Instant::now();
    gets(&nobody, &name, 403).await?;
    println!("{} ms from the end of the entry to the first 403", removed.elapsed().as_millis());
    assert_eq!(enters(&world.client("lead-62"), &name).await, 200, "the others stay in");
    let first = says(world, &name, ConditionType::AccessReviewed, "AccessReviewPending").await?;
    assert!(first.contains("Nobody has confirmed it yet."), "{first}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_pod_gets_a_token_unasked_and_a_pipeline_gets_a_short_one_of_the_account_for_deployments() -> Result<()> {
    let world = shared().await?;
    let name = world.onboard("ag-62", "night-deploy", |spec| {
        spec["environment"]["deployAccount"] = json!("PerNamespace");
    });
    let name = name.await?.name_any();
    let other = world.onboard("ag-62", "night-other", |_| {}).await?.name_any();
    let accounts: Api<ServiceAccount> = Api::namespaced(world.cluster.admin(), &name);
    for account in ["default", "berth-deploy"] {
        assert_eq!(accounts.get(account).await?.automount_service_account_token, Some(false), "{account}");
    }
    let lead = world.client("lead-62");
    let path = |account: &str| format!("/api/v1/namespaces/{name}/serviceaccounts/{account}");
    // The tenant's own fields are the tenant's; ours are not, whoever asks.
    let pull = json!({"imagePullSecrets": [{"name": "registry"}]});
    assert!(send(&lead, "PATCH", &path("default"), MERGE, &pull).await.accepted());
    let mounts = json!({"automountServiceAccountToken": true});
    for client in [&lead, &mallory(&world.cluster).await?] {
        let unmarked = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
        for answer in [
            dry_run(client, "PATCH", &path("default"), MERGE, &mounts).await,
            dry_run(client, "PATCH", &path("default"), MERGE, &unmarked).await,
            dry_run(client, "DELETE", &path("default"), JSON, &Value::Null).await,
            dry_run(client, "DELETE", &path("berth-deploy"), JSON, &Value::Null).await,
        ] {
            assert!(answer.code == 403 && answer.message.contains("berth-account-keys"), "{answer:?}");
        }
    }
    let own = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "own"}});
    let base = format!("/api/v1/namespaces/{name}/serviceaccounts");
    assert!(send(&lead, "POST", &base, JSON, &own).await.accepted(), "accounts of one's own are one's own");
    // What breaks past the guards comes back, and takes nothing of the tenant's with it.
    let broken = send(&world.cluster.admin(), "PATCH", &path("default"), MERGE, &mounts).await;
    assert!(broken.accepted(), "{broken:?}");
    until("the account mounts no token again", PATIENCE, async || {
        let now = accounts.get("default").await.map_err(|e| e.to_string())?;
        let kept = now.image_pull_secrets.iter().flatten().any(|s| s.name == "registry");
        if now.automount_service_account_token == Some(false) && kept { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await?;
    // The owner's people ask for a token that lasts ten minutes; it edits here, and nothing elsewhere.
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}
    });
    let token = send(&lead, "POST", &format!("{}/token", path("berth-deploy")), JSON, &request).await;
    let token = token.body["status"]["token"].as_str().ok_or("no token")?.to_owned();
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), token)?;
    let pipeline = Client::try_from(world.cluster.config(file.path()))?;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "deployed"}});
    let maps = |namespace: &str| format!("/api/v1/namespaces/{namespace}/configmaps");
    let made = send(&pipeline, "POST", &maps(&name), JSON, &map).await;
    assert!(made.accepted(), "{made:?}");
    assert_eq!(send(&pipeline, "POST", &maps(&other), JSON, &map).await.code, 403);
    assert_eq!(
        send(&pipeline, "GET", &format!("/api/v1/namespaces/{name}/secrets"), JSON, &Value::Null).await.code,
        403
    );
    edit(world, &name, json!({"deployAccount": "None"})).await?;
    until("the account is gone", PATIENCE, async || match accounts.get_opt("berth-deploy").await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_repaired_on_hold_but_who_leaves_the_list_is_out_and_then_all_is_put_right() -> Result<()> {
    let way = Way::open().await?;
    let world = way.world;
    let name = world.onboard("ag-62", "night-hold", |_| {}).await?.name_any();
    let owner = json!({"subject": {"kind": "Group", "name": "berth:ag-62:requester"}, "role": "Admin"});
    let guest = json!({"subject": {"kind": "User", "name": "nobody"}, "role": "View"});
    edit(world, &name, json!({"access": [owner, guest]})).await?;
    gets(&world.client("nobody"), &name, 200).await?;
    for who in ["lead-62", "network", "approver", "auditor", "nobody"] {
        let refused = berth(world, &way.door, who, &["env", "hold", &name, "--reason", "Thử."]).await?;
        assert!(refused.is_err(), "{who}");
    }
    let long = ["env", "hold", &name, "--reason", "Thử.", "--hours", "25"];
    let long = berth(world, &way.door, "platform", &long).await?.unwrap_err();
    assert!(long.contains("at most 24 hours"), "{long}");
    assert_eq!(
        berth(world, &way.door, "platform", &["env", "hold", &name, "--reason", "Đổi nút mạng."]).await?,
        Ok(Exit::Done)
    );
    let message = says(world, &name, ConditionType::Held, "Held").await?;
    assert!(message.contains("\"platform\": Đổi nút mạng."), "{message}");
    let api: Api<NetworkPolicy> = Api::namespaced(world.cluster.admin(), &name);
    api.delete("berth-inside", &Default::default()).await?;
    // The operator has looked after the deletion: it has taken somebody out, and left the rest as it is.
    edit(world, &name, json!({"access": [owner]})).await?;
    gets(&world.client("nobody"), &name, 403).await?;
    assert_eq!(policies(world, &name).await?, ["berth-default-deny"]);
    let release = ["env", "release", &name, "hold", "--reason", "Xong."];
    assert_eq!(berth(world, &way.door, "platform", &release).await?, Ok(Exit::Done));
    until_policies(world, &name, &["berth-default-deny", "berth-inside"]).await?;
    says(world, &name, ConditionType::Held, "HoldEnded").await?;
    way.door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_isolated_environment_is_cut_off_keeps_what_it_has_and_is_let_back_by_an_act_alone() -> Result<()> {
    let way = Way::open().await?;
    let world = way.world;
    let name = world.onboard("ag-62", "night-isolate", |_| {}).await?.name_any();
    let maps: Api<ConfigMap> = Api::namespaced(world.client("lead-62"), &name);
    let evidence = serde_json::from_value(json!({"metadata": {"name": "evidence"}}))?;
    let evidence = maps.create(&Default::default(), &evidence).await?;
    let isolate = ["env", "isolate", &name, "--reason", "Mã độc.", "--request-id", "night-isolate"];
    for who in ["lead-62", "approver", "auditor", "nobody", "hired"] {
        assert!(berth(world, &way.door, who, &isolate).await?.is_err(), "{who}");
    }
    assert_eq!(berth(world, &way.door, "network", &isolate).await?, Ok(Exit::Done));
    assert_eq!(berth(world, &way.door, "network", &isolate).await?, Ok(Exit::Done), "a repeat is the same act");
    let message = says(world, &name, ConditionType::Isolated, "Isolated").await?;
    assert!(message.contains("\"network\": Mã độc.") && message.contains("Tell the owner by"), "{message}");
    until_policies(world, &name, &["berth-default-deny"]).await?;
    let deny: NetworkPolicy = Api::namespaced(world.cluster.admin(), &name).get("berth-default-deny").await?;
    assert_eq!(json!(deny.spec), json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}), "both, no families");
    assert_eq!(maps.get("evidence").await?.uid(), evidence.uid(), "what is there stays, and its owner may look");
    let acts = send(&world.client("auditor"), "GET", ACTS, JSON, &Value::Null).await.body;
    let about = |a: &&Value| a["spec"]["environmentRef"]["name"] == json!(name);
    let acts: Vec<&Value> = acts["items"].as_array().ok_or("no list")?.iter().filter(about).collect();
    let act = acts.first().filter(|_| acts.len() == 1).ok_or("one act")?;
    // It is told where people look, and recorded.
    until("an Event says so", PATIENCE, async || {
        let events = world.all::<Event>().await.map_err(|e| e.to_string())?;
        let told = |e: &Event| {
            let about = e.regarding.as_ref().and_then(|r| r.name.clone());
            about.as_deref() == Some(&name) && e.reason.as_deref() == Some("Isolated")
        };
        if events.iter().any(told) { Ok(()) } else { Err("no Event".to_owned()) }
    })
    .await?;
    let uid = act["metadata"]["uid"].as_str().ok_or("no uid")?;
    until("the ledger has it", PATIENCE, async || {
        let segments = world.all::<berth_crds::AuditRecord>().await.map_err(|e| e.to_string())?;
        let entries = segments.iter().flat_map(|s| s.spec.entries.iter());
        let found: Vec<_> = entries.filter(|e| e.object.uid == uid).collect();
        match found.as_slice() {
            [one] => {
                assert_eq!((one.who.as_str(), one.agency.as_deref()), ("network", Some("ag-62")));
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    // No one is forged, edited or deleted, and the network unit does nothing else.
    let one = format!("{ACTS}/{}", act["metadata"]["name"].as_str().ok_or("no name")?);
    let deleted = send(&world.cluster.admin(), "DELETE", &one, JSON, &Value::Null).await;
    assert!(deleted.code == 403 && deleted.message.contains("never deleted"), "{deleted:?}");
    let edited = send(&world.cluster.admin(), "PATCH", &one, MERGE, &json!({"spec": {"reason": "Khác."}})).await;
    assert_eq!(edited.code, 422, "{edited:?}");
    let forged = |by: Value, act: &str| {
        json!({
            "apiVersion": "berth.dev/v1alpha1", "kind": "Intervention", "metadata": {"name": "forged"},
            "spec": {"environmentRef": {"name": name, "uid": "x"}, "act": act, "reason": "Giả.", "by": by}
        })
    };
    let network = json!({"username": "network", "groups": ["berth:network"]});
    let mallorys = json!({"username": "mallory", "groups": ["berth:ag-62:requester"]});
    for (client, body) in [
        (world.client("platform"), forged(network.clone(), "EndIsolation")),
        (world.client("network"), forged(network.clone(), "EndHold")),
        (world.client("network"), forged(network.clone(), "ConfirmAccess")),
        (world.cluster.admin(), forged(network, "EndIsolation")),
        (mallory(&world.cluster).await?, forged(mallorys, "EndIsolation")),
    ] {
        let answer = dry_run(&client, "POST", ACTS, JSON, &body).await;
        assert_eq!(answer.code, 403, "{answer:?}");
    }
    let release = ["env", "release", &name, "isolation", "--reason", "Đã làm sạch."];
    assert_eq!(berth(world, &way.door, "platform", &release).await?, Ok(Exit::Done));
    until_policies(world, &name, &["berth-default-deny", "berth-inside"]).await?;
    says(world, &name, ConditionType::Isolated, "IsolationEnded").await?;
    way.door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_cannot_be_planned_and_is_on_hold_is_cut_off_all_the_same() -> Result<()> {
    let way = Way::open().await?;
    let world = way.world;
    let environment = world.onboard("ag-62", "night-unplanned", |_| {}).await?;
    let (name, class) = (environment.name_any(), environment.spec.class_ref.name);
    edit(world, &name, json!({"classRef": {"name": "no-such-class"}})).await?;
    says(world, &name, ConditionType::Ready, "MissingReference").await?;
    let hold = ["env", "hold", &name, "--reason", "Đổi nút mạng."];
    assert_eq!(berth(world, &way.door, "platform", &hold).await?, Ok(Exit::Done));
    says(world, &name, ConditionType::Held, "Held").await?;
    let isolate = ["env", "isolate", &name, "--reason", "Mã độc."];
    assert_eq!(berth(world, &way.door, "network", &isolate).await?, Ok(Exit::Done));
    until_policies(world, &name, &["berth-default-deny"]).await?;
    let policies: Api<NetworkPolicy> = Api::namespaced(world.cluster.admin(), &name);
    let deny = policies.get("berth-default-deny").await?;
    assert_eq!(json!(deny.spec), json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    // Once it can be planned again, what was written without a plan is what the plan says.
    edit(world, &name, json!({"classRef": {"name": class}})).await?;
    let release = ["env", "release", &name, "hold", "--reason", "Xong."];
    assert_eq!(berth(world, &way.door, "platform", &release).await?, Ok(Exit::Done));
    says(world, &name, ConditionType::Ready, "Ready").await?;
    let planned = policies.get("berth-default-deny").await?;
    assert_eq!((planned.spec, planned.metadata.labels), (deny.spec, deny.metadata.labels));
    way.door.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_grant_lets_in_for_a_while_and_leaves_a_paper_owed() -> Result<()> {
    let way = Way::open().await?;
    let world = way.world;
    let environment = world.onboard("ag-62", "night-grant", |_| {}).await?;
    let name = environment.name_any();
    let nobody = world.client("nobody");
    assert_eq!(enters(&nobody, &name).await, 403);
    let grant = ["env", "grant", &name, "--user", "nobody", "--role", "view", "--reason", "Khôi phục dịch vụ."];
    let refused = berth(world, &way.door, "network", &grant).await?.unwrap_err();
    assert!(refused.contains("platform operator"), "{refused}");
    let long = berth(world, &way.door, "platform", &[&grant[..], &["--hours", "73"]].concat()).await?.unwrap_err();
    assert!(long.contains("at most 72 hours"), "{long}");
    assert_eq!(berth(world, &way.door, "platform", &grant).await?, Ok(Exit::Done));
    gets(&nobody, &name, 200).await?;
    let message = says(world, &name, ConditionType::EmergencyAccess, "EmergencyGranted").await?;
    assert!(message.contains("User \"nobody\" as View"), "{message}");
    let release = ["env", "release", &name, "grants", "--reason", "Xong."];
    assert_eq!(berth(world, &way.door, "platform", &release).await?, Ok(Exit::Done));
    gets(&nobody, &name, 403).await?;
    says(world, &name, ConditionType::EmergencyAccess, "PaperOwed").await?;
    // The paper afterwards.
    let paper = world
        .ask("lead-62", "ag-62", "night-grant-paper", |spec| {
            spec["action"] = json!("Change");
            spec["environmentRef"] = json!({"name": name, "uid": environment.uid()});
            spec["revision"] = json!(1);
            spec.as_object_mut().expect("a spec").remove("system");
        })
        .await?;
    world.decide("approver", &paper, "Approve").await?;
    says(world, &name, ConditionType::EmergencyAccess, "EmergencyEnded").await?;
    let confirm = ["env", "confirm-access", &name, "--reason", "Công văn 12/SYT-CNTT"];
    assert_eq!(berth(world, &way.door, "platform", &confirm).await?, Ok(Exit::Done));
    let message = says(world, &name, ConditionType::AccessReviewed, "AccessConfirmed").await?;
    assert!(message.contains("\"platform\"") && message.contains("Công văn 12/SYT-CNTT"), "{message}");
    way.door.stop().await
}
