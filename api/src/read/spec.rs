//! What is asked: `OnboardingSpec` of the message → of the noun.

use berth_crds::{
    OnboardingSpec,
    common::{DatedAgency, Document, NameRef, UidRef},
    environment::{DeployAccount, EnvironmentKind},
    onboarding::{Action, DataKind, EnvironmentRequest, SubjectBand, SystemRequest},
};
use berth_plan::act::{self, Part};
use ipnet::Ipv6Net;
use jiff::civil::Date;

use super::{Findings, act as asked_act, date, optional, quantity, text};
use crate::{
    convert::{self, Twin},
    name,
    proto::v1 as pb,
};

/// Path of everything here.
pub const SPEC: &str = "onboarding.spec";
const SYSTEM: &str = "onboarding.spec.system";
const ENVIRONMENT: &str = "onboarding.spec.environment";

/// Reads what is asked; `requester` stays empty, admission stamps it.
pub fn spec(findings: &mut Findings, from: &pb::OnboardingSpec, request_id: &str, today: Date) -> OnboardingSpec {
    let action = Action::of(from.action).unwrap_or_else(|| {
        findings.missing(
            "onboarding.spec.action",
            "one of NEW, ADD_ENVIRONMENT, CHANGE, EXTEND, SUSPEND, RESUME, DECOMMISSION, TRANSFER, RECORD_LEVEL, GO_LIVE",
        );
        Action::New
    });
    shape(findings, from, action);
    let target = from.target.as_ref().map(|target| self::target(findings, target));
    OnboardingSpec {
        action,
        system: from.system.as_ref().map(|s| system(findings, s)),
        tenant_ref: optional(&from.tenant).map(|t| reference(findings, "onboarding.spec.tenant", &t, "tenants")),
        environment_ref: target.clone().map(|(target, _)| target),
        revision: target.and_then(|(_, revision)| revision),
        environment: from.environment.as_ref().map(|e| environment(findings, e, action, today)),
        form: from.form.as_ref().and_then(|form| convert::form::read(findings, "onboarding.spec.form", form)),
        end_date: day(findings, "onboarding.spec.end_date", &from.end_date),
        effective_date: day(findings, "onboarding.spec.effective_date", &from.effective_date),
        force_majeure: optional(&text::check(
            findings,
            "onboarding.spec.force_majeure",
            &from.force_majeure,
            text::maybe_lines(1000),
        )),
        level: from.level.as_ref().map(|asked| asked_act::level(findings, asked)),
        transfer: from.transfer.as_ref().map(|asked| asked_act::transfer(findings, asked)),
        justification: text::check(findings, "onboarding.spec.justification", &from.justification, text::lines(4000)),
        letter: from.letter.as_ref().map(|l| document(findings, "onboarding.spec.letter", l)),
        requester: Default::default(),
        on_behalf_of: optional(&text::check(
            findings,
            "onboarding.spec.on_behalf_of",
            &from.on_behalf_of,
            text::maybe_line(253),
        )),
        supersedes: from.supersedes.as_ref().map(|earlier| supersedes(findings, earlier)),
        request_id: optional(request_id),
    }
}

/// Which parts an action has, and which it must not have: the checks' own table.
fn shape(findings: &mut Findings, from: &pb::OnboardingSpec, action: Action) {
    let parts = act::parts(action);
    for part in Part::ALL {
        let field = format!("{SPEC}.{}", part.fields().1);
        match given(*part, from) {
            false if parts.needs.contains(part) => findings.missing(&field, &format!("action {action:?} needs it")),
            true if parts.is_stranger(*part) => {
                findings.add(field, format!("has no meaning for action {action:?}: leave it out"));
            }
            _ => {}
        }
    }
}

fn given(part: Part, from: &pb::OnboardingSpec) -> bool {
    match part {
        Part::System => from.system.is_some(),
        Part::Tenant => !from.tenant.is_empty(),
        Part::Target => from.target.is_some(),
        Part::Environment => from.environment.is_some(),
        Part::EndDate => !from.end_date.is_empty(),
        Part::EffectiveDate => !from.effective_date.is_empty(),
        Part::ForceMajeure => !from.force_majeure.is_empty(),
        Part::Level => from.level.is_some(),
        Part::Transfer => from.transfer.is_some(),
    }
}

/// A day that a part of its own names; the checks judge it.
pub(super) fn day(findings: &mut Findings, field: &str, given: &str) -> Option<String> {
    if !given.is_empty() {
        date(findings, field, given);
    }
    optional(given)
}

