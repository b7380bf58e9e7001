//! A notice as a CloudEvent 1.0 in structured JSON (CloudEvents specification 1.0.2, JSON event format).

use berth_crds::notice::{Language, Occasion};
use berth_crds::{NoticeSpec, names};
use serde_json::{Value, json};

use super::text::{self, Unfilled};

/// The type of an occasion's event; the number moves when `data` changes in a way that breaks a reader.
pub fn event_type(occasion: Occasion) -> String {
    format!("dev.berth.notice.{}.v1", occasion.row().key)
}

/// The event. Its `id` is the notice's, whatever is sent again.
///
/// # Errors
/// As [`text::letter`].
pub fn event(namespace: &str, spec: &NoticeSpec) -> Result<Value, Unfilled> {
    let agency = names::agency_of_namespace(namespace).unwrap_or_default();
    let (vi, en) = (text::letter(spec, Language::Vi)?, text::letter(spec, Language::En)?);
    let words = |l: text::Letter| json!({"subject": l.subject, "body": l.body});
    let plural = format!("{}s", spec.about.kind.to_lowercase());
    let value = |a: &berth_crds::notice::NoticeArgument| {
        (a.name.clone(), json!({"vi": a.vi, "en": a.en.as_ref().unwrap_or(&a.vi)}))
    };
    Ok(json!({
        "specversion": "1.0",
        "id": spec.id,
        "source": format!("/agencies/{agency}"),
        "type": event_type(spec.occasion),
        "subject": format!("{plural}/{}", spec.about.name),
        "time": spec.at.0.to_string(),
        "datacontenttype": "application/json",
        "data": {
            "occasion": spec.occasion,
            "agency": agency,
            "about": spec.about,
            "values": spec.arguments.iter().map(value).collect::<serde_json::Map<_, _>>(),
            "text": {"vi": words(vi), "en": words(en)},
        }
    }))
}
