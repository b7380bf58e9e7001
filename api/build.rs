//! Compiles `proto/` without protoc: messages, services and the descriptor set for reflection and JSON.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const FILES: &[&str] = &[
    "berth/v1/onboarding_service.proto",
    "berth/v1/connection.proto",
    "berth/v1/tenant.proto",
    "berth/v1/environment.proto",
    "berth/v1/catalog.proto",
    "berth/v1/audit.proto",
    "berth/v1/address.proto",
    "berth/v1/report.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    // The bytes of protox keep the annotations; a FileDescriptorSet of prost-types would lose unknown options.
    let bytes = compiler.encode_file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("berth.v1.bin"), &bytes)?;
    tonic_prost_build::configure().compile_fds(prost_types::FileDescriptorSet::decode(bytes.as_slice())?)?;
    Ok(())
}
