//! `berth admin adopt` and `berth admin release`: a running namespace is given to an environment, or given back, with the
//! caller's own kubeconfig and rights (ADR 0018, 0022). Both first say what would follow.

mod look;

use berth_crds::environment::AdoptedNamespace;
use berth_crds::{Environment, labels};
use berth_plan::adoption::{Finding, When, adopted, is_ours, not_given, report};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

use super::{Exit, Result, admin, args::Adopt, args::Format, args::Release, failure::Failure, output};

/// Says what would be violated, and gives the namespace to the environment where that is asked for.
pub async fn adopt(adopt: Adopt, format: Format) -> Result {
    let client = admin::client(adopt.kubeconfig.as_deref()).await?;
    let environment = environment(&client, &adopt.environment).await?;
    let (intended, wish) = intended(&environment, &adopt)?;
    let desired = look::plan(&client, &intended).await?;
    let planned = desired.namespaces.iter().find(|n| n.name == wish.name);
    let planned = planned.ok_or_else(|| Failure::Local(format!("{:?} is not planned", wish.name)))?;
    let seen = look::seen(&client, planned).await?;
    if is_ours(&environment, &seen.namespace) && seen.namespace.uid() == wish.uid {
        eprintln!("{} has it already: nothing was written", adopt.environment);
        return Ok(Exit::Done);
    }
    let findings = report(&intended, &wish, planned, &seen);
    let refused = findings.iter().any(|finding| finding.when == When::Refused);
    let writes = adopt.apply && !refused;
    if writes {
        give(&client, &seen.namespace, &environment).await?;
        let named = adopted(&environment, &wish.name).is_some_and(|known| known.uid == wish.uid);
        if !named {
            let change = json!({"adopt": intended.spec.adopt});
            write(&client, &environment, change, adopt.reason.as_deref()).await?;
        }
    }
    tell(&adopt, &findings, writes, format)?;
    match (refused, writes) {
        (true, _) => eprintln!("nothing was written: the findings marked Refused stand against it"),
        (false, true) => eprintln!("it is given. Next: `kubectl get penv {} -w` until it is ready", adopt.environment),
        (false, false) => eprintln!("nothing was written. Next: the same with --apply and --reason gives it"),
    }
    Ok(if refused { Exit::Failed } else { Exit::Done })
}

/// Says what goes back, and writes that it does where that is asked for.
pub async fn release(release: Release, format: Format) -> Result {
    let client = admin::client(release.kubeconfig.as_deref()).await?;
    let environment = environment(&client, &release.environment).await?;
    if environment.spec.adopt.is_empty() {
        let message = format!("{} adopted nothing: its agency gives it back by a Decommission", release.environment);
        return Err(Failure::Local(message));
    }
    if release.apply {
        let change = json!({"lifecycle": "Released", "schedule": null});
        write(&client, &environment, change, release.reason.as_deref()).await?;
    }
    let names: Vec<&str> = environment.spec.adopt.iter().map(|a| a.name.as_str()).collect();
    match format {
        Format::Name => names.iter().try_for_each(|name| output::line(&format!("namespaces/{name}")))?,
        Format::Table => output::table(
            &["NAMESPACE", "ZONE", "UID"],
            environment.spec.adopt.iter().map(|a| row_of(a).to_vec()).collect(),
        )?,
        Format::Json | Format::Yaml | Format::Svg => output::value(
            &json!({"environment": release.environment, "namespaces": environment.spec.adopt, "written": release.apply}),
            format,
        )?,
    }
    match release.apply {
        true => eprintln!(
            "they go back as they are. Next: `kubectl get penv {} -w` until it is Removed",
            release.environment
        ),
        false => eprintln!("nothing was written. Next: the same with --apply and --reason gives them back as they are"),
    }
    Ok(Exit::Done)
}

fn row_of(adopted: &AdoptedNamespace) -> [String; 3] {
    let zone = adopted.zone.map_or_else(String::new, |zone| zone.as_str().to_owned());
    [adopted.name.clone(), zone, adopted.uid.clone().unwrap_or_default()]
}

