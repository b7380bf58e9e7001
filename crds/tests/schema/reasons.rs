//! The catalogue of reasons reads well in both spellings and both languages.

use std::collections::BTreeSet;

use berth_crds::Reason;
use unicode_normalization::is_nfc;

/// Longest spelling: the schema of `Decision.status.reason`, and of `ErrorInfo.reason` (AIP-193).
const LONGEST: usize = 63;

fn is_sentence(text: &str) -> bool {
    text.starts_with(char::is_uppercase)
        && text.ends_with('.')
        && text.trim() == text
        && !text.contains("  ")
        && !text.chars().any(char::is_control)
}

#[test]
fn reasons_are_distinct_camel_case_words() {
    let mut names = BTreeSet::new();
    for reason in Reason::ALL {
        let name = reason.as_str();
        assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
        assert!(name.len() <= LONGEST, "{name}");
        assert!(names.insert(name.to_lowercase()), "{name} twice");
    }
    assert!(names.len() >= 40, "{}", names.len());
}

#[test]
fn codes_are_distinct_upper_snake_words() {
    let mut codes = BTreeSet::new();
    for reason in Reason::ALL {
        let code = reason.code();
        // The pattern of ErrorInfo.reason: [A-Z][A-Z0-9_]+[A-Z0-9].
        assert!(code.starts_with(|c: char| c.is_ascii_uppercase()) && !code.ends_with('_'), "{code}");
        assert!(code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'), "{code}");
        assert!(!code.contains("__") && (3..=LONGEST).contains(&code.len()), "{code}");
        assert_eq!(code.replace('_', ""), reason.as_str().to_uppercase(), "{code}");
        assert!(codes.insert(code.clone()), "{code} twice");
    }
    assert_eq!(Reason::NoBackEnd.code(), "NO_BACK_END");
}

#[test]
fn every_reason_is_a_sentence_in_vietnamese_and_in_english() {
    for reason in Reason::ALL {
        let (name, vi, en) = (reason.as_str(), reason.vi(), reason.en());
        assert!(is_sentence(en) && en.is_ascii(), "{name}: {en:?}");
        assert!(is_sentence(vi) && is_nfc(vi), "{name}: {vi:?}");
        // A sentence without a single diacritic is English that nobody has translated.
        assert!(!vi.is_ascii(), "{name}: {vi:?}");
        assert!(vi.chars().count() <= 200 && en.len() <= 200, "{name}");
    }
}

#[test]
fn no_two_reasons_say_the_same() {
    let en: BTreeSet<_> = Reason::ALL.iter().map(|r| r.en()).collect();
    let vi: BTreeSet<_> = Reason::ALL.iter().map(|r| r.vi()).collect();
    assert_eq!((en.len(), vi.len()), (Reason::ALL.len(), Reason::ALL.len()));
}

#[test]
fn a_reason_is_read_back_from_its_name_and_nothing_else_is() {
    for reason in Reason::ALL {
        assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        assert_eq!(Reason::parse(&reason.as_str().to_lowercase()), None);
    }
    for odd in ["", "Nothing", "READY", " Ready", "Ready "] {
        assert_eq!(Reason::parse(odd), None, "{odd:?}");
    }
}
