//! A policy that cannot judge refuses. Each way not to be able to is put into a policy of the chart; a harmless request that
//! passed before is refused then, and passes again once the policy is as it was.

use berth_cluster::until;
use berth_crds::Onboarding;
use berth_tests::error::Result;
use berth_tests::files;
use kube::Client;
use serde_json::{Value, json};

use crate::attack::{Answer, JSON, MERGE, dry_run, mallory, put_policies, send};
use crate::world::{PATIENCE, World, decision, request};

/// A request that every policy lets through as it is.
#[derive(Clone, Copy)]
enum Harmless {
    /// A namespace of somebody's own.
    Namespace,
    /// A Decision of somebody who may.
    Decision,
    /// A Tenant without anything deleted.
    Delete,
    /// An edit of a register.
    Edit,
}

use Harmless::{Decision, Delete, Edit, Namespace};

/// What is wrong, in which file, which text becomes which, and who is refused then.
const BREAKS: [(&str, &str, &str, &str, Harmless); 8] = [
    (
        "an error in a rule",
        "60",
        "object.metadata.name.startsWith('agency-')",
        "object.absent.startsWith('agency-')",
        Namespace,
    ),
    (
        "an error in a variable",
        "62",
        "\n        object.?metadata.?labels.orValue({})",
        "\n        object.absent",
        Namespace,
    ),
    (
        "an error in a condition on who asks",
        "60",
        "request.userInfo.username != 'system:serviceaccount:berth-system:berth-operator'",
        "object.absent != ''",
        Namespace,
    ),
    ("a parameter of a kind that is not there", "21", "kind: Onboarding}", "kind: Nothing}", Decision),
    ("no parameter", "21", "    selector: {}", "    name: nobody", Decision),
    (
        "a kind that is not there, where no parameter would be no obstacle",
        "50",
        "kind: Environment}",
        "kind: Nothing}",
        Delete,
    ),
    ("an error in what RBAC is asked", "20", ".name(object.spec.role)", ".name(object.spec.absent)", Decision),
    ("an error in a stamp", "41", "value: variables.changedBy}]", "value: string(object.absent)}]", Edit),
];

const BERTH: &str = "/apis/berth.dev/v1alpha1";

async fn ask(client: &Client, paper: &Onboarding, what: Harmless) -> Answer {
    match what {
        Namespace => {
            let plain = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "closed-plain"}});
            dry_run(client, "POST", "/api/v1/namespaces", JSON, &plain).await
        }
        Decision => {
            let body = decision(paper, "approver", 1, "Approve");
            dry_run(client, "POST", &format!("{BERTH}/namespaces/agency-ag-62/decisions"), JSON, &body).await
        }
        Delete => dry_run(client, "DELETE", &format!("{BERTH}/tenants/byhand"), JSON, &Value::Null).await,
        Edit => {
            let edit = json!({"spec": {"capacity": {"cpu": "700"}}});
            dry_run(client, "PATCH", &format!("{BERTH}/sites/binh-duong-dc1"), MERGE, &edit).await
        }
    }
}

/// Waits until the request is accepted, or refused; the status.
async fn becomes(client: &Client, paper: &Onboarding, what: Harmless, accepted: bool, why: &str) -> Result<u16> {
    let word = if accepted { "accepted" } else { "refused" };
    let why = format!("{why}: the request is {word}");
    let code = until(&why, PATIENCE, async || {
        let answer = ask(client, paper, what).await;
        if answer.accepted() == accepted && answer.code != 0 { Ok(answer.code) } else { Err(format!("{answer:?}")) }
    });
    Ok(code.await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_cannot_judge_refuses() -> Result<()> {
    // Without an operator: it would be refused too.
    let world = World::start().await?;
    let client = mallory(&world.cluster).await?;
    let paper = world.ask("lead-62", "ag-62", "closed-paper", |_| {}).await?;
    let tenant = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "byhand"},
        "spec": {
            "code": "IS-99", "displayName": {"vi": "Hệ thống cũ"}, "agencyRef": {"name": "ag-62"}, "level": 1,
            "siteRef": {"name": "binh-duong-dc1"}, "basis": {"type": "Direct", "reason": "Nhập lại sổ cũ."},
            "owners": [{"agencyRef": {"name": "ag-62"}, "from": "2024-01-01"}],
            "levels": [{"level": 1, "status": "Proposed", "inForce": {"from": "2024-01-01"}}],
            "migrationStage": "Operating"
        }
    });
    let made = send(&client, "POST", &format!("{BERTH}/tenants"), JSON, &tenant).await;
    assert!(made.accepted(), "{made:?}");
    for (what, file, from, to, harmless) in BREAKS {
        let begins = |p: &std::path::PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(file));
        let all = files::yaml(&files::chart().join("files/policies"))?;
        let path = all.into_iter().find(begins).ok_or("no such file")?;
        let text = std::fs::read_to_string(&path)?;
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text, "{what}: the text is not in {}", path.display());
        becomes(&client, &paper, harmless, true, what).await?;
        put_policies(&world.cluster, &broken).await?;
        let code = becomes(&client, &paper, harmless, false, what).await?;
        put_policies(&world.cluster, &text).await?;
        becomes(&client, &paper, harmless, true, what).await?;
        println!("{what}: refused with {code}");
    }
    a_missing_stamp_refuses(&world).await
}

/// Who asked is required by the schema: while nobody stamps it, nothing is accepted.
async fn a_missing_stamp_refuses(world: &World) -> Result<()> {
    let (admin, lead) = (world.cluster.admin(), world.client("lead-62"));
    let bindings = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings";
    let path = format!("{bindings}/berth-stamp-onboarding");
    let binding = send(&admin, "GET", &path, JSON, &Value::Null).await.body;
    let papers = format!("{BERTH}/namespaces/agency-ag-62/onboardings");
    let ask = async || dry_run(&lead, "POST", &papers, JSON, &request("ag-62", "closed-stamp")).await;
    assert!(ask().await.accepted());
    assert!(send(&admin, "DELETE", &path, JSON, &Value::Null).await.accepted());
    let refused = until("nothing is stamped any more", PATIENCE, async || {
        let answer = ask().await;
        if answer.accepted() { Err("accepted".to_owned()) } else { Ok(answer) }
    })
    .await?;
    assert!(refused.code == 422 && refused.message.contains("requester"), "{refused:?}");
    let again = json!({
        "apiVersion": binding["apiVersion"], "kind": binding["kind"], "spec": binding["spec"],
        "metadata": {"name": binding["metadata"]["name"], "labels": binding["metadata"]["labels"]}
    });
    assert!(send(&admin, "POST", bindings, JSON, &again).await.accepted());
    until("papers are stamped again", PATIENCE, async || {
        let answer = ask().await;
        if answer.accepted() { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await?;
    Ok(())
}
