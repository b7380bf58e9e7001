//! Enums of the nouns and their twins of `berth.v1`: one line per pair, exhaustive in both directions.

use berth_crds::{
    agency::{AgencyType, SubjectKind},
    audit::Act,
    class::Runtime,
    common::BasisType,
    connection::{ConnectionState, OutsideKind, Transport},
    decision::{DecisionVerdict, Effect},
    environment::{AccessRole, EnvironmentKind, Exposure, Lifecycle},
    intervention::Intervene,
    onboarding::{Action, DataKind, OutcomeResult, State, SubjectBand, Verdict},
    tenant::{Ipv6Stage, LevelStatus, Measures, MigrationStage},
};
use berth_plan::{
    network::{
        export::{Change, Table},
        tree::Level,
        whois::Standing,
    },
    report::{demand, security},
};

use crate::proto::v1 as pb;

/// An enum with a twin in `berth.v1`.
pub trait Twin: Sized + Copy {
    /// The twin; it has one more value, `Unspecified`.
    type Proto;
    /// The twin of a value.
    fn proto(self) -> Self::Proto;
    /// The value of a twin; `None` for `Unspecified` and for numbers that are unknown.
    fn of(number: i32) -> Option<Self>;
}

macro_rules! twins {
    ($($noun:ty = $proto:ty [$($value:ident)*];)*) => {
        $(impl Twin for $noun {
            type Proto = $proto;
            fn proto(self) -> $proto {
                match self { $(Self::$value => <$proto>::$value,)* }
            }
            fn of(number: i32) -> Option<Self> {
                match <$proto>::try_from(number).ok()? {
                    $(<$proto>::$value => Some(Self::$value),)*
                    <$proto>::Unspecified => None,
                }
            }
        })*

        #[cfg(test)]
        #[test]
        fn every_value_comes_back_from_its_twin() {
            $($(assert_eq!(<$noun>::of(<$noun>::$value.proto() as i32), Some(<$noun>::$value));)*
            assert_eq!((<$noun>::of(0), <$noun>::of(999)), (None, None));)*
        }
    };
}

twins! {
    Action = pb::onboarding_spec::Action [
        New AddEnvironment Change Extend Suspend Resume Decommission Transfer RecordLevel GoLive];
    State = pb::onboarding::State [
        Draft Submitted Checking Returned UnderAppraisal AwaitingApproval Refused Withdrawn Approved WaitingForCapacity
        Provisioning HandedOver AwaitingGoLive Operating Suspended Decommissioning Closed];
    DataKind = pb::system_request::DataKind [Public Private PersonalBasic PersonalSensitive StateSecret];
    SubjectBand = pb::system_request::SubjectBand [Under10k From10kTo100k Over100k];
    Verdict = pb::check::Result [Passed Warning Failed Refused];
    OutcomeResult = pb::outcome::Result [Approved Rejected Withdrawn Returned];
    DecisionVerdict = pb::decision::Verdict [
        Approve ApproveWithChanges Return Reject Withdraw Correct Consent Close Reconcile];
    ConnectionState = pb::connection::State [
        Refused AwaitingConsent AwaitingDecision Opening Open Rejected Expired Closed];
    OutsideKind = pb::outside_end::Kind [Named Internet Tslcd];
    Transport = pb::connection_port::Protocol [Tcp Udp Sctp];
    Effect = pb::decision::Effect [Effective Void];
    EnvironmentKind = pb::environment::Kind [Prod Staging Acceptance Dev Training Recovery];
    Exposure = pb::environment::Exposure [Internet Tslcd];
    Lifecycle = pb::environment::Lifecycle [Active Suspended Decommissioned Released];
    Intervene = pb::intervention::Act [Hold EndHold Isolate EndIsolation Grant EndGrants ConfirmAccess];
    SubjectKind = pb::emergency_access::SubjectKind [Group User ServiceAccount];
    AccessRole = pb::emergency_access::Role [Admin Edit View];
    BasisType = pb::basis::Type [Paper Direct];
    Runtime = pb::environment_class::Runtime [Containers VirtualMachines];
    AgencyType = pb::agency::Type [
        Department PeoplesCommittee District Commune ServiceUnit PartyBody Enterprise];
    MigrationStage = pb::tenant::MigrationStage [Inventoried Onboarding Operating Closed];
    Ipv6Stage = pb::inventory::Ipv6Stage [
        Ipv4Only Allocated EdgeDualStack PublicAaaa InsideDualStack Ipv6Preferred Ipv6OnlyInside Ipv6Only];
    Act = pb::audit_entry::Act [
        Submitted Decided TookEffect Voided Concluded HandedOver Registered NamespaceCreated PrefixGiven PrefixReleased
        Removed OutsideChanged Opened Closed Intervened NamespaceAdopted NamespaceReleased];
    Standing = pb::address_answer::Standing [Held Imported Quarantined Reserved Free Outside];
    demand::Standing = pb::demand_request::Standing [
        Withdrawn RefusedByLaw Refused GrantedInTime GrantedLate Waiting Open];
    security::Approval = pb::security_entry::Approval [Drafting Sent Appraised Approved];
    security::Assessment = pb::security_entry::Assessment [BeforeUse Periodic];
    Level = pb::address_node::Level [Root Site Pool Agency System Environment Leaf Assignment];
    Change = pb::address_line::Change [Removed Present Added];
    Table = pb::address_line::Table [Route Firewall Zone Pointer];
    Measures = pb::level_request::Measures [None Some Full];
    LevelStatus = pb::level_record::Status [Proposed UnderAppraisal Approved Replaced];
}
