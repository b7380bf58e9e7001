//! `berth admin import`: reads the registers, lets `plan` judge the rows, writes what is new; all of it with the caller's own
//! kubeconfig and rights, as kubectl would (ADR 0018).

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use berth_crds::{AddressPlan, Agency, Site, Tenant, labels};
use berth_plan::inventory::sheet::{self, Kind};
use berth_plan::inventory::{self, Defect, Known, Line, Progress, Verdict};
use berth_plan::register::Register;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::ClusterResourceScope;
use kube::{Api, Client, Config, Resource, ResourceExt as _};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Exit, Result, args::Format, args::Import, failure::Failure, output};
use crate::clock::Clock;

/// Puts the rows of a file on record, or says what that would do.
pub async fn import(import: Import, format: Format) -> Result {
    let sheet =
        sheet::read(&text(&import.file)?).map_err(|why| Failure::Local(format!("{}: {why}", import.file.display())))?;
    let client = client(import.kubeconfig.as_deref()).await?;
    let register = register(&client).await?;
    let addresses = kube::Api::<AddressPlan>::all(client.clone()).get_opt(labels::ADDRESS_PLAN).await;
    let addresses = addresses.map_err(while_("reading the address plan"))?;
    let known = Known { register: &register, addresses: addresses.as_ref(), today: Clock::system().today() };
    let mut lines = inventory::plan(&sheet, &known);
    // First without effect: what the API server refuses is told before anything is written.
    for line in &mut lines {
        create(&client, line, true).await?;
    }
    let wrong = lines.iter().filter(|line| matches!(line.verdict, Verdict::Bad(_))).count();
    let writes = import.apply && (wrong == 0 || import.skip_bad_rows);
    if writes {
        for line in &mut lines {
            create(&client, line, false).await?;
        }
    }
    tell(sheet.kind, &lines, writes, format)?;
    if sheet.kind == Kind::Systems {
        progress(&register, &lines);
    }
    Ok(next(&import, &lines, writes))
}

/// What is left to do, and the exit code.
fn next(import: &Import, lines: &[Line], written: bool) -> Exit {
    let wrong = lines.iter().filter(|line| matches!(line.verdict, Verdict::Bad(_))).count();
    let new = lines.iter().filter(|line| is_new(line)).count();
    match (wrong, written) {
        (0, true) => eprintln!("{new} rows are on record now"),
        (0, false) => eprintln!("nothing was written. Next: the same with --apply writes {new} rows"),
        (_, true) => eprintln!("{new} rows are on record now, {wrong} were skipped: correct them and import again"),
        (_, false) => eprintln!("nothing was written: {wrong} rows are wrong. Next: correct them and import again"),
    }
    // Skipping is what was asked for; a row that went wrong while others were written was not.
    if wrong == 0 || (written && import.skip_bad_rows) { Exit::Done } else { Exit::Failed }
}

fn text(file: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().lock().read_to_end(&mut bytes).map(drop),
        _ => std::fs::read(file).map(|read| bytes = read),
    };
    let named = |why: String| Failure::Local(format!("{}: {why}", file.display()));
    read.map_err(|error| named(format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        named(format!("is not UTF-8 from byte {}: save it as CSV UTF-8", error.utf8_error().valid_up_to()))
    })
}

/// A client by the caller's own kubeconfig.
pub(super) async fn client(kubeconfig: Option<&Path>) -> Result<Client> {
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::NotLoggedIn(format!("no kubeconfig can be used: {error}; name yours with --kubeconfig"))
    };
    let read = kubeconfig.map_or_else(Kubeconfig::read, Kubeconfig::read_from);
    let read = read.map_err(|error| unusable(&error))?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await;
    Client::try_from(config.map_err(|error| unusable(&error))?).map_err(|error| unusable(&error))
}

/// The registers that rows are judged against.
async fn register(client: &Client) -> Result<Register> {
    async fn all<K>(client: &Client, doing: &str) -> Result<std::collections::BTreeMap<String, Arc<K>>>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + std::fmt::Debug + DeserializeOwned,
    {
        let found = Api::<K>::all(client.clone()).list(&Default::default()).await.map_err(while_(doing))?;
        Ok(found.items.into_iter().map(|object| (object.name_any(), Arc::new(object))).collect())
    }
    Ok(Register {
        agencies: all::<Agency>(client, "reading the agencies").await?,
        sites: all::<Site>(client, "reading the sites").await?,
        tenants: all::<Tenant>(client, "reading the systems").await?,
        ..Register::default()
    })
}

