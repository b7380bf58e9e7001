//! The demo as its user runs it: its own words must equal what kubectl and the command line show.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use berth_tests::error::Result;
use serde_json::Value;

/// Ends the demo even when an assertion fails.
struct Running(PathBuf);

impl Drop for Running {
    fn drop(&mut self) {
        let ended = demo(&self.0, &["--stop"]);
        if let Err(error) = ended {
            eprintln!("the demo could not be ended: {error}");
        }
    }
}

fn demo(folder: &Path, args: &[&str]) -> Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_berth-demo"));
    Ok(command.args(args).env("BERTH_DEMO_FOLDER", folder).env_remove("BERTH_CLUSTER_KUBECONFIG").output()?)
}

/// Runs a command in a shell that has sourced the demo's `env`, and returns its standard output and exit code.
fn shell(folder: &Path, command: &str) -> Result<(String, i32)> {
    let script = format!(". '{}' && {command}", folder.join("env").display());
    let output = Command::new("bash").args(["-c", &script]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let code = output.status.code().unwrap_or(-1);
    if code != 0 {
        eprintln!("{command}: exit {code}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok((text, code))
}

fn items(folder: &Path, what: &str) -> Result<Vec<Value>> {
    let (text, code) = shell(folder, &format!("kubectl get {what} -A -o json"))?;
    assert_eq!(code, 0, "kubectl get {what}");
    let list: Value = serde_json::from_str(&text)?;
    Ok(list["items"].as_array().cloned().unwrap_or_default())
}

fn with(items: &[Value], type_: &str, status: &str) -> usize {
    let has = |item: &&Value| {
        let conditions = item["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|c| c["type"] == type_ && c["status"] == status)
    };
    items.iter().filter(has).count()
}

#[test]
fn the_demos_last_line_is_what_kubectl_shows_and_the_command_line_works() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("berth-demo-{}", std::process::id()));
    let started = demo(&folder, &["--detach"])?;
    let _running = Running(folder.clone());
    let words = String::from_utf8(started.stdout)?;
    assert!(started.status.success(), "{words}{}", String::from_utf8_lossy(&started.stderr));
    let line = words.lines().find(|l| l.starts_with("berth demo:")).unwrap_or_default();
    let (environments, onboardings) = (items(&folder, "penv")?, items(&folder, "onb")?);
    let shown = format!(
        "berth demo: {} environments ready, {} refused, {} waiting, {} failed",
        with(&environments, "Ready", "True"),
        with(&onboardings, "Rejected", "True"),
        with(&onboardings, "Booked", "False"),
        environments.len() - with(&environments, "Ready", "True"),
    );
    assert_eq!(line, shown);
    assert_eq!(line, "berth demo: 32 environments ready, 3 refused, 3 waiting, 0 failed");
    command_line(&folder)?;
    Ok(())
}

/// From the README: an agency asks, an approver decides, the environment is used.
fn command_line(folder: &Path) -> Result<()> {
    let file = folder.join("request.yaml");
    std::fs::write(&file, REQUEST)?;
    let (name, code) = shell(folder, &format!("berth onboard create -f '{}' -o name", file.display()))?;
    let name = name.trim();
    assert_eq!(code, 0);
    let approver = folder.join("tokens/approver");
    assert_eq!(shell(folder, &format!("berth onboard approve {name}"))?.1, 4, "nobody approves the own request");
    assert_eq!(shell(folder, &format!("berth onboard approve {name} --token-file '{}'", approver.display()))?.1, 0);
    assert_eq!(shell(folder, &format!("berth onboard wait {name} --for ready --timeout 60s"))?.1, 0);
    let (text, _) = shell(folder, &format!("berth onboard get {name} -o json"))?;
    let onboarding: Value = serde_json::from_str(&text)?;
    let environment = onboarding["environment"].as_str().unwrap_or_default();
    let (text, _) = shell(folder, &format!("berth env get {environment} -o json"))?;
    let shown: Value = serde_json::from_str(&text)?;
    let namespace = shown["namespaces"][0]["name"].as_str().unwrap_or_default();
    assert_eq!((&shown["effectiveQuota"]["cpu"], &shown["effectiveQuota"]["memory"]), (&"1".into(), &"1Gi".into()));
    let prefix = shown["prefix"].as_str().and_then(berth_plan::address::parse);
    assert_eq!(prefix.map(|p| p.prefix_len()), Some(60));
    for kind in ["resourcequota", "limitrange", "networkpolicy", "rolebinding"] {
        let (names, code) = shell(folder, &format!("kubectl -n {namespace} get {kind} -o name"))?;
        assert!(code == 0 && !names.is_empty(), "{kind}");
    }
    let kubeconfig = folder.join("kubeconfig.environment");
    assert_eq!(shell(folder, &format!("berth env kubeconfig {environment} > '{}'", kubeconfig.display()))?.1, 0);
    let kubectl = format!("kubectl --kubeconfig '{}'", kubeconfig.display());
    assert_eq!(shell(folder, &format!("{kubectl} -n {namespace} get pods"))?.1, 0);
    let (refusal, code) = shell(folder, &format!("{kubectl} -n kube-system get pods 2>&1"))?;
    assert!(code == 1 && refusal.contains("Forbidden"), "{refusal}");
    let (why, code) = shell(folder, &format!("berth why {namespace}"))?;
    assert!(code == 0 && why.contains("IS-90") && why.contains("ag-67"), "{why}");
    assert_eq!(shell(folder, "berth onboard get agencies/ag-67/onboardings/onb-none")?.1, 6, "not found");
    assert_eq!(shell(folder, "berth onboard frobnicate")?.1, 2, "wrong usage");
    Ok(())
}

/// A small system of the department that has a budget of its own.
const REQUEST: &str = "apiVersion: berth.dev/v1alpha1
kind: Onboarding
metadata: {namespace: agency-ag-67}
spec:
  action: New
  system:
    code: IS-90
    displayName: Hệ thống đặt lịch khám
    level: 2
    dataKinds: [Private]
    governingBodyRef: {name: ag-70}
    operatorRef: {name: ag-69}
  environment: {kind: Prod, classRef: {name: xs}, quota: {cpu: '1', memory: 1Gi, storage: 10Gi}}
  justification: Cần môi trường để vận hành chính thức.
";
