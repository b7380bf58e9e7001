//! Words about the life of an environment: its stages, its days.

use berth_crds::Environment;
use berth_crds::common::Bilingual;
use berth_crds::environment::Stage;

use super::arguments::{both, same};

/// A value of a notice about an environment's life; `None` for a name that is none of these.
pub(super) fn value(name: &str, environment: Option<&Environment>) -> Option<Bilingual> {
    let schedule = environment.and_then(|e| e.spec.schedule.as_ref());
    let status = environment.and_then(|e| e.status.as_ref());
    let day = |text: Option<&String>| text.map_or_else(|| both("không có", "none"), |day| same(day.clone()));
    Some(match name {
        "suspendsOn" => day(schedule.map(|s| &s.suspend)),
        "haltsOn" => day(schedule.and_then(|s| s.halt.as_ref())),
        "removedFrom" => day(schedule.and_then(|s| s.remove.as_ref())),
        "lastDay" => day(environment.and_then(|e| e.spec.end_date.as_ref())),
        "stage" => words(status.and_then(|s| s.stage).unwrap_or_default()),
        "next" => status.and_then(|s| s.next.as_ref()).map_or_else(
            || both("không có", "none"),
            |next| {
                let step = words(next.stage);
                Bilingual { vi: format!("{}: {}", next.day, step.vi), en: format!("{}: {}", next.day, step.en) }
            },
        ),
        _ => return None,
    })
}

/// What a stage means for those who use the environment.
fn words(stage: Stage) -> Bilingual {
    match stage {
        Stage::Active => both("đang sử dụng", "in use"),
        Stage::Suspended => {
            both("tạm dừng (đóng kết nối ra ngoài, chỉ được xem)", "suspended (exposure closed, access read-only)")
        }
        Stage::Halted => both("dừng hẳn (mọi tiến trình về 0)", "halted (workloads scaled to zero)"),
        Stage::Removing => both("đang xóa", "being removed"),
        Stage::Removed => both("đã thu hồi (không còn không gian tên)", "removed (it has no namespaces any more)"),
    }
}
