//! The control plane's binary: built once from the Go module beside this crate, kept by the hash of what it is made of.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use sha2::{Digest as _, Sha256};

use crate::{Error, Result, process::tail};

/// The Kubernetes version that the binary is.
pub const VERSION: &str = "v1.37.2";
const SOURCES: [&str; 3] = ["main.go", "go.mod", "go.sum"];
const FLAGS: [&str; 5] =
    ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2"];
const GO: (u32, u32) = (1, 26);

/// Where the binary is built from and kept.
#[derive(Debug, Clone)]
pub struct Binary {
    sources: PathBuf,
    cache: PathBuf,
    search_path: Option<OsString>,
}

impl Binary {
    /// Path of the binary, building it first if no process has yet (minutes once, cached afterwards).
    pub fn ensure() -> Result<PathBuf> {
        Self::workspace().build()
    }

    /// The same for async callers.
    pub(crate) async fn ensure_blocking() -> Result<PathBuf> {
        // The task cannot be cancelled, and a panic in it is one of this crate's own.
        tokio::task::spawn_blocking(Self::ensure).await.expect("building does not panic")
    }

    /// The binary of this workspace, under its `target` folder.
    pub fn workspace() -> Self {
        let krate = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = krate.ancestors().nth(2).expect("this crate is two folders below the workspace");
        Self {
            sources: krate.join("controlplane"),
            cache: workspace.join("target").join("controlplane"),
            search_path: None,
        }
    }

    /// Keeps the binary in another folder.
    #[must_use]
    pub fn with_cache(mut self, cache: impl Into<PathBuf>) -> Self {
        self.cache = cache.into();
        self
    }

    /// Looks for `go` in this PATH instead of the process's own.
    #[must_use]
    pub fn with_search_path(mut self, path: impl Into<OsString>) -> Self {
        self.search_path = Some(path.into());
        self
    }

    /// Builds unless it is there; of many processes at once, one builds and the others wait.
    pub fn build(&self) -> Result<PathBuf> {
        let folder = self.cache.join(self.hash()?);
        let binary = folder.join("controlplane");
        if binary.is_file() {
            return Ok(binary);
        }
        self.check_go()?;
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        let path = self.cache.join("lock");
        let lock = File::create(&path).map_err(Error::io("create", &path))?;
        lock.lock().map_err(Error::io("lock", &path))?;
        if !binary.is_file() {
            self.compile(&folder, &binary)?;
        }
        Ok(binary)
    }

    /// The version of `go`, or the error that names what is needed.
    pub fn check_go(&self) -> Result<(u32, u32)> {
        let missing = |found: String| Error::GoMissing { found };
        let output =
            self.go().arg("version").output().map_err(|error| missing(format!("`go` could not be run ({error})")))?;
        let text = String::from_utf8_lossy(&output.stdout);
        match parse_go_version(&text) {
            Some(version) if version >= GO => Ok(version),
            Some((major, minor)) => Err(missing(format!("`go` is {major}.{minor}"))),
            None => Err(missing(format!("`go version` answered {:?}", text.trim()))),
        }
    }

    fn compile(&self, folder: &Path, binary: &Path) -> Result<()> {
        let partial = folder.join(format!("controlplane.partial-{}", std::process::id()));
        progress("building the Kubernetes control plane from Go (once; about 7 minutes on two cores) …");
        let start = Instant::now();
        let output = self
            .go()
            .args(FLAGS)
            .arg("-o")
            .arg(&partial)
            .arg(".")
            .current_dir(&self.sources)
            .env("CGO_ENABLED", "0")
            .output()
            .map_err(Error::io("run", "go"))?;
        if !output.status.success() {
            return Err(Error::Build {
                folder: self.sources.clone(),
                status: output.status.to_string(),
                output: tail(&String::from_utf8_lossy(&output.stderr)),
            });
        }
        fs::rename(&partial, binary).map_err(Error::io("rename", &partial))?;
        progress(&format!("built in {} s", start.elapsed().as_secs()));
        Ok(())
    }

    fn go(&self) -> Command {
        let mut go = Command::new("go");
        if let Some(path) = &self.search_path {
            go.env("PATH", path);
        }
        go
    }

    /// Hash of everything that decides what the binary does.
    fn hash(&self) -> Result<String> {
        let mut hash = Sha256::new();
        for name in SOURCES {
            let path = self.sources.join(name);
            let content = fs::read(&path).map_err(Error::io("read", &path))?;
            hash.update(format!("{name} {}\n", content.len()));
            hash.update(content);
        }
        hash.update(FLAGS.join(" "));
        Ok(format!("{:x}", hash.finalize()))
    }
}

/// Past the capture of the test harness: a wait of minutes must not look like a hang.
fn progress(text: &str) {
    // Nobody needs to read it, so a closed stderr is no failure.
    let _ = writeln!(io::stderr(), "berth-cluster: {text}");
}

/// `go version go1.26.8 linux/amd64` → (1, 26).
fn parse_go_version(text: &str) -> Option<(u32, u32)> {
    let version = text.split_whitespace().nth(2)?.strip_prefix("go")?;
    let mut parts = version.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_versions_are_read_whatever_follows() {
        let read = |version| parse_go_version(&format!("go version {version} linux/amd64"));
        assert_eq!(
            ["go1.26.8", "go1.26", "go1.27rc1", "devel", ""].map(read),
            [Some((1, 26)), Some((1, 26)), Some((1, 27)), None, None]
        );
    }

    #[test]
    fn the_flags_build_the_version_that_is_named() {
        assert!(FLAGS[4].ends_with(&format!("gitVersion={VERSION}")));
    }
}
