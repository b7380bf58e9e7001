//! The reference pages as text. Reads nothing: kinds and reasons come from the crate, conditions and labels from its
//! sources, which are part of the program.

use std::fmt::{Error, Write};

use berth_crds::notice::{COMMON, Capacity, Language, Minutes, Occasion};
use berth_crds::{Reason, all_crds};
use serde_json::Value;

const LABELS: &str = include_str!("../../labels.rs");
const CONDITIONS: &str = include_str!("../../condition.rs");
const NOTE: &str = "<!-- Generated: do not edit. Run `cargo run -p berth-crds --bin docgen`. -->\n\n";

/// Every page: file name and text.
pub fn pages() -> Result<[(&'static str, String); 5], Error> {
    Ok([
        ("kinds.md", kinds()?),
        ("conditions.md", conditions()?),
        ("reasons.md", reasons()?),
        ("labels.md", labels()?),
        ("notices.md", notices()?),
    ])
}

fn kinds() -> Result<String, Error> {
    let mut out = format!("{NOTE}# Kinds\n\n");
    let crds: Vec<Value> = all_crds().iter().filter_map(|crd| serde_json::to_value(crd).ok()).collect();
    writeln!(
        out,
        "API group and version: `berth.dev/v1alpha1`. `kubectl explain <kind> --recursive` says the same.\n"
    )?;
    writeln!(out, "**Bold** fields are required where the object above them is given.\n")?;
    writeln!(out, "| kind | short name | scope | is |\n| --- | --- | --- | --- |")?;
    for crd in &crds {
        let spec = &crd["spec"];
        let (kind, short) = (text(&spec["names"]["kind"]), list(&spec["names"]["shortNames"]));
        let description = text(&schema(crd)["description"]);
        writeln!(
            out,
            "| [`{kind}`](#{}) | {short} | {} | {} |",
            kind.to_lowercase(),
            text(&spec["scope"]),
            cell(description)
        )?;
    }
    for crd in &crds {
        kind(&mut out, crd)?;
    }
    Ok(out)
}

fn kind(out: &mut String, crd: &Value) -> Result<(), Error> {
    let version = &crd["spec"]["versions"][0];
    let schema = schema(crd);
    writeln!(out, "\n## {}\n\n{}\n", text(&crd["spec"]["names"]["kind"]), text(&schema["description"]))?;
    let columns = items(&version["additionalPrinterColumns"]).map(|c| text(&c["name"])).collect::<Vec<_>>().join(", ");
    writeln!(out, "- Resource: `{}`. Columns: {columns}.", text(&crd["spec"]["names"]["plural"]))?;
    let selectable =
        items(&version["selectableFields"]).map(|f| format!("`{}`", text(&f["jsonPath"]).trim_start_matches('.')));
    let selectable = selectable.collect::<Vec<_>>().join(", ");
    if !selectable.is_empty() {
        writeln!(out, "- Field selectors: {selectable}.")?;
    }
    let mut rules = Vec::new();
    messages(schema, &mut rules);
    if !rules.is_empty() {
        writeln!(out, "- Rules:")?;
    }
    for rule in rules {
        writeln!(out, "  - {rule}")?;
    }
    writeln!(out, "\n| field | type | meaning |\n| --- | --- | --- |")?;
    for part in ["spec", "status"] {
        let required = items(&schema["required"]).any(|r| r == part);
        if let Some(of) = schema["properties"].get(part) {
            fields(out, part, of, required)?;
        }
    }
    Ok(())
}

/// Messages of all CEL rules, outer ones first.
fn messages(schema: &Value, into: &mut Vec<String>) {
    for rule in items(&schema["x-kubernetes-validations"]) {
        let message = text(&rule["message"]).to_owned();
        if !into.contains(&message) {
            into.push(message);
        }
    }
    let properties = schema["properties"].as_object().into_iter().flat_map(|p| p.values());
    for inner in properties.chain(schema.get("items")) {
        messages(inner, into);
    }
}

fn fields(out: &mut String, path: &str, schema: &Value, required: bool) -> Result<(), Error> {
    let name = if required { format!("**`{path}`**") } else { format!("`{path}`") };
    let description = schema["description"].as_str().unwrap_or_default();
    writeln!(out, "| {name} | {} | {} |", cell(&type_of(schema)), cell(description))?;
    let (inner, path) = match schema.get("items") {
        Some(items) => (items, format!("{path}[]")),
        None => (schema, path.to_owned()),
    };
    // Conditions are the same everywhere and have a page of their own.
    let open = if path.ends_with("status.conditions[]") { None } else { inner["properties"].as_object() };
    for (name, field) in open.into_iter().flatten() {
        let required = items(&inner["required"]).any(|r| r == name);
        fields(out, &format!("{path}.{name}"), field, required)?;
    }
    Ok(())
}

fn type_of(schema: &Value) -> String {
    let values = items(&schema["enum"]).map(|v| format!("`{}`", text(v))).collect::<Vec<_>>();
    if !values.is_empty() {
        return values.join(" · ");
    }
    let bound = |key: &str, sign: &str| schema[key].as_f64().map(|n| format!(" {sign} {n}")).unwrap_or_default();
    match text(&schema["type"]) {
        "array" => format!("list of {}, at most {}", type_of(&schema["items"]), schema["maxItems"]),
        "integer" => format!("integer{}{}", bound("minimum", "≥"), bound("maximum", "≤")),
        "string" if schema["format"] == "date-time" => "instant".into(),
        "string" => match schema["maxLength"].as_i64() {
            Some(max) => format!("text, at most {max}"),
            None => "text".into(),
        },
        other => other.to_owned(),
    }
}

fn reasons() -> Result<String, Error> {
    let mut out = format!("{NOTE}# Reasons\n\n");
    writeln!(
        out,
        "One catalogue for everything that says why: the name stands in a condition's `reason`, the code in"
    )?;
    writeln!(
        out,
        "`ErrorInfo.reason` (domain `berth.dev`) of gRPC and REST errors. Names and codes are for machines and stay;"
    )?;
    writeln!(out, "sentences are for people and may be improved.\n")?;
    writeln!(out, "| reason | code | tiếng Việt | English |\n| --- | --- | --- | --- |")?;
    for reason in Reason::ALL {
        writeln!(
            out,
            "| `{}` | `{}` | {} | {} |",
            reason.as_str(),
            reason.code(),
            cell(reason.vi()),
            cell(reason.en())
        )?;
    }
    Ok(out)
}

fn conditions() -> Result<String, Error> {
    let mut out = format!("{NOTE}# Conditions\n\n");
    writeln!(
        out,
        "Every condition is a standard `metav1.Condition` with `observedGeneration`, keyed by `type`. `Ready`,"
    )?;
    writeln!(
        out,
        "`Reconciling` and `Stalled` follow kstatus. A new object has `Ready=Unknown`, reason `Pending`, from its"
    )?;
    writeln!(out, "schema's default, until the operator has looked at it. Reasons: [catalogue](reasons.md).\n")?;
    writeln!(out, "| type | kinds and meaning |\n| --- | --- |")?;
    let body = CONDITIONS.split_once("pub enum ConditionType {").and_then(|(_, rest)| rest.split_once('}'));
    for (doc, name) in documented(body.map_or("", |(body, _)| body)) {
        writeln!(out, "| `{}` | {} |", name.trim_end_matches(','), cell(&doc))?;
    }
    Ok(out)
}

fn labels() -> Result<String, Error> {
    let mut out = format!("{NOTE}# Labels and fixed names\n\n");
    writeln!(
        out,
        "Every string that another component may rely on, with the constant of `crds/src/labels.rs` that holds it.\n"
    )?;
    writeln!(out, "| value | meaning | constant |\n| --- | --- | --- |")?;
    for (doc, line) in documented(LABELS) {
        let Some((name, value)) = line.strip_prefix("pub const ").and_then(|c| c.split_once(": &str = ")) else {
            continue;
        };
        writeln!(out, "| `{}` | {} | `{name}` |", value.trim_matches(['"', ';']), cell(&doc))?;
    }
    Ok(out)
}

fn notices() -> Result<String, Error> {
    let mut out = format!("{NOTE}# Notices\n\n");
    writeln!(
        out,
        "What somebody is told of, who is told by e-mail, and in which words. `{{name}}` stands for a value; every text may"
    )?;
    let common = COMMON.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    writeln!(
        out,
        "use {common}. The same values are in `data.values` of the CloudEvent, whose type is in the table.\n"
    )?;
    writeln!(
        out,
        "| occasion | when | told by e-mail | starts | type of the event |\n| --- | --- | --- | --- | --- |"
    )?;
    for occasion in Occasion::ALL {
        let row = occasion.row();
        let to = row.to.iter().map(|c| capacity(*c)).collect::<Vec<_>>().join(", ");
        let starts = row.clock.map(|step| format!("the limit `{step:?}`")).unwrap_or_else(|| "–".into());
        writeln!(
            out,
            "| [`{occasion:?}`](#{}) | {} | {to} | {starts} | `dev.berth.notice.{}.v1` |",
            row.key.replace('-', ""),
            row.when,
            row.key
        )?;
    }
    for occasion in Occasion::ALL {
        let row = occasion.row();
        writeln!(out, "\n## {occasion:?}\n")?;
        let own = row.arguments.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        writeln!(out, "Values: {own}.")?;
        if row.minutes == Minutes::Attached {
            writeln!(
                out,
                "\nWith it go the handover minutes (biên bản bàn giao), filled in, as a page to print and sign."
            )?;
        }
        for language in [Language::Vi, Language::En] {
            let text = row.text(language);
            writeln!(out, "\n```text\n{}\n\n{}\n```", text.subject, text.body)?;
        }
    }
    Ok(out)
}

fn capacity(of: Capacity) -> &'static str {
    match of {
        Capacity::Agency => "the agency",
        Capacity::Holder => "who holds the paper",
        Capacity::Superior => "their superior",
        Capacity::System => "systems",
    }
}

/// Documented lines of a source: the text of `///` and the line after it.
fn documented(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut doc = String::new();
    for line in source.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("///") {
            doc = format!("{doc} {}", more.trim());
        } else if !doc.is_empty() && !line.starts_with("#[") {
            found.push((doc.trim().to_owned(), line.to_owned()));
            doc.clear();
        }
    }
    found
}

fn schema(crd: &Value) -> &Value {
    &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> String {
    items(value).map(|v| format!("`{}`", text(v))).collect::<Vec<_>>().join(", ")
}

/// Text that fits a cell of a table: one line, nothing that Markdown takes for HTML outside of code.
fn cell(text: &str) -> String {
    let text = text.replace('|', "\\|").replace('\n', " ").replace("[`", "`").replace("`]", "`");
    let parts = text.split('`').enumerate();
    parts
        .map(|(i, part)| if i % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() })
        .collect::<Vec<_>>()
        .join("`")
}
