//! Rules for text that people type.

use unicode_normalization::is_nfc;

/// What is wrong with a text, in a sentence; `None` when it is fine.
///
/// Text must be NFC (two spellings of one Vietnamese word must be one text) and hold no control characters; line
/// breaks are allowed where `lines` is set.
pub fn defect(text: &str, max: usize, lines: bool) -> Option<String> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        return Some("must not be empty".into());
    }
    if length > max {
        return Some(format!("has {length} characters, the most is {max}; shorten it"));
    }
    if !is_nfc(text) {
        return Some("is not in Unicode normal form NFC; normalise it (NFC) before sending".into());
    }
    let control = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\t'));
    text.chars()
        .find(|c| control(*c) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .map(|c| format!("holds the control character U+{:04X}; remove it", u32::from(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_defect_is_named() {
        assert_eq!(defect("Sở Y tế", 10, false), None);
        assert_eq!(defect("a\nb", 10, true), None);
        assert_eq!(defect(" ", 10, false).unwrap(), "must not be empty");
        assert!(defect("Sở Y tế", 3, false).unwrap().starts_with("has 7 characters"));
        assert!(defect("So\u{031b}\u{0309} Y", 20, false).unwrap().contains("NFC"));
        assert!(defect("a\u{7}b", 20, false).unwrap().contains("U+0007"));
        assert!(defect("a\u{202e}b", 20, false).unwrap().contains("U+202E"));
    }
}
