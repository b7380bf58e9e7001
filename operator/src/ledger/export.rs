//! The export: one file per segment, `<number>.jsonl`, with one line, the canonical text of the segment. Whoever writes
//! it writes the same bytes, a file appears whole or not at all, and none takes another's place, so any number of replicas
//! may export. `cat *.jsonl`
//! is the whole ledger.

use std::fs::{self, File};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use berth_crds::AuditRecordSpec;
use berth_crds::audit::segment_name;
use berth_plan::ledger::canonical;

use super::{Error, Result, Unreadable};

/// Ending of the export's files.
const ENDING: &str = "jsonl";

/// Numbers of the segments that the export has, in order.
pub async fn numbers(folder: &Path) -> Result<Vec<i64>> {
    let folder = folder.to_owned();
    let fail = failing("read", &folder);
    Ok(blocking(move || list(&folder)).await.map_err(fail)?)
}

/// Whether the export has a file of this number, whatever is in it.
pub async fn has(folder: &Path, number: i64) -> Result<bool> {
    let file = file(folder, number);
    let fail = failing("read", &file);
    Ok(blocking(move || file.try_exists()).await.map_err(fail)?)
}

/// A segment of the export; `None` when its file is damaged. The writer goes on: whoever damages a file must not silence
/// the ledger by it.
pub async fn read(folder: &Path, number: i64) -> Result<Option<AuditRecordSpec>> {
    let file = file(folder, number);
    let (fail, path) = (failing("read", &file), file.clone());
    let text = blocking(move || fs::read_to_string(&file)).await.map_err(fail)?;
    Ok(canonical::read(text.trim_end_matches('\n'))
        .inspect_err(
            |why| tracing::error!(file = %path.display(), why, "a file of the export: run `berth audit verify`"),
        )
        .ok())
}

/// Every line of the export, in order.
pub async fn lines(folder: &Path) -> std::result::Result<Vec<String>, Unreadable> {
    let folder = folder.to_owned();
    let fail = failing("read", &folder);
    let all = move || {
        let text = |number| Ok(fs::read_to_string(file(&folder, number))?.trim_end_matches('\n').to_owned());
        list(&folder)?.into_iter().map(text).collect()
    };
    blocking(all).await.map_err(fail)
}

/// The file of a segment.
pub fn file(folder: &Path, number: i64) -> PathBuf {
    folder.join(segment_name(number)).with_extension(ENDING)
}

/// Puts a segment into the export, on disk when this returns.
pub async fn write(folder: &Path, segment: &AuditRecordSpec) -> Result<()> {
    let file = file(folder, segment.number);
    let (line, fail, path) = (canonical::line(segment) + "\n", failing("write", &file), file.clone());
    let written = blocking(move || write_once(&file, &line)).await.map_err(fail)?;
    match written {
        Written::Same => Ok(()),
        Written::Other => Err(Error::Foreign { path }),
    }
}

fn failing(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Unreadable + use<> {
    let path = path.to_owned();
    move |source| Unreadable { doing, path, source }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn list(folder: &Path) -> io::Result<Vec<i64>> {
    fs::create_dir_all(folder)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<i64>().ok());
        found.extend(number.filter(|_| path.extension().is_some_and(|ending| ending == ENDING)));
    }
    found.sort_unstable();
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
    if let Some(written) = held(file, line)? {
        return Ok(written);
    }
    // Each try has its own draft, whatever host or pod it runs in; a crash leaves one behind that no reader looks at.
    let draft = PathBuf::from(format!("{}.{:016x}.draft", file.display(), RandomState::new().build_hasher().finish()));
    let mut out = File::create_new(&draft)?;
    out.write_all(line.as_bytes())?;
    out.sync_all()?;
    let linked = fs::hard_link(&draft, file);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => {}
        // Another replica was quicker: its file stays, and is judged like one that was there before.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Ok(held(file, line)?.unwrap_or(Written::Other));
        }
        Err(error) => return Err(error),
    }
    // The name is on disk only when its folder is.
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
    Ok(Written::Same)
}

/// What a file holds already, if it is there.
fn held(file: &Path, line: &str) -> io::Result<Option<Written>> {
    match fs::read_to_string(file) {
        Ok(held) => Ok(Some(if held == line { Written::Same } else { Written::Other })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
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

    #[test]
    fn of_many_replicas_at_once_one_writes_and_all_others_see_what_it_wrote() {
        let folder = std::env::temp_dir().join(format!("berth-ledger-race-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("000000000001.jsonl");
        let told: Vec<(usize, Written)> = std::thread::scope(|scope| {
            let file = &file;
            let replica = |n: usize| scope.spawn(move || (n % 2, write_once(file, &format!("{}\n", n % 2)).unwrap()));
            let replicas: Vec<_> = (0..16).map(replica).collect();
            replicas.into_iter().map(|replica| replica.join().unwrap()).collect()
        });
        let held: usize = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        for (wrote, written) in told {
            assert_eq!(written, if wrote == held { Written::Same } else { Written::Other });
        }
        assert_eq!(list(&folder).unwrap(), [1], "no draft is left");
        fs::remove_dir_all(&folder).unwrap();
    }
}
