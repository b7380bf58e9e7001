use std::{net::SocketAddr, path::Path};

use axum::{Extension, Router, routing::get};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};
use tonic::service::Routes;

use super::*;
use crate::{arrival::Arrival, limits::Adjustable, server::listen};

/// An authority of certificates.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

/// A certificate and its key, PEM.
struct Made {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { params, key, pem }
    }

    fn sign(&self, params: CertificateParams) -> Made {
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        Made { certificate: signed.pem(), key: key.serialize_pem() }
    }

    fn server(&self) -> Made {
        self.sign(CertificateParams::new(vec!["localhost".to_owned()]).unwrap())
    }

    fn client(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Made {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, "berth:ag-62:requester");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        self.sign(params)
    }
}

/// A door's files in a folder.
fn write(folder: &Path, served: &Made, clients: Option<&Authority>) -> Files {
    let path = |name: &str| folder.join(name);
    std::fs::write(path("tls.crt"), &served.certificate).unwrap();
    std::fs::write(path("tls.key"), &served.key).unwrap();
    if let Some(authority) = clients {
        std::fs::write(path("ca.crt"), &authority.pem).unwrap();
    }
    Files { certificate: path("tls.crt"), key: path("tls.key"), client_ca: clients.map(|_| path("ca.crt")) }
}

/// A server that answers with who its client's certificate names.
async fn serve(files: Files) -> SocketAddr {
    serve_with(files, listen::Spans::default()).await
}

async fn serve_with(files: Files, spans: listen::Spans) -> SocketAddr {
    let tls = follow_each(files, Duration::from_millis(10)).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = async |Extension(arrival): Extension<Arrival>| {
        let named = arrival.certificate.map(|certificate| certificate.caller(jiff::Timestamp::now()));
        match named {
            None => "nobody;".to_owned(),
            Some(Ok(caller)) => format!("{} {:?};", caller.username, caller.groups),
            Some(Err(problem)) => format!("{problem};"),
        }
    };
    let routes = Routes::from(Router::new().route("/", get(seen)));
    let limits = Adjustable::default();
    tokio::spawn(
        async move { listen::serve(routes, listener, Some(tls), &limits, spans, std::future::pending()).await },
    );
    address
}

/// The handshake of a client that trusts an authority; `None` when there is none.
async fn shake(address: SocketAddr, trusted: &Authority, shown: Option<&Made>) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.pem.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(ring::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some(made) => {
            let key = PrivateKeyDer::from_pem_slice(made.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(certificates(made.certificate.as_bytes()).unwrap(), key).unwrap()
        }
    };
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()
}

/// What the server answers to a client that trusts an authority; `None` when there is no handshake.
async fn ask(address: SocketAddr, trusted: &Authority, shown: Option<&Made>) -> Option<String> {
    let mut stream = shake(address, trusted, shown).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.ok()?;
    let mut answer = Vec::new();
    while !answer.ends_with(b";") {
        // With TLS 1.3 a server that refuses a client's certificate says so only now.
        if stream.read_buf(&mut answer).await.ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.rsplit("\r\n").next().map(str::to_owned)
}

#[tokio::test]
async fn a_client_is_who_a_certificate_of_the_authority_names_and_nobody_without_one() {
    let (servers, clients, others) = (Authority::new(), Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let address = serve(write(folder.path(), &servers.server(), Some(&clients))).await;
    let past = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    };
    let server =
        |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let twice = |params: &mut CertificateParams| {
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 3]), "another");
    };
    let cases = [
        ("none", None, Some("nobody;")),
        ("good", Some(clients.client("lan", |_| {})), Some("lan [\"berth:ag-62:requester\"];")),
        ("another authority's", Some(others.client("lan", |_| {})), None),
        ("expired", Some(clients.client("lan", past)), None),
        ("a server's", Some(clients.client("lan", server)), None),
        (
            "the cluster's own",
            Some(clients.client("system:serviceaccount:pipelines:deploy", |_| {})),
            Some(
                "\"system:serviceaccount:pipelines:deploy\" may not use the door: use an account of a person or pipeline;",
            ),
        ),
        (
            "two names",
            Some(clients.client("lan", twice)),
            Some("the client's certificate does not have exactly one common name;"),
        ),
    ];
    for (what, shown, answer) in cases {
        assert_eq!(ask(address, &servers, shown.as_ref()).await.as_deref(), answer, "{what}");
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_used_and_a_broken_one_is_not() {
    let (before, after) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let address = serve(write(folder.path(), &before.server(), None)).await;
    let nobody = Some("nobody;".to_owned());
    assert_eq!(ask(address, &before, None).await, nobody);
    assert_eq!(ask(address, &after, None).await, None);

    write(folder.path(), &after.server(), None);
    while ask(address, &after, None).await != nobody {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(address, &before, None).await, None);

    // Broken, then gone: whatever is looked at between, the last good one stays until the next good one.
    std::fs::write(folder.path().join("tls.key"), &before.server().key).unwrap();
    assert_eq!(ask(address, &after, None).await, nobody);
    std::fs::remove_file(folder.path().join("tls.crt")).unwrap();
    assert_eq!(ask(address, &after, None).await, nobody);
    write(folder.path(), &before.server(), None);
    while ask(address, &before, None).await != nobody {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_door_does_not_open_with_a_key_that_does_not_fit_or_without_its_files() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let mut made = authority.server();
    made.key = authority.server().key;
    let files = write(folder.path(), &made, None);
    assert!(matches!(follow(files.clone()).await, Err(Error::Tls(_))));
    std::fs::write(&files.key, "no key").unwrap();
    assert!(matches!(follow(files.clone()).await, Err(Error::Tls(_))));
    std::fs::remove_file(&files.key).unwrap();
    assert!(matches!(follow(files.clone()).await, Err(Error::File { path, .. }) if path == files.key));
}

#[tokio::test]
async fn half_a_handshake_ends_and_so_does_a_whole_one_that_says_nothing() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let short = Duration::from_secs(1);
    let spans = listen::Spans { handshake: short, opening: short, ..listen::Spans::default() };
    let address = serve_with(write(folder.path(), &authority.server(), None), spans).await;
    // The head of a ClientHello of 512 bytes, of which none comes.
    for begun in [&b""[..], b"\x16\x03\x01\x02\x00"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.ok();
        assert_eq!(said, b"", "{begun:?}");
    }
    let mut silent = shake(address, &authority, None).await.unwrap();
    let mut said = Vec::new();
    silent.read_to_end(&mut said).await.ok();
    assert_eq!(said, b"");
    assert_eq!(ask(address, &authority, None).await.as_deref(), Some("nobody;"));
}
