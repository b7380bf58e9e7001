//! Pieces of CEL that several policies share.

use crate::backends::{self, BackEnd, Key};
use crate::yaml::{Named, Validation};
use crate::{MASTERS, glass};

/// A field of the object, or a default where some part of the path is absent.
pub fn field(root: &str, path: &[&str], default: &str) -> String {
    let steps: String = path.iter().map(|step| format!(".?{step}")).collect();
    format!("{root}{steps}.orValue({default})")
}

/// Whether taking a key away counts as touching it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Somebody acts on the key while the object lives.
    Refused,
    /// Only a new object would act on it.
    Allowed,
}

/// Variables that hold the keys of labels and annotations that a request adds, changes or removes.
pub fn touched(old: &str, new: &str, removal: Removal) -> Vec<Named> {
    let mut variables = Vec::new();
    let mut parts = Vec::new();
    for map in ["annotations", "labels"] {
        let (was, is) = (format!("old_{map}"), format!("new_{map}"));
        variables.push(Named::new(&was, old.replace("{map}", map)));
        variables.push(Named::new(&is, new.replace("{map}", map)));
        let (was, is) = (format!("variables.{was}"), format!("variables.{is}"));
        parts.push(format!("{is}.filter(k, !(k in {was}) || {was}[k] != {is}[k])"));
        if removal == Removal::Refused {
            parts.push(format!("{was}.filter(k, !(k in {is}))"));
        }
    }
    variables.push(Named::new("touched", parts.join("\n+ ")));
    variables
}

/// Whether `k` is a key of the back end.
fn is_key(back_end: &BackEnd) -> String {
    let exact = back_end.keys.iter().filter_map(|k| if let Key::Exact(k) = k { Some(quoted(k)) } else { None });
    let exact: Vec<_> = exact.collect();
    let exact = (!exact.is_empty()).then(|| format!("k in [{}]", exact.join(", ")));
    let others = back_end.keys.iter().filter_map(|k| match k {
        Key::Exact(_) => None,
        Key::Prefix(prefix) => Some(format!("k.startsWith({})", quoted(prefix))),
        Key::Suffix(suffix) => Some(format!("k.endsWith({})", quoted(suffix))),
    });
    exact.into_iter().chain(others).collect::<Vec<_>>().join(" || ")
}

/// Per back end: who may write its keys, and which of them this request touches.
pub fn back_end_variables() -> Vec<Named> {
    backends::ALL.iter().flat_map(|b| [identities(b), keys(b)]).collect()
}

fn identities(b: &BackEnd) -> Named {
    let list = b.identities.iter().map(|i| quoted(i)).collect::<Vec<_>>().join(", ");
    Named {
        remark: format!("The chart puts `guards.networkIdentities.{}` here.", b.id),
        name: format!("{}_identities", b.id),
        expression: format!("[{list}]"),
    }
}

fn keys(b: &BackEnd) -> Named {
    Named::new(&format!("{}_keys", b.id), format!("variables.touched.filter(k, {})", is_key(b)))
}

/// Per back end: only its own accounts touch its keys.
pub fn back_end_validations(guarded: &str) -> Vec<Validation> {
    let one = |b: &BackEnd| Validation {
        expression: format!(
            "variables.{id}_keys.size() == 0 || {guarded}request.userInfo.username in variables.{id}_identities",
            id = b.id
        ),
        message: format!(
            "`metadata`: keys of {} that choose addresses, networks or names are refused: leave them out, they come from \
             the Environment and its Connections.",
            b.title
        ),
        message_expression: format!(
            "'`metadata`: key \"' + variables.{}_keys[0] + '\" chooses addresses, networks or names of {}: leave it out, \
             they come from the Environment and its Connections.'",
            b.id, b.title
        ),
    };
    backends::ALL.iter().map(one).collect()
}

/// A CEL string.
pub fn quoted(text: &str) -> String {
    format!("'{text}'")
}

/// Whether the caller is neither the group that RBAC cannot hold nor one of the break-glass groups.
pub fn break_glass() -> String {
    format!("!('{MASTERS}' in request.userInfo.groups) && {}", no_glass())
}

/// Whether the caller is none of the break-glass groups.
pub fn no_glass() -> String {
    format!("!({})", glass::used())
}
