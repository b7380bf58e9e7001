//! Licences: SPDX expressions against the list of `deny.toml`, so that a test needs no tool.

use std::collections::BTreeSet;

/// An expression in SPDX's spelling: packages of old write `/` for `OR`.
pub fn spdx(written: &str) -> String {
    written.replace(" / ", " OR ").replace('/', " OR ")
}

/// Whether an expression leaves a choice in which every licence is allowed.
pub fn allows(allowed: &BTreeSet<String>, expression: &str) -> bool {
    let expression = expression.trim();
    // `AND` binds closer than `OR` (SPDX 2.3, annex D.4).
    let choices = split(expression, " OR ");
    if choices.len() > 1 {
        return choices.into_iter().any(|choice| allows(allowed, choice));
    }
    let parts = split(expression, " AND ");
    if parts.len() > 1 {
        return parts.into_iter().all(|part| allows(allowed, part));
    }
    match expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => allows(allowed, inner),
        None => allowed.contains(expression),
    }
}

/// Parts between an operator that stands in no parentheses.
fn split<'a>(text: &'a str, operator: &str) -> Vec<&'a str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= begin && text[at..].starts_with(operator) => {
                parts.push(&text[begin..at]);
                begin = at + operator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// Strings of a list of a TOML file, such as `allow = [ … ]`; names of crates where the entries are tables.
pub fn list(toml: &str, key: &str) -> Vec<String> {
    let lines = toml.lines().skip_while(|line| *line != format!("{key} = [")).skip(1);
    let entries = lines.take_while(|line| *line != "]").filter(|line| !line.trim_start().starts_with('#'));
    entries.filter_map(|line| line.split('"').nth(1).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_choice_of_which_everything_is_allowed_is_enough() {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
        let expected = [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 AND ISC", false),
            ("(GPL-3.0 OR MIT) AND ISC", true),
            ("(GPL-3.0 OR Zlib) AND ISC", false),
            ("GPL-3.0 OR MIT AND ISC", true),
            ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
            ("", false),
        ];
        for (written, allows) in expected {
            assert_eq!(super::allows(&allowed, &spdx(written)), allows, "{written}");
        }
    }

    #[test]
    fn a_list_is_read_without_its_comments() {
        let toml = "allow = [\n  \"MIT\",\n  # \"GPL-3.0\",\n  \"ISC\",  # why \"so\"\n]\ndeny = [\n  { crate = \"a\", reason = \"b\" },\n]\n";
        assert_eq!(
            (list(toml, "allow"), list(toml, "deny")),
            (vec!["MIT".to_owned(), "ISC".into()], vec!["a".to_owned()])
        );
    }
}
