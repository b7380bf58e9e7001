//! `berth onboard schema|draft|print`: the official form. Drafts are files; nothing here writes to the cluster.

use std::io::IsTerminal as _;

use berth_crds::{
    OnboardingSpec,
    environment::EnvironmentKind,
    onboarding::{Action, Contact, DossierForm},
};
use berth_plan::dossier::{
    form::{self, Field, Source},
    print::{Prefilled, contact, content, docx, html},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Exit, Result,
    args::{Create, Format, Paper, Print, Schema},
    connect::{Session, call},
    create,
    failure::Failure,
    file, output, registers, requests, rows,
};
use crate::{
    clock::Clock,
    convert::{self, Twin},
    name,
    proto::v1::{self as pb, environment, onboarding_spec},
    read::{self, Findings},
};

/// Prints the fields of the form, and which of them an action asks. Needs no server.
pub fn schema(schema: &Schema, format: Format) -> Result {
    let action = create::value(&schema.action, "--action", |v| {
        onboarding_spec::Action::from_str_name(v).map(|action| action as i32)
    })?;
    let kind = |text: &String| create::value(text, "--kind", |v| environment::Kind::from_str_name(v).map(|k| k as i32));
    let kind = schema.kind.as_ref().map(kind).transpose()?.and_then(EnvironmentKind::of);
    let asked = form::typed(Action::of(action).unwrap_or_default(), kind);
    let is_asked = |field: &Field| if asked.contains(&field.number) { "asked" } else { "prefilled" };
    if matches!(format, Format::Json | Format::Yaml) {
        let fields: Vec<Value> = form::FIELDS.iter().map(|field| described(field, is_asked(field))).collect();
        output::value(&json!({ "fields": fields }), format)?;
        return Ok(Exit::Done);
    }
    let row = |field: &Field| {
        let (_, group) = field.group.words();
        let columns = [group, field.vi, field.en, field.rule, is_asked(field)].map(str::to_owned);
        [vec![field.number.to_string()], columns.to_vec(), vec![field.at.join(" ")]].concat()
    };
    let heads = ["#", "GROUP", "TRƯỜNG", "FIELD", "RULE", "HERE", "PLACE"];
    output::table(&heads, form::FIELDS.iter().map(row).collect())?;
    Ok(Exit::Done)
}

fn described(field: &Field, here: &str) -> Value {
    let (vi, en) = field.group.words();
    json!({
        "number": field.number, "group": {"vi": vi, "en": en}, "name": {"vi": field.vi, "en": field.en},
        "rule": field.rule, "place": field.at, "here": here,
    })
}

/// Prints a draft: what the flags say, and what earlier papers of the agency and its system say already.
pub async fn draft(session: &Session, asked: Create) -> Result {
    let request = create::request(session, asked).await?;
    let agency = rows::id(&request.parent);
    let message = request.onboarding.and_then(|onboarding| onboarding.spec).unwrap_or_default();
    // A draft may have gaps: `check` names them.
    let mut spec = read::spec::spec(&mut Findings::default(), &message, "", Clock::system().today());
    resolve(session, &mut spec).await?;
    let earlier = requests::all(session, request.parent.clone()).await?;
    spec.form = known(&spec, &earlier);
    if let Some(inventory) = inventory(session, &agency, &spec).await? {
        today(spec.form.get_or_insert_default(), &inventory);
    }
    let kind = spec.environment.as_ref().map(|environment| environment.kind);
    if form::typed(spec.action, kind).contains(&form::CONTACT)
        && let Some(contact) = body(session, &agency).await?.contact
    {
        spec.form.get_or_insert_default().contact = Some(read_contact(contact));
    }
    let mut body = serde_json::to_value(&spec).unwrap_or_default();
    if let Some(object) = body.as_object_mut() {
        object.remove("requester");
    }
    let document = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Onboarding",
        "metadata": {"namespace": berth_crds::names::agency_namespace(&agency)}, "spec": body,
    });
    for field in form::typed(spec.action, kind).iter().filter_map(|number| form::of(*number)) {
        output::line(&format!(
            "# {:2} {} / {}: {} {}",
            field.number,
            field.vi,
            field.en,
            field.rule,
            field.at.join(" ")
        ))?;
    }
    output::value(&document, Format::Yaml)?;
    eprintln!("Next: complete the fields above, then berth onboard check -f <file>");
    Ok(Exit::Done)
}

