//! Who holds a request, in the words of `data/roles.csv`.

use berth_crds::PolicyProfile;
use berth_crds::common::Bilingual;
use berth_crds::decision::SignerRole;
use berth_crds::onboarding::{Action, State};

macro_rules! holders {
    ($($name:ident $key:literal: $vi:literal, $en:literal;)*) => {
        /// Somebody who can hold a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Holder {
            $(#[doc = $en] $name,)*
        }

        impl Holder {
            /// Everybody.
            pub const ALL: &[Holder] = &[$(Holder::$name,)*];

            /// The word in `status.summary.holder`.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// What people call them.
            pub fn words(self) -> Bilingual {
                let (vi, en) = match self { $(Self::$name => ($vi, $en),)* };
                Bilingual { vi: vi.into(), en: en.into() }
            }
        }
    };
}

holders! {
    Requester "requester": "cơ quan đề nghị", "the requesting agency";
    Approver "approver": "cơ quan phê duyệt tài nguyên", "the resource approver";
    Appraiser "appraiser": "đơn vị chuyên trách an ninh mạng", "the security unit";
    GoverningBody "governing-body": "chủ quản hệ thống thông tin", "the governing body of the system";
    Network "network": "đơn vị quản lý mạng", "the network unit";
    Operator "operator": "hệ thống tự động", "the automated system";
    OtherAgency "other-agency": "cơ quan bên kia", "the other agency";
    PlatformOperator "platform-operator": "đơn vị vận hành Trung tâm dữ liệu", "the platform operator";
}

impl From<SignerRole> for Holder {
    fn from(role: SignerRole) -> Self {
        match role {
            SignerRole::Approver => Self::Approver,
            SignerRole::Appraiser => Self::Appraiser,
            SignerRole::GoverningBody => Self::GoverningBody,
            SignerRole::Network => Self::Network,
            // An owner of an end of a Connection acts through the agency's requesters; no Onboarding waits for one.
            SignerRole::Requester | SignerRole::Owner => Self::Requester,
        }
    }
}

/// Roles that sign an action under a rule set; the approver where it names none.
pub fn signers(profile: &PolicyProfile, action: Action) -> Vec<SignerRole> {
    let rule = profile.spec.signers.iter().find(|r| r.action == action);
    rule.map_or_else(|| vec![SignerRole::Approver], |r| r.roles.clone())
}

/// Who must act in a state; nobody when it is over.
pub fn of(state: State, missing: &[SignerRole]) -> Vec<Holder> {
    match state {
        State::Draft | State::Returned | State::HandedOver | State::AwaitingGoLive => vec![Holder::Requester],
        State::Submitted | State::Checking | State::Approved | State::WaitingForCapacity => {
            vec![Holder::PlatformOperator]
        }
        State::UnderAppraisal | State::AwaitingApproval => missing.iter().map(|role| Holder::from(*role)).collect(),
        State::Provisioning => vec![Holder::Operator],
        State::Decommissioning => vec![Holder::PlatformOperator],
        State::Operating | State::Suspended => vec![Holder::Requester],
        State::Refused | State::Withdrawn | State::Closed => vec![],
    }
}

/// The text in `status.summary.holder`.
pub fn text(holders: &[Holder]) -> String {
    holders.iter().map(|h| h.key()).collect::<Vec<_>>().join(", ")
}

/// What people call those in `status.summary.holder`; a word that is none stays as it is.
pub fn words(text: &str) -> Bilingual {
    let each = text.split(", ").filter(|key| !key.is_empty());
    let named: Vec<Bilingual> = each
        .map(|key| {
            let holder = Holder::ALL.iter().find(|h| h.key() == key);
            holder.map_or_else(|| Bilingual { vi: key.into(), en: key.into() }, |h| h.words())
        })
        .collect();
    let join = |of: fn(&Bilingual) -> &str| named.iter().map(of).collect::<Vec<_>>().join(", ");
    Bilingual { vi: join(|b| &b.vi), en: join(|b| &b.en) }
}
