//! The connection of a command, and calls that try again when the server is not there for a moment.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use tonic::{Code, Response, Status, transport::Identity};

use super::{
    Result,
    args::{Format, Global, Language},
    failure::Failure,
};
use crate::{
    client::{Client, Proof},
    proto::v1 as pb,
};

/// Waits between tries; only UNAVAILABLE is tried again (AIP-194), and every act has a request id.
const TRIES: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

/// What every command has.
pub struct Session {
    /// The services.
    pub client: Client,
    /// How to print.
    pub format: Format,
    /// Language of the talk.
    pub language: Language,
    /// Absolute path of the token file; `None` for who is known by a certificate.
    pub token_file: Option<PathBuf>,
}

impl Session {
    /// A text in the language of the talk.
    pub fn text(&self, words: Option<&pb::Bilingual>) -> String {
        let words = words.cloned().unwrap_or_default();
        if self.language == Language::Vi { words.vi } else { words.en }
    }

    /// Reads token and certificates and connects.
    pub async fn new(global: Global) -> Result<Self> {
        let language = global.language();
        let identity = identity(&global)?;
        if global.token_file.is_none() && identity.is_none() {
            let text = "no token: name its file with --token-file or BERTH_TOKEN_FILE, or show a certificate with --client-cert";
            return Err(Failure::NotLoggedIn(text.into()));
        }
        let token = global.token_file.as_deref().map(token).transpose()?;
        let ca_pem = global.ca_file.as_deref().map(read).transpose()?;
        let client = Client::connect_with(&global.server, &Proof { token, identity, ca_pem }).await?;
        let token_file = global.token_file.map(|file| std::path::absolute(&file).unwrap_or(file));
        Ok(Self { client, format: global.output, language, token_file })
    }
}

fn token(file: &Path) -> Result<String> {
    let unreadable = |error| Failure::NotLoggedIn(format!("cannot read the token file {}: {error}", file.display()));
    let token = fs::read_to_string(file).map_err(unreadable)?;
    if token.trim().is_empty() {
        return Err(Failure::NotLoggedIn(format!("the token file {} is empty", file.display())));
    }
    Ok(token)
}

fn identity(global: &Global) -> Result<Option<Identity>> {
    match (&global.client_cert, &global.client_key) {
        (Some(certificate), Some(key)) => Ok(Some(Identity::from_pem(read(certificate)?, read(key)?))),
        (None, None) => Ok(None),
        _ => Err(Failure::Usage("--client-cert and --client-key go together: give both".into())),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Failure::Local(format!("cannot read {}: {e}", path.display())))
}

/// Calls until there is an answer; `doing` is for the error.
pub async fn call<T>(doing: &str, mut once: impl AsyncFnMut() -> Result<Response<T>, Status>) -> Result<T> {
    for pause in TRIES {
        match once().await {
            Err(status) if status.code() == Code::Unavailable => tokio::time::sleep(pause).await,
            answer => return answer.map(Response::into_inner).map_err(Failure::server(doing)),
        }
    }
    once().await.map(Response::into_inner).map_err(Failure::server(doing))
}
