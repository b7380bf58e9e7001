//! The official form on paper: its rows in Vietnamese, with the hash of its content for the signature, as HTML and as DOCX.
//! Both show the same rows.

mod archive; // a zip archive in memory
mod docx; // the form as WordprocessingML
mod words; // what people call parts and values

pub use docx::docx;
pub use words::{label, word};

use berth_crds::OnboardingSpec;
use berth_crds::onboarding::Contact;
use serde_json::Value;

use super::form::{FIELDS, Field};

/// What the registers add to a paper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefilled {
    /// Values by number of the field: they stand where the paper says nothing, or only an id.
    pub values: Vec<(u8, String)>,
}

/// What is said of the paper, and not by it.
const UNSIGNED: [&str; 5] = ["/letter", "/requester", "/requestId", "/onBehalfOf", "/supersedes"];

/// What is signed, as canonical JSON: the paper without letter, requester, request id and the request that it succeeds,
/// keys in order. Two papers that ask for the same have the same content, whoever sends them, under which letter and
/// after which return: a sheet is signed before its paper is submitted.
pub fn content(spec: &OnboardingSpec) -> String {
    let mut value = serde_json::to_value(spec).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        for at in UNSIGNED {
            object.remove(&at[1..]);
        }
    }
    sorted(&value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// The country's name, which stands above every administrative document.
pub const COUNTRY: &str = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM";
/// The motto below it; NĐ 30/2020 writes hyphens between blanks [K].
pub const MOTTO: &str = "Độc lập - Tự do - Hạnh phúc";
/// What the form is called.
pub const TITLE: &str = "PHIẾU ĐỀ NGHỊ CẤP TÀI NGUYÊN";
/// What stands before the hash.
pub const HASH: &str = "Mã băm nội dung (SHA-256), dùng khi ký:";
/// What the print is not.
pub const NO_ORIGINAL: &str = "Bản in hỗ trợ lập hồ sơ; không thay cho văn bản đã ký.";

/// One row of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Title of a part.
    Part(&'static str),
    /// A field, or something else that the paper holds.
    Field {
        /// Its number; none beyond the 33 fields.
        number: Option<u8>,
        /// Its name, or its path in the paper.
        name: String,
        /// What stands in it, in lines.
        value: String,
    },
}

/// The rows of the form: every field in order, then whatever else the hash covers. All that is printed comes from here.
pub fn rows(spec: &OnboardingSpec, prefilled: &Prefilled) -> Vec<Row> {
    let value = serde_json::to_value(spec).unwrap_or_default();
    let mut rows = Vec::new();
    let mut part = None;
    for field in &FIELDS {
        if part != Some(field.group) {
            part = Some(field.group);
            rows.push(Row::Part(field.group.words().0));
        }
        let text = plain(&cell(field, &value, prefilled));
        rows.push(Row::Field { number: Some(field.number), name: field.vi.to_owned(), value: text });
    }
    let rest = rest(&value);
    if !rest.is_empty() {
        rows.push(Row::Part("Nội dung khác của hồ sơ"));
    }
    rows.extend(rest.into_iter().map(|(at, text)| Row::Field { number: None, name: plain(&at), value: plain(&text) }));
    rows
}

/// Text as it can be printed: lines end in one way, and what cannot be seen or turns the reading round is shown as
/// U+FFFD, so that whoever signs reads what is there.
fn plain(text: &str) -> String {
    let hidden = |c: char| {
        let control = c.is_control() && !matches!(c, '\n' | '\t');
        control || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
    };
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.chars().map(|c| if hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The form as a page; `sha256` is the hash of [`content`].
pub fn html(spec: &OnboardingSpec, prefilled: &Prefilled, sha256: &str) -> String {
    let rows: String = rows(spec, prefilled).iter().map(row).collect();
    format!(
        "<!doctype html>\n<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\">\n<title>Phiếu đề nghị cấp tài nguyên</title>\n\
         <style>\nbody {{ font-family: \"Times New Roman\", serif; max-width: 60em; margin: 2em auto }}\n\
         h1, .motto {{ text-align: center }}\ntable {{ border-collapse: collapse; width: 100% }}\n\
         td, th {{ border: 1px solid #444; padding: .3em .5em; text-align: left; vertical-align: top }}\n\
         th {{ font-weight: normal; width: 38% }}\n.hash {{ font-family: monospace; overflow-wrap: anywhere }}\n</style>\n\
         </head>\n<body>\n<p class=\"motto\">{COUNTRY}<br>{MOTTO}</p>\n\
         <h1>{TITLE}</h1>\n<table>\n<tbody>\n{rows}</tbody>\n</table>\n\
         <p>{HASH}</p>\n<p class=\"hash\">{}</p>\n<p>{NO_ORIGINAL}</p>\n</body>\n</html>\n",
        escaped(sha256)
    )
}

fn row(row: &Row) -> String {
    match row {
        Row::Part(title) => format!("<tr><td colspan=\"3\"><strong>{}</strong></td></tr>\n", escaped(title)),
        Row::Field { number, name, value } => format!(
            "<tr><td>{}</td><th scope=\"row\">{}</th><td>{}</td></tr>\n",
            number.map(|n| n.to_string()).unwrap_or_default(),
            escaped(name),
            escaped(value).replace('\n', "<br>")
        ),
    }
}

/// What the paper holds beyond the 33 fields, by its path: whoever signs the hash must have read all of it.
fn rest(spec: &Value) -> Vec<(String, String)> {
    let mut rest = spec.clone();
    let shown = FIELDS.iter().flat_map(|field| field.at).copied();
    for at in shown.chain(UNSIGNED.iter().copied()) {
        let Some((parent, key)) = at.rsplit_once('/') else { continue };
        if let Some(object) = rest.pointer_mut(parent).and_then(Value::as_object_mut) {
            object.remove(key);
        }
    }
    let mut found = Vec::new();
    leaves("", &rest, &mut found);
    found
}

fn leaves(at: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                leaves(&at, value, found);
            }
        }
        Value::Null => {}
        other => {
            let text = said(other, false);
            if !text.is_empty() {
                found.push((at.into(), text));
            }
        }
    }
}