/// What an inventory knows of the system that is asked for.
async fn inventory(session: &Session, agency: &str, spec: &OnboardingSpec) -> Result<Option<pb::Inventory>> {
    if let Some(system) = &spec.system {
        let found = create::inventoried(session, Some(agency), &system.code).await?;
        return Ok(found.and_then(|tenant| tenant.inventory));
    }
    let Some(tenant) = &spec.tenant_ref else { return Ok(None) };
    let known = registers::all_tenants(session, agency).await?;
    let found = known.into_iter().find(|known| known.name == name::tenant(&tenant.name));
    Ok(found.and_then(|tenant| tenant.inventory))
}

/// Fills in names and addresses that the system has today, where no paper said them.
fn today(form: &mut DossierForm, inventory: &pb::Inventory) {
    if form.domains.is_empty() {
        form.domains.clone_from(&inventory.domains);
    }
    if form.current_addresses.is_empty() {
        form.current_addresses = inventory.addresses.iter().map(|address| address.cidr.clone()).collect();
    }
}

/// The part of the form that does not change with the request, from the newest paper that has it: of the same system
/// first, then of the agency.
fn known(spec: &OnboardingSpec, earlier: &[pb::Onboarding]) -> Option<DossierForm> {
    let tenant = spec.tenant_ref.as_ref().map(|t| name::tenant(&t.name));
    let environment = spec.environment_ref.as_ref().map(|e| name::environment(&e.name));
    let same = |o: &pb::Onboarding| {
        tenant.as_ref().is_some_and(|t| *t == o.tenant) || environment.as_ref().is_some_and(|e| *e == o.environment)
    };
    let at = |o: &&pb::Onboarding| o.create_time.as_ref().map(|t| (t.seconds, t.nanos));
    let form_of = |o: &pb::Onboarding| o.spec.as_ref().and_then(|spec| spec.form.clone());
    let with_form = || earlier.iter().filter(|o| form_of(o).is_some());
    let newest = with_form().filter(|o| same(o)).max_by_key(at);
    let (found, own) = match newest {
        Some(found) => (found, true),
        None => (with_form().max_by_key(at)?, false),
    };
    let mut form = form_of(found)?;
    // Of another system only what is said of the agency holds here too.
    let kept = |field: &&Field| field.source == Source::Register && (own || field.number <= 4);
    let places: Vec<&str> = form::FIELDS.iter().filter(kept).flat_map(|field| field.at).copied().collect();
    form.fields.retain(|key, _| places.contains(&format!("/form/{key}").as_str()));
    convert::form::read(&mut Findings::default(), "form", &form)
}

/// Prints the official form of a draft.
pub async fn print(session: &Session, print: Print) -> Result {
    if print.format == Paper::Docx && print.to.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::Usage("a DOCX file is nothing for a terminal: name a file with --to".into()));
    }
    let mut document = file::read(&print.file)?;
    resolve(session, &mut document.spec).await?;
    let sha256: String = Sha256::digest(content(&document.spec)).iter().map(|byte| format!("{byte:02x}")).collect();
    let prefilled = prefilled(session, document.agency.as_deref().unwrap_or_default(), &document.spec).await?;
    let too_large = || Failure::Local("the form is too large for a DOCX file: shorten it".into());
    let bytes = match print.format {
        Paper::Html => html(&document.spec, &prefilled, &sha256).into_bytes(),
        Paper::Docx => docx(&document.spec, &prefilled, &sha256).ok_or_else(too_large)?,
    };
    match &print.to {
        None => output::bytes(&bytes)?,
        Some(path) => std::fs::write(path, bytes)
            .map_err(|error| Failure::Local(format!("cannot write {}: {error}", path.display())))?,
    }
    eprintln!("content {sha256}. Next: sign it, then berth onboard create -f <file> --letter-number …");
    Ok(Exit::Done)
}

/// What is hashed and printed is what the door stores: of the bodies that a paper names their ids, whatever was written.
async fn resolve(session: &Session, spec: &mut OnboardingSpec) -> Result<()> {
    for id in bodies(spec).filter(|id| !id.is_empty()) {
        *id = rows::id(&body(session, id).await?.name);
    }
    Ok(())
}

