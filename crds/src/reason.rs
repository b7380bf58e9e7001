//! One catalogue of reasons: CamelCase in conditions, UPPER_SNAKE in `ErrorInfo`, a sentence in each language.

macro_rules! reasons {
    ($($name:ident: $vi:literal, $en:literal;)*) => {
        /// Why something is as it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = $en] $name,)*
        }

        impl Reason {
            /// Every reason, in the order of the catalogue.
            pub const ALL: &[Reason] = &[$(Reason::$name,)*];

            /// The text in a condition's `reason`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// One sentence in English.
            pub fn en(self) -> &'static str {
                match self { $(Self::$name => $en,)* }
            }

            /// One sentence in Vietnamese.
            pub fn vi(self) -> &'static str {
                match self { $(Self::$name => $vi,)* }
            }
        }
    };
}

reasons! {
    Pending: "Đang chờ hệ thống xử lý.", "Waiting for the operator.";
    AwaitingDecision: "Đang chờ quyết định.", "Waiting for a decision.";
    Approved: "Đã phê duyệt.", "Approved.";
    RejectedByDecision: "Người có thẩm quyền từ chối.", "Rejected by a decision.";
    RefusedByLaw: "Pháp luật không cho phép.", "Refused by law.";
    CheckFailed: "Hồ sơ không đạt kiểm tra.", "The request does not pass the checks.";
    Returned: "Yêu cầu bổ sung, hoàn thiện hồ sơ.", "Returned for supplements.";
    Overdue: "Đã quá hạn xử lý.", "The time limit of the holder has passed.";
    InTime: "Trong hạn xử lý.", "Within the time limit.";
    UnderAppraisal: "Đang thẩm định.", "Under appraisal.";
    AwaitingGoLive: "Chờ đưa vào vận hành, khai thác.", "Waiting for the permission to operate.";
    Operating: "Được phép vận hành.", "Allowed to operate.";
    LevelNotApproved: "Cấp độ chưa được phê duyệt.", "The level of the system is not approved.";
    LevelEnforced: "Các môi trường áp dụng đúng cấp độ đã phê duyệt.", "Every environment enforces the level that was decided.";
    LevelNotEnforced: "Có môi trường chưa áp dụng cấp độ đã phê duyệt.", "An environment does not enforce the level that was decided.";
    AwaitingOtherAgency: "Đang chờ hồ sơ của cơ quan bên kia.", "Waiting for the paper of the other agency.";
    AwaitingEarlierPaper: "Chờ hồ sơ trước được thực hiện xong.", "Waiting until an earlier paper is carried out.";
    Automatic: "Đủ điều kiện phê duyệt tự động.", "The automatic rule covers it.";
    NotAutomatic: "Cần người có thẩm quyền quyết định.", "People decide: the automatic rule does not cover it.";
    LevelLow: "Cấp độ đề xuất thấp hơn mức dự kiến.", "The proposed level is lower than the data suggest.";
    DuplicateFunction: "Có thể trùng chức năng với hệ thống đã có.", "A system of the same function may exist already.";
    DuplicateLetter: "Số công văn đã dùng cho hồ sơ khác.", "The letter number was used for another request.";
    Withdrawn: "Cơ quan đề nghị đã rút.", "Withdrawn by the requester.";
    NotSupported: "Chức năng chưa được hỗ trợ.", "Not supported yet.";
    NoHeadroom: "Chưa đủ tài nguyên; đang chờ theo thứ tự.", "No headroom; waiting in the queue.";
    Booked: "Đã giữ chỗ tài nguyên.", "Headroom is booked.";
    Provisioning: "Đang cấp phát.", "Provisioning.";
    Ready: "Sẵn sàng.", "Ready.";
    Done: "Đã hoàn thành.", "Done.";
    NotYet: "Chưa đến bước này.", "Not reached yet.";
    NoBackEnd: "Địa chỉ đã dành riêng, chưa định tuyến.", "Addresses are reserved, not routed: the cluster has no address back end.";
    AddressesServed: "Địa chỉ đã được hệ thống mạng cấp phát.", "The network back end serves the addresses.";
    BackEndPending: "Đang chờ hệ thống mạng nhận dải địa chỉ.", "Waiting for the network back end to take the addresses.";
    BackEndUnfit: "Kế hoạch địa chỉ không phù hợp với hệ thống mạng.", "The network back end cannot carry the address plan.";
    BackEndFault: "Hệ thống mạng báo lỗi về dải địa chỉ.", "The network back end reports a fault with the addresses.";
    PoolInUse: "Dải địa chỉ cũ vẫn còn được sử dụng.", "A pool that is no longer planned is still in use.";
    AddressPending: "Đang chờ cấp tiền tố IPv6.", "Waiting for an IPv6 prefix.";
    PoolExhausted: "Hết dải địa chỉ.", "The address pool is exhausted.";
    AddressPlanRefused: "Kế hoạch địa chỉ trùng với dải của hạ tầng; tạm dừng cấp mới.", "The address plan meets ranges of the platform: nothing new is numbered there.";
    RangesApart: "Dải của hạ tầng nằm ngoài dải cấp phát.", "No range of the platform meets a pool of the plan.";
    RangesOverlap: "Dải của hạ tầng trùng dải cấp phát.", "A range of the platform meets a pool of the plan.";
    RootsAnnounced: "Mọi khối địa chỉ đăng ký đã được quảng bá.", "Every registered root is announced.";
    AnnouncementPending: "Khối địa chỉ chưa quảng bá; còn trong hạn.", "A registered root is not announced yet.";
    AnnouncementDue: "Khối địa chỉ sắp hết hạn quảng bá; có thể bị thu hồi.", "A registered root must be announced within a month, or it may be revoked.";
    AnnouncementOverdue: "Khối địa chỉ quá sáu tháng chưa quảng bá; có thể bị thu hồi.", "A registered root was not announced within six months and may be revoked.";
    RegistrationUnknown: "Chưa ghi ngày đăng ký của khối địa chỉ.", "The day on which a root was registered is not entered.";
    NoRegisteredRoot: "Kế hoạch chưa có khối địa chỉ đăng ký.", "The plan has no registered root.";
    AllocationFrozen: "Tạm dừng cấp tiền tố: sổ đã xuất có tiền tố mà cụm không còn.", "No prefix is given: the exported ledger speaks of prefixes that the cluster has lost.";
    Bound: "Đã cấp tiền tố.", "The prefix is bound.";
    WishRefused: "Đã cấp tiền tố khác với tiền tố xin riêng.", "The prefix is bound, but it is not the wished one.";
    StillInUse: "Còn đang sử dụng; chưa thu hồi được.", "Still in use: something is numbered in it or carries its addresses.";
    ClaimantReplaced: "Yêu cầu tiền tố thuộc đối tượng cùng tên trước đây.", "The claim belongs to an earlier object of the same name; its prefix is being released.";
    AddressHeld: "Địa chỉ thuộc một hệ thống thông tin.", "The address is a system's.";
    AddressImported: "Địa chỉ do cơ quan khác cấp.", "The address was assigned by another authority.";
    AddressQuarantined: "Địa chỉ đã thu hồi, đang chờ hết thời gian cách ly.", "The address was given up and is kept from others.";
    AddressReserved: "Địa chỉ để dành.", "The address is kept: no system has it.";
    AddressFree: "Địa chỉ chưa cấp cho ai.", "The address is nobody's.";
    AddressOutside: "Địa chỉ không thuộc dải nào của tỉnh.", "The address is in no root of the plan and in no assignment.";
    OutsidePending: "Chưa có xác nhận thiết bị bên ngoài đã được cấu hình.", "Nobody has said yet that the devices outside the cluster know of it.";
    OutsideAcknowledged: "Đã xác nhận thiết bị bên ngoài được cấu hình.", "The devices outside the cluster were set as it is now.";
    OutsideChanged: "Đã thay đổi sau lần xác nhận gần nhất; cần cấu hình lại thiết bị bên ngoài.", "It changed since the devices outside the cluster were set.";
    ExportStale: "Trạng thái đã thay đổi sau khi xuất; hãy xuất lại.", "The state changed since it was exported; export it again.";
    NothingToAcknowledge: "Không có gì cần xác nhận.", "There is nothing to acknowledge.";
    NamespaceForeign: "Không gian tên thuộc đối tượng khác.", "A namespace of that name exists and is not ours.";
    AdoptionPending: "Chờ quản trị nền tảng xác nhận UID của không gian tên cần tiếp nhận.", "Waiting until a platform operator names the UID of the namespace that is to be adopted.";
    AdoptionRefused: "Không thể tiếp nhận không gian tên như hiện trạng.", "The namespace cannot be adopted as it is.";
    AddressesKept: "Không gian tên được tiếp nhận giữ nguyên địa chỉ; tiền tố chỉ để dành.", "The adopted namespaces keep the addresses that they have; the prefix is reserved only.";
    Releasing: "Đang trả lại không gian tên nguyên trạng.", "Its namespaces are being given back as they are.";
    Released: "Đã trả lại không gian tên nguyên trạng; chỉ còn lưu hồ sơ.", "Its namespaces were given back as they are; the record is kept.";
    NamespaceTerminating: "Không gian tên cũ đang bị xóa.", "A namespace of that name is terminating.";
    QuotaPending: "Đang chờ hạn mức có hiệu lực.", "Waiting for the quota to be in force.";
    Contested: "Một bên khác liên tục sửa đối tượng này.", "Another writer keeps changing the object.";
    DriftRepaired: "Đối tượng bị sửa ngoài quyết định đã được đưa về đúng.", "An object was changed by others and is again what was decided.";
    ApplyFailed: "Không ghi được đối tượng.", "An object could not be written.";
    AccessConfirmed: "Danh sách truy cập đã được rà soát đúng hạn.", "The access list was confirmed in time.";
    AccessReviewPending: "Danh sách truy cập chưa đến hạn rà soát.", "The first review of the access list is not due yet.";
    AccessReviewDue: "Đã quá hạn rà soát danh sách truy cập.", "The review of the access list is overdue.";
    NoReviewRule: "Quy định không đặt thời hạn rà soát truy cập.", "The rule set asks for no review of the access list.";
    Held: "Tạm ngừng tự sửa chữa; mọi thứ giữ nguyên như hiện tại.", "Repair is on hold: what is there stays as it is.";
    HoldEnded: "Đã hết tạm ngừng sửa chữa.", "The hold is over.";
    Isolated: "Đã cô lập: không có lưu lượng vào hoặc ra.", "Isolated: nothing gets in or out.";
    IsolationEnded: "Đã hết cô lập.", "The isolation is over.";
    EmergencyGranted: "Có quyền truy cập khẩn cấp; cần văn bản sau.", "Somebody has access for an emergency; a paper must follow.";
    PaperOwed: "Quyền khẩn cấp đã thu lại; còn nợ văn bản.", "Emergency access was taken back; its paper is still owed.";
    EmergencyEnded: "Quyền khẩn cấp đã thu lại và đã có văn bản.", "Emergency access was taken back, and a paper followed.";
    BreakGlassUsed: "Nhóm phá kính đã sửa đối tượng, vượt qua các chốt bảo vệ.", "Somebody changed an object past the guards, by break-glass.";
    Suspended: "Tạm dừng.", "Suspended.";
    Halted: "Tạm dừng, các tiến trình đã dừng hẳn.", "Suspended, and its workloads are scaled to zero.";
    Removing: "Đang xóa, không thể khôi phục.", "Being removed: there is no way back.";
    Removed: "Đã thu hồi, chỉ còn lưu hồ sơ.", "Removed; the record is kept.";
    LastDayNear: "Sắp đến ngày kết thúc.", "The last day is near.";
    LastDayOver: "Đã qua ngày kết thúc.", "The last day is over.";
    TemporaryGrant: "Mức cấp được tăng tạm thời.", "The grant is raised for a while.";
    TemporaryGrantEndsSoon: "Sắp hết hạn tăng tạm thời.", "The increase ends soon.";
    TemporaryGrantOver: "Đã hết hạn tăng tạm thời; trở lại mức cấp trước.", "The increase is over; what was granted before is granted again.";
    Ipv4Excepted: "Được phép tạm thời chỉ dùng IPv4.", "Exposed over IPv4 only, by an exception with an end date.";
    Ipv4ExceptionEndsSoon: "Sắp hết hạn ngoại lệ chỉ dùng IPv4.", "The exception for IPv4 only ends soon.";
    Ipv4ExceptionOver: "Đã hết hạn ngoại lệ chỉ dùng IPv4.", "The exception for IPv4 only is over; nothing was closed.";
    AwaitingReconciliation: "Chờ ký biên bản đối soát.", "Waiting for the signed reconciliation.";
    Reconciled: "Đã ký biên bản đối soát.", "Statistics, backup and reconciliation are signed.";
    RemovalHeld: "Quá nhiều môi trường cùng đến hạn thu hồi; cần người xem xét.", "Too many environments are to be removed at once: a person must look.";
    TooManyWorkloads: "Quá nhiều tiến trình để ghi nhớ.", "There are more workloads than can be remembered.";
    VoidTooEarly: "Vô hiệu: môi trường chưa dừng hẳn.", "Void: the environment that it is about is not halted.";
    VoidNotOwner: "Vô hiệu: hệ thống đã chuyển cho cơ quan khác.", "Void: the system belongs to another body by now.";
    MissingReference: "Không tìm thấy đối tượng được tham chiếu.", "A referenced object does not exist.";
    InvalidSpec: "Nội dung không hợp lệ.", "The spec is not valid.";
    Inventoried: "Đã kiểm kê, chưa lên đám mây.", "Known by an inventory, not on the cloud yet.";
    NoMembers: "Chưa có người đại diện.", "No group or service account acts for the agency yet.";
    NotInForce: "Cơ quan không còn hiệu lực.", "The agency is not in force today.";
    Effective: "Có hiệu lực.", "The decision counts.";
    VoidAlreadyDecided: "Vô hiệu: đã có kết quả.", "Void: the outcome is already decided.";
    VoidSelfApproval: "Vô hiệu: người duyệt là người đề nghị.", "Void: the approver is the requester.";
    VoidContractor: "Vô hiệu: nhà thầu không được quyết định.", "Void: contractors never decide.";
    VoidPipeline: "Vô hiệu: tài khoản dịch vụ không ký thay người của cơ quan.", "Void: a service account does not sign for the agency, a person does.";
    VoidSameUnit: "Vô hiệu: đơn vị thẩm định là đơn vị vận hành (NĐ 331/2026 Đ18.4 [D]).", "Void: the appraiser's unit is the operator's unit (Decree 331/2026, article 18.4 [D]).";
    VoidNoUnit: "Vô hiệu: chưa rõ đơn vị của người thẩm định (NĐ 331/2026 Đ18.4 [D]).", "Void: nobody knows of which unit the appraiser is (Decree 331/2026, article 18.4 [D]).";
    VoidRole: "Vô hiệu: vai trò không có thẩm quyền.", "Void: that role does not sign this action.";
    VoidOutOfOrder: "Vô hiệu: sai thứ tự.", "Void: an earlier number is missing or not void.";
    VoidNoOnboarding: "Vô hiệu: không có hồ sơ này.", "Void: the onboarding does not exist or was re-created.";
    VoidWithdrawn: "Vô hiệu: hồ sơ đã rút.", "Void: the onboarding was withdrawn.";
    VoidRefused: "Vô hiệu: hồ sơ bị từ chối theo luật.", "Void: the onboarding was refused.";
    VoidGrant: "Vô hiệu: mức cấp không hợp lệ.", "Void: what is granted is not acceptable.";
    VoidLetter: "Vô hiệu: ngày văn bản không hợp lệ.", "Void: the date of the document is no date or lies in the future.";
    VoidNoDocument: "Vô hiệu: không nêu văn bản đã ký.", "Void: this rule set decides by signed document, and the decision names none.";
    VoidNoDelegation: "Vô hiệu: không có ủy quyền cho vai trò này.", "Void: nobody delegated this role to the signer.";
    VoidDelegationExpired: "Vô hiệu: ngoài thời hạn ủy quyền.", "Void: the delegation was not in force on the day of the decision.";
    VoidDelegationRevoked: "Vô hiệu: ủy quyền đã bị thu hồi.", "Void: the delegation had been taken back.";
    VoidNoConnection: "Vô hiệu: không có đề nghị kết nối này.", "Void: the connection does not exist or is another one.";
    VoidClosed: "Vô hiệu: kết nối đã đóng.", "Void: the connection is closed.";
    Accepted: "Đề nghị kết nối hợp lệ.", "The connection can be decided as it is.";
    NotYourEnvironment: "Không đầu nào là môi trường của cơ quan đề nghị.", "Neither end is an environment of the asking agency.";
    HostNameTaken: "Tên miền đã được cấp cho môi trường khác.", "A host name is granted to another environment.";
    HostNameKept: "Tên miền nằm ngoài miền của cơ quan.", "A host name is in no domain of the agency, or in another agency's.";
    AwaitingConsent: "Chờ cơ quan chủ quản đầu kia đồng ý.", "Waiting for the consent of the other owner.";
    Consented: "Cơ quan chủ quản đầu kia đã đồng ý.", "The other owner consented.";
    OneOwner: "Hai đầu cùng một cơ quan; không cần đồng ý.", "One agency owns every end inside: nobody else has to consent.";
    Open: "Kết nối đang mở.", "The connection is open.";
    Expires: "Kết nối có thời hạn.", "The connection ends on its date, not soon.";
    ExpiresSoon: "Kết nối sắp hết hạn.", "The connection ends soon.";
    Expired: "Kết nối đã hết hạn.", "The connection has expired.";
    Closed: "Kết nối đã được đóng.", "The connection was closed.";
    EnvironmentGone: "Môi trường của một đầu không còn.", "The environment of one end is gone.";
    NoticeDelivered: "Thông báo đã được gửi đến mọi nơi nhận.", "The notice was delivered to every recipient.";
    NoticePending: "Thông báo đang chờ gửi.", "The notice is still to be sent.";
    NoticeRefused: "Máy chủ chưa nhận thông báo; sẽ gửi lại.", "A server did not take the notice; it is sent again later.";
    NoRecipient: "Chưa khai báo nơi nhận thông báo.", "Nobody is named who could be told.";
    NotActingForAgency: "Không đại diện cho cơ quan này.", "The caller does not act for the agency.";
    Unauthenticated: "Chưa đăng nhập.", "The caller is not known.";
    PermissionDenied: "Không có quyền.", "Not allowed.";
    InvalidArgument: "Dữ liệu không hợp lệ.", "The input is not valid.";
    NotFound: "Không tìm thấy.", "Not found.";
    AlreadyExists: "Đã tồn tại.", "It exists already.";
    AlreadyDecided: "Hồ sơ đã có kết quả.", "The request is already decided.";
    SelfApproval: "Người đề nghị không được tự duyệt.", "The requester may not decide the own request.";
    RequestIdReused: "Mã yêu cầu đã dùng cho nội dung khác.", "The request id was used for other content.";
    PageTokenInvalid: "Mã trang không hợp lệ.", "The page token is not valid for this list.";
    TooManyCalls: "Gọi quá nhiều; hãy thử lại sau.", "Too many calls; try again later.";
    Unavailable: "Tạm thời không phục vụ được.", "The service cannot answer now; try again.";
    Internal: "Lỗi hệ thống.", "Something is wrong on our side.";
}

impl Reason {
    /// The code in `ErrorInfo.reason` (AIP-193): UPPER_SNAKE of the CamelCase name.
    pub fn code(self) -> String {
        let mut code = String::new();
        for c in self.as_str().chars() {
            if c.is_ascii_uppercase() && !code.is_empty() {
                code.push('_');
            }
            code.push(c.to_ascii_uppercase());
        }
        code
    }

    /// The reason of a CamelCase name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.as_str() == name)
    }
}
