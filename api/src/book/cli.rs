//! Commands and flags of `berth`, from the parser itself.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::cell;
use crate::cli::{Arguments, Exit};

const HEAD: &str = "# The command line

`berth` speaks to the door. It takes no token as an argument: `--token-file` names the file that holds one. Data goes to stdout, talk
to stderr; `--output json` is the API's [proto3 JSON](api.md).
";

const EXITS: [(Exit, &str); 8] = [
    (Exit::Done, "Done; for `wait`: reached."),
    (Exit::Failed, "Failed; the message says why and what to do."),
    (Exit::Usage, "The command line is wrong; nothing was sent."),
    (Exit::TimedOut, "`wait` ran out of time; the request is still pending."),
    (Exit::NotAllowed, "Not logged in, or not allowed."),
    (Exit::Refused, "The request was rejected, taken back or is stalled."),
    (Exit::NotFound, "There is no such object, or the caller may not see it."),
    (Exit::Interrupted, "Interrupted; a request that was sent goes on."),
];

pub(super) fn page() -> String {
    let mut page = String::from(HEAD);
    page.push_str("\n## Exit codes\n\n| code | |\n| --- | --- |\n");
    for (exit, says) in EXITS {
        let _ = writeln!(page, "| {} | {says} |", exit.code());
    }
    let mut root = Arguments::command();
    root.build();
    page.push_str("\n## Flags of every command\n");
    table(&mut page, root.get_arguments().filter(|a| a.is_global_set()));
    for command in root.get_subcommands() {
        section(&mut page, "berth", command);
    }
    page
}

fn section(page: &mut String, parent: &str, command: &Command) {
    if command.get_name() == "help" || command.is_hide_set() {
        return;
    }
    let name = format!("{parent} {}", command.get_name());
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let _ = write!(page, "\n## {name}\n\n{}\n", sentence(&about));
    let mut subcommands = command.get_subcommands().peekable();
    if subcommands.peek().is_none() {
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").trim();
        let _ = write!(page, "\n```text\n{usage}\n```\n");
        table(page, command.get_arguments().filter(|a| !a.is_global_set()));
    }
    subcommands.for_each(|sub| section(page, &name, sub));
}

fn table<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let ours = |a: &&Arg| !a.is_hide_set() && !["help", "version"].contains(&a.get_id().as_str());
    let rows: Vec<String> = arguments.filter(ours).map(row).collect();
    if rows.is_empty() {
        return;
    }
    page.push_str("\n| argument | default | |\n| --- | --- | --- |\n");
    rows.iter().for_each(|row| page.push_str(row));
}

fn row(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let values: Vec<_> = argument.get_possible_values().iter().map(|v| format!("`{}`", v.get_name())).collect();
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let choice = if takes && !values.is_empty() { format!(" One of {}.", values.join(", ")) } else { String::new() };
    let env = argument.get_env().map(|e| format!(" Also by `{}`.", e.to_string_lossy())).unwrap_or_default();
    let defaults: Vec<_> = argument.get_default_values().iter().map(|v| format!("`{}`", v.to_string_lossy())).collect();
    let default = if takes { defaults.join(", ") } else { String::new() };
    let required = if argument.is_required_set() { " *Required.*" } else { "" };
    format!("| {} | {default} | {}{choice}{env}{required} |\n", flag(argument, takes), sentence(&help))
}

/// What clap took the full stop of.
fn sentence(text: &str) -> String {
    let text = cell(text);
    if text.is_empty() || text.ends_with(['.', '?', ')']) { text } else { format!("{text}.") }
}

fn flag(argument: &Arg, takes: bool) -> String {
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let value = value.unwrap_or_else(|| argument.get_id().as_str().to_uppercase());
    let more = if matches!(argument.get_action(), ArgAction::Append) { " …" } else { "" };
    let Some(long) = argument.get_long() else { return format!("`<{value}>`{more}") };
    let short = argument.get_short().map(|s| format!("`-{s}`, ")).unwrap_or_default();
    if takes { format!("{short}`--{long} <{value}>`{more}") } else { format!("{short}`--{long}`") }
}
