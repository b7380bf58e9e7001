//! How notices are sent: a file, `--notices`. Secrets are files of their own, named in it and read when they are needed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use berth_crds::notice::{Language, Occasion};
use berth_plan::dossier::holder::Holder;
use berth_plan::notice::{Address, Hook, Office, Rules};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// How notices are sent.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Who is told, and since when.
    pub rules: Rules,
    /// The mail server.
    pub smtp: Option<Smtp>,
    /// Webhooks.
    pub webhooks: Vec<Webhook>,
}

/// The mail server.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Smtp {
    /// Its name; its certificate is checked against it.
    pub host: String,
    /// Its port: usually 587 with `StartTls`, 465 with `Tls`.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Sender, `Name <address>`.
    pub from: String,
    /// Account at the server.
    pub username: Option<String>,
    /// File with the account's password.
    pub password_file: Option<PathBuf>,
    /// File with the certificates (PEM) that the server's is checked with, beside those of the system.
    pub ca_file: Option<PathBuf>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, required: nothing is sent without it.
    StartTls,
    /// Nothing: for a relay beside the operator.
    Plain,
}

/// A webhook.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// Its name, which notices are recorded under.
    pub name: String,
    /// Where it is called.
    pub url: String,
    /// File with the keys that calls are signed with, one a line; while a key is replaced there are two.
    pub key_file: PathBuf,
    /// File with the certificates (PEM) that the server's is checked with, instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// Agencies whose papers it is told of; all when empty.
    #[serde(default)]
    pub agencies: Vec<String>,
    /// Occasions that it is told of; all when empty.
    #[serde(default)]
    pub occasions: Vec<Occasion>,
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    since: Date,
    smtp: Option<Smtp>,
    #[serde(default)]
    webhooks: Vec<Webhook>,
    #[serde(default)]
    offices: BTreeMap<String, WrittenOffice>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenOffice {
    #[serde(default)]
    contacts: Vec<WrittenAddress>,
    #[serde(default)]
    superiors: Vec<WrittenAddress>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenAddress {
    name: String,
    email: String,
    #[serde(default)]
    language: Language,
}

impl Settings {
    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it, with file and field.
    pub fn read(path: &Path, zone: &TimeZone) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("`--notices` {}: {e}", path.display()))?;
        Self::parse(&text, zone).map_err(|e| format!("`--notices` {}: {e}", path.display()))
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, String> {
        let written: Written = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
        let since = written.since.to_zoned(zone.clone()).map_err(|e| format!("`since`: {e}"))?.timestamp();
        if let Some(unknown) = written.offices.keys().find(|key| Holder::ALL.iter().all(|h| h.key() != key.as_str())) {
            let known: Vec<&str> = Holder::ALL.iter().map(|h| h.key()).collect();
            return Err(format!("`offices.{unknown}` is no office; there are {}", known.join(", ")));
        }
        for (i, hook) in written.webhooks.iter().enumerate() {
            let uri: http::Uri = hook.url.parse().map_err(|e| format!("`webhooks[{i}].url` is {:?}: {e}", hook.url))?;
            if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
                return Err(format!("`webhooks[{i}].url` is {:?}: give `https://<host>/<path>`", hook.url));
            }
            if written.webhooks.iter().filter(|other| other.name == hook.name).count() > 1 {
                return Err(format!("`webhooks[{i}].name` is {:?}, as another's", hook.name));
            }
        }
        if let Some(smtp) = &written.smtp {
            let from = smtp.from.parse::<lettre::message::Mailbox>();
            from.map_err(|e| format!("`smtp.from` is {:?}: {e}", smtp.from))?;
            if smtp.username.is_some() != smtp.password_file.is_some() {
                return Err("`smtp.username` and `smtp.passwordFile` must be given together".into());
            }
            if smtp.security == Security::Plain && smtp.username.is_some() {
                return Err("`smtp.security` is Plain, and a password is never sent in plain text".into());
            }
        }
        let hook =
            |w: &Webhook| Hook { name: w.name.clone(), agencies: w.agencies.clone(), occasions: w.occasions.clone() };
        let rules = Rules {
            since,
            mail: written.smtp.is_some(),
            webhooks: written.webhooks.iter().map(hook).collect(),
            offices: written.offices.into_iter().map(|(key, office)| (key, office.into())).collect(),
        };
        Ok(Self { rules, smtp: written.smtp, webhooks: written.webhooks })
    }
}

