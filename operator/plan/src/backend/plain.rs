//! Plain Kubernetes: a cluster whose network takes no prefixes from us. Nothing is rendered, and the condition says so.

use serde_json::Value;

use super::{BackEnd, Health, Input, Kind, Object, Offers, Rendered, Role, Seen, Unfit, Usage};

/// No back end.
pub struct Plain;

impl BackEnd for Plain {
    fn name(&self) -> &'static str {
        "plain Kubernetes"
    }

    fn role(&self) -> Role {
        Role::Pods
    }

    fn writes(&self) -> &'static [Kind] {
        &[]
    }

    fn reads(&self) -> &'static [Kind] {
        &[]
    }

    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn offered(&self, _offers: &Offers, _seen: &Seen) -> bool {
        true
    }

    fn render(&self, _input: &Input) -> Result<Rendered, Unfit> {
        Ok(Rendered::default())
    }

    fn health(&self, _wanted: &Object, _stands: &Value, _input: &Input) -> Health {
        Health::Serving
    }

    fn stop(&self, _stands: &Value) -> Option<Value> {
        None
    }

    fn used(&self, _stands: &Value, _seen: &Seen) -> Usage {
        Usage::Free
    }
}
