//! The person to ask (field 4 of the form), as the agency's register entry names them: what is on record is not typed again.

use berth_crds::Agency;
use berth_crds::agency::{AgencyContact, Duty};
use berth_crds::onboarding::Contact;

use crate::checks::is_official;

/// Who answers for the agency's dossiers: the first contact of that duty with all that the form asks.
pub fn on_record(agency: &Agency) -> Option<Contact> {
    let dossiers = agency.spec.contacts.iter().filter(|contact| contact.duty == Duty::Dossiers);
    dossiers.filter_map(whole).next()
}

fn whole(contact: &AgencyContact) -> Option<Contact> {
    is_official(&contact.email).then(|| {
        let (title, phone) = (contact.title.clone()?, contact.phone.clone()?);
        Some(Contact { name: contact.name.clone(), title, phone, email: contact.email.clone() })
    })?
}
