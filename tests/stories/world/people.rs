//! Who is known to every world.

use berth_cluster::Person;

/// Everybody, with the groups that say what they may.
pub fn all() -> Vec<Person> {
    vec![
        Person::new("lead-61", ["berth:ag-61:requester"]),
        Person::new("lead-62", ["berth:ag-62:requester"]),
        Person::new("lead-66", ["berth:ag-66:requester"]),
        Person::new("lead-67", ["berth:ag-67:requester"]),
        Person::new("approver", ["berth:approver"]),
        Person::new("network", ["berth:network"]),
        Person::new("network-62", ["berth:network", "berth:ag-62:requester"]),
        Person::new("two-agencies", ["berth:ag-61:requester", "berth:ag-62:requester"]),
        Person::new("contractor", ["berth:approver", "berth:contractor"]),
        Person::new("both", ["berth:ag-62:requester", "berth:approver"]),
        Person::new("platform", ["berth:platform-operator"]),
        Person::new("auditor", ["berth:auditor"]),
        Person::new("hired", ["berth:network", "berth:ag-62:contractor"]),
        Person::new("nobody", Vec::<String>::new()),
        Person::new("appraiser", ["berth:appraiser"]),
        Person::new("appraiser-69", ["berth:appraiser", "berth:ag-69:appraiser"]),
        Person::new("governing-body", ["berth:governing-body"]),
        Person::new("deputy", ["berth:deputy"]),
        // The reader of the tutorial.
        Person::new("it-lead@so-y-te.example", ["berth:ag-67:requester"]),
    ]
}
