//! Whether a component works, asked in the way that its users would.

use http::Request;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, Client, Config, config::AuthInfo};

use crate::{
    Component, Error, Login, Result,
    access::{Access, form, tuned},
    folder::Layout,
    pki::Authority,
    ports::Ports,
    store::Store,
};

/// The settings of the clients that ask. A client belongs to the async runtime that made it, so each question makes its own.
#[derive(Debug)]
pub(crate) struct Probe {
    etcd: Config,
    api_server: Config,
    controller_manager: Config,
}

impl Probe {
    pub(crate) fn new(layout: &Layout, ports: Ports, authority: &Authority, access: &Access) -> Result<Self> {
        let config = |port: u16| {
            let url = format!("https://127.0.0.1:{port}").parse().map_err(|error| form("a component's URL", error))?;
            let mut config = Config::new(url);
            config.root_cert = Some(vec![authority.der.clone()]);
            Ok::<_, Error>(tuned(config))
        };
        let mut etcd = config(ports.etcd)?;
        etcd.auth_info = AuthInfo {
            client_certificate: Some(layout.certificate().to_string_lossy().into_owned()),
            client_key: Some(layout.key().to_string_lossy().into_owned()),
            ..AuthInfo::default()
        };
        Ok(Self {
            etcd,
            api_server: access.config(Login::Admin),
            controller_manager: config(ports.controller_manager)?,
        })
    }

    /// `Ok` when ready, else what is seen instead.
    pub(crate) async fn ready(&self, component: Component) -> Result<(), String> {
        match component {
            Component::Etcd => get(&self.etcd, "/health").await,
            Component::ApiServer => get(&self.api_server, "/readyz").await,
            Component::ControllerManager => {
                get(&self.controller_manager, "/healthz").await?;
                let accounts: Api<ServiceAccount> = Api::namespaced(client(&self.api_server)?, "default");
                let account = accounts.get("default").await;
                account.map(drop).map_err(|error| format!("ServiceAccount default/default: {error}"))
            }
        }
    }

    /// What is asked of etcd itself.
    pub(crate) fn store(&self) -> Store {
        Store(self.etcd.clone())
    }
}

async fn get(config: &Config, path: &str) -> Result<(), String> {
    let request = Request::get(path).body(Vec::new()).map_err(|error| error.to_string())?;
    client(config)?.request_text(request).await.map(drop).map_err(|error| error.to_string())
}

fn client(config: &Config) -> Result<Client, String> {
    Client::try_from(config.clone()).map_err(|error| error.to_string())
}
