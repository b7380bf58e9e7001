//! What can go wrong, each with what to do about it.

use std::{io, path::PathBuf, time::Duration};

use crate::Component;

/// Shorthand of this crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a control plane could not be built, started, reached or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The control plane is built once from Go sources, and no fitting compiler is there.
    #[error("building the control plane needs Go 1.26 or newer, but {found}; install Go >= 1.26 and put `go` in PATH")]
    GoMissing {
        /// What was found instead.
        found: String,
    },
    /// `go build` ran and failed.
    #[error("`go build` of the control plane in {folder} failed ({status}); the end of its output:\n{output}")]
    Build {
        /// The folder with the Go sources.
        folder: PathBuf,
        /// How it ended.
        status: String,
        /// The end of what it printed.
        output: String,
    },
    /// CRDs of another project could not be fetched or made.
    #[error("could not fetch {what}; is the Go module proxy reachable? {why}")]
    Fetch {
        /// The module or generator.
        what: String,
        /// The end of what it said.
        why: String,
    },
    /// A file, folder or program could not be used.
    #[error("could not {doing} {path}: {source}")]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// To which file or program.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A component ended by itself.
    #[error("{component} ended by itself ({status}); the end of its log {log}:\n{tail}")]
    Exited {
        /// Which one.
        component: Component,
        /// How it ended.
        status: String,
        /// Where its log is.
        log: PathBuf,
        /// The end of its log.
        tail: String,
    },
    /// A component runs but does not become ready.
    #[error("{component} was not ready within {within:?}: {last}; the end of its log {log}:\n{tail}")]
    NotReady {
        /// Which one.
        component: Component,
        /// How long it had.
        within: Duration,
        /// What it answered last.
        last: String,
        /// Where its log is.
        log: PathBuf,
        /// The end of its log.
        tail: String,
    },
    /// A condition did not come true in time.
    #[error("{what} did not happen within {within:?}; last seen: {last}")]
    Deadline {
        /// The condition, as the beginning of a sentence.
        what: String,
        /// How long it had.
        within: Duration,
        /// What was seen last.
        last: String,
    },
    /// A declared person cannot be written to the token file.
    #[error("person {name:?} cannot be a static token: {why}; change the name, groups or token")]
    Person {
        /// The person's name.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Keys or certificates could not be made.
    #[error("could not make the cluster's certificates: {0}")]
    Certificates(#[from] rcgen::Error),
    /// No free loopback ports were found.
    #[error("found no free loopback ports after {tries} tries; close other control planes and run again")]
    Ports {
        /// How often it was tried.
        tries: usize,
    },
    /// The cluster was not started here, so its processes and files cannot be touched.
    #[error(
        "cannot {doing}: the cluster is an existing one from BERTH_CLUSTER_KUBECONFIG; unset it to use a throw-away cluster"
    )]
    External {
        /// What was asked.
        doing: &'static str,
    },
    /// The kubeconfig that BERTH_CLUSTER_KUBECONFIG names cannot be used.
    #[error("the kubeconfig {path} of BERTH_CLUSTER_KUBECONFIG cannot be used: {why}")]
    Kubeconfig {
        /// Its path.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The folder of a detached cluster is in use or holds something else.
    #[error("{folder} cannot hold a detached cluster: {why}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why, and what to do.
        why: &'static str,
    },
    /// A process did not do as told.
    #[error("could not {doing} {component} (process {pid}): {why}")]
    Signal {
        /// What was being done, as a verb.
        doing: &'static str,
        /// To which component.
        component: Component,
        /// Its process id.
        pid: u32,
        /// Why it failed.
        why: String,
    },
    /// The component is not running, or is running already.
    #[error("cannot {doing} {component}: it is {state}")]
    State {
        /// What was asked.
        doing: &'static str,
        /// Of which component.
        component: Component,
        /// What it is instead.
        state: &'static str,
    },
    /// A request to the cluster failed.
    #[error("could not {doing}: {source}")]
    Request {
        /// What was asked.
        doing: &'static str,
        /// The client's error.
        source: Box<kube::Error>,
    },
    /// An answer or file was not in the expected form.
    #[error("{what} is not in the expected form: {why}")]
    Form {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl Error {
    /// Wraps an I/O error with what was being done to which file.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// Wraps a client error with what was asked.
    pub(crate) fn request(doing: &'static str) -> impl FnOnce(kube::Error) -> Self {
        move |source| Self::Request { doing, source: Box::new(source) }
    }

    /// Whether a component ended because somebody else had taken its port: worth another try.
    pub(crate) fn is_port_taken(&self) -> bool {
        matches!(self, Self::Exited { tail, .. } if tail.contains("address already in use"))
    }
}
