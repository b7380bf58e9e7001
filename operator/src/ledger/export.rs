//! The export: one file per segment, `<number>.jsonl`, with one line, the canonical text of the segment. Whoever writes
//! it writes the same bytes, and a file appears whole or not at all, so any number of replicas may export. `cat *.jsonl`
//! is the whole ledger.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use berth_crds::AuditRecordSpec;
use berth_crds::audit::segment_name;
use berth_plan::ledger::canonical;

use super::{Error, Result};

/// Ending of the export's files.
const ENDING: &str = "jsonl";

/// Every readable segment of the export, in order of number.
pub async fn read(folder: &Path) -> Result<Vec<AuditRecordSpec>> {
    let folder = folder.to_owned();
    let fail = failing("read", &folder);
    blocking(move || read_all(&folder)).await.map_err(fail)
}

/// Puts a segment into the export, on disk when this returns.
pub async fn write(folder: &Path, segment: &AuditRecordSpec) -> Result<()> {
    let file = folder.join(segment_name(segment.number)).with_extension(ENDING);
    let (line, fail, path) = (canonical::line(segment) + "\n", failing("write", &file), file.clone());
    let written = blocking(move || write_once(&file, &line)).await.map_err(fail)?;
    match written {
        Written::Same => Ok(()),
        Written::Other => Err(Error::Foreign { path }),
    }
}

fn failing(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Export { doing, path, source }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn read_all(folder: &Path) -> io::Result<Vec<AuditRecordSpec>> {
    fs::create_dir_all(folder)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            files.push(path);
        }
    }
    files.sort();
    let mut found = Vec::new();
    for path in files {
        match canonical::read(fs::read_to_string(&path)?.trim_end_matches('\n')) {
            Ok(segment) => found.push(segment),
            // The writer goes on: whoever damages a file must not silence the ledger by it.
            Err(why) => tracing::error!(file = %path.display(), why, "a file of the export: run `berth audit verify`"),
        }
    }
    Ok(found)
}

#[derive(Debug, PartialEq, Eq)]
enum Written {
    /// The file holds the line.
    Same,
    /// The file held something else before; it is left as it is.
    Other,
}

fn write_once(file: &Path, line: &str) -> io::Result<Written> {
    match fs::read_to_string(file) {
        Ok(held) if held == line => return Ok(Written::Same),
        Ok(_) => return Ok(Written::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // Each process has its own draft; a crash leaves one behind that no reader looks at.
    let draft = PathBuf::from(format!("{}.{}.draft", file.display(), std::process::id()));
    let mut out = File::create(&draft)?;
    out.write_all(line.as_bytes())?;
    out.sync_all()?;
    fs::rename(&draft, file)?;
    // The name is on disk only when its folder is.
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
    Ok(Written::Same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_a_foreign_one_is_never_overwritten() {
        let folder = std::env::temp_dir().join(format!("berth-ledger-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("000000000001.jsonl");
        assert_eq!(write_once(&file, "a\n").unwrap(), Written::Same);
        assert_eq!(write_once(&file, "a\n").unwrap(), Written::Same);
        assert_eq!(write_once(&file, "b\n").unwrap(), Written::Other);
        assert_eq!(fs::read_to_string(&file).unwrap(), "a\n");
        let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["000000000001.jsonl"], "no draft is left");
        fs::remove_dir_all(&folder).unwrap();
    }
}
