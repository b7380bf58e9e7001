//! Texts: NFC, no control characters, not longer than their field.

use unicode_normalization::is_nfc;

use super::Findings;

/// What a text field accepts.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Whether it must be given.
    pub required: bool,
    /// Most characters (code points, as the CRD counts).
    pub most: usize,
    /// Whether it may have line breaks.
    pub lines: bool,
}

/// A mandatory line.
pub const fn line(most: usize) -> Rule {
    Rule { required: true, most, lines: false }
}

/// An optional line.
pub const fn maybe_line(most: usize) -> Rule {
    Rule { required: false, most, lines: false }
}

/// A mandatory text of several lines.
pub const fn lines(most: usize) -> Rule {
    Rule { required: true, most, lines: true }
}

/// An optional text of several lines.
pub const fn maybe_lines(most: usize) -> Rule {
    Rule { required: false, most, lines: true }
}

/// Checks a text and returns it.
pub fn check(findings: &mut Findings, field: &str, text: &str, rule: Rule) -> String {
    if text.trim().is_empty() {
        if rule.required {
            findings.missing(field, "give a text");
        } else if !text.is_empty() {
            findings.bad(field, text, "has only spaces: leave it out or give a text");
        }
        return text.to_owned();
    }
    let length = text.chars().count();
    if length > rule.most {
        findings.bad(field, text, &format!("has {length} characters: shorten it to {}", rule.most));
    }
    if let Some(c) = text.chars().find(|c| c.is_control() && !(rule.lines && *c == '\n')) {
        findings.bad(field, text, &format!("has the control character U+{:04X}: remove it", u32::from(c)));
    }
    if !is_nfc(text) {
        findings.bad(field, text, "is not in Unicode form NFC: normalise it (letters and marks composed)");
    }
    text.to_owned()
}
