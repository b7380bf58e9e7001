//! What somebody tries who may not, and what each must meet: a refusal of the API server, a void Decision with its reason, or
//! a warning.

use berth_crds::Reason;

use super::deal::Fate;

/// What an act met with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Met {
    /// The API server refused it with this status.
    Door(u16),
    /// It is void, for this reason.
    Void(Reason),
    /// It is accepted, with this warning.
    Warned(Reason),
}

/// An act that must come to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    ReplayedDecision,
    SecondApproval,
    ForeignRole,
    UnaskedRole,
    ForgedRequester,
    ForgedSigner,
    ReusedLetter,
    RevokedDelegation,
    EndedDelegation,
    NoDelegation,
    AfterWithdrawal,
    AfterRejection,
    OwnDecision,
    ForeignUid,
    NoPaper,
    WithdrawalByOthers,
    WithdrawalFromOutside,
    Contractor,
    OutOfOrder,
    BeyondItsClass,
    FutureDocument,
    LateWithdrawal,
    EditedPaper,
    EditedByRequester,
    EditedDecision,
    DeletedPaper,
    ForgedOutcome,
    ForgedEffect,
}

/// One line of the table.
pub struct Row {
    /// What is tried.
    pub act: Act,
    /// What becomes of the paper, which is decided by who may.
    pub fate: Fate,
    /// What the act meets; a second one is the operator's word where the policies do not see a paper of this moment yet.
    pub met: &'static [Met],
}

const fn row(act: Act, fate: Fate, met: &'static [Met]) -> Row {
    Row { act, fate, met }
}

/// Act, fate of the paper, and what the act meets.
pub static TABLE: [Row; 28] = [
    row(Act::ReplayedDecision, Fate::Approved, &[Met::Door(409)]),
    row(Act::SecondApproval, Fate::Approved, &[Met::Void(Reason::VoidAlreadyDecided)]),
    row(Act::ForeignRole, Fate::Approved, &[Met::Door(403)]),
    row(Act::UnaskedRole, Fate::Approved, &[Met::Void(Reason::VoidRole)]),
    row(Act::ForgedRequester, Fate::Approved, &[Met::Door(403)]),
    row(Act::ForgedSigner, Fate::Approved, &[Met::Door(403)]),
    row(Act::ReusedLetter, Fate::Approved, &[Met::Warned(Reason::DuplicateLetter)]),
    row(Act::RevokedDelegation, Fate::Approved, &[Met::Void(Reason::VoidDelegationRevoked)]),
    row(Act::EndedDelegation, Fate::Approved, &[Met::Void(Reason::VoidDelegationExpired)]),
    row(Act::NoDelegation, Fate::Rejected, &[Met::Void(Reason::VoidNoDelegation)]),
    row(Act::AfterWithdrawal, Fate::Withdrawn, &[Met::Void(Reason::VoidWithdrawn)]),
    row(Act::AfterRejection, Fate::Rejected, &[Met::Void(Reason::VoidAlreadyDecided)]),
    row(Act::OwnDecision, Fate::Approved, &[Met::Door(403), Met::Void(Reason::VoidSelfApproval)]),
    row(Act::ForeignUid, Fate::Rejected, &[Met::Door(422), Met::Void(Reason::VoidNoOnboarding)]),
    row(Act::NoPaper, Fate::Open, &[Met::Void(Reason::VoidNoOnboarding)]),
    row(Act::WithdrawalByOthers, Fate::Approved, &[Met::Door(403), Met::Void(Reason::VoidRole)]),
    row(Act::WithdrawalFromOutside, Fate::Open, &[Met::Door(403)]),
    row(Act::Contractor, Fate::Returned, &[Met::Door(403)]),
    row(Act::OutOfOrder, Fate::Approved, &[Met::Void(Reason::VoidOutOfOrder)]),
    row(Act::BeyondItsClass, Fate::Reduced, &[Met::Void(Reason::VoidGrant)]),
    row(Act::FutureDocument, Fate::Approved, &[Met::Void(Reason::VoidLetter)]),
    row(Act::LateWithdrawal, Fate::Approved, &[Met::Void(Reason::VoidAlreadyDecided)]),
    row(Act::EditedPaper, Fate::Approved, &[Met::Door(422)]),
    row(Act::EditedByRequester, Fate::Open, &[Met::Door(403)]),
    row(Act::EditedDecision, Fate::Rejected, &[Met::Door(422)]),
    row(Act::DeletedPaper, Fate::Withdrawn, &[Met::Door(403)]),
    row(Act::ForgedOutcome, Fate::Open, &[Met::Door(403)]),
    row(Act::ForgedEffect, Fate::Approved, &[Met::Door(403)]),
];