/// The person to ask, as the form shows them.
pub fn contact(of: &Contact) -> String {
    said(&serde_json::to_value(of).unwrap_or_default(), false)
}

/// What stands in a field: the paper's own values, then what the registers know.
fn cell(field: &Field, spec: &Value, prefilled: &Prefilled) -> String {
    let own = field.at.iter().filter_map(|at| Some(led(at, said(spec.pointer(at)?, CODED.contains(at)))));
    let known = prefilled.values.iter().filter(|(number, _)| *number == field.number).map(|(_, text)| text.clone());
    own.filter(|text| !text.is_empty()).chain(known).collect::<Vec<_>>().join("\n")
}

/// A value with what must be said before it.
fn led(at: &str, text: String) -> String {
    match LEADS.iter().find(|(place, _)| *place == at && !text.is_empty()) {
        Some((_, lead)) => format!("{lead}: {text}"),
        None => text,
    }
}

/// What would not be understood beside the other values of its field.
const LEADS: [(&str, &str); 2] =
    [("/environment/ipv4Only", "Ngoại lệ chỉ dùng IPv4"), ("/environment/until", "Tăng tạm thời đến hết ngày")];

/// Where a value is one of a closed list, and reads as [`word`]; anywhere else it is what somebody wrote.
const CODED: [&str; 7] = [
    "/action",
    "/system/dataKinds",
    "/system/dataSubjects",
    "/environment/kind",
    "/environment/exposure",
    "/form/users",
    "/form/undertaking",
];
/// The same, for parts of an entry.
const CODED_PARTS: [&str; 2] = ["protocol", "direction"];

/// A value as people read it.
fn said(value: &Value, coded: bool) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if coded => word(text).map_or_else(|| text.clone(), str::to_owned),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(|entry| said(entry, coded)).collect::<Vec<_>>().join("\n"),
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| {
                format!("{}: {}", label(key).unwrap_or(key), said(value, CODED_PARTS.contains(&key.as_str())))
            };
            map.iter().map(entry).collect::<Vec<_>>().join("; ")
        }
    }
}

/// Text as it stands in HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
