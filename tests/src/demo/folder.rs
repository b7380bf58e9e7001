//! `target/demo`: what the demo leaves for people and scripts, and how a running one is found and ended.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use berth_cluster::until;

use crate::error::Result;
use crate::files;

/// Longest wait for the background half: the control plane may have to be built first.
const START: Duration = Duration::from_secs(30 * 60);
/// Longest wait for an end.
const END: Duration = Duration::from_secs(60);

/// The demo's folder.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// `target/demo` of the checkout; another one by `BERTH_DEMO_FOLDER`, so that tests leave yours alone.
    pub fn new() -> Self {
        let other = std::env::var_os("BERTH_DEMO_FOLDER").map(PathBuf::from);
        Self(other.unwrap_or_else(|| files::root().join("target/demo")))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file that only its owner reads.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.file(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(path)
    }

    /// The process that runs the demo, if one does.
    pub fn running(&self) -> Option<u32> {
        let pid: u32 = std::fs::read_to_string(self.file("pid")).ok()?.trim().parse().ok()?;
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&command).contains("berth-demo").then_some(pid)
    }

    /// Makes the folder this process's own; refuses while another demo runs.
    pub async fn claim(&self) -> Result<()> {
        if let Some(pid) = self.running().filter(|pid| *pid != std::process::id()) {
            return Err(format!("a demo is running already (process {pid}); end it with `cargo demo -- --stop`").into());
        }
        if self.0.exists() {
            for stale in ["ready", "tokens", "kubeconfig", "env"] {
                let path = self.file(stale);
                let gone = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
                match gone {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
                    _ => {}
                }
            }
        }
        self.write("pid", &std::process::id().to_string())?;
        Ok(())
    }

    /// Says that everything is up.
    pub fn ready(&self) -> Result<()> {
        self.write("ready", "").map(drop)
    }

    /// Gives the folder up.
    pub fn release(&self) -> Result<()> {
        std::fs::remove_file(self.file("pid"))?;
        Ok(())
    }

    /// Starts the background half and waits until it is up.
    pub async fn detach(&self) -> Result<u8> {
        if let Some(pid) = self.running() {
            return Err(format!("a demo is running already (process {pid}); end it with `cargo demo -- --stop`").into());
        }
        std::fs::create_dir_all(&self.0)?;
        let ready = self.file("ready");
        if ready.exists() {
            std::fs::remove_file(&ready)?;
        }
        let log = std::fs::File::create(self.file("demo.log"))?;
        let child = Command::new(std::env::current_exe()?)
            .args(["--detach", "--background"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        eprintln!("starting in the background; its words go to {}", self.file("demo.log").display());
        let child = std::cell::RefCell::new(child);
        until("the demo is up", START, async || match child.borrow_mut().try_wait() {
            // An end is final: report it at once instead of waiting for a file that never comes.
            Ok(Some(status)) => Ok(Some(status)),
            Ok(None) if ready.exists() => Ok(None),
            Ok(None) => Err("it is starting".to_owned()),
            Err(error) => Err(error.to_string()),
        })
        .await?
        .map_or(Ok(()), |status| Err(format!("the demo ended: {status}; see {}", self.file("demo.log").display())))?;
        print!("{}", std::fs::read_to_string(self.file("demo.log"))?);
        Ok(0)
    }

    /// Ends a running demo.
    pub async fn stop(&self) -> Result<u8> {
        let Some(pid) = self.running() else {
            println!("no demo is running");
            return Ok(0);
        };
        let told = Command::new("kill").args(["-TERM", &pid.to_string()]).status()?;
        if !told.success() {
            return Err(format!("process {pid} cannot be told to end").into());
        }
        let gone = async || if self.running().is_none() { Ok(()) } else { Err("it is ending") };
        until("the demo has ended", END, gone).await?;
        println!("the demo has ended");
        Ok(0)
    }
}
