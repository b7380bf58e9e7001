//! Logging in: the one place where a token, a person or a file becomes a client or a kubeconfig.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use k8s_openapi::ByteString;
use kube::{
    Client, Config,
    config::{
        AuthInfo, Cluster as ClusterEntry, Context, KubeConfigOptions, Kubeconfig, NamedAuthInfo, NamedCluster,
        NamedContext,
    },
};

use crate::{Error, Person, Result, pki::Authority};

/// Longer than the API server lets a quiet watch live; shorter than a test waits for a server that is stopped.
const READ_TIMEOUT: Duration = Duration::from_secs(295);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// As whom to talk to the cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Login<'a> {
    /// The cluster admin, in group `system:masters` of a cluster that was started here.
    Admin,
    /// A person that was declared in [`Options::people`](crate::Options::people).
    Person(&'a Person),
    /// Whoever this bearer token is.
    Token(&'a str),
    /// Whoever the bearer token in this file is; it is read anew from time to time.
    TokenFile(&'a Path),
}

/// Without the token.
impl fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admin => f.write_str("Admin"),
            Self::Person(person) => f.debug_tuple("Person").field(person).finish(),
            Self::Token(_) => f.debug_tuple("Token").finish_non_exhaustive(),
            Self::TokenFile(file) => f.debug_tuple("TokenFile").field(file).finish(),
        }
    }
}

impl<'a> From<&'a Person> for Login<'a> {
    fn from(person: &'a Person) -> Self {
        Self::Person(person)
    }
}

impl<'a> From<&'a str> for Login<'a> {
    fn from(token: &'a str) -> Self {
        Self::Token(token)
    }
}

impl<'a> From<&'a String> for Login<'a> {
    fn from(token: &'a String) -> Self {
        Self::Token(token)
    }
}

impl<'a> From<&'a Path> for Login<'a> {
    fn from(file: &'a Path) -> Self {
        Self::TokenFile(file)
    }
}

impl<'a> From<&'a PathBuf> for Login<'a> {
    fn from(file: &'a PathBuf) -> Self {
        Self::TokenFile(file)
    }
}

/// How the admin logs in, from which every other login follows.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    config: Config,
    kubeconfig: Kubeconfig,
    ca_pem: String,
    /// Whether people are impersonated, because they are no static tokens there.
    impersonate: bool,
}

impl Access {
    /// To a cluster that was started here.
    pub(crate) fn local(port: u16, authority: &Authority, admin_token: &str) -> Result<Self> {
        let url = format!("https://127.0.0.1:{port}");
        let auth = token(admin_token);
        let mut config = Config::new(url.parse().map_err(|error| form("the API server's URL", error))?);
        config.root_cert = Some(vec![authority.der.clone()]);
        config.auth_info = auth.clone();
        let kubeconfig = Kubeconfig {
            clusters: vec![NamedCluster {
                name: "berth".into(),
                cluster: Some(ClusterEntry {
                    server: Some(url),
                    certificate_authority_data: Some(base64(&authority.pem)?),
                    ..ClusterEntry::default()
                }),
                ..NamedCluster::default()
            }],
            auth_infos: vec![NamedAuthInfo { name: "berth".into(), auth_info: Some(auth), ..NamedAuthInfo::default() }],
            contexts: vec![NamedContext {
                name: "berth".into(),
                context: Some(Context { cluster: "berth".into(), user: Some("berth".into()), ..Context::default() }),
                ..NamedContext::default()
            }],
            current_context: Some("berth".into()),
            kind: Some("Config".into()),
            api_version: Some("v1".into()),
            ..Kubeconfig::default()
        };
        Ok(Self { config: tuned(config), kubeconfig, ca_pem: authority.pem.clone(), impersonate: false })
    }

    /// To the existing cluster of BERTH_CLUSTER_KUBECONFIG, if that is set.
    pub(crate) async fn external() -> Result<Option<Self>> {
        match env::var_os("BERTH_CLUSTER_KUBECONFIG").filter(|path| !path.is_empty()) {
            Some(path) => Self::of_kubeconfig(Path::new(&path)).await.map(Some),
            None => Ok(None),
        }
    }

