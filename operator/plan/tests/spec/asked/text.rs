//! Prefixes of both families in their one spelling, and their reverse zones.

use berth_plan::network::text::{parse, reverse_zones};

#[test]
fn only_the_one_spelling_is_read_and_the_refusal_says_which_it_is() {
    for fine in ["3fff:a10::1", "3fff:a10::/32", "198.51.100.7", "198.51.100.0/24", "::/0", "0.0.0.0/0", "::1/128"] {
        assert!(parse(fine).is_ok(), "{fine}");
    }
    assert_eq!(parse("3fff:a10::1").unwrap().to_string(), "3fff:a10::1/128");
    for (bad, says) in [
        ("3FFF:a10::1", "write 3fff:a10::1"),
        ("3fff:0a10::/32", "write 3fff:a10::/32"),
        ("3fff:a10::1/32", "write 3fff:a10::/32"),
        ("198.51.100.7/24", "write 198.51.100.0/24"),
        ("fe80::1%eth0", "names a zone"),
        ("::ffff:198.51.100.7", "IPv4-mapped"),
        ("198.51.100.0/024", "write"),
        ("198.51.100", "neither an address nor a prefix"),
        ("", "neither an address nor a prefix"),
        ("3fff:a10::/129", "neither an address nor a prefix"),
    ] {
        let said = parse(bad).unwrap_err();
        assert!(said.contains(says), "{bad}: {said}");
    }
}

#[test]
fn reverse_zones_end_on_nibbles_and_octets() {
    let zones = |text: &str| reverse_zones(text.parse().unwrap());
    assert_eq!(zones("3fff:a10:1180:8000::/56"), ["0.8.0.8.1.1.0.1.a.0.f.f.f.3.ip6.arpa"]);
    assert_eq!(
        zones("3fff:a10::/31"),
        ["0.1.a.0.f.f.f.3.ip6.arpa", "1.1.a.0.f.f.f.3.ip6.arpa"],
        "an odd length has one zone per nibble"
    );
    assert_eq!(zones("198.51.100.0/24"), ["100.51.198.in-addr.arpa"]);
    assert_eq!(zones("198.51.100.0/23"), ["100.51.198.in-addr.arpa", "101.51.198.in-addr.arpa"]);
    assert_eq!(zones("198.51.100.64/26"), ["64/26.100.51.198.in-addr.arpa"], "RFC 2317");
    assert_eq!(zones("198.51.100.7/32"), ["7.100.51.198.in-addr.arpa"]);
}
