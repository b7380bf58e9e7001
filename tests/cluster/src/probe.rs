//! Whether a component works, asked in the way that its users would.

use http::Request;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, Client, Config, config::AuthInfo};
use serde_json::Value;

use crate::{
    Component, Error, Login, Result,
    access::{Access, form, tuned},
    folder::Layout,
    pki::Authority,
    ports::Ports,
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

    /// Settings of a client of etcd.
    pub(crate) fn etcd(&self) -> Config {
        self.etcd.clone()
    }

    /// The revision in the header of any answer of etcd.
    pub(crate) async fn revision(&self) -> Result<i64> {
        let any_key = serde_json::json!({ "key": "AA==", "count_only": true }).to_string();
        let request = Request::post("/v3/kv/range")
            .header("content-type", "application/json")
            .body(any_key.into_bytes())
            .map_err(|error| form("the request to etcd", error))?;
        let client = Client::try_from(self.etcd.clone()).map_err(Error::request("reach etcd"))?;
        let answer: Value = client.request(request).await.map_err(Error::request("ask etcd for its revision"))?;
        // 64-bit integers are strings in proto3 JSON.
        let revision = answer["header"]["revision"].as_str().and_then(|text| text.parse().ok());
        revision.ok_or_else(|| form("etcd's answer", answer))
    }
}

async fn get(config: &Config, path: &str) -> Result<(), String> {
    let request = Request::get(path).body(Vec::new()).map_err(|error| error.to_string())?;
    client(config)?.request_text(request).await.map(drop).map_err(|error| error.to_string())
}

fn client(config: &Config) -> Result<Client, String> {
    Client::try_from(config.clone()).map_err(|error| error.to_string())
}
