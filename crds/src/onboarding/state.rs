//! States of a dossier (`data/request_states.csv`) in the words of practice: what people call them, and what happens
//! next. Computed from the papers; stored in `status.summary` for columns only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::Bilingual;

macro_rules! states {
    ($($(#[$meta:meta])? $name:ident: $vi:literal, $en:literal, next $next_vi:literal, $next_en:literal;)*) => {
        /// States of a dossier, as people name them.
        #[derive(
            Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Hash,
        )]
        pub enum State {
            $(#[doc = $vi] $(#[$meta])? $name,)*
        }

        impl State {
            /// Every state, in the order of the data; `Withdrawn` comes last.
            pub const ALL: &[State] = &[$(State::$name,)*];

            /// What people call it.
            pub fn words(self) -> Bilingual {
                let (vi, en) = match self { $(Self::$name => ($vi, $en),)* };
                Bilingual { vi: vi.into(), en: en.into() }
            }

            /// What happens next.
            pub fn next(self) -> Bilingual {
                let (vi, en) = match self { $(Self::$name => ($next_vi, $next_en),)* };
                Bilingual { vi: vi.into(), en: en.into() }
            }
        }
    };
}

states! {
    Draft: "Nháp", "Draft",
        next "Cơ quan đề nghị hoàn thiện, ký và gửi hồ sơ.",
        "The agency completes, signs and submits the dossier.";
    #[default]
    Submitted: "Đã gửi", "Submitted",
        next "Hệ thống lập Giấy tiếp nhận hồ sơ và hẹn trả kết quả, rồi kiểm tra hồ sơ.",
        "The receipt with the promised date is made, then the dossier is checked.";
    Checking: "Đang kiểm tra", "Checking",
        next "Đơn vị vận hành bổ sung thông tin còn thiếu trong sổ đăng ký, rồi hồ sơ được kiểm tra lại.",
        "The platform operator adds what the registers lack, then the dossier is checked again.";
    Returned: "Yêu cầu bổ sung, hoàn thiện hồ sơ", "Returned for supplements",
        next "Cơ quan đề nghị bổ sung và gửi lại hồ sơ, dẫn chiếu hồ sơ này.",
        "The agency supplements the dossier and submits it again, naming this one.";
    UnderAppraisal: "Đang thẩm định", "Under appraisal",
        next "Đơn vị chuyên trách thẩm định, rồi trình phê duyệt.",
        "The security unit appraises, then the dossier goes to approval.";
    AwaitingApproval: "Chờ phê duyệt", "Awaiting approval",
        next "Người có thẩm quyền phê duyệt, yêu cầu bổ sung hoặc từ chối.",
        "The signers approve, return or refuse.";
    Refused: "Từ chối", "Refused",
        next "Hồ sơ kết thúc; có thể gửi hồ sơ mới sau khi khắc phục lý do.",
        "The dossier is closed; a new one may be submitted once the reason is remedied.";
    Approved: "Đã phê duyệt", "Approved",
        next "Đơn vị vận hành gỡ vướng mắc, rồi việc cấp phát tiếp tục.",
        "The platform operator removes the obstacle, then provisioning goes on.";
    WaitingForCapacity: "Chờ năng lực", "Waiting for capacity",
        next "Hồ sơ giữ thứ tự trong hàng chờ; đơn vị vận hành trả lời thời điểm đáp ứng.",
        "The dossier keeps its place in the queue; the platform operator answers with a date.";
    Provisioning: "Đang cấp phát", "Provisioning",
        next "Hệ thống cấp phát rồi lập biên bản bàn giao.",
        "The environment is provisioned, then the handover minutes are made.";
    HandedOver: "Đã bàn giao", "Handed over",
        next "Cơ quan triển khai hệ thống và đề nghị cho phép vận hành.",
        "The agency deploys its system and asks for permission to operate.";
    AwaitingGoLive: "Chờ đưa vào vận hành, khai thác", "Awaiting permission to operate",
        next "Cần quyết định phê duyệt cấp độ và kết quả đánh giá đủ điều kiện trước khi vận hành.",
        "The level decision and a positive readiness verdict are needed before it operates.";
    Operating: "Đang vận hành", "Operating",
        next "Rà soát cấp độ theo kỳ hạn.",
        "The level is reviewed when it falls due.";
    Suspended: "Tạm dừng", "Suspended",
        next "Cho hoạt động lại hoặc thu hồi.",
        "It is resumed or decommissioned.";
    Decommissioning: "Đang thu hồi", "Decommissioning",
        next "Xuất dữ liệu, đối soát, rồi xóa và lập biên bản.",
        "Data are exported and reconciled, then deleted, with minutes.";
    Closed: "Đã đóng", "Closed",
        next "Hồ sơ được lưu, không bao giờ bị xóa.",
        "The record is kept and never deleted.";
    Withdrawn: "Đã rút", "Withdrawn",
        next "Hồ sơ kết thúc theo đề nghị của cơ quan.",
        "The dossier is closed at the agency's wish.";
}
