//! Notice: what somebody was to be told, whom it was sent to and when it arrived. Made by the operator, never changed,
//! never deleted. It is outbox and record of delivery in one: what has no delivery yet is still to be sent.

mod occasion;

pub use occasion::*;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most recipients of one notice.
pub const MAX_RECIPIENTS: usize = 32;
/// Most characters of an argument; a longer one is cut, with a mark.
pub const MAX_ARGUMENT: usize = 4000;
/// Most characters of a server's answer that are kept.
pub const MAX_ANSWER: usize = 500;

/// One notice about one paper.
#[derive(CustomResource, Clone, Debug, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev", version = "v1alpha1", kind = "Notice", plural = "notices", shortname = "notice",
    namespaced, category = "provincial", status = "NoticeStatus", derive = "PartialEq",
    selectable = ".spec.occasion", selectable = ".spec.about.name",
    doc = "What somebody was to be told about a paper, whom it was sent to and when it arrived. Written by the operator; never deleted.",
    validation = Rule::new("self.metadata.name.startsWith(self.spec.about.name + '.') && self.metadata.name.endsWith('.' + self.spec.id.substring(0, 8))")
        .message("`metadata.name` must be `<paper>.<occasion>.<first eight digits of spec.id>`"),
    printcolumn(name = "About", type_ = "string", json_path = ".spec.about.name"),
    printcolumn(name = "Occasion", type_ = "string", json_path = ".spec.occasion"),
    printcolumn(name = "Delivered", type_ = "string", json_path = r#".status.conditions[?(@.type=="Delivered")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Delivered")].reason"#),
    printcolumn(name = "Arrived", type_ = "string", json_path = ".status.deliveredAt"),
    printcolumn(name = "Due", type_ = "string", json_path = ".status.due"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self == oldSelf").message("`spec` must not change: what was said stays"))]
pub struct NoticeSpec {
    /// Derived from the UID of the paper, or of the environment whose life is told, and from what happened: the id of the CloudEvent and part of the Message-ID; 32 hexadecimal digits.
    #[schemars(length(max = 32), regex(pattern = r"^[0-9a-f]{32}$"))]
    pub id: String,
    /// What is told.
    pub occasion: Occasion,
    /// The paper that it is about.
    pub about: NoticeSubject,
    /// When that came about, RFC 3339.
    pub at: Time,
    /// What the text is filled in with; the same notice reads the same at any later time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub arguments: Vec<NoticeArgument>,
    /// Who is told, and how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub recipients: Vec<Recipient>,
}

/// The paper of a notice.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoticeSubject {
    /// Kind of the paper: Onboarding or Connection.
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    /// Name of the paper, in the namespace of the notice or in that of a former owner of the system.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// UID of the paper.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
}

/// One value that a text is filled in with.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoticeArgument {
    /// Its name in the text.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
    /// Its value in the Vietnamese text.
    #[schemars(length(max = 4000))]
    pub vi: String,
    /// Its value in the English text, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4000))]
    pub en: Option<String>,
}

/// Somebody who is told.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipient {
    /// How.
    pub channel: Channel,
    /// Address of an e-mail, or name of a webhook.
    #[schemars(length(min = 1, max = 254))]
    pub to: String,
    /// As what the recipient is told.
    pub capacity: Capacity,
    /// Language of an e-mail; a webhook gets both.
    #[serde(default)]
    pub language: Language,
    /// Name of the person or unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub name: Option<String>,
}

/// Ways on which notices go.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// E-mail over SMTP.
    #[default]
    Mail,
    /// A CloudEvent to an HTTP end, signed.
    Webhook,
}

/// As what somebody is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capacity {
    /// The agency whose paper it is.
    #[default]
    Agency,
    /// Who holds the paper and must act.
    Holder,
    /// Who is above the holder.
    Superior,
    /// Another system.
    System,
}

/// Languages of the texts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

/// What became of the notice.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct NoticeStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Delivered, Ready, Reconciling, Stalled.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// What became of it for each recipient, once something did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub deliveries: Vec<Delivery>,
    /// When it arrived at the first of those whom it is addressed to: time limits that a notice starts begin then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Time>,
    /// Last day of the time limit that the delivery started, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub due: Option<String>,
}

/// What became of a notice for one recipient.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    /// How it was sent.
    pub channel: Channel,
    /// To whom: the recipient's `to`.
    #[schemars(length(min = 1, max = 254))]
    pub to: String,
    /// When the recipient's server took it; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// What the last failure was, while it is not delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub failure: Option<String>,
}
