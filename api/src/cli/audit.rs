//! `berth audit`: list through the door; verify offline, with the cluster, or both.

use std::path::Path;

use berth_crds::AuditRecordSpec;
use berth_crds::audit::{AuditCheckpointSpec, AuditEntry};
use berth_plan::ledger::verify::{Evidence, verify};
use berth_plan::ledger::{Head, canonical, history};
use jiff::civil::Date;
use serde_json::json;

use super::{
    Exit, Result,
    args::{AsOf, Audit, Entries, Global, Verify},
    connect::{Session, call},
    create::full,
    failure::Failure,
    output,
    rows::id,
};
use crate::{clock::Clock, convert::audit as convert, proto::v1 as pb};

/// Entries of a page.
const PAGE: i32 = 500;
/// Segments of a page: one may have half a mebibyte.
const SEGMENTS: i32 = 20;

/// Runs one command. What needs no server needs no token.
pub async fn run(global: Global, command: Audit) -> Result {
    match command {
        Audit::List(which) => list(&Session::new(global).await?, which).await,
        Audit::Export => export(&Session::new(global).await?).await,
        Audit::Verify(what) => verify_all(global, what).await,
        Audit::AsOf(what) => as_of(global, what).await,
    }
}

async fn list(session: &Session, which: Entries) -> Result {
    let mut request = pb::ListAuditEntriesRequest {
        object: which.object.unwrap_or_default(),
        person: which.person.unwrap_or_default(),
        agency: which.agency.map(|agency| full("agencies", &agency)).unwrap_or_default(),
        from: which.from.unwrap_or_default(),
        to: which.to.unwrap_or_default(),
        page_size: PAGE,
        page_token: String::new(),
    };
    let (client, mut all) = (&session.client.audits, Vec::new());
    loop {
        let page =
            call("listing the ledger", async || client.clone().list_audit_entries(request.clone()).await).await?;
        all.extend(page.audit_entries);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    output::many(&all, session.format)?;
    Ok(Exit::Done)
}

async fn export(session: &Session) -> Result {
    for (_, line) in segments(session).await?.0 {
        output::line(&line)?;
    }
    Ok(Exit::Done)
}

/// The cluster's segments by name, each as its line, and its checkpoint.
async fn segments(session: &Session) -> Result<(Vec<(String, String)>, Option<AuditCheckpointSpec>)> {
    let mut request = pb::ListAuditRecordsRequest { page_size: SEGMENTS, page_token: String::new() };
    let (client, mut all, mut checkpoint) = (&session.client.audits, Vec::new(), None);
    loop {
        let page =
            call("reading the ledger", async || client.clone().list_audit_records(request.clone()).await).await?;
        all.extend(page.audit_records.into_iter().map(|record| (id(&record.name), record.line)));
        // Of a ledger that goes on meanwhile the oldest checkpoint asks for nothing that was not there.
        checkpoint = checkpoint.or(page.checkpoint);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            let read = |c: pb::AuditCheckpoint| {
                Some(AuditCheckpointSpec { number: id(&c.record).parse().ok()?, hash: c.hash })
            };
            return Ok((all, checkpoint.and_then(read)));
        }
    }
}

async fn verify_all(global: Global, what: Verify) -> Result {
    let format = global.output;
    let mut evidence = Evidence { noted: what.noted.as_deref().map(noted).transpose()?, ..Evidence::default() };
    if what.cluster || what.export.is_none() {
        let (lines, checkpoint) = segments(&Session::new(global).await?).await?;
        let read = |(name, line): (String, String)| match canonical::read(&line) {
            Ok(segment) => Ok((name, segment)),
            Err(why) => Err(Failure::Local(format!("segment {name} of the cluster {why}"))),
        };
        evidence.cluster = Some(lines.into_iter().map(read).collect::<Result<_>>()?);
        evidence.checkpoint = checkpoint;
    }
    // After the cluster: the export holds at least what the checkpoint says.
    evidence.export = what.export.as_deref().map(lines).transpose()?;
    match verify(&evidence) {
        Ok(verified) => {
            let head = format!("{}:{}", verified.head.number, verified.head.hash);
            match format {
                super::Format::Json | super::Format::Yaml => {
                    output::value(&json!({"from": verified.from, "entries": verified.entries, "head": head}), format)?;
                }
                _ => output::line(&format!(
                    "in order: segments {} to {}, {} entries",
                    verified.from, verified.head.number, verified.entries
                ))?,
            }
            eprintln!("Note this end where nobody who runs the cluster can write: --noted {head}");
            Ok(Exit::Done)
        }
        Err(fault) => Err(Failure::Local(fault.to_string())),
    }
}