fn target(findings: &mut Findings, from: &pb::EnvironmentTarget) -> (UidRef, Option<i64>) {
    let name = reference(findings, "onboarding.spec.target.name", &from.name, "environments").name;
    let uid = text::check(findings, "onboarding.spec.target.uid", &from.uid, text::line(64));
    if from.revision.is_none_or(|n| !(0..=1_000_000).contains(&n)) {
        findings.missing("onboarding.spec.target.revision", "give `basis.revision` of the environment as you read it");
    }
    (UidRef { name, uid }, from.revision.map(i64::from))
}

fn supersedes(findings: &mut Findings, from: &pb::PaperTarget) -> UidRef {
    let uid = text::check(findings, "onboarding.spec.supersedes.uid", &from.uid, text::line(64));
    let [_, name] = name::ids(&from.name, "agencies/*/onboardings/*").unwrap_or_else(|| {
        findings.bad(
            "onboarding.spec.supersedes.name",
            &from.name,
            "is not a name like agencies/ag-62/onboardings/onb-x",
        );
        ["", ""]
    });
    UidRef { name: name.to_owned(), uid }
}

fn system(findings: &mut Findings, from: &pb::SystemRequest) -> SystemRequest {
    if !(1..=5).contains(&from.level) {
        findings
            .add(format!("{SYSTEM}.level"), format!("{} is not a security level: give 1, 2, 3, 4 or 5", from.level));
    }
    let owners = from.former_owners.iter().enumerate().take(17);
    let former_owners: Vec<_> = owners.map(|(i, owner)| former_owner(findings, i, owner)).collect();
    if former_owners.len() > 16 {
        findings.add(format!("{SYSTEM}.former_owners"), "has more than 16 entries: keep the last 16");
    }
    SystemRequest {
        code: code(findings, &from.code),
        display_name: text::check(findings, "onboarding.spec.system.display_name", &from.display_name, text::line(300)),
        level: i64::from(from.level),
        data_kinds: data_kinds(findings, &from.data_kinds),
        data_subjects: SubjectBand::of(from.data_subjects),
        governing_body_ref: reference(
            findings,
            "onboarding.spec.system.governing_body",
            &from.governing_body,
            "agencies",
        ),
        operator_ref: reference(findings, "onboarding.spec.system.operator", &from.operator, "agencies"),
        former_owners,
    }
}

fn code(findings: &mut Findings, code: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    let well_formed =
        code.len() <= 40 && code.starts_with(|c: char| c.is_ascii_alphanumeric()) && code.chars().all(allowed);
    if code.is_empty() {
        findings.missing("onboarding.spec.system.code", "give the code in the province's register, for example IS-01");
    } else if !well_formed {
        let help = "is not a code: at most 40 characters of A-Z, a-z, 0-9, `-`, `.`, `_`, `/`, for example IS-01";
        findings.bad("onboarding.spec.system.code", code, help);
    }
    code.to_owned()
}

fn data_kinds(findings: &mut Findings, from: &[i32]) -> Vec<DataKind> {
    let field = "onboarding.spec.system.data_kinds";
    let kinds: Vec<_> = from.iter().filter_map(|kind| DataKind::of(*kind)).collect();
    if from.is_empty() {
        findings
            .missing(field, "name at least one of PUBLIC, PRIVATE, PERSONAL_BASIC, PERSONAL_SENSITIVE, STATE_SECRET");
    } else if kinds.len() < from.len() || kinds.len() > 8 {
        findings.add(field, "has an unknown kind or more than 8 entries: see the API's list of kinds");
    }
    kinds
}

fn former_owner(findings: &mut Findings, index: usize, from: &pb::DatedAgency) -> DatedAgency {
    let field = |part: &str| format!("{SYSTEM}.former_owners[{index}].{part}");
    date(findings, &field("from"), &from.from);
    if !from.to.is_empty() {
        date(findings, &field("to"), &from.to);
    }
    DatedAgency {
        agency_ref: reference(findings, &field("agency"), &from.agency, "agencies"),
        from: from.from.clone(),
        to: optional(&from.to),
        mark: optional(&text::check(findings, &field("mark"), &from.mark, text::maybe_line(8))),
    }
}

