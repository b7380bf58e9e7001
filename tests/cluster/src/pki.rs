//! Keys and certificates of one cluster. Each has its own authority, so no client can mistake one cluster for another.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use crate::{Error, Result, folder::Layout};

/// The cluster's certificate authority, as clients need it.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
}

/// Makes the authority, the one certificate that all components serve with, and the service accounts' keys.
pub(crate) fn write(layout: &Layout) -> Result<Authority> {
    let ca_key = KeyPair::generate()?;
    let ca_params = authority()?;
    let ca = ca_params.self_signed(&ca_key)?;
    let serving_key = KeyPair::generate()?;
    let serving = serving()?.signed_by(&serving_key, &Issuer::from_params(&ca_params, &ca_key))?;
    let accounts = KeyPair::generate()?;
    write_secret(&layout.ca(), &ca.pem())?;
    write_secret(&layout.ca_key(), &ca_key.serialize_pem())?;
    write_secret(&layout.certificate(), &serving.pem())?;
    write_secret(&layout.key(), &serving_key.serialize_pem())?;
    write_secret(&layout.accounts_key(), &accounts.serialize_pem())?;
    write_secret(&layout.accounts_public_key(), &accounts.public_key_pem())?;
    Ok(Authority { pem: ca.pem(), der: ca.der().to_vec() })
}

fn authority() -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "berth-cluster-ca");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

/// Serves etcd, API server and controller manager, and is the client certificate that etcd asks for.
fn serving() -> Result<CertificateParams> {
    let names = ["127.0.0.1", "::1", "localhost", "kubernetes.default.svc"];
    let mut params = CertificateParams::new(names.map(String::from))?;
    params.distinguished_name.push(DnType::CommonName, "berth-cluster");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Writes a file that only its owner can read.
pub(crate) fn write_secret(path: &Path, content: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(Error::io("write", path))
}
