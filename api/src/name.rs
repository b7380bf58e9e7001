//! Resource names (AIP-122): `agencies/{agency}/onboardings/{onboarding}` and the like.

use berth_crds::names;

use crate::limits;

/// The name of an agency.
pub fn agency(id: &str) -> String {
    format!("agencies/{id}")
}

/// The name of an Onboarding in the namespace of its agency.
pub fn onboarding(namespace: &str, name: &str) -> String {
    format!("agencies/{}/onboardings/{name}", names::agency_of_namespace(namespace).unwrap_or(namespace))
}

/// The name of a Connection in the namespace of its agency.
pub fn connection(namespace: &str, name: &str) -> String {
    format!("agencies/{}/connections/{name}", names::agency_of_namespace(namespace).unwrap_or(namespace))
}

/// The name of a tenant.
pub fn tenant(id: &str) -> String {
    format!("tenants/{id}")
}

/// The name of an environment.
pub fn environment(id: &str) -> String {
    format!("environments/{id}")
}

/// The name of a class.
pub fn class(id: &str) -> String {
    format!("classes/{id}")
}

/// The name of the report on a year's demand.
pub fn demand_report(year: i16) -> String {
    format!("demandReports/{year}")
}

/// The name of a year's security report.
pub fn security_report(year: i16) -> String {
    format!("securityReports/{year}")
}

/// The name of a profile.
pub fn profile(id: &str) -> String {
    format!("profiles/{id}")
}

/// The ids in `name` if it fits `pattern`, such as `agencies/*/onboardings/*`.
pub fn ids<'a, const N: usize>(name: &'a str, pattern: &str) -> Option<[&'a str; N]> {
    let mut found = [""; N];
    let (mut next, mut parts) = (0, name.split('/'));
    for expected in pattern.split('/') {
        let part = parts.next()?;
        if expected != "*" {
            if part != expected {
                return None;
            }
            continue;
        }
        if !is_id(part) {
            return None;
        }
        *found.get_mut(next)? = part;
        next += 1;
    }
    (next == N && parts.next().is_none()).then_some(found)
}

/// Whether a text can be the id of anything: lower-case DNS labels joined by dots, or the wildcard.
pub fn is_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    let bytes = text.as_bytes();
    text == "-"
        || bytes.len() <= limits::ID && bytes.iter().copied().all(allowed) && edge(bytes.first()) && edge(bytes.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_names_of_the_right_shape_only() {
        assert_eq!(ids("agencies/ag-62/onboardings/onb-x", "agencies/*/onboardings/*"), Some(["ag-62", "onb-x"]));
        for bad in
            ["agencies/ag-62", "agencies/ag-62/onboardings/", "agencies/ag-62/onboardings/a/b", "x/a/onboardings/b"]
        {
            assert_eq!(ids::<2>(bad, "agencies/*/onboardings/*"), None, "{bad}");
        }
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        for bad in ["", "..", "a/b", "A", "a b", "a%2fb", "-a", "a?x=1"] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