fn environment(
    findings: &mut Findings,
    from: &pb::EnvironmentRequest,
    action: Action,
    today: Date,
) -> EnvironmentRequest {
    let kind = EnvironmentKind::of(from.kind).unwrap_or_else(|| {
        findings
            .missing("onboarding.spec.environment.kind", "one of PROD, STAGING, ACCEPTANCE, DEV, TRAINING, RECOVERY");
        EnvironmentKind::Prod
    });
    let exposure: Vec<_> = from.exposure.iter().filter_map(|e| Twin::of(*e)).collect();
    if exposure.len() < from.exposure.len() || exposure.len() > 4 {
        findings.add(format!("{ENVIRONMENT}.exposure"), "has an unknown entry: use INTERNET and TSLCD, each once");
    }
    if action == Action::Change && !from.end_date.is_empty() {
        let help = "has no meaning here: an EXTEND moves the last day";
        findings.bad("onboarding.spec.environment.end_date", &from.end_date, help);
    } else if !from.end_date.is_empty()
        && let Some(end) = date(findings, "onboarding.spec.environment.end_date", &from.end_date)
        && end <= today
    {
        findings.bad("onboarding.spec.environment.end_date", &from.end_date, &format!("must be after today, {today}"));
    }
    if !from.requested_prefix.is_empty() {
        prefix(findings, &from.requested_prefix, action);
    }
    EnvironmentRequest {
        kind,
        class_ref: reference(findings, "onboarding.spec.environment.class", &from.class, "classes"),
        quota: from.quota.as_ref().map(|q| quantity::resources(findings, "onboarding.spec.environment.quota", q)),
        exposure,
        end_date: optional(&from.end_date),
        requested_prefix: optional(&from.requested_prefix),
        deploy_account: if from.deploy_account { DeployAccount::PerNamespace } else { DeployAccount::None },
        ipv4_only: from.ipv4_only.as_ref().map(|asked| asked_act::ipv4_only(findings, asked, today)),
        until: asked_act::until(findings, &from.until, action, today),
        adopt: from.adopt.iter().filter_map(|asked| asked_act::adoption(findings, asked, action)).collect(),
    }
}

/// A wished prefix: canonical, masked, IPv6, /56, and only for a new system.
fn prefix(findings: &mut Findings, wish: &str, action: Action) {
    let field = "onboarding.spec.environment.requested_prefix";
    let help = "is not an IPv6 /56: write for example 3fff:0:0:100::/56";
    if action != Action::New {
        findings.bad(field, wish, "has no meaning here: a system's prefix is chosen once, when it is new");
    }
    match wish.parse::<Ipv6Net>() {
        Err(_) => findings.bad(field, wish, help),
        Ok(net) if net.prefix_len() != 56 => findings.bad(field, wish, help),
        Ok(net) if net.trunc().to_string() != wish => {
            findings.bad(field, wish, &format!("is not written canonically: write {}", net.trunc()));
        }
        Ok(_) => {}
    }
}

/// An official document.
pub fn document(findings: &mut Findings, field: &str, from: &pb::Document) -> Document {
    let path = |part: &str| format!("{field}.{part}");
    if from.date.is_empty() {
        findings.missing(&path("date"), "give the date of the document, YYYY-MM-DD");
    } else {
        date(findings, &path("date"), &from.date);
    }
    sha256(findings, &path("sha256"), &from.sha256);
    Document {
        issuer: text::check(findings, &path("issuer"), &from.issuer, text::line(300)),
        number: text::check(findings, &path("number"), &from.number, text::line(100)),
        date: from.date.clone(),
        signer: text::check(findings, &path("signer"), &from.signer, text::line(200)),
        capacity: optional(&text::check(findings, &path("capacity"), &from.capacity, text::maybe_line(200))),
        sha256: optional(&from.sha256),
    }
}

/// A checksum, where one is given.
pub fn sha256(findings: &mut Findings, field: &str, given: &str) {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if !given.is_empty() && (given.len() != 64 || !given.chars().all(hex)) {
        findings.bad(field, given, "is not a SHA-256: give 64 lower-case hexadecimal digits");
    }
}

/// The id in a name such as `agencies/ag-62`.
pub fn reference(findings: &mut Findings, field: &str, given: &str, collection: &str) -> NameRef {
    let id = name::ids::<1>(given, &format!("{collection}/*")).map(|[id]| id).filter(|id| *id != "-" && id.len() <= 63);
    match id {
        Some(id) => NameRef::to(id),
        None => {
            match given {
                "" => findings.missing(field, &format!("give a name like {collection}/…")),
                given => findings.bad(field, given, &format!("is not a name like {collection}/… in lower case")),
            }
            NameRef::default()
        }
    }
}
