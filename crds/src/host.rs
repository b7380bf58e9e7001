//! Host names: whole DNS names, as a paper grants them and as an Ingress or a route must write them.

/// Longest host name (RFC 1035 §2.3.4, without the final dot).
pub const LONGEST: usize = 253;
/// Longest label of one (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// What every entry of a list of host names must be, in CEL: labels of RFC 1123 in lower case, at least two, of which the
/// last begins with a letter, so that no address passes for a name. [`is_host_name`] is the same in Rust.
pub const EVERY_IS_HOST_NAME: &str =
    "self.all(h, h.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$'))";

/// Whether a text is a whole DNS name in lower case: no wildcard, no address, no final dot.
pub fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let short = (1..=LONGEST_LABEL).contains(&label.len());
        short && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= LONGEST
        && text.contains('.')
        && text.split('.').all(is_label)
        && last.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether a host name is a domain or lies under it.
pub fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_a_whole_name_in_lower_case() {
        let longest = format!("{}.vn", "a".repeat(63));
        for good in ["tinh.example", "dich-vu-cong.tinh.example", "a.b", "1.xn--p1ai", "3fff.tinh.example", &longest] {
            assert!(is_host_name(good), "{good}");
        }
        let (label, whole) = (format!("{}.vn", "a".repeat(64)), format!("{}vn", "a.".repeat(126)));
        let bad = [
            "",
            "localhost",
            ".vn",
            "vn.",
            "a..vn",
            "*.tinh.example",
            "Tinh.example",
            "tỉnh.example",
            "a_b.example",
            "-a.example",
            "a-.example",
            "192.0.2.1",
            "[2001:db8::1]",
            "a.example:443",
            "a.example/x",
            "a b.example",
            "a.example\n",
            &label,
            &whole,
        ];
        for bad in bad {
            assert!(!is_host_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_name_lies_under_a_domain_at_a_dot_alone() {
        let under = |host| is_under(host, "tinh.example");
        assert_eq!(["tinh.example", "a.tinh.example", "b.a.tinh.example"].map(under), [true; 3]);
        assert_eq!(["atinh.example", "example", "tinh.example.vn", "nh.example"].map(under), [false; 4]);
    }
}