impl From<WrittenOffice> for Office {
    fn from(office: WrittenOffice) -> Self {
        let each = |all: Vec<WrittenAddress>| all.into_iter().map(Address::from).collect();
        Self { contacts: each(office.contacts), superiors: each(office.superiors) }
    }
}

impl From<WrittenAddress> for Address {
    fn from(a: WrittenAddress) -> Self {
        Self { name: a.name, email: a.email, language: a.language }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        Settings::parse(text, &TimeZone::get("Asia/Ho_Chi_Minh").unwrap())
    }

    #[test]
    fn the_file_says_since_when_through_what_and_to_whom() {
        let settings = parse(
            "since: 2026-12-01\nsmtp: {host: mail.tinh.gov.vn, port: 587, security: StartTls, \
             from: 'Berth <berth@tinh.gov.vn>'}\nwebhooks: [{name: itsm, url: 'https://itsm.tinh.gov.vn/in', \
             keyFile: /k, occasions: [Receipt]}]\noffices: {approver: {superiors: [{name: A, email: a@tinh.gov.vn, \
             language: En}]}}",
        )
        .unwrap();
        let address = Address { name: "A".into(), email: "a@tinh.gov.vn".into(), language: Language::En };
        let office = Office { contacts: vec![], superiors: vec![address] };
        let hook = Hook { name: "itsm".into(), agencies: vec![], occasions: vec![Occasion::Receipt] };
        let expected = Rules {
            since: "2026-11-30T17:00:00Z".parse().unwrap(),
            mail: true,
            webhooks: vec![hook],
            offices: BTreeMap::from([("approver".to_owned(), office)]),
        };
        assert_eq!(settings.rules, expected);
    }

    #[test]
    fn a_file_that_says_nonsense_is_refused_with_the_field() {
        let refusals = [
            ("smtp: {}", "host"),
            ("since: 2026-12-01\nsmpt: {}", "smpt"),
            ("since: 2026-12-01\noffices: {appraisers: {}}", "`offices.appraisers`"),
            ("since: 2026-12-01\nwebhooks: [{name: a, url: ':', keyFile: k}]", "`webhooks[0].url`"),
            (
                "since: 2026-12-01\nwebhooks: [{name: a, url: 'http://x', keyFile: k}, {name: a, url: 'http://x', \
                 keyFile: k}]",
                "as another's",
            ),
            ("since: 2026-12-01\nsmtp: {host: h, port: 25, security: Plain, from: nobody}", "`smtp.from`"),
            (
                "since: 2026-12-01\nsmtp: {host: h, port: 25, security: Plain, from: a@b.vn, username: u}",
                "must be given together",
            ),
            (
                "since: 2026-12-01\nsmtp: {host: h, port: 25, security: Plain, from: a@b.vn, username: u, passwordFile: /p}",
                "never sent in plain text",
            ),
        ];
        for (text, word) in refusals {
            let refusal = parse(text).unwrap_err();
            assert!(refusal.contains(word), "{text}: {refusal}");
        }
    }

    #[test]
    fn decoding_a_file_ends_with_settings_or_a_sentence() {
        let whole = "since: 2026-12-01\nsmtp: {host: mail.tinh.gov.vn, port: 587, security: StartTls, \
            from: 'Berth <berth@tinh.gov.vn>', username: u, passwordFile: /p}\nwebhooks:\n- {name: itsm, \
            url: 'https://itsm.tinh.gov.vn:8443/in?a=b', keyFile: /k, occasions: [Receipt], agencies: [ag-62]}\n\
            offices: {approver: {contacts: [{name: A, email: a@tinh.gov.vn, language: En}]}}\n";
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        berth_fuzz::Decoder::new("settings of notices").texts(&[whole, "since: 9999-12-31\n"], |text| {
            if let Err(why) = Settings::parse(text, &zone) {
                assert!(!why.is_empty());
            }
        });
    }
}
