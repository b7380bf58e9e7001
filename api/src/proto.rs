//! The generated messages and services of `berth.v1`, and their descriptor.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

/// Package `berth.v1`.
#[allow(missing_docs, clippy::doc_lazy_continuation, clippy::large_enum_variant)]
pub mod v1 {
    tonic::include_proto!("berth.v1");
}

/// The encoded descriptor set of `berth.v1` and everything it imports.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/berth.v1.bin"));

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR_SET).expect("the build script wrote a valid descriptor set"));

/// The descriptors of `berth.v1`.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// How proto3 JSON is written: fields at their default are left out, 64-bit integers are strings.
pub fn json_options() -> SerializeOptions {
    SerializeOptions::new().skip_default_fields(true)
}

/// The proto3 JSON of a message of `berth.v1`; `name` is its name in the package.
///
/// Returns `None` when the package has no such message or `message` is another one.
pub fn to_json(name: &str, message: &impl prost::Message) -> Option<serde_json::Value> {
    let descriptor = pool().get_message_by_name(&format!("berth.v1.{name}"))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).ok()?;
    dynamic_json(&dynamic)
}

/// The proto3 JSON of a message that is known by its descriptor.
pub fn dynamic_json(message: &DynamicMessage) -> Option<serde_json::Value> {
    message.serialize_with_options(serde_json::value::Serializer, &json_options()).ok()
}

/// Full names of the services of `berth.v1`.
pub const SERVICES: &[&str] = &[
    "berth.v1.OnboardingService",
    "berth.v1.ConnectionService",
    "berth.v1.TenantService",
    "berth.v1.EnvironmentService",
    "berth.v1.CatalogService",
    "berth.v1.AuditService",
    "berth.v1.AddressService",
    "berth.v1.ReportService",
];

/// The same as text, fields in the order of the proto files.
pub fn json_text(message: &DynamicMessage) -> Option<String> {
    let mut text = Vec::new();
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut text), &json_options()).ok()?;
    String::from_utf8(text).ok()
}
