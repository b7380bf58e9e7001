//! What can be set in the chart: defaults and meaning from `values.yaml`, limits from `values.schema.json`.

use std::error::Error;
use std::fmt::Write as _;

use serde_json::Value;

use super::{cell, remark};

const HEAD: &str = "# Values of the chart

`charts/berth/values.yaml` with its meaning, and what `values.schema.json` takes. The schema is closed: a mistyped key is an error, and so
is a value that is taken away (`null`), except in `resources`. How to begin: [Install](../how-to/install.md).
";
const TABLE: &str = "| value | default | takes | |\n| --- | --- | --- | --- |\n";
/// What no template depends on: it may be taken away.
const MAY_GO: &str = "resources";

/// A key that stands on a line of its own.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// `api.tls.secretName`.
    path: String,
    /// The comment over it; empty where there is none.
    comment: String,
}

/// Text of `docs/src/reference/values.md`.
///
/// # Errors
/// A text that is not YAML or JSON, or a value that nothing explains, that the schema does not know, or that could be taken
/// away and leave a template with nothing.
pub fn page(values: &str, schema: &str) -> Result<String, Box<dyn Error>> {
    let written: Value = serde_yaml::from_str(values)?;
    let schema: Value = serde_json::from_str(schema)?;
    let (all, mut out) = (entries(values), String::from(HEAD));
    for (i, Entry { path, comment }) in all.iter().enumerate() {
        let limits = limits(&schema, path)?;
        let over = path.rsplit_once('.').map(|(over, _)| over);
        if over.is_none() {
            let _ = writeln!(out, "\n## {path}\n");
            if !comment.is_empty() {
                let _ = writeln!(out, "{comment}\n");
            }
            out.push_str(TABLE);
        }
        let shown = if over.is_some() { cell(comment) } else { String::new() };
        if all.get(i + 1).is_some_and(|next| next.path.starts_with(&format!("{path}."))) {
            if !shown.is_empty() {
                let _ = writeln!(out, "| `{path}` | | | {shown} |");
            }
            continue;
        }
        let about =
            all.iter().find(|entry| Some(entry.path.as_str()) == over).map_or("", |entry| entry.comment.as_str());
        if comment.is_empty() && about.is_empty() {
            return Err(format!("values.yaml: nothing says what `{path}` is").into());
        }
        let value = written.pointer(&format!("/{}", path.replace('.', "/"))).unwrap_or(&Value::Null);
        let _ = writeln!(out, "| `{path}` | {} | {} | {shown} |", default(value), takes(&schema, limits));
    }
    Ok(out)
}

/// Keys in the order of the file. Those of a map in braces have no comments, and are no entries.
fn entries(text: &str) -> Vec<Entry> {
    let (mut found, mut over, mut place) = (Vec::new(), Vec::new(), Vec::<(usize, &str)>::new());
    for line in text.lines() {
        if let Some(words) = remark(line) {
            over.push(words);
            continue;
        }
        let (indent, words) = (line.len() - line.trim_start().len(), line.trim());
        let key = words.split_once(':').map(|(key, _)| key).filter(|_| !words.starts_with("- "));
        if let Some(key) = key {
            place.retain(|(upper, _)| *upper < indent);
            place.push((indent, key));
            let path = place.iter().map(|(_, key)| *key).collect::<Vec<_>>().join(".");
            found.push(Entry { path, comment: over.join(" ") });
        }
        over.clear();
    }
    found
}

/// The schema of a value, which must be one that nobody takes away.
fn limits<'a>(schema: &'a Value, path: &str) -> Result<&'a Value, Box<dyn Error>> {
    let mut at = schema;
    for key in path.split('.') {
        let over = resolved(schema, at);
        at = over["properties"].get(key).ok_or_else(|| format!("values.schema.json does not know `{path}`"))?;
        let required = over["required"].as_array().is_some_and(|all| all.iter().any(|name| name == key));
        if !required && !path.split('.').any(|key| key == MAY_GO) {
            return Err(format!("values.schema.json lets `{path}` be taken away, and a template needs it").into());
        }
    }
    Ok(resolved(schema, at))
}

/// What a `$ref` stands for.
fn resolved<'a>(schema: &'a Value, at: &'a Value) -> &'a Value {
    let named = at["$ref"].as_str().and_then(|path| schema.pointer(path.trim_start_matches('#')));
    named.unwrap_or(at)
}

/// What a schema takes, in a few words.
fn takes(schema: &Value, at: &Value) -> String {
    let at = resolved(schema, at);
    if let Some(choices) = at["enum"].as_array() {
        return choices.iter().map(|choice| code(choice.as_str().unwrap_or_default())).collect::<Vec<_>>().join(" ");
    }
    match at["type"].as_str().unwrap_or_default() {
        "boolean" => "`true` `false`".into(),
        "integer" => format!("{} to {}", at["minimum"], at["maximum"]),
        "array" => format!("list: {}", takes(schema, &at["items"])),
        "object" => {
            let mut keys: Vec<_> =
                at["properties"].as_object().into_iter().flatten().map(|(key, _)| code(key)).collect();
            keys.sort();
            keys.join(" ")
        }
        _ => at["pattern"].as_str().map_or_else(|| "text".into(), |pattern| format!("text {}", code(pattern))),
    }
}

fn default(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".into(),
        Value::String(text) => code(text),
        Value::Array(list) if list.is_empty() => "none".into(),
        Value::Array(list) => list.iter().map(default).collect::<Vec<_>>().join(" "),
        Value::Object(map) if map.is_empty() => "none".into(),
        Value::Object(map) => {
            let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let mut pairs: Vec<_> = map.iter().map(|(key, value)| code(&format!("{key}: {}", plain(value)))).collect();
            pairs.sort();
            pairs.join(" ")
        }
        other => code(&other.to_string()),
    }
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r##"{"required": ["a"], "definitions": {"n": {"type": "integer", "minimum": 1, "maximum": 9}},
        "properties": {"a": {"type": "object", "required": ["b"], "properties": {
            "b": {"$ref": "#/definitions/n"}, "c": {"enum": ["x", "y"]}}}}}"##;

    #[test]
    fn a_value_has_its_comment_its_default_and_what_it_takes() {
        let page = page("# The head.\n\na:\n  # How many\n  # there are.\n  b: 3\n", SCHEMA).unwrap();
        let expected = format!("{HEAD}\n## a\n\n{TABLE}| `a.b` | `3` | 1 to 9 | How many there are. |\n");
        assert_eq!(page, expected);
    }

    #[test]
    fn what_nothing_explains_or_the_schema_does_not_hold_is_an_error() {
        let error = |values: &str| page(values, SCHEMA).unwrap_err().to_string();
        assert_eq!(error("a:\n  b: 3\n"), "values.yaml: nothing says what `a.b` is");
        assert_eq!(error("a:\n  # Which.\n  d: 3\n"), "values.schema.json does not know `a.d`");
        let gone = "values.schema.json lets `a.c` be taken away, and a template needs it";
        assert_eq!(error("a:\n  # Which.\n  c: x\n"), gone);
    }

    #[test]
    fn keys_are_read_in_the_order_of_the_file_and_lists_and_maps_in_braces_are_one_value() {
        let found = entries("a:\n  # One.\n  b: {c: 1, d: 2}\n  # Two.\n  e:\n    - f: 1\n    - g\nh: 1\n");
        let entry = |path: &str, comment: &str| Entry { path: path.into(), comment: comment.into() };
        assert_eq!(found, [entry("a", ""), entry("a.b", "One."), entry("a.e", "Two."), entry("h", "")]);
    }
}
