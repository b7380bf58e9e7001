//! E-mails over SMTP (RFC 5321), with the text of `berth-plan` and the handover minutes where they belong.

use std::path::Path;

use berth_crds::Notice;
use berth_crds::notice::{Minutes, Recipient};
use berth_plan::notice::{letter, minutes};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};

use super::settings::{Security, Smtp};
use super::{DEADLINE, Failure};

/// Sends a notice to one recipient.
pub(super) async fn send(smtp: &Smtp, notice: &Notice, to: &Recipient) -> Result<(), Failure> {
    post(smtp, &message(smtp, notice, to)?).await
}

/// Hands an e-mail to the server. Whatever goes wrong before it has let us in is the server's.
async fn post(smtp: &Smtp, message: &Message) -> Result<(), Failure> {
    let mut connection = connect(smtp).await?;
    connection.send(message.envelope(), &message.formatted()).await.map_err(|error| told(&error))?;
    connection.abort().await;
    Ok(())
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

/// A server that has let us in: protected as the settings say, and logged in.
async fn connect(smtp: &Smtp) -> Result<AsyncSmtpConnection, Failure> {
    let unreachable = |e: SmtpError| Failure::Unreachable(e.to_string());
    let tls = || -> Result<TlsParameters, Failure> {
        let mut parameters = TlsParameters::builder(smtp.host.clone());
        if let Some(path) = &smtp.ca_file {
            let ca = Certificate::from_pem(read("smtp.caFile", path)?.as_bytes());
            let ca = ca.map_err(|e| Failure::Unreachable(format!("`smtp.caFile` {}: {e}", path.display())))?;
            parameters = parameters.add_root_certificate(ca);
        }
        parameters.build_rustls().map_err(|e| Failure::Unreachable(format!("TLS: {e}")))
    };
    let from: Mailbox = smtp.from.parse().map_err(|e| Failure::Unreachable(format!("`smtp.from`: {e}")))?;
    let (hello, at) = (ClientId::Domain(from.email.domain().to_owned()), (smtp.host.as_str(), smtp.port));
    let wrapper = (smtp.security == Security::Tls).then(&tls).transpose()?;
    let connected = AsyncSmtpConnection::connect_tokio1(at, Some(DEADLINE), &hello, wrapper, None).await;
    let mut connection = connected.map_err(unreachable)?;
    // A server that does not offer it gets no e-mail and no password in plain text.
    if smtp.security == Security::StartTls {
        connection.starttls(tls()?, &hello).await.map_err(unreachable)?;
    }
    if let (Some(user), Some(path)) = (&smtp.username, &smtp.password_file) {
        let password = read("smtp.passwordFile", path)?;
        let credentials = Credentials::new(user.clone(), password.trim_end().to_owned());
        connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(unreachable)?;
    }
    Ok(connection)
}

/// A file of the settings, read anew each time: a secret that is replaced is used at once.
pub(super) fn read(what: &str, path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::Unreachable(format!("`{what}` {}: {e}", path.display())))
}

/// What a server that has let us in says of an e-mail is about this one: an answer, also one that the library cannot read (571:
/// it knows no seventh category), or that it cannot be said to this server at all, such as an address beyond ASCII
/// (RFC 6531). That it closes (421), that it wants another login (53x: RFC 4954) and that nothing comes back are the
/// server's. The text is what the server said; it never repeats what we said.
fn told(error: &SmtpError) -> Failure {
    let its_own = match error.status().map(u16::from) {
        Some(421 | 530 | 534 | 535 | 538) => false,
        Some(_) => true,
        None => error.is_client() || error.is_response(),
    };
    let text = error.to_string();
    if its_own { Failure::Refused(text) } else { Failure::Unreachable(text) }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that greets with a line and says another of the recipient. It ends with the runtime that started it.
    async fn server(greeting: &'static str, of_recipient: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            stream.get_mut().write_all(format!("{greeting}\r\n").as_bytes()).await.unwrap();
            let mut said = String::new();
            while stream.read_line(&mut said).await.is_ok_and(|n| n > 0) {
                let answer = if said.starts_with("RCPT") { of_recipient } else { "250 OK" };
                stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
                said.clear();
            }
        });
        port
    }

    /// What comes of an e-mail to somebody.
    async fn posted(port: u16, to: &str) -> Failure {
        let from = "Berth <berth@tinh.gov.vn>".to_owned();
        let host = "127.0.0.1".to_owned();
        let (security, ca_file) = (Security::Plain, None);
        let smtp = Smtp { host, port, security, from, username: None, password_file: None, ca_file };
        let message = Message::builder().from(smtp.from.parse().unwrap()).to(to.parse().unwrap());
        post(&smtp, &message.body("-".to_owned()).unwrap()).await.unwrap_err()
    }

    #[tokio::test]
    async fn what_is_said_of_a_recipient_is_about_it_whatever_the_code_and_the_rest_is_about_the_server() {
        let of_recipient = ["450 no", "452 no", "501 no", "504 no", "521 no", "550 no", "554 no", "571 no", "say no"];
        for answer in of_recipient {
            let failure = posted(server("220 hello", answer).await, "a@x.gov.vn").await;
            assert!(matches!(&failure, Failure::Refused(text) if text.contains("no")), "{answer}: {failure:?}");
        }
        for (greeting, answer) in [
            ("220 hello", "421 closing"),
            ("220 hello", "530 log in"),
            ("220 hello", "535 log in"),
            ("554 no service", "250 OK"),
            ("421 busy", "250 OK"),
        ] {
            let failure = posted(server(greeting, answer).await, "a@x.gov.vn").await;
            assert!(matches!(&failure, Failure::Unreachable(_)), "{greeting}, {answer}: {failure:?}");
        }
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        assert!(matches!(posted(nobody, "a@x.gov.vn").await, Failure::Unreachable(_)));
    }

    #[tokio::test]
    async fn an_address_that_the_server_cannot_be_told_is_refused_by_itself() {
        let failure = posted(server("220 hello", "250 OK").await, "đ@x.gov.vn").await;
        assert!(matches!(&failure, Failure::Refused(text) if text.contains("SMTPUTF8")), "{failure:?}");
    }
}
