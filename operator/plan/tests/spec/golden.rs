//! `examples/NN-name/{input,plan,status}.yaml`: tests and documentation at once.
//!
//! `input.yaml` is read; `plan.yaml` and `status.yaml` are what the plan makes of it. After an intended change,
//! `UPDATE=1 cargo test --workspace --test spec golden` rewrites them: read the difference before you commit it.

// Reading its examples is this test's business; the crate itself still reads nothing.
#![expect(clippy::disallowed_methods, reason = "the golden test reads its examples")]

use std::fs;
use std::path::{Path, PathBuf};

use berth_crds::environment::{EnvironmentStatus, NamespaceStatus};
use berth_crds::{ConditionType, Environment, EnvironmentClass, PolicyProfile, Reason, Tenant};
use berth_plan::address;
use berth_plan::desired::{Blocked, Desired, Input, plan};
use berth_plan::status::environment::{Progress, blocked, planned};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::world::{ADDRESSES, at, day};

/// What an environment is planned from.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Example {
    today: String,
    system_prefix: Option<String>,
    environment: Environment,
    tenant: Option<Tenant>,
    class: Option<EnvironmentClass>,
    profile: Option<PolicyProfile>,
}

/// The status after one step.
#[derive(Serialize)]
struct Step {
    after: &'static str,
    status: EnvironmentStatus,
}

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found: Vec<PathBuf> =
        fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

/// The whole way of a plan: each `Progress` on the status of the one before, or the one status that says what blocks.
fn statuses(example: &Example, outcome: &Result<Desired, Blocked>) -> Vec<Step> {
    let desired = match outcome {
        Err(why) => {
            let status = blocked(&example.environment, why, &at("09:00"));
            return vec![Step { after: "Blocked", status }];
        }
        Ok(desired) => desired,
    };
    let with_uid = |n: NamespaceStatus| NamespaceStatus { uid: Some(format!("uid-{}", n.name)), ..n };
    let created: Vec<NamespaceStatus> = desired.intended().into_iter().map(with_uid).collect();
    let failed = Progress::Failed {
        at: ConditionType::QuotaReady,
        reason: Reason::QuotaPending,
        message: Reason::QuotaPending.en().into(),
    };
    let way = [
        ("Named", "09:00", Progress::Named, desired.intended()),
        ("Created", "09:01", Progress::Created, created.clone()),
        ("Failed", "09:02", failed, created.clone()),
        ("Done", "09:03", Progress::Done, created),
    ];
    let mut environment = example.environment.clone();
    let step = |(after, clock, progress, namespaces)| {
        let status = planned(&environment, example.tenant.as_ref(), desired, namespaces, &progress, &at(clock));
        environment.status = Some(status.clone());
        Step { after, status }
    };
    way.into_iter().map(step).collect()
}

fn compare(path: &Path, value: &impl Serialize, stale: &mut Vec<String>) {
    let text = serde_yaml::to_string(value).unwrap();
    let shown = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
    if std::env::var("UPDATE").is_ok() {
        fs::write(path, text).unwrap();
    } else if fs::read_to_string(path).ok().as_ref() != Some(&text) {
        stale.push(format!("{shown} should be:\n{text}"));
    }
}

#[test]
fn every_example_is_what_the_plan_makes_of_its_input() {
    let examples = examples();
    assert!(examples.len() >= 6, "found only {examples:?}");
    let mut stale = Vec::new();
    for folder in examples {
        let text = fs::read_to_string(folder.join("input.yaml")).unwrap();
        let example: Example = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let outcome = plan(&Input {
            environment: &example.environment,
            tenant: example.tenant.as_ref(),
            class: example.class.as_ref(),
            profile: example.profile.as_ref(),
            system_prefix: example.system_prefix.as_deref().map(|p| address::parse(p).unwrap()),
            addresses: Some(&ADDRESSES),
            today: day(&example.today),
        });
        let file = folder.join("plan.yaml");
        match &outcome {
            Ok(desired) => compare(&file, desired, &mut stale),
            Err(blocked) => compare(&file, &json!({"blocked": blocked}), &mut stale),
        }
        compare(&folder.join("status.yaml"), &statuses(&example, &outcome), &mut stale);
    }
    assert!(stale.is_empty(), "UPDATE=1 rewrites them:\n{}", stale.join("\n"));
}
