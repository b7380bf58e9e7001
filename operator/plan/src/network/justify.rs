//! The numbers behind a request for a larger grant, as text in both languages. Counted are /56 blocks of systems, the unit
//! in which registries of this region count (APNIC-127: HD ratio of 0.94 in /56 units [K]); the ratio is that of RFC 3194 §2:
//! `log(used) / log(usable)`.

use berth_crds::address::LevelLengths;
use berth_crds::agency::AgencyType;
use berth_crds::common::Bilingual;
use ipnet::{IpNet, Ipv6Net};

use super::tree::{Level, Node, tree};
use super::view::View;
use crate::address::bits;
use crate::day;

/// HD ratio from which a registry of this region gives more without further questions [K].
pub const THRESHOLD: f64 = 0.94;
/// Unit in which use is counted.
const UNIT: u8 = 56;

/// Use of one level of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Level of the blocks that are counted.
    pub level: Level,
    /// How many fit, as log2.
    pub capacity_log2: u8,
    /// How many are held or in quarantine.
    pub taken: u64,
}

/// What a root is used for, and what the province needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Justification {
    /// The root.
    pub root: IpNet,
    /// Use per level, from above.
    pub uses: Vec<Use>,
    /// HD ratio of systems' blocks; 0 while there is at most one.
    pub ratio: f64,
    /// Bodies in force: with a department's block, with a commune's block.
    pub bodies: (u64, u64),
    /// Length that the bodies need at the asked growth, at a hexadecimal digit.
    pub needed: u8,
    /// The text of the request.
    pub text: Bilingual,
}

/// One justification per root, for a growth by `growth` times (at least 1).
pub fn justify(view: &View, growth: u32) -> Vec<Justification> {
    let bodies = bodies(view);
    let roots = tree(view).into_iter().filter_map(|node| match node.net {
        IpNet::V6(net) if node.level == Level::Root => Some((net, node)),
        _ => None,
    });
    let lengths = view.lengths();
    roots.map(|(net, node)| of_root(net, &node, &lengths, bodies, growth.max(1))).collect()
}

/// Bodies that may have systems: each gets a block at its first.
fn bodies(view: &View) -> (u64, u64) {
    let in_force = view.world.register.agencies.values().filter(|a| day::within(&a.spec.in_force, view.moment.day));
    in_force.fold((0, 0), |(large, small), agency| match agency.spec.type_ {
        AgencyType::Enterprise => (large, small),
        AgencyType::Commune => (large, small + 1),
        _ => (large + 1, small),
    })
}

fn of_root(net: Ipv6Net, node: &Node, lengths: &LevelLengths, bodies: (u64, u64), growth: u32) -> Justification {
    let all = node.flat();
    let taken = |level| u64::try_from(all.iter().filter(|(_, node)| node.level == level).count()).unwrap_or(u64::MAX);
    let levels = [
        (Level::Site, lengths.site),
        (Level::Pool, lengths.pool),
        (Level::Agency, lengths.agency),
        (Level::System, lengths.system),
        (Level::Environment, lengths.environment),
    ];
    let fits =
        levels.into_iter().filter_map(|(level, length)| Some((level, bits(length).checked_sub(net.prefix_len())?)));
    let uses: Vec<Use> = fits.map(|(level, capacity_log2)| Use { level, capacity_log2, taken: taken(level) }).collect();
    let ratio = ratio(taken(Level::System), UNIT.saturating_sub(net.prefix_len()));
    let needed = needed(bodies, lengths, growth);
    let mut found = Justification { root: net.into(), uses, ratio, bodies, needed, text: Bilingual::default() };
    found.text = Bilingual { vi: vietnamese(&found, lengths, growth), en: english(&found, lengths, growth) };
    found
}

/// RFC 3194 §2, of `2^usable_log2` units.
pub fn ratio(used: u64, usable_log2: u8) -> f64 {
    if used < 2 || usable_log2 == 0 {
        return 0.0;
    }
    // A count of blocks is far below 2^52: exact as a float.
    #[allow(clippy::cast_precision_loss)]
    let used = used as f64;
    used.log2() / f64::from(usable_log2)
}

/// A block for each department and each commune, `growth` times, in pools of one length, at a hexadecimal digit;
/// never longer than one site's part.
pub fn needed((departments, communes): (u64, u64), lengths: &LevelLengths, growth: u32) -> u8 {
    let pool = bits(lengths.pool);
    let pools = |blocks: u64, length: i64| {
        let in_pool_log2 = u32::from(bits(length).saturating_sub(pool));
        blocks.saturating_mul(growth.into()).div_ceil(1 << in_pool_log2.min(63)).max(1)
    };
    // One pool of sixteen is the infrastructure's, four are kept for shared platforms, sandbox and reserve.
    let all = pools(departments, lengths.agency) + pools(communes, lengths.commune) + 5;
    let all_log2 = u64::BITS - (all - 1).leading_zeros();
    pool - u8::try_from(all_log2.next_multiple_of(4)).unwrap_or(pool).min(pool)
}

fn english(of: &Justification, lengths: &LevelLengths, growth: u32) -> String {
    let uses = of.uses.iter().map(|u| format!("- {:?}: {} of 2^{}\n", u.level, u.taken, u.capacity_log2));
    let verdict = if of.ratio >= THRESHOLD { "reaches" } else { "does not reach" };
    let fits = if of.needed < of.root.prefix_len() {
        format!("The root is too small: a /{} is asked for.", of.needed)
    } else {
        "The root is large enough; no further space is asked for.".to_owned()
    };
    format!(
        "Use of {}:\n{}HD ratio (RFC 3194) in /56 units: {:.3}; it {verdict} {THRESHOLD}.\n{} departments (a /{} each) and \
         {} communes (a /{} each), grown {growth} times, need a /{}. {fits}\n",
        of.root,
        uses.collect::<String>(),
        of.ratio,
        of.bodies.0,
        lengths.agency,
        of.bodies.1,
        lengths.commune,
        of.needed,
    )
}

fn vietnamese(of: &Justification, lengths: &LevelLengths, growth: u32) -> String {
    let title = |level| match level {
        Level::Root => "Dải gốc",
        Level::Site => "Trung tâm dữ liệu",
        Level::Pool => "Nhóm",
        Level::Agency => "Cơ quan",
        Level::System => "Hệ thống thông tin",
        Level::Environment => "Môi trường",
        Level::Leaf => "Vùng mạng",
        Level::Assignment => "Dải được cấp",
    };
    let uses = of.uses.iter().map(|u| format!("- {}: {} trên 2^{}\n", title(u.level), u.taken, u.capacity_log2));
    let verdict = if of.ratio >= THRESHOLD { "đạt" } else { "chưa đạt" };
    let fits = if of.needed < of.root.prefix_len() {
        format!("Dải gốc không đủ: đề nghị cấp /{}.", of.needed)
    } else {
        "Dải gốc đủ dùng; không đề nghị cấp thêm.".to_owned()
    };
    format!(
        "Tình hình sử dụng {}:\n{}Tỷ lệ HD (RFC 3194) theo đơn vị /56: {:.3}; {verdict} ngưỡng {THRESHOLD}.\n{} sở, ban, ngành \
         (mỗi đơn vị một /{}) và {} xã, phường (mỗi đơn vị một /{}), tăng trưởng {growth} lần, cần một dải /{}. {fits}\n",
        of.root,
        uses.collect::<String>(),
        of.ratio,
        of.bodies.0,
        lengths.agency,
        of.bodies.1,
        lengths.commune,
        of.needed,
    )
}
