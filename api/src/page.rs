//! Pages (AIP-158): sizes and opaque tokens. A token holds where to go on and a hash of the arguments, no authority.

use sha2::{Digest, Sha256};

use crate::{
    limits::{PAGE as USUAL, PAGE_MOST as MOST},
    problem::{Problem, Result},
};

/// How many entries are wanted, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Most entries.
    pub size: usize,
    /// Collection (a namespace) to go on in, and the place in it; empty: from the beginning.
    pub at: Option<(String, String)>,
    hash: String,
}

impl Page {
    /// Reads size and token of a list; `arguments` are all other arguments.
    pub fn read(size: i32, token: &str, arguments: &str) -> Result<Self> {
        if size < 0 {
            return Err(Problem::field(
                "page_size",
                format!("{size} is below zero: give 1 to {MOST}, or 0 for {USUAL}"),
            ));
        }
        let size = if size == 0 { USUAL } else { size.min(MOST) };
        let hash = hash(arguments);
        Ok(Self { size: usize::try_from(size).unwrap_or(1), at: place(token, &hash)?, hash })
    }

    /// The token of the next page.
    pub fn token(&self, collection: &str, place: &str) -> String {
        format!("{}~{collection}~{place}", self.hash)
    }

    /// One page of a list that is whole and sorted by `key`, and the token of the next.
    pub fn cut<T>(&self, all: Vec<T>, key: impl Fn(&T) -> String) -> (Vec<T>, String) {
        let after = self.at.as_ref().map(|(_, last)| last.clone()).unwrap_or_default();
        self.begin(all.into_iter().skip_while(|entry| !after.is_empty() && key(entry) <= after), &key)
    }

    /// The same of a list in an order of its own: an entry that has left the list since cannot be gone on from.
    pub fn cut_in_order<T>(&self, all: Vec<T>, key: impl Fn(&T) -> String) -> Result<(Vec<T>, String)> {
        let begun = match &self.at {
            None => 0,
            Some((_, last)) => 1 + all.iter().position(|entry| key(entry) == *last).ok_or(Problem::PageToken)?,
        };
        Ok(self.begin(all.into_iter().skip(begun), key))
    }

    fn begin<T>(&self, mut rest: impl Iterator<Item = T>, key: impl Fn(&T) -> String) -> (Vec<T>, String) {
        let page: Vec<T> = rest.by_ref().take(self.size).collect();
        let next = match (page.last(), rest.next()) {
            (Some(last), Some(_)) => self.token("", &key(last)),
            _ => String::new(),
        };
        (page, next)
    }
}

fn place(token: &str, hash: &str) -> Result<Option<(String, String)>> {
    if token.is_empty() {
        return Ok(None);
    }
    let mut parts = token.split('~');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(of), Some(collection), Some(place), None) if of == hash => Ok(Some((collection.into(), place.into()))),
        _ => Err(Problem::PageToken),
    }
}

fn hash(arguments: &str) -> String {
    Sha256::digest(arguments.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_to_the_whole_list() {
        let all: Vec<_> = (0..7).map(|n| format!("n{n}")).collect();
        let (mut token, mut seen) = (String::new(), Vec::new());
        loop {
            let page = Page::read(3, &token, "a").unwrap();
            let (entries, next) = page.cut(all.clone(), Clone::clone);
            seen.extend(entries);
            if next.is_empty() {
                break;
            }
            token = next;
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn pages_of_a_list_in_an_order_of_its_own_join_to_the_whole_and_go_on_from_nothing_that_left() {
        let all = ["c", "a", "b"].map(str::to_owned).to_vec();
        let (first, token) = Page::read(2, "", "a").unwrap().cut_in_order(all.clone(), Clone::clone).unwrap();
        let rest = Page::read(2, &token, "a").unwrap();
        let (second, end) = rest.cut_in_order(all.clone(), Clone::clone).unwrap();
        assert_eq!(([first, second].concat(), end), (all.clone(), String::new()));
        assert_eq!(rest.cut_in_order(all[2..].to_vec(), Clone::clone), Err(Problem::PageToken));
    }

    #[test]
    fn sizes_are_coerced_down_and_never_negative() {
        let size = |n| Page::read(n, "", "a").map(|p| p.size);
        assert_eq!((size(0), size(3), size(9999)), (Ok(50), Ok(3), Ok(500)));
        assert!(matches!(size(-1), Err(Problem::Invalid(_))));
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let token = Page::read(1, "", "a").unwrap().token("ns", "x");
        assert_eq!(Page::read(1, &token, "a").unwrap().at, Some(("ns".into(), "x".into())));
        for (token, arguments) in [(token.as_str(), "b"), ("garbage", "a"), ("a~b", "a")] {
            assert_eq!(Page::read(1, token, arguments), Err(Problem::PageToken));
        }
    }
}
