//! The rules of the kinds on the real API server: the same tables that the client-side tests read.

#[path = "../../crds/tests/schema/cases.rs"]
mod cases;

use berth_cluster::{Cluster, Options};
use berth_tests::error::Result;
use berth_tests::{files, install};
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use kube::discovery::{Discovery, Scope};
use kube::{Api, Client};

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_accepts_and_refuses_what_the_tables_say() -> Result<()> {
    // CRDs only: the admission policies would refuse an administrator's blocks before the schema speaks.
    let cluster = Cluster::start(Options::default()).await?;
    install::kinds(&cluster).await?;
    let client = cluster.admin();
    let discovery = Discovery::new(client.clone()).filter(&["berth.dev"]).run().await?;
    let folder = files::root().join("crds/tests/cases");
    let mut judged = 0;
    for path in files::yaml(&folder)? {
        let table = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for case in cases::load(&folder, &table) {
            let answer = judge(&client, &discovery, &case).await?;
            match (&case.refusal, &answer) {
                (None, None) => {}
                (Some(part), Some(message)) => assert!(message.contains(part.as_str()), "{}: {message}", case.name),
                other => panic!("{}: {other:?}", case.name),
            }
            judged += 1;
        }
    }
    println!("{judged} cases judged by the API server");
    assert!(judged > 50);
    Ok(())
}

/// The message of the refusal, or `None`.
async fn judge(client: &Client, discovery: &Discovery, case: &cases::Case) -> Result<Option<String>> {
    let object: DynamicObject = serde_json::from_value(case.object.clone())?;
    let kind = object.types.as_ref().map(|t| t.kind.clone()).unwrap_or_default();
    let (resource, scope) = find(discovery, &kind)?;
    let api: Api<DynamicObject> = match scope {
        Scope::Cluster => Api::all_with(client.clone(), &resource),
        Scope::Namespaced => Api::namespaced_with(client.clone(), "default", &resource),
    };
    let mut object = object;
    object.metadata.namespace = matches!(scope, Scope::Namespaced).then(|| "default".to_owned());
    let Some(update) = &case.update else {
        let params = PostParams { dry_run: true, ..Default::default() };
        return refusal(api.create(&params, &object).await.map(drop));
    };
    let name = object.metadata.name.clone().unwrap_or_default();
    api.create(&PostParams::default(), &object).await.map_err(|e| format!("{}: {e}", case.name))?;
    let params = PatchParams { dry_run: true, ..Default::default() };
    let answer = refusal(api.patch(&name, &params, &Patch::Merge(update)).await.map(drop));
    api.delete(&name, &Default::default()).await?;
    answer
}

fn find(discovery: &Discovery, kind: &str) -> Result<(ApiResource, Scope)> {
    let group = discovery.get("berth.dev").ok_or("the API server does not serve berth.dev")?;
    let found = group.recommended_kind(kind).ok_or_else(|| format!("{kind} is not served"))?;
    Ok((found.0, found.1.scope))
}

fn refusal(answer: std::result::Result<(), kube::Error>) -> Result<Option<String>> {
    match answer {
        Ok(()) => Ok(None),
        Err(kube::Error::Api(status)) if status.is_invalid() => Ok(Some(status.message.clone())),
        Err(error) => Err(error.into()),
    }
}