async fn environment(client: &Client, name: &str) -> Result<Environment> {
    let found =
        Api::<Environment>::all(client.clone()).get_opt(name).await.map_err(while_("reading the environment"))?;
    found.ok_or_else(|| Failure::Missing(format!("there is no environment {name:?}")))
}

/// The environment as it would be, and its entry for the namespace.
fn intended(environment: &Environment, adopt: &Adopt) -> Result<(Environment, AdoptedNamespace)> {
    let (mut intended, name) = (environment.clone(), &adopt.environment);
    let holds = environment.status.iter().flat_map(|s| &s.namespaces).any(|n| n.uid.is_some());
    let entry = intended.spec.adopt.iter_mut().find(|entry| entry.name == adopt.namespace);
    let wish = match entry {
        Some(entry) => {
            entry.uid = Some(adopt.uid.clone());
            entry.clone()
        }
        None if holds => {
            return Err(Failure::Local(format!("{name} has namespaces of its own already: it adopts none")));
        }
        None if !environment.spec.adopt.is_empty() || !environment.spec.zones.is_empty() => {
            let message = format!(
                "`spec.adopt` of {name} does not name {:?}; it names one namespace for every zone, by its paper or by hand",
                adopt.namespace
            );
            return Err(Failure::Local(message));
        }
        None => AdoptedNamespace { zone: None, name: adopt.namespace.clone(), uid: Some(adopt.uid.clone()) },
    };
    if intended.spec.adopt.is_empty() {
        intended.spec.adopt.push(wish.clone());
    }
    Ok((intended, wish))
}

/// Puts the platform operator's word on the very namespace that was looked at.
async fn give(client: &Client, namespace: &Namespace, environment: &Environment) -> Result<()> {
    if not_given(environment, namespace).is_none() {
        return Ok(());
    }
    let patch = json!({"metadata": {
        "uid": namespace.uid(), "resourceVersion": namespace.resource_version(),
        "annotations": {(labels::ADOPT): environment.name_any()},
    }});
    let written =
        Api::<Namespace>::all(client.clone()).patch(&namespace.name_any(), &ours(), &Patch::Merge(patch)).await;
    written.map(drop).map_err(while_("giving the namespace"))
}

/// Changes an environment by hand, as a person does: with the reason, and one revision further. Only as it was read: a spec that
/// changed meanwhile has had that revision, and is refused.
async fn write(client: &Client, environment: &Environment, change: Value, reason: Option<&str>) -> Result<()> {
    let revision = environment.spec.basis.revision.unwrap_or(0) + 1;
    let mut spec = change;
    spec["basis"] = json!({"type": "Direct", "reason": reason.unwrap_or_default(), "revision": revision});
    let patch = json!({"spec": spec});
    let name = environment.name_any();
    let written = Api::<Environment>::all(client.clone()).patch(&name, &ours(), &Patch::Merge(patch)).await;
    written.map(drop).map_err(while_("changing the environment"))
}

fn ours() -> PatchParams {
    PatchParams { field_manager: Some(labels::CLI.into()), ..PatchParams::default() }
}

fn while_(doing: &str) -> impl FnOnce(kube::Error) -> Failure + '_ {
    move |error| match error {
        kube::Error::Api(status) if status.code == 401 || status.code == 403 => Failure::NotAllowed(format!(
            "{doing}: {}; use the kubeconfig of a platform operator to whom ClusterRole {} is bound",
            status.message,
            labels::ROLE_ADOPTER
        )),
        error => Failure::Local(format!("{doing}: {error}; look again, a repeat finds what is done")),
    }
}

fn tell(adopt: &Adopt, findings: &[Finding], written: bool, format: Format) -> Result<()> {
    match format {
        Format::Name => output::line(&format!("namespaces/{}", adopt.namespace)),
        Format::Table => {
            let row = |f: &Finding| vec![f.when.as_str().to_owned(), f.object.clone(), f.message.clone()];
            output::table(&["WHEN", "OBJECT", "WHAT"], findings.iter().map(row).collect())
        }
        Format::Json | Format::Yaml | Format::Svg => output::value(
            &json!({
                "namespace": adopt.namespace, "uid": adopt.uid, "environment": adopt.environment, "written": written,
                "findings": findings,
            }),
            format,
        ),
    }
}
