//! One running component: spawning, signals, the end of its log.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::{Component, Error, Result};

const TAIL_LINES: usize = 20;

/// How a component is started.
pub(crate) struct Spawn<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) component: Component,
    pub(crate) flags: Vec<String>,
    pub(crate) folder: &'a Path,
    pub(crate) log: PathBuf,
    /// The soft limit of its heap.
    pub(crate) heap_mib: u32,
    /// Whether it outlives this process.
    pub(crate) detached: bool,
    /// What it removes when this process ends without removing it.
    pub(crate) orphan: Option<&'a Path>,
}

/// A component that was spawned by this process.
#[derive(Debug)]
pub(crate) struct Process {
    component: Component,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn spawn(spawn: Spawn<'_>) -> Result<Self> {
        let Spawn { binary, component, flags, folder, log, heap_mib, detached, orphan } = spawn;
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path);
        let output: File = open(&log).map_err(Error::io("open", &log))?;
        let errors = output.try_clone().map_err(Error::io("open", &log))?;
        let mut command = Command::new(binary);
        // Only our flags decide: no ETCD_* or proxy variables. Its own process group: Ctrl-C reaches only the parent.
        command.arg(component.name()).args(flags).current_dir(folder).env_clear().process_group(0);
        // A cluster lives for seconds and grows all the while: collecting a young heap again and again cost a seventh of the
        // time to the first answer. The limit keeps long ones small.
        command.env("GOGC", "400").env("GOMEMLIMIT", format!("{heap_mib}MiB"));
        command.stdout(output).stderr(errors);
        if detached {
            command.stdin(Stdio::null());
        } else {
            command.stdin(Stdio::piped()).env("BERTH_DIE_WITH_PARENT", "1");
            if let Some(orphan) = orphan {
                command.env("BERTH_REMOVE_WITH_PARENT", orphan);
            }
        }
        let child = command.spawn().map_err(Error::io("run", binary))?;
        Ok(Self { component, child, log })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The error that says how and why it ended, if it has.
    pub(crate) fn exited(&mut self) -> Option<Error> {
        let status = match self.child.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Some(Error::Exited { component: self.component, status, log: self.log.clone(), tail: tail_of(&self.log) })
    }

    /// Sends SIGKILL without waiting for the end.
    pub(crate) fn begin_kill(&mut self) -> Result<()> {
        self.child.kill().map_err(|error| self.failed("kill", &error))
    }

    /// Sends SIGKILL and waits for the end.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.begin_kill()?;
        self.child.wait().map(drop).map_err(|error| self.failed("wait for", &error))
    }

    /// Sends a signal that does not end it.
    pub(crate) fn signal(&self, doing: &'static str, signal: Signal) -> Result<()> {
        let sent = pid(self.id()).map_or(Err(rustix::io::Errno::SRCH), |pid| kill_process(pid, signal));
        sent.map_err(|error| self.failed(doing, &error.into()))
    }

    /// Freezes it and returns when all its threads stand still.
    pub(crate) fn stop(&self) -> Result<()> {
        self.signal("stop", Signal::STOP)?;
        // Leaves the news for `exited` and `kill`. An end also counts: it will not stop any more.
        let news = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let seen = pid(self.id()).map_or(Ok(None), |pid| waitid(WaitId::Pid(pid), news));
        seen.map(drop).map_err(|error| self.failed("wait for the stop of", &error.into()))
    }

    fn failed(&self, doing: &'static str, error: &std::io::Error) -> Error {
        Error::Signal { doing, component: self.component, pid: self.id(), why: error.to_string() }
    }
}

/// A process id as the kernel knows it.
pub(crate) fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

/// The end of a log file, for an error.
pub(crate) fn tail_of(log: &Path) -> String {
    fs::read(log).map_or_else(|error| format!("({error})"), |bytes| tail(&String::from_utf8_lossy(&bytes)))
}

/// The last lines of a text.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
