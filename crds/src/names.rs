//! Names that are derived, never typed: plates, namespaces, block names.
//!
//! Every function is injective on its valid inputs: two different things never share a name.

use sha2::{Digest, Sha256};

/// RFC 4648 base32, lower case: DNS-safe and unambiguous when read aloud in groups of six.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Characters of a plate.
pub const PLATE_LENGTH: usize = 6;

/// The plate (mã hệ thống) of a tenant: base32 characters `6*attempt ..` of SHA-256 of the Onboarding's UID.
///
/// Attempt 0 is tried first; the next six characters serve when the name belongs to somebody else. A plate never
/// begins with a digit, so that it is a DNS-1035 label too. Returns `None` when the hash is used up (8 attempts).
pub fn plate(onboarding_uid: &str, attempt: usize) -> Option<String> {
    let digest = Sha256::digest(onboarding_uid.as_bytes());
    let bits = digest.iter().flat_map(|byte| (0..8).rev().map(move |i| (byte >> i) & 1)).collect::<Vec<_>>();
    let characters: Vec<u8> =
        bits.chunks_exact(5).map(|five| BASE32[five.iter().fold(0usize, |n, bit| n * 2 + usize::from(*bit))]).collect();
    let six = characters.get(attempt * PLATE_LENGTH..(attempt + 1) * PLATE_LENGTH)?;
    let mut plate: Vec<u8> = six.to_vec();
    if plate[0].is_ascii_digit() {
        plate[0] = b'g' + (plate[0] - b'2');
    }
    String::from_utf8(plate).ok().map(kept_apart)
}

/// The plate of a system that an inventory brought: like [`plate`], from its code in the province's register, so that an
/// import that is repeated finds what it made. No UID has a slash, so it is no paper's.
pub fn inventory_plate(code: &str, attempt: usize) -> Option<String> {
    plate(&format!("inventory/{code}"), attempt)
}

/// Plate `agency` would make namespaces that look like those of agencies' papers (`agency-<id>`): another letter instead.
pub fn kept_apart(plate: String) -> String {
    if plate == "agency" { "bgency".into() } else { plate }
}

/// Namespace of an agency's papers.
pub fn agency_namespace(agency: &str) -> String {
    format!("agency-{agency}")
}

/// The agency of a paper namespace.
pub fn agency_of_namespace(namespace: &str) -> Option<&str> {
    namespace.strip_prefix("agency-").filter(|id| !id.is_empty())
}

/// Name of an Environment: `<plate>-<kind>`.
pub fn environment(plate: &str, kind: &str) -> String {
    format!("{plate}-{kind}")
}

/// Namespace of an environment's zone, or of the whole environment when it is not zoned.
///
/// Injective: neither a plate nor an environment kind contains a hyphen.
pub fn namespace(environment: &str, zone: Option<&str>) -> String {
    match zone {
        Some(zone) => format!("{environment}-{zone}"),
        None => environment.to_owned(),
    }
}

/// Name of a Notice: the paper, the occasion's key, and the first eight digits of the notice's id.
///
/// Injective but for ids that begin alike: no two occasions of one paper share a key, and one occasion comes back a few
/// times at most.
pub fn notice(paper: &str, key: &str, id: &str) -> String {
    format!("{paper}.{key}.{}", id.get(..8).unwrap_or(id))
}

/// Name of a block: its canonical CIDR with `:` and `/` replaced by `-`.
pub fn block(cidr: &str) -> String {
    cidr.replace([':', '/'], "-")
}

/// Name of an agency's prefix claim.
pub fn agency_claim(agency: &str) -> String {
    format!("agency-{agency}")
}

/// Name of the claim for an agency's `n`-th block, from 2. No id of an agency has a dot, so it is no other agency's.
pub fn grown_claim(first: &str, n: usize) -> String {
    format!("{first}.{n}")
}

/// Name of the claim for the first block of an agency whose claim this is.
pub fn first_claim(name: &str) -> &str {
    name.split_once('.').map_or(name, |(first, _)| first)
}

/// Name of a tenant's prefix claim.
pub fn tenant_claim(plate: &str) -> String {
    format!("tenant-{plate}")
}

/// Agency whose claim this is, for its first block or a further one.
pub fn agency_of_claim(claim: &str) -> Option<&str> {
    first_claim(claim).strip_prefix("agency-")
}

/// Tenant whose claim this is.
pub fn tenant_of_claim(claim: &str) -> Option<&str> {
    claim.strip_prefix("tenant-")
}

