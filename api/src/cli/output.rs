//! Data on stdout: tables for people, proto3 JSON for scripts.

use std::io::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};

use super::{Result, args::Format, failure::Failure};
use crate::proto::to_json;

/// A message that can be printed.
pub trait Printed: prost::Message + Default {
    /// Name of the message in `berth.v1`.
    const MESSAGE: &'static str;
    /// Field of lists that holds such messages.
    const PLURAL: &'static str;
    /// Heads of the columns.
    const HEADS: &'static [&'static str];
    /// Resource name.
    fn name(&self) -> &str;
    /// Cells of a row.
    fn row(&self) -> Vec<String>;
}

/// Prints one message.
pub fn one<M: Printed>(message: &M, format: Format) -> Result<()> {
    match format {
        Format::Table => table(M::HEADS, vec![message.row()]),
        Format::Name => line(message.name()),
        Format::Json | Format::Yaml | Format::Svg => value(&json_of(message)?, format),
    }
}

/// Prints a list; JSON is the list's answer with all pages in one.
pub fn many<M: Printed>(messages: &[M], format: Format) -> Result<()> {
    match format {
        Format::Table => table(M::HEADS, messages.iter().map(Printed::row).collect()),
        Format::Name => messages.iter().try_for_each(|message| line(message.name())),
        Format::Json | Format::Yaml | Format::Svg => {
            let all = messages.iter().map(json_of).collect::<Result<Vec<_>>>()?;
            value(&json!({ M::PLURAL: all }), format)
        }
    }
}

/// Prints one message of a stream: JSON on one line, tables as one row.
pub fn next<M: Printed>(message: &M, format: Format) -> Result<()> {
    match format {
        Format::Json | Format::Svg => line(&json_of(message)?.to_string()),
        Format::Yaml => {
            line("---")?;
            value(&json_of(message)?, format)
        }
        Format::Name => line(message.name()),
        Format::Table => line(&message.row().join("  ")),
    }
}

/// The proto3 JSON of a message.
pub fn json_of<M: Printed>(message: &M) -> Result<Value> {
    to_json(M::MESSAGE, message).ok_or_else(|| Failure::Local(format!("cannot write {} as JSON", M::MESSAGE)))
}

/// Prints JSON or the same as YAML.
pub fn value(value: &Value, format: Format) -> Result<()> {
    let text = match format {
        Format::Yaml => serde_yaml::to_string(value).map_err(|e| Failure::Local(e.to_string()))?,
        _ => serde_json::to_string_pretty(value).map_err(|e| Failure::Local(e.to_string()))? + "\n",
    };
    write(&text)
}

/// Prints columns without borders.
pub fn table(heads: &[&str], rows: Vec<Vec<String>>) -> Result<()> {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(heads.to_vec());
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().try_for_each(|text| line(text.trim_end()))
}

/// Prints a line.
pub fn line(text: &str) -> Result<()> {
    write(&format!("{text}\n"))
}

/// A reader that is gone, such as `head`, ends the command without a panic.
pub fn write(text: &str) -> Result<()> {
    bytes(text.as_bytes())
}

/// Prints bytes as they are.
pub fn bytes(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(|error| Failure::Local(format!("cannot print: {error}")))
}
