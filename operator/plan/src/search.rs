//! Names as people look for them, whatever keyboard they have: without diacritics and capitals, word by word; and in the
//! order of a Vietnamese dictionary.

use std::cmp::Ordering;
use std::sync::LazyLock;

use berth_crds::common::Bilingual;
use berth_crds::{Agency, Tenant};
use icu_collator::{Collator, CollatorBorrowed};
use icu_locale_core::locale;
use kube::ResourceExt;
use unicode_normalization::UnicodeNormalization;

static VIETNAMESE: LazyLock<CollatorBorrowed<'static>> = LazyLock::new(|| {
    Collator::try_new(locale!("vi").into(), Default::default()).expect("the order of every language is compiled in")
});

/// Words of a text, in order, without diacritics and capitals: `Đường` and `duong` are one word.
pub fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .nfd()
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'đ' { 'd' } else { c })
        .collect();
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The order of two texts in a Vietnamese dictionary: đ after d, ơ after o, and the tones last.
pub fn order(a: &str, b: &str) -> Ordering {
    VIETNAMESE.compare(a, b).then_with(|| a.cmp(b))
}

/// What somebody looks for. Every word of it must begin a word of one and the same text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query(Vec<String>);

impl Query {
    /// Reads it; `None` when it has no letter and no digit, and so looks for nothing.
    pub fn read(text: &str) -> Option<Self> {
        let words = words(text);
        (!words.is_empty()).then_some(Self(words))
    }

    /// Whether a body is found: by its id, a name of any day, an alias or a code.
    pub fn finds_agency(&self, agency: &Agency) -> bool {
        let spec = &agency.spec;
        let names = spec.names.iter().flat_map(|name| languages(&name.value));
        let aliases = spec.aliases.iter().map(|alias| alias.value.as_str());
        let codes = spec.codes.iter().map(|code| code.value.as_str());
        self.finds(names.chain(aliases).chain(codes).chain([agency.name_any().as_str()]))
    }

    /// Whether a system is found: by its plate, name or code.
    pub fn finds_tenant(&self, tenant: &Tenant) -> bool {
        let names = languages(&tenant.spec.display_name);
        self.finds(names.into_iter().chain([tenant.spec.code.as_str(), tenant.name_any().as_str()]))
    }

    fn finds<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        texts.into_iter().any(|text| {
            let there = words(text);
            self.0.iter().all(|wanted| there.iter().any(|word| word.starts_with(wanted)))
        })
    }
}

fn languages(text: &Bilingual) -> [&str; 2] {
    [&text.vi, &text.en]
}
