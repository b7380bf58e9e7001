//! The plan as a tree, as a drawing, and as a request for more.

use std::sync::Arc;

use berth_crds::address::LevelLengths;
use berth_plan::network::justify::{justify, needed, ratio};
use berth_plan::network::picture::svg;
use berth_plan::network::tree::{Level, Node, seen_by, tree};
use berth_plan::network::{View, World};
use ipnet::Ipv6Net;
use proptest::prelude::*;
use serde_json::Value;

use super::{block, noon, world};

fn nodes(world: &World, day: &str) -> Vec<Node> {
    tree(&View::new(world, noon(day)))
}

fn told(nodes: &[Node]) -> Vec<String> {
    let line = |(depth, node): (usize, &Node)| {
        let until = node.until.map(|until| format!(" until {until}")).unwrap_or_default();
        let owner = node.agency.clone().unwrap_or_default();
        let free = node.free().map(|free| format!(" {}+{} of {}", node.used, node.kept, free + node.used + node.kept));
        format!("{}{} {owner}{}{until}", "  ".repeat(depth), node.net, free.unwrap_or_default())
    };
    nodes.iter().flat_map(Node::flat).map(line).collect()
}

#[test]
fn the_tree_shows_use_headroom_owner_and_quarantine() {
    assert_eq!(
        told(&nodes(&world(), "2026-11-24")),
        [
            "3fff:a10::/32  1+0 of 16",
            "  3fff:a10:1000::/36  3+0 of 16",
            "    3fff:a10:1100::/40  1+0 of 256",
            "      3fff:a10:1180::/48 ag-62 1+1 of 256",
            "        3fff:a10:1180:4000::/56 ag-71 0+0 of 16 until 2026-12-01T02:00:00Z",
            "        3fff:a10:1180:8000::/56 ag-73 2+0 of 16",
            "          3fff:a10:1180:8000::/60 ag-73 2+0 of 16",
            "            3fff:a10:1180:8000::/64 ag-73",
            "            3fff:a10:1180:8008::/64 ag-73",
            "          3fff:a10:1180:8010::/60 ag-73 0+0 of 16",
            "    3fff:a10:1200::/40  0+0 of 256",
            "    3fff:a10:1900::/40  0+0 of 4096",
            "198.51.100.0/26 ag-73",
            "3fff:b00::/48 ag-71",
        ]
    );
}

#[test]
fn an_agency_sees_its_own_systems_wherever_they_are_numbered_and_no_counts_of_others() {
    let seen = |agency: &'static str| told(&seen_by(nodes(&world(), "2026-11-24"), &|id: &str| id == agency));
    assert_eq!(
        seen("ag-71"),
        [
            "3fff:a10::/32 ",
            "  3fff:a10:1000::/36 ",
            "    3fff:a10:1100::/40 ",
            "      3fff:a10:1180::/48 ",
            "        3fff:a10:1180:4000::/56 ag-71 0+0 of 16 until 2026-12-01T02:00:00Z",
            "3fff:b00::/48 ag-71",
        ]
    );
    let [.., last] = seen("ag-62").try_into().unwrap_or([const { String::new() }; 4]);
    assert_eq!(last, "      3fff:a10:1180::/48 ag-62", "its block, without what others have in it");
    assert_eq!(seen("ag-99"), Vec::<String>::new());
}

#[test]
fn a_capacity_never_overflows() {
    let mut wide = nodes(&world(), "2026-11-24").remove(0);
    wide.capacity_log2 = Some(96);
    assert_eq!(wide.free(), Some(u64::MAX - 1));
}

/// Every element that is opened is closed, and no text is left unescaped.
fn well_formed(svg: &str) -> bool {
    let open = svg.matches('<').count();
    open == svg.matches('>').count() && svg.matches("<g ").count() == svg.matches("</g>").count()
}

#[test]
fn the_drawing_has_a_cell_per_48_and_labels_what_is_held() {
    let mut world = world();
    world.blocks.push(Arc::new(block("3fff:a10:1900::/52", "agency-xa-1", Value::Null)));
    world.blocks.push(Arc::new(block("3fff:a10:1900:1000::/52", "agency-xa-2", Value::Null)));
    let root = nodes(&world, "2026-11-24").remove(0);
    let drawn = svg(&root).unwrap();
    // To look at.
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/address-plan.svg"), &drawn).unwrap();
    assert!(well_formed(&drawn), "{drawn}");
    let cells = |class: &str| drawn.matches(&format!(r#"<rect class="{class}""#)).count();
    // Two panels; one example of each in the legend.
    assert_eq!((cells("held"), cells("kept"), cells("free")), (2 + 1, 1, 2 * 256 - 2 + 1));
    assert!(drawn.contains(">ag-62</text>") && drawn.contains(">2 blocks</text>"), "{drawn}");
    assert!(drawn.contains("Pools without a block: 3fff:a10:1200::/40"));
    assert_eq!(svg(&root.children[0]), None);
    assert_eq!(drawn, svg(&nodes(&world, "2026-11-24")[0]).unwrap(), "one state, one drawing");
}

#[test]
fn the_request_for_more_counts_in_the_registrys_unit() {
    assert_eq!((ratio(0, 24), ratio(1, 24), ratio(2, 0)), (0.0, 0.0, 0.0));
    assert!((ratio(1 << 12, 24) - 0.5).abs() < 1e-9);
    assert!((ratio(1 << 24, 24) - 1.0).abs() < 1e-9);
    // The reference's need: 20 departments, 100 communes: a /36 carries a hundredfold.
    let usual = LevelLengths::default();
    let need = |bodies, growth| needed(bodies, &usual, growth);
    assert_eq!([need((20, 100), 1), need((20, 100), 100), need((2000, 10_000), 100)], [36, 36, 28]);
    // Where pools are longer, so is what holds them.
    let later = LevelLengths { site: 40, pool: 44, ..usual.clone() };
    assert_eq!(
        needed((20, 100), &later, 1),
        40,
        "two pools of departments, one of communes and five others of sixteen"
    );
    let world = world();
    let found = justify(&View::new(&world, noon("2026-11-24")), 10);
    assert_eq!(found.len(), 1);
    let uses: Vec<_> = found[0].uses.iter().map(|u| (u.level, u.taken, u.capacity_log2)).collect();
    assert_eq!(
        uses,
        [
            (Level::Site, 1, 4),
            (Level::Pool, 3, 8),
            (Level::Agency, 1, 16),
            (Level::System, 2, 24),
            (Level::Environment, 2, 28)
        ]
    );
    assert_eq!(found[0].bodies, (6, 0));
    assert!(found[0].text.vi.contains("Tỷ lệ HD") && found[0].text.en.contains("HD ratio"));
}

proptest! {
    #[test]
    fn a_tree_of_any_blocks_counts_what_it_shows(indices in proptest::collection::btree_set(0u16..256, 0..40)) {
        let mut world = world();
        let pool: Ipv6Net = super::POOL.parse().unwrap();
        world.blocks = indices.iter().map(|index| {
            let net = berth_plan::address::child(pool, 48, u128::from(*index)).unwrap();
            Arc::new(block(&net.to_string(), &format!("agency-x{index}"), Value::Null))
        }).collect();
        world.ledger.clear();
        let root = nodes(&world, "2026-11-24").remove(0);
        let pool = &root.children[0].children[0];
        prop_assert_eq!(pool.used, indices.len() as u64);
        prop_assert_eq!(pool.free(), Some(256 - indices.len() as u64));
        let drawn = svg(&root).unwrap();
        prop_assert_eq!(drawn.matches(r#"<rect class="held""#).count(), indices.len() + 1);
    }
}