/// Name of a Decision: `<onboarding>.<role>.<n>`; creating it is the lock.
pub fn decision(onboarding: &str, role: &str, n: u32) -> String {
    format!("{onboarding}.{role}.{n}")
}

/// Onboarding, role and number of a Decision's name; `n` is `[1-9][0-9]{0,3}`.
pub fn parse_decision(name: &str) -> Option<(&str, &str, u32)> {
    let mut parts = name.split('.');
    let (onboarding, role, n) = (parts.next()?, parts.next()?, parts.next()?);
    // `parse` alone would take a sign too.
    let is_number = n.len() <= 4 && !n.starts_with('0') && n.bytes().all(|c| c.is_ascii_digit());
    let well_formed = parts.next().is_none() && is_number && !onboarding.is_empty() && !role.is_empty();
    well_formed.then_some((onboarding, role, n.parse().ok()?))
}

/// Name of a NetworkChange: derived from who says it and their request id, so that a repeat finds the first.
pub fn network_change(username: &str, request_id: &str) -> String {
    onboarding("", username, request_id).replacen("onb-", "net-", 1)
}

/// Plate of the tenant that an environment's name begins with.
pub fn tenant_of_environment(environment: &str) -> &str {
    environment.split('-').next().unwrap_or(environment)
}

/// Name of an Intervention: derived from who acts and their request id, so that a repeat finds the first.
pub fn intervention(username: &str, request_id: &str) -> String {
    onboarding("", username, request_id).replacen("onb-", "int-", 1)
}

/// Name of an Onboarding: derived from who asks and their request id, so that a repeat finds the first.
pub fn onboarding(agency: &str, username: &str, request_id: &str) -> String {
    let mut hash = Sha256::new();
    for part in [agency, username, request_id] {
        // The length in front keeps ("a", "bc") apart from ("ab", "c").
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let text: String = digest.iter().take(10).map(|b| char::from(BASE32[usize::from(b & 31)])).collect();
    format!("onb-{text}")
}

/// Name of a Connection: derived from who asks and their request id, so that a repeat finds the first.
pub fn connection(agency: &str, username: &str, request_id: &str) -> String {
    onboarding(agency, username, request_id).replacen("onb-", "conn-", 1)
}

/// Prefix of the names of copies that other owners consent to.
pub const COUNTERPART: &str = "conn-for-";

/// Name of the copy of a Connection in the namespace of the other owner: its UID without hyphens.
pub fn counterpart(connection_uid: &str) -> String {
    format!("{COUNTERPART}{}", connection_uid.replace('-', ""))
}

/// NetworkPolicy of a Connection, on either side. Injective: neither part contains a dot.
pub fn connection_policy(agency: &str, connection: &str) -> String {
    format!("berth-conn.{agency}.{connection}")
}

/// Agency and Connection of a NetworkPolicy's name.
pub fn parse_connection_policy(name: &str) -> Option<(&str, &str)> {
    let (agency, connection) = name.strip_prefix("berth-conn.")?.split_once('.')?;
    (!agency.is_empty() && !connection.is_empty() && !connection.contains('.')).then_some((agency, connection))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plate_is_six_base32_characters_that_begin_with_a_letter() {
        let plates: Vec<_> = (0..8).map(|n| plate("8f0c1c1e-3f54-4c40-9d5a-0d7f0f6c2a11", n)).collect();
        for p in &plates {
            let p = p.as_deref().unwrap();
            assert_eq!(p.len(), PLATE_LENGTH);
            assert!(p.starts_with(|c: char| c.is_ascii_lowercase()), "{p}");
        }
        assert_eq!(plate("8f0c1c1e-3f54-4c40-9d5a-0d7f0f6c2a11", 8), None);
        let distinct: std::collections::BTreeSet<_> = plates.iter().collect();
        assert_eq!(distinct.len(), 8);
    }

    #[test]
    fn a_decision_name_is_read_back_and_odd_numbers_are_not() {
        assert_eq!(parse_decision("onb-a.approver.1"), Some(("onb-a", "approver", 1)));
        for bad in
            ["onb-a.approver.0", "onb-a.approver.01", "onb-a.approver.12345", "onb-a.approver", "a.b.c.1", ".b.1"]
        {
            assert_eq!(parse_decision(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_onboarding_name_depends_on_each_part() {
        let a = onboarding("ag-62", "lan", "1");
        assert_eq!(a, onboarding("ag-62", "lan", "1"));
        for other in [onboarding("ag-6", "2lan", "1"), onboarding("ag-62", "lan1", ""), onboarding("ag-62", "lan", "2")]
        {
            assert_ne!(a, other);
        }
    }
}
