//! E-mails over SMTP (RFC 5321), with the text of `berth-plan` and the handover minutes where they belong.

use std::path::Path;

use berth_crds::Notice;
use berth_crds::notice::{Minutes, Recipient};
use berth_plan::notice::{letter, minutes};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::settings::{Security, Smtp};
use super::{DEADLINE, Failure};

/// Sends a notice to one recipient.
pub(super) async fn send(smtp: &Smtp, notice: &Notice, to: &Recipient) -> Result<(), Failure> {
    let message = message(smtp, notice, to)?;
    let sent = transport(smtp)?.send(message).await;
    sent.map(drop).map_err(|error| told(&error))
}

/// The e-mail. Its Message-ID follows from the notice and the recipient: a second copy is known for one.
fn message(smtp: &Smtp, notice: &Notice, to: &Recipient) -> Result<Message, Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::Refused(format!("the e-mail cannot be made: {error}"));
    let from: Mailbox = smtp.from.parse().map_err(|e| Failure::Unreachable(format!("`smtp.from`: {e}")))?;
    let address: Address = to.to.parse().map_err(|e| refused(&e))?;
    let letter = letter(&notice.spec, to.language).map_err(|e| refused(&e))?;
    let id = format!("<{}.{}@{}>", notice.spec.id, number(notice, to), from.email.domain());
    let builder = Message::builder()
        .from(from)
        .to(Mailbox::new(to.name.clone(), address))
        .subject(letter.subject)
        .message_id(Some(id))
        .date(at(notice));
    let body = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(letter.body);
    let made = match notice.spec.occasion.row().minutes {
        Minutes::Without => builder.singlepart(body),
        Minutes::Attached => {
            let name = format!("bien-ban-ban-giao-{}.html", notice.spec.about.name);
            let page = Attachment::new(name).body(minutes(&notice.spec), ContentType::TEXT_HTML);
            builder.multipart(MultiPart::mixed().singlepart(body).singlepart(page))
        }
    };
    made.map_err(|e| refused(&e))
}

/// The place of a recipient among those of the notice, which never change.
fn number(notice: &Notice, to: &Recipient) -> usize {
    notice.spec.recipients.iter().position(|r| r == to).unwrap_or_default()
}

/// When the notice was written: the same in every copy.
fn at(notice: &Notice) -> std::time::SystemTime {
    let written = notice.metadata.creation_timestamp.as_ref().unwrap_or(&notice.spec.at);
    std::time::SystemTime::UNIX_EPOCH
        + std::time::Duration::from_secs(u64::try_from(written.0.as_second()).unwrap_or_default())
}

fn transport(smtp: &Smtp) -> Result<AsyncSmtpTransport<Tokio1Executor>, Failure> {
    let tls = || -> Result<TlsParameters, Failure> {
        let mut parameters = TlsParameters::builder(smtp.host.clone());
        if let Some(path) = &smtp.ca_file {
            let ca = Certificate::from_pem(read("smtp.caFile", path)?.as_bytes());
            let ca = ca.map_err(|e| Failure::Unreachable(format!("`smtp.caFile` {}: {e}", path.display())))?;
            parameters = parameters.add_root_certificate(ca);
        }
        parameters.build_rustls().map_err(|e| Failure::Unreachable(format!("TLS: {e}")))
    };
    let tls = match smtp.security {
        Security::Tls => Tls::Wrapper(tls()?),
        // Required: a server that does not offer it gets no e-mail and no password in plain text.
        Security::StartTls => Tls::Required(tls()?),
        Security::Plain => Tls::None,
    };
    let from: Mailbox = smtp.from.parse().map_err(|e| Failure::Unreachable(format!("`smtp.from`: {e}")))?;
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .tls(tls)
        .timeout(Some(DEADLINE))
        .hello_name(ClientId::Domain(from.email.domain().to_owned()));
    if let (Some(user), Some(path)) = (&smtp.username, &smtp.password_file) {
        let password = read("smtp.passwordFile", path)?;
        builder = builder.credentials(Credentials::new(user.clone(), password.trim_end().to_owned()));
    }
    Ok(builder.build())
}

/// A file of the settings, read anew each time: a secret that is replaced is used at once.
pub(super) fn read(what: &str, path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::Unreachable(format!("`{what}` {}: {e}", path.display())))
}

/// An answer about this e-mail or its recipient (45x, 55x: RFC 5321 §4.2.3) is a refusal of it; everything else, a refused
/// login included, is the server's. The text is what the server said; it never repeats what we said.
fn told(error: &SmtpError) -> Failure {
    let text = error.to_string();
    match error.status().map(u16::from) {
        Some(450..=459 | 550..=559) => Failure::Refused(text),
        _ => Failure::Unreachable(text),
    }
}
