//! The face of this crate: one cluster, started here or existing.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{Api, Client, Config, api::PostParams};

use crate::{Component, Error, Login, Options, Result, access::Access, local::Local, pki::write_secret, wait::until};

const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// A control plane; dropped, it is stopped and its throw-away data folder removed.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) access: Access,
    local: Option<Local>,
}

impl Cluster {
    /// Starts a control plane and returns when it is ready, or takes the existing one of `BERTH_CLUSTER_KUBECONFIG`.
    ///
    /// The first call on a machine builds the binary, which takes minutes.
    pub async fn start(options: Options) -> Result<Self> {
        if let Some(access) = Access::external().await? {
            return Ok(Self { access, local: None });
        }
        Self::throw_away(options).await
    }

    /// Starts a control plane whatever `BERTH_CLUSTER_KUBECONFIG` says: for tests that kill what they talk to.
    pub async fn throw_away(options: Options) -> Result<Self> {
        let (local, access) = Local::start(options).await?;
        Ok(Self { access, local: Some(local) })
    }

    /// The existing cluster of a kubeconfig, in which nothing is started or stopped.
    pub async fn existing(kubeconfig: &Path) -> Result<Self> {
        Ok(Self { access: Access::of_kubeconfig(kubeconfig).await?, local: None })
    }

    /// Whether this is an existing cluster, whose processes and files cannot be touched.
    pub fn is_external(&self) -> bool {
        self.local.is_none()
    }

    /// The API server's URL.
    pub fn url(&self) -> String {
        self.access.url()
    }

    /// The authority that clients trust, as PEM; empty if an existing cluster relies on the system's.
    pub fn ca_pem(&self) -> &str {
        self.access.ca_pem()
    }

    /// A client of the cluster admin.
    ///
    /// A client belongs to the async runtime in which it is made, so every call makes a new one.
    pub fn admin(&self) -> Client {
        self.access.client(Login::Admin)
    }

    /// A client of a person or of whoever a token is.
    ///
    /// # Panics
    /// If the token is no text for an HTTP header, or a token file cannot be read.
    pub fn client_for<'a>(&self, login: impl Into<Login<'a>>) -> Client {
        self.access.client(login.into())
    }

    /// The settings of such a client.
    pub fn config<'a>(&self, login: impl Into<Login<'a>>) -> Config {
        self.access.config(login.into())
    }

    /// A kubeconfig as YAML, with the authority embedded.
    pub fn kubeconfig<'a>(&self, login: impl Into<Login<'a>>) -> Result<String> {
        self.access.kubeconfig(login.into())
    }

    /// Writes such a kubeconfig to a file that only its owner can read.
    pub fn write_kubeconfig<'a>(&self, login: impl Into<Login<'a>>, path: &Path) -> Result<()> {
        write_secret(path, &self.kubeconfig(login)?)
    }

    /// A token of a service account for these audiences (none: the API server's own).
    pub async fn service_account_token(&self, namespace: &str, name: &str, audiences: &[&str]) -> Result<String> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.admin(), namespace);
        let audiences = audiences.iter().map(|audience| String::from(*audience)).collect();
        let spec = TokenRequestSpec { audiences: Some(audiences), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
        let answer = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await
            .map_err(Error::request("request a service account token"))?;
        let token = answer.status.and_then(|status| status.token);
        token.ok_or(Error::Form { what: "the answer to a TokenRequest", why: "it holds no token".into() })
    }

    /// Ends a component with SIGKILL, as a crash would.
    pub fn kill(&self, component: Component) -> Result<()> {
        self.local("kill a component")?.kill(component)
    }

    /// Starts a component again on the same port and data, ending it first if it runs; returns when it is ready.
    pub async fn restart(&self, component: Component) -> Result<()> {
        self.local("restart a component")?.restart(component).await
    }

    /// Freezes a component (SIGSTOP): connections are accepted and nothing is answered.
    pub fn stop(&self, component: Component) -> Result<()> {
        self.local("stop a component")?.stop(component)
    }

    /// Lets a frozen component go on (SIGCONT).
    pub fn cont(&self, component: Component) -> Result<()> {
        self.local("continue a component")?.cont(component)
    }

    /// The process ids of the components that run.
    pub fn pids(&self) -> Result<Vec<(Component, u32)>> {
        Ok(self.local("list the processes")?.pids())
    }

    /// The data folder.
    pub fn folder(&self) -> Result<&Path> {
        Ok(&self.local("name the data folder")?.folder.layout.0)
    }

    /// The log of a component.
    pub fn log(&self, component: Component) -> Result<PathBuf> {
        Ok(self.local("name a log")?.folder.layout.log(component))
    }

    /// etcd's revision: the difference of two is the exact number of writes between them.
    pub async fn etcd_revision(&self) -> Result<i64> {
        self.local("read etcd's revision")?.store().revision().await
    }

    /// Everything that etcd holds, value by value.
    pub async fn stored(&self) -> Result<Vec<Vec<u8>>> {
        self.local("read what etcd holds")?.store().everything().await
    }

    /// Waits until etcd's revision stays the same for `quiet`, so that what is counted next is not a start's own writes.
    ///
    /// The API server renews its own lease every 10 s: a longer `quiet` never comes, and a longer count holds its writes.
    pub async fn settle(&self, quiet: Duration) -> Result<i64> {
        let last = Mutex::new((self.etcd_revision().await?, Instant::now()));
        until("a quiet etcd", SETTLED_WITHIN, || async {
            let now = self.etcd_revision().await.map_err(|error| error.to_string())?;
            let mut last = last.lock().expect("nothing panics while it is held");
            if now != last.0 {
                *last = (now, Instant::now());
            }
            if last.1.elapsed() >= quiet { Ok(now) } else { Err(format!("revision {now}")) }
        })
        .await
    }

    pub(crate) fn local(&self, doing: &'static str) -> Result<&Local> {
        self.local.as_ref().ok_or(Error::External { doing })
    }
}