    /// To an existing cluster.
    pub(crate) async fn of_kubeconfig(path: &Path) -> Result<Self> {
        let unusable = |why: String| Error::Kubeconfig { path: path.into(), why };
        let kubeconfig = Kubeconfig::read_from(path).map_err(|error| unusable(error.to_string()))?;
        let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &KubeConfigOptions::default())
            .await
            .map_err(|error| unusable(error.to_string()))?;
        let access = Self { config: tuned(config), ca_pem: ca_pem(&kubeconfig)?, kubeconfig, impersonate: true };
        let client = Client::try_from(access.config.clone()).map_err(|error| unusable(error.to_string()))?;
        client.apiserver_version().await.map_err(|error| unusable(error.to_string()))?;
        Ok(access)
    }

    pub(crate) fn url(&self) -> String {
        self.config.cluster_url.to_string().trim_end_matches('/').into()
    }

    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub(crate) fn config(&self, login: Login<'_>) -> Config {
        let mut config = self.config.clone();
        config.auth_info = self.auth(login, &self.config.auth_info);
        config
    }

    pub(crate) fn client(&self, login: Login<'_>) -> Client {
        Client::try_from(self.config(login)).expect("the admin's client was built of the same settings before")
    }

    pub(crate) fn kubeconfig(&self, login: Login<'_>) -> Result<String> {
        let mut kubeconfig = self.kubeconfig.clone();
        let user = current_context(&kubeconfig).and_then(|context| context.user.clone());
        for entry in kubeconfig.auth_infos.iter_mut().filter(|entry| Some(&entry.name) == user.as_ref()) {
            entry.auth_info = Some(self.auth(login, &entry.auth_info.clone().unwrap_or_default()));
        }
        serde_yaml::to_string(&kubeconfig).map_err(|error| form("the kubeconfig", error))
    }

    fn auth(&self, login: Login<'_>, admin: &AuthInfo) -> AuthInfo {
        match login {
            Login::Admin => admin.clone(),
            Login::Person(person) if self.impersonate => AuthInfo {
                impersonate: Some(person.name.clone()),
                impersonate_groups: Some(person.groups.clone()),
                ..admin.clone()
            },
            Login::Person(person) => token(&person.token),
            Login::Token(text) => token(text),
            Login::TokenFile(file) => {
                AuthInfo { token_file: Some(file.to_string_lossy().into_owned()), ..AuthInfo::default() }
            }
        }
    }
}

/// Errors show at once instead of after hidden retries, and nothing waits for ever for a server that is stopped.
pub(crate) fn tuned(mut config: Config) -> Config {
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.reset_reader_on_write = true;
    config
}

fn token(text: &str) -> AuthInfo {
    AuthInfo { token: Some(text.to_owned().into()), ..AuthInfo::default() }
}

fn current_context(kubeconfig: &Kubeconfig) -> Option<&Context> {
    let current = kubeconfig.current_context.as_ref()?;
    kubeconfig.contexts.iter().find(|entry| entry.name == *current)?.context.as_ref()
}

/// The authority that a kubeconfig trusts; empty if it relies on the system's.
fn ca_pem(kubeconfig: &Kubeconfig) -> Result<String> {
    let current = current_context(kubeconfig).map(|context| context.cluster.clone()).unwrap_or_default();
    let entry = kubeconfig.clusters.iter().find(|entry| entry.name == current).and_then(|entry| entry.cluster.clone());
    let Some(entry) = entry else { return Ok(String::new()) };
    if let Some(data) = entry.certificate_authority_data {
        let bytes: ByteString =
            serde_json::from_value(data.into()).map_err(|error| form("certificate-authority-data", error))?;
        return String::from_utf8(bytes.0).map_err(|error| form("certificate-authority-data", error));
    }
    entry
        .certificate_authority
        .map_or(Ok(String::new()), |file| fs::read_to_string(&file).map_err(Error::io("read", file)))
}

fn base64(text: &str) -> Result<String> {
    match serde_json::to_value(ByteString(text.as_bytes().to_vec())) {
        Ok(serde_json::Value::String(encoded)) => Ok(encoded),
        other => Err(form("a base64 string", format!("{other:?}"))),
    }
}

pub(crate) fn form(what: &'static str, why: impl ToString) -> Error {
    Error::Form { what, why: why.to_string() }
}