/// Creates what a row brings, if it is new. A refusal of the object is the row's defect; one of the caller ends it all.
async fn create(client: &Client, line: &mut Line, dry_run: bool) -> Result<()> {
    async fn post<K>(client: &Client, object: &K, dry_run: bool) -> kube::Result<()>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope>
            + Clone
            + std::fmt::Debug
            + Serialize
            + DeserializeOwned,
    {
        let params = PostParams { dry_run, field_manager: Some(labels::CLI.into()) };
        Api::<K>::all(client.clone()).create(&params, object).await.map(drop)
    }
    let posted = match &line.verdict {
        Verdict::Agency(agency) => post(client, agency.as_ref(), dry_run).await,
        Verdict::Tenant(tenant) => post(client, tenant.as_ref(), dry_run).await,
        Verdict::Present | Verdict::Bad(_) => return Ok(()),
    };
    let refused = |message: String| Verdict::Bad(vec![Defect { column: String::new(), value: String::new(), message }]);
    match posted {
        Ok(()) => {}
        Err(kube::Error::Api(status)) if status.code == 409 => {
            line.verdict = refused("came into the register meanwhile; import again".into());
        }
        Err(kube::Error::Api(status)) if status.code == 400 || status.code == 422 => {
            line.verdict = refused(format!("is refused by the API server: {}", status.message));
        }
        Err(error) => return Err(while_(&format!("putting {:?} of line {} on record", line.key, line.row))(error)),
    }
    Ok(())
}

fn while_(doing: &str) -> impl FnOnce(kube::Error) -> Failure + '_ {
    move |error| match error {
        kube::Error::Api(status) if status.code == 401 || status.code == 403 => {
            Failure::NotAllowed(format!("{doing}: {}; use the kubeconfig of a platform operator", status.message))
        }
        error => Failure::Local(format!("{doing}: {error}; import again: what is on record is found")),
    }
}

fn is_new(line: &Line) -> bool {
    matches!(line.verdict, Verdict::Agency(_) | Verdict::Tenant(_))
}

fn result(line: &Line, written: bool) -> &'static str {
    match (&line.verdict, written) {
        (Verdict::Bad(_), _) => "Bad",
        (Verdict::Present, _) => "Present",
        (_, true) => "Created",
        (_, false) => "New",
    }
}

fn defects(line: &Line) -> &[Defect] {
    if let Verdict::Bad(defects) = &line.verdict { defects } else { &[] }
}

fn sentence(defect: &Defect) -> String {
    let Defect { column, value, message } = defect;
    match (column.as_str(), value.as_str()) {
        ("", _) => message.clone(),
        (column, "") => format!("{column} {message}"),
        (column, value) => format!("{column} {value:?} {message}"),
    }
}

fn tell(kind: Kind, lines: &[Line], written: bool, format: Format) -> Result<()> {
    let name = |line: &Line| line.name.clone().unwrap_or_default();
    match format {
        Format::Json | Format::Yaml | Format::Svg => output::value(&document(kind, lines, written), format),
        Format::Name => {
            let collection = if kind == Kind::Agencies { "agencies" } else { "tenants" };
            lines
                .iter()
                .filter_map(|line| line.name.as_ref())
                .try_for_each(|name| output::line(&format!("{collection}/{name}")))
        }
        Format::Table => {
            let row = |line: &Line| {
                let told = defects(line).iter().map(sentence).collect::<Vec<_>>().join(" · ");
                vec![line.row.to_string(), line.key.clone(), name(line), result(line, written).into(), told]
            };
            output::table(&["LINE", "KEY", "NAME", "RESULT", "DEFECTS"], lines.iter().map(row).collect())
        }
    }
}

fn document(kind: Kind, lines: &[Line], written: bool) -> Value {
    let row = |line: &Line| {
        let told = |d: &Defect| json!({"column": d.column, "value": d.value, "message": d.message});
        json!({
            "line": line.row, "key": line.key, "name": line.name, "result": result(line, written),
            "defects": defects(line).iter().map(told).collect::<Vec<_>>(),
        })
    };
    json!({
        "kind": if kind == Kind::Agencies { "agencies" } else { "systems" }, "written": written,
        "rows": lines.iter().map(row).collect::<Vec<_>>(),
    })
}

/// How far the province's systems are, with what the file brings.
fn progress(register: &Register, lines: &[Line]) {
    let brought = lines.iter().filter_map(|line| match &line.verdict {
        Verdict::Tenant(tenant) => Some(tenant.as_ref()),
        _ => None,
    });
    let all = Progress::of(register.tenants.values().map(Arc::as_ref).chain(brought));
    eprintln!(
        "with these rows {} systems are not migrated ({} only inventoried), {} are",
        all.not_migrated(),
        all.inventoried,
        all.operating
    );
}