/// Where a paper names a body by its id or an alias.
fn bodies(spec: &mut OnboardingSpec) -> impl Iterator<Item = &mut String> {
    let system = spec.system.iter_mut().flat_map(|system| {
        let former = system.former_owners.iter_mut().map(|owner| &mut owner.agency_ref.name);
        [&mut system.governing_body_ref.name, &mut system.operator_ref.name].into_iter().chain(former)
    });
    let transfer = spec.transfer.iter_mut().flat_map(|asked| [&mut asked.from.name, &mut asked.to.name]);
    system.chain(transfer)
}

/// Names that the registers know of the bodies and the system in a paper.
async fn prefilled(session: &Session, agency: &str, spec: &OnboardingSpec) -> Result<Prefilled> {
    let mut values = Vec::new();
    if !agency.is_empty() {
        let body = body(session, agency).await?;
        values.push((1, body.display_name.unwrap_or_default().vi));
        let said = spec.form.as_ref().is_some_and(|form| form.contact.is_some());
        let known = body.contact.filter(|_| !said).map(read_contact);
        values.extend(known.map(|known| (form::CONTACT, contact(&known))));
    }
    if let Some(system) = &spec.system {
        for body in [&system.governing_body_ref.name, &system.operator_ref.name] {
            values.push((9, self::body(session, body).await?.display_name.unwrap_or_default().vi));
        }
    }
    if let Some(tenant) = &spec.tenant_ref {
        let request = pb::GetTenantRequest { name: name::tenant(&tenant.name), ..Default::default() };
        let client = &session.client.tenants;
        let found = call("reading the tenant", async || client.clone().get_tenant(request.clone()).await).await?;
        values.push((7, format!("{} {}", found.code, found.display_name.unwrap_or_default().vi)));
        values.push((13, found.level.to_string()));
    }
    Ok(Prefilled { values })
}

/// What the register says of a body.
async fn body(session: &Session, agency: &str) -> Result<pb::Agency> {
    let request = pb::GetAgencyRequest { name: name::agency(agency), ..Default::default() };
    let client = &session.client.catalog;
    call("reading the agency", async || client.clone().get_agency(request.clone()).await).await
}

fn read_contact(from: pb::AgencyContact) -> Contact {
    Contact { name: from.name, title: from.title, phone: from.phone, email: from.email }
}

#[cfg(test)]
mod tests {
    use berth_crds::{
        Agency,
        common::{DatedAgency, NameRef, UidRef},
        onboarding::{SystemRequest, TransferRequest},
    };

    use super::*;
    use crate::read::world::World;

    /// The register's answer to an alias.
    fn known(alias: &str) -> Option<Agency> {
        let id = match alias {
            "so-y-te" => "ag-62",
            "trung-tam" => "ag-69",
            "so-cu" => "ag-11",
            _ => return None,
        };
        Some(Agency::new(id, Default::default()))
    }

    fn written(action: Action) -> OnboardingSpec {
        let [owner, operator, former] = ["so-y-te", "trung-tam", "so-cu"].map(NameRef::to);
        let system = SystemRequest {
            governing_body_ref: owner.clone(),
            operator_ref: operator.clone(),
            former_owners: vec![DatedAgency { agency_ref: former, ..Default::default() }],
            ..Default::default()
        };
        let spec = OnboardingSpec { action, justification: "vì".into(), ..Default::default() };
        match action {
            Action::Transfer => {
                OnboardingSpec { transfer: Some(TransferRequest { from: owner, to: operator }), ..spec }
            }
            _ => OnboardingSpec { system: Some(system), ..spec },
        }
    }

    #[test]
    fn the_sheet_has_the_content_that_the_door_stores_whatever_the_file_calls_the_bodies() {
        let world = World {
            governing_body: known("so-y-te"),
            operator: known("trung-tam"),
            former_owners: vec![known("so-cu")],
            transfer: [known("so-y-te"), known("trung-tam")],
            ..World::default()
        };
        for action in [Action::New, Action::Transfer] {
            let (file, mut printed, mut stored) = (written(action), written(action), written(action));
            for id in bodies(&mut printed) {
                *id = known(id).and_then(|agency| agency.metadata.name).expect("an alias of the register");
            }
            world.check(&mut Findings::default(), &mut stored);
            stored.supersedes = Some(UidRef { name: "onb-returned".into(), uid: "u-1".into() });
            assert_eq!(content(&printed), content(&stored), "{action:?}");
            assert_ne!(content(&file), content(&stored), "{action:?}");
        }
    }
}
