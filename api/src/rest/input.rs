//! Path, query, body and `Idempotency-Key` → the request message. Unknown fields and parameters are errors.

use http::HeaderMap;
use prost_reflect::{
    DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};

use super::template::{BodyIs, Route};
use crate::{
    problem::{Problem, Result},
    read::shown,
};

/// The request of a method.
pub fn message(
    route: &Route,
    variables: &[(String, String)],
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<DynamicMessage> {
    let input = route.method.input();
    let mut message = match &route.body {
        BodyIs::Request => parse(input, body)?,
        BodyIs::Field(name) => with_body(input, name, body)?,
        BodyIs::Nothing if body.is_empty() => DynamicMessage::new(input),
        BodyIs::Nothing => return Err(Problem::field("", "this method takes no body: use query parameters")),
    };
    for (name, text) in pairs(query)? {
        set_parameter(&mut message, &route.body, &name, &text)?;
    }
    if let Some(key) = headers.get("idempotency-key")
        && let Some(field) = message.descriptor().get_field_by_name("request_id")
        && !message.has_field(&field)
    {
        let text =
            key.to_str().map_err(|_| Problem::field("request_id", "the header Idempotency-Key is not plain text"))?;
        message.set_field(&field, Value::String(text.to_owned()));
    }
    for (name, text) in variables {
        message.set_field_by_name(name, Value::String(text.clone()));
    }
    Ok(message)
}

fn with_body(input: MessageDescriptor, name: &str, body: &[u8]) -> Result<DynamicMessage> {
    let mut message = DynamicMessage::new(input.clone());
    let field = input.get_field_by_name(name);
    let Some((field, Kind::Message(kind))) = field.map(|f| (f.clone(), f.kind())) else {
        return Err(Problem::bug("reading a body", &name));
    };
    message.set_field(&field, Value::Message(parse(kind, body)?));
    Ok(message)
}

/// An empty body is an empty message.
fn parse(kind: MessageDescriptor, body: &[u8]) -> Result<DynamicMessage> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(DynamicMessage::new(kind));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let read = DynamicMessage::deserialize_with_options(kind, &mut json, &options);
    let read = read.and_then(|message| json.end().map(|()| message));
    read.map_err(|error| Problem::field("", format!("the body is not as the API describes it: {error}")))
}

fn set_parameter(message: &mut DynamicMessage, body: &BodyIs, name: &str, text: &str) -> Result<()> {
    let descriptor = message.descriptor();
    let field = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
    let in_body = |field: &FieldDescriptor| match body {
        BodyIs::Nothing => false,
        BodyIs::Request => true,
        BodyIs::Field(of_body) => field.name() == of_body,
    };
    let Some(field) = field.filter(|field| !in_body(field)) else {
        let known = descriptor.fields().filter(|f| !in_body(f)).map(|f| f.json_name().to_owned()).collect::<Vec<_>>();
        let what = format!("{} is not a query parameter of this method: use {}", shown(name), known.join(", "));
        return Err(Problem::field("", what));
    };
    let value = match field.kind() {
        Kind::String => Some(Value::String(text.to_owned())),
        Kind::Bool => text.parse().ok().map(Value::Bool),
        Kind::Int32 => text.parse().ok().map(Value::I32),
        _ => None,
    };
    let value = value.filter(|_| !field.is_list());
    let value =
        value.ok_or_else(|| Problem::field(field.name(), format!("{} is not a {:?}", shown(text), field.kind())))?;
    message.set_field(&field, value);
    Ok(())
}

/// Names and values of a query.
pub(super) fn pairs(query: &str) -> Result<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let decoded = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decode(name)?, decode(value)?))
    });
    decoded.collect::<Option<_>>().ok_or_else(|| Problem::field("", "the query is not percent-encoded UTF-8"))
}

/// Percent-decoding, with `+` as a space.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(rest.next()?)? * 16 + digit(rest.next()?)?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}