fn noted(text: &str) -> Result<Head> {
    let read = || {
        let (number, hash) = text.split_once(':')?;
        Some(Head { number: number.parse().ok()?, hash: hash.to_owned() })
    };
    read().ok_or_else(|| {
        Failure::Usage(format!("--noted {text:?} is not NUMBER:HASH, as `berth audit verify` prints it"))
    })
}

/// The lines of an export: of all `*.jsonl` files of a folder in order of their names, or of one file.
fn lines(path: &Path) -> Result<Vec<String>> {
    let failed = |path: &Path, error: std::io::Error| {
        let text = format!("cannot read {}: {error}", path.display());
        if error.kind() == std::io::ErrorKind::NotFound { Failure::Missing(text) } else { Failure::Local(text) }
    };
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|e| failed(path, e))?;
        files = entries.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>().map_err(|e| failed(path, e))?;
        files.retain(|file| file.extension().is_some_and(|ending| ending == "jsonl"));
        files.sort();
    }
    let mut lines = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|e| failed(&file, e))?;
        lines.extend(text.lines().map(str::to_owned));
    }
    Ok(lines)
}

async fn as_of(global: Global, what: AsOf) -> Result {
    let format = global.output;
    let day = |flag: &str, text: &str| {
        text.parse::<Date>().map_err(|_| Failure::Usage(format!("{flag} {text:?} is not a day: write YYYY-MM-DD")))
    };
    let clock = Clock::system();
    let on = day("--on", &what.on)?;
    let known = match &what.known {
        None => clock.now(),
        Some(text) => {
            let known = clock.end_of(day("--known", text)?);
            known.ok_or_else(|| Failure::Usage(format!("--known {text:?} is the end of the calendar: leave it out")))?
        }
    };
    let lines = match &what.export {
        Some(path) => lines(path)?,
        None => segments(&Session::new(global).await?).await?.0.into_iter().map(|(_, line)| line).collect(),
    };
    let read = |line: &String| canonical::read(line).map_err(|why| Failure::Local(format!("a segment {why}")));
    let segments = lines.iter().map(read).collect::<Result<Vec<AuditRecordSpec>>>()?;
    let all: Vec<(String, &AuditEntry)> = segments.iter().flat_map(convert::entries).collect();
    let found = history::as_of(all.iter().map(|(_, e)| *e), &what.object, on, known, &Clock::zone());
    let named = found.and_then(|found| Some((&all.iter().find(|(_, entry)| entry.id == found.id)?.0, found)));
    let (name, entry) = named.ok_or_else(|| {
        Failure::Missing(format!("the ledger knows no {:?} as of {on}: check the name, or give --export", what.object))
    })?;
    output::one(&convert::entry(name, &entry), format)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_read_from_a_folder_in_order_of_names_or_from_one_file() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("2.jsonl", "b\n"), ("1.jsonl", "a\n"), ("1.jsonl.7.draft", "x\n")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(lines(folder.path()).unwrap(), ["a", "b"]);
        assert_eq!(lines(&folder.path().join("2.jsonl")).unwrap(), ["b"]);
        assert!(matches!(lines(&folder.path().join("3.jsonl")), Err(Failure::Missing(_))));
    }

    #[test]
    fn a_noted_end_is_a_number_and_a_hash() {
        assert_eq!(noted("7:ab").unwrap(), Head { number: 7, hash: "ab".into() });
        assert!(matches!(noted("ab"), Err(Failure::Usage(_))));
    }
}
