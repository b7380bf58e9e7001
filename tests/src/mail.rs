//! A real mail server for stories: Mailpit, built once from its own sources (Go is needed for the control plane anyway),
//! started on loopback ports, read back over its HTTP API.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use berth_cluster::until;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Result;
use crate::go;

/// Longest wait for the server's start.
const PATIENCE: Duration = Duration::from_secs(60);
/// Below the range from which the kernel takes ports of outgoing connections: a server that is started later finds its
/// port free.
const PORTS: std::ops::Range<u16> = 10_000..32_000;
/// The account that the server knows.
pub const USER: &str = "berth";
/// Its password.
pub const PASSWORD: &str = "only-in-this-test";

/// Where a mail server will be: nobody listens there yet.
pub struct Place {
    /// Port of SMTP.
    pub smtp: u16,
    http: u16,
    folder: tempfile::TempDir,
}

/// A mail server that runs.
pub struct Server {
    child: Child,
    http: u16,
}

/// An e-mail as the server took it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mail {
    /// The server's own id.
    #[serde(rename = "ID")]
    id: String,
    /// Message-ID, without its angle brackets.
    #[serde(rename = "MessageID")]
    pub message_id: String,
    /// Whom it was sent to.
    pub to: Vec<Person>,
    /// Its subject.
    pub subject: String,
    /// Its text; empty in lists.
    #[serde(default)]
    pub text: String,
    /// What goes with it; nothing in lists.
    #[serde(default, deserialize_with = "parts")]
    pub attachments: Vec<Part>,
}

/// Somebody in a header.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Person {
    /// Address.
    pub address: String,
}

/// An attachment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Part {
    #[serde(rename = "PartID")]
    id: String,
    /// Name of the file.
    pub file_name: String,
}

/// Lists give the number of attachments, a mail the attachments.
fn parts<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Vec<Part>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

impl Place {
    /// Two free ports, a certificate of its own for `localhost`, and an account.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        fs::write(folder.path().join("cert.pem"), made.cert.pem())?;
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem())?;
        fs::write(folder.path().join("accounts"), format!("{USER}:{PASSWORD}\n"))?;
        fs::write(folder.path().join("password"), format!("{PASSWORD}\n"))?;
        Ok(Self { smtp: free_port()?, http: free_port()?, folder })
    }

    /// File with the certificate that the server shows.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// File with the account's password.
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// The settings of an operator that sends through this server, over STARTTLS and with the account.
    pub fn settings(&self) -> serde_json::Value {
        serde_json::json!({
            "host": "localhost", "port": self.smtp, "security": "StartTls", "from": "Berth <berth@tinh.gov.vn>",
            "username": USER, "passwordFile": self.password_file(), "caFile": self.ca_file()
        })
    }

    /// Starts the server and waits until it answers.
    pub async fn start(&self) -> Result<Server> {
        let program = tokio::task::spawn_blocking(|| go::build("mail", ".", "mailpit")).await??;
        let at = |port: u16| format!("127.0.0.1:{port}");
        let file = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(program);
        command.args(["--smtp", &at(self.smtp), "--listen", &at(self.http), "--quiet", "--disable-version-check"]);
        command.arg("--smtp-tls-cert").arg(file("cert.pem")).arg("--smtp-tls-key").arg(file("key.pem"));
        command.arg("--smtp-require-starttls").arg("--smtp-auth-file").arg(file("accounts"));
        command.arg("--database").arg(file("mails.db")).env_clear().current_dir(self.folder.path());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(file("log"))?).spawn()?;
        let server = Server { child, http: self.http };
        let log = file("log");
        until("the mail server answers", PATIENCE, async || {
            let told =
                |error: crate::error::Error| format!("{error}: {}", fs::read_to_string(&log).unwrap_or_default());
            server.list().await.map(drop).map_err(told)
        })
        .await?;
        Ok(server)
    }
}

impl Server {
    /// Every e-mail, newest first, without text.
    async fn list(&self) -> Result<Vec<Mail>> {
        #[derive(Deserialize)]
        struct List {
            messages: Vec<Mail>,
        }
        Ok(self.get::<List>("/api/v1/messages?limit=1000").await?.messages)
    }

    /// Every e-mail with its text, oldest first.
    pub async fn mails(&self) -> Result<Vec<Mail>> {
        let mut all = Vec::new();
        for mail in self.list().await?.into_iter().rev() {
            all.push(self.get(&format!("/api/v1/message/{}", mail.id)).await?);
        }
        Ok(all)
    }

    /// The content of an attachment.
    pub async fn attachment(&self, mail: &Mail, part: &Part) -> Result<String> {
        Ok(String::from_utf8(self.fetch(&format!("/api/v1/message/{}/part/{}", mail.id, part.id)).await?)?)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        Ok(serde_json::from_slice(&self.fetch(path).await?)?)
    }

    async fn fetch(&self, path: &str) -> Result<Vec<u8>> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<axum::body::Bytes>>();
        let answer = client.get(format!("http://127.0.0.1:{}{path}", self.http).parse()?).await?;
        if !answer.status().is_success() {
            return Err(format!("{path}: {}", answer.status()).into());
        }
        Ok(answer.into_body().collect().await?.to_bytes().to_vec())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16> {
    use std::hash::{BuildHasher as _, RandomState};
    for n in 0..200_u64 {
        let random = RandomState::new().hash_one(n) % u64::from(PORTS.end - PORTS.start);
        let port = PORTS.start + u16::try_from(random)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err("no free port".into())
}
