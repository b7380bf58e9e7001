//! Services, messages and enums of `berth.v1`, with the comments of the proto files.

use std::collections::HashMap;
use std::fmt::Write as _;

use prost_reflect::{
    Cardinality, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};

use super::cell;
use crate::proto::{SERVICES, pool};

const HEAD: &str = "# The API: gRPC and REST

Package `berth.v1`. The same port speaks gRPC (with reflection and health), gRPC-Web and REST: JSON is proto3 JSON, and a path takes the
fields that are not in it as a query (`GET`) or in its body. Names of resources, pages, masks and errors follow the AIPs; every error has
an `ErrorInfo` with a reason of [Reasons](reasons.md).

*in*: the caller must give it. *out*: Berth fills it, what is given is ignored. *once*: cannot be changed later.
";

pub(super) fn page() -> String {
    let mut page = String::from(HEAD);
    let mut comments = Comments::default();
    for name in SERVICES {
        let service = pool().get_service_by_name(name).expect("a test holds the list against the descriptor");
        let file = service.parent_file();
        let _ = write!(page, "\n## {}\n\n{}\n\n", service.name(), comments.of(&file, service.path()));
        page.push_str("| call | REST | takes | answers | |\n| --- | --- | --- | --- | --- |\n");
        for method in service.methods() {
            let stream = if method.is_server_streaming() { "stream of " } else { "" };
            let (takes, answers) = (link(&method.input()), link(&method.output()));
            let says = cell(&comments.of(&file, method.path()));
            let _ =
                writeln!(page, "| `{}` | {} | {takes} | {stream}{answers} | {says} |", method.name(), rest(&method));
        }
    }
    page.push_str("\n# Messages\n");
    let mut messages: Vec<_> = pool().all_messages().filter(|m| m.package_name() == "berth.v1").collect();
    messages.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    messages.iter().filter(|m| !m.is_map_entry()).for_each(|m| message(&mut page, m, &mut comments));
    page.push_str("\n# Enums\n");
    let mut enums: Vec<_> = pool().all_enums().filter(|e| e.package_name() == "berth.v1").collect();
    enums.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    enums.iter().for_each(|e| values(&mut page, e, &mut comments));
    page
}

fn message(page: &mut String, message: &MessageDescriptor, comments: &mut Comments) {
    let file = message.parent_file();
    let _ = write!(page, "\n## {}\n\n{}\n", short(message.full_name()), comments.of(&file, message.path()));
    if message.fields().len() == 0 {
        return;
    }
    page.push_str("\n| field | type | | |\n| --- | --- | --- | --- |\n");
    for field in message.fields() {
        let says = cell(&comments.of(&file, field.path()));
        let _ = writeln!(page, "| `{}` | {} | {} | {says} |", field.name(), type_of(&field), behaviour(&field));
    }
}

fn values(page: &mut String, of: &EnumDescriptor, comments: &mut Comments) {
    let file = of.parent_file();
    let _ = write!(page, "\n## {}\n\n{}\n\n", short(of.full_name()), comments.of(&file, of.path()));
    page.push_str("| value | |\n| --- | --- |\n");
    for value in of.values() {
        let _ = writeln!(page, "| `{}` | {} |", value.name(), cell(&comments.of(&file, value.path())));
    }
}

fn type_of(field: &FieldDescriptor) -> String {
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        return format!("map of {} to {}", kind(&entry.map_entry_key_field()), kind(&entry.map_entry_value_field()));
    }
    let many = if field.cardinality() == Cardinality::Repeated { "list of " } else { "" };
    format!("{many}{}", kind(field))
}

fn kind(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(message) => link(&message),
        Kind::Enum(of) => anchor(of.full_name()),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn link(message: &MessageDescriptor) -> String {
    if message.package_name() == "berth.v1" {
        anchor(message.full_name())
    } else {
        format!("`{}`", message.full_name())
    }
}

fn anchor(full_name: &str) -> String {
    let name = short(full_name);
    format!("[{name}](#{})", name.to_lowercase().replace('.', ""))
}

fn short(full_name: &str) -> &str {
    full_name.trim_start_matches("berth.v1.")
}

/// What AIP-203 says of a field, in a word.
fn behaviour(field: &FieldDescriptor) -> String {
    let extension = pool().get_extension_by_name("google.api.field_behavior").expect("it is imported");
    let options = field.options();
    let values = options.get_extension(&extension).into_owned();
    let words = values.as_list().unwrap_or_default().iter().filter_map(Value::as_enum_number).filter_map(|n| match n {
        2 => Some("in"),
        3 => Some("out"),
        5 => Some("once"),
        8 => Some("name"),
        _ => None,
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Method and path of the HTTP rule (google.api.http).
fn rest(method: &MethodDescriptor) -> String {
    let extension = pool().get_extension_by_name("google.api.http").expect("it is imported");
    let options = method.options();
    let rule = options.get_extension(&extension).into_owned();
    let Some(rule) = rule.as_message() else { return String::new() };
    for verb in ["get", "post", "put", "patch", "delete"] {
        let path = rule.get_field_by_name(verb).and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        if !path.is_empty() {
            return format!("`{} {path}`", verb.to_uppercase());
        }
    }
    String::new()
}

/// Leading comments, by file and path in it.
#[derive(Default)]
struct Comments(HashMap<String, HashMap<Vec<i32>, String>>);

impl Comments {
    fn of(&mut self, file: &FileDescriptor, path: &[i32]) -> String {
        let of_file = self.0.entry(file.name().to_owned()).or_insert_with(|| {
            let info = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
            info.location.into_iter().filter_map(|l| Some((l.path, l.leading_comments?))).collect()
        });
        of_file.get(path).map(|text| text.trim().replace("\n ", "\n")).unwrap_or_default()
    }
}
