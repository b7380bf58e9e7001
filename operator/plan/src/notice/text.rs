//! The words of a notice: templates of the table, filled in.

use berth_crds::NoticeSpec;
use berth_crds::notice::{Language, NoticeArgument};

/// An e-mail, without its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// A text asks for a value that the notice does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfilled(pub String);

impl std::fmt::Display for Unfilled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the notice has no value for {:?}", self.0)
    }
}

impl std::error::Error for Unfilled {}

/// What every e-mail ends with.
fn foot(language: Language) -> &'static str {
    match language {
        Language::Vi => "\n\n--\nThư gửi tự động; tình trạng hiện tại của hồ sơ là tình trạng trên hệ thống.\n",
        Language::En => "\n\n--\nSent automatically; where a dossier stands now is what the system shows.\n",
    }
}

/// A notice in a language.
///
/// # Errors
/// When a value is missing; a test shows that none is.
pub fn letter(spec: &NoticeSpec, language: Language) -> Result<Letter, Unfilled> {
    let text = spec.occasion.row().text(language);
    let subject = fill(text.subject, &spec.arguments, language)?;
    let body = fill(text.body, &spec.arguments, language)?;
    Ok(Letter { subject: one_line(&subject), body: body + foot(language) })
}

/// Fills in a template. What a value contains is never taken for a template.
///
/// # Errors
/// The first name without a value.
pub fn fill(template: &str, arguments: &[NoticeArgument], language: Language) -> Result<String, Unfilled> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| Unfilled(after.to_owned()))?;
        out.push_str(before);
        out.push_str(value(name, arguments, language).ok_or_else(|| Unfilled(name.to_owned()))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// A value in a language: the Vietnamese one where the English one is the same.
pub fn value<'a>(name: &str, arguments: &'a [NoticeArgument], language: Language) -> Option<&'a str> {
    let found = arguments.iter().find(|a| a.name == name)?;
    match language {
        Language::Vi => Some(&found.vi),
        Language::En => Some(found.en.as_deref().unwrap_or(&found.vi)),
    }
}

/// A subject is a header: a line break that somebody typed must not begin another.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control()).collect::<Vec<_>>().join(" ").chars().take(200).collect()
}
