//! One root as a drawing (SVG): a panel per pool in use, sixteen by sixteen cells of a /48 each, the first hexadecimal
//! digit down and the second across, as the address is read. A colour never stands alone: held, quarantined and free
//! cells differ in pattern and text too.

use std::fmt::Write as _;

use ipnet::{IpNet, Ipv6Net};

use super::tree::{Level, Node};

const CELL: (usize, usize) = (66, 34);
const MARGIN: usize = 24;
/// Room for the row digits, and for the title and column digits.
const EDGE: (usize, usize) = (28, 62);
const SIDE: usize = 16;
const PANEL: (usize, usize) = (EDGE.0 + SIDE * CELL.0 + MARGIN, EDGE.1 + SIDE * CELL.1 + MARGIN);
/// Title and legend.
const HEAD: usize = 104;

const STYLE: &str = "\
text{font-family:'DejaVu Sans',Verdana,sans-serif;fill:#1a1a1a}\
.h{font-size:22px;font-weight:bold}.t{font-size:15px;font-weight:bold}.d{font-size:12px;fill:#555}\
.l{font-size:12px}.n{font-size:11px;fill:#333}\
.free{fill:#fafafa;stroke:#d0d0d0}.held{stroke:#1d4e79;stroke-width:1.5}.kept{fill:url(#kept);stroke:#8a5a00;stroke-width:1.5}";

/// The drawing of a root, as [`super::tree::tree`] gives it; `None` for a node that is no root.
pub fn svg(root: &Node) -> Option<String> {
    if root.level != Level::Root {
        return None;
    }
    let used = |pool: &&(&Node, &Node)| !pool.1.children.is_empty();
    let all: Vec<(&Node, &Node)> = root.children.iter().flat_map(|s| s.children.iter().map(move |p| (s, p))).collect();
    let panels: Vec<_> = all.iter().filter(used).collect();
    let empty = all.iter().filter(|pool| !used(pool)).map(|(_, pool)| pool.net.to_string()).collect::<Vec<_>>();
    let columns = panels.len().clamp(1, 2);
    let rows = panels.len().div_ceil(columns);
    let (width, height) = (MARGIN + columns * PANEL.0, HEAD + rows * PANEL.1 + 40);
    let mut out = String::new();
    let body = head(&mut out, root, (width, height)).and_then(|()| {
        for (place, (site, pool)) in panels.iter().enumerate() {
            let at = (MARGIN + (place % columns) * PANEL.0, HEAD + (place / columns) * PANEL.1);
            panel(&mut out, site, pool, at)?;
        }
        let rest = if empty.is_empty() { "none".to_owned() } else { shortened(&empty.join(", "), width / 8) };
        writeln!(out, r#"<text class="d" x="{MARGIN}" y="{}">Pools without a block: {rest}</text></svg>"#, height - 16)
    });
    // Writing to a String cannot fail.
    body.ok().map(|()| out)
}

fn head(out: &mut String, root: &Node, (width, height): (usize, usize)) -> std::fmt::Result {
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">"#
    )?;
    writeln!(out, "<title>Address plan {}</title><style>{STYLE}</style>", escaped(&root.net.to_string()))?;
    writeln!(
        out,
        r##"<defs><pattern id="kept" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="8" height="8" fill="#fff3d6"/><rect width="3" height="8" fill="#e0a030"/></pattern></defs>"##
    )?;
    writeln!(out, r##"<rect width="{width}" height="{height}" fill="#ffffff"/>"##)?;
    writeln!(
        out,
        r#"<text class="h" x="{MARGIN}" y="38">{} {}</text>"#,
        escaped(&root.net.to_string()),
        escaped(&root.name)
    )?;
    let legend = [
        ("held", fill(8, 4), "held: agency, systems in it"),
        ("kept", String::new(), "quarantine"),
        ("free", String::new(), "free"),
    ];
    for (place, (class, fill, text)) in legend.into_iter().enumerate() {
        let x = MARGIN + place * 260;
        writeln!(
            out,
            r#"<rect class="{class}"{fill} x="{x}" y="56" width="28" height="18"/><text class="l" x="{}" y="70">{text}</text>"#,
            x + 36
        )?;
    }
    Ok(())
}

fn panel(out: &mut String, site: &Node, pool: &Node, (x, y): (usize, usize)) -> std::fmt::Result {
    let title = format!("{} · site {} · {} of 2^{}", pool.net, site.name, pool.used, pool.capacity_log2.unwrap_or(0));
    writeln!(out, r#"<g transform="translate({x} {y})"><text class="t" x="0" y="22">{}</text>"#, escaped(&title))?;
    for digit in 0..SIDE {
        let (across, down) = (EDGE.0 + digit * CELL.0 + CELL.0 / 2, EDGE.1 + digit * CELL.1 + CELL.1 / 2 + 4);
        writeln!(
            out,
            r#"<text class="d" x="{across}" y="{}" text-anchor="middle">{digit:x}</text><text class="d" x="10" y="{down}">{digit:x}</text>"#,
            EDGE.1 - 8
        )?;
    }
    for cell in 0..SIDE * SIDE {
        self::cell(out, pool, cell)?;
    }
    writeln!(out, "</g>")
}

/// The blocks of one /48 of a pool: one of a department, or up to sixteen of communes.
fn cell(out: &mut String, pool: &Node, index: usize) -> std::fmt::Result {
    let IpNet::V6(net) = pool.net else { return Ok(()) };
    let inside: Vec<&Node> = pool.children.iter().filter(|child| place(net, child) == Some(index)).collect();
    let (x, y) = (EDGE.0 + (index % SIDE) * CELL.0, EDGE.1 + (index / SIDE) * CELL.1);
    let held: Vec<_> = inside.iter().filter(|node| !node.quarantined).collect();
    let (class, fill) = match (inside.is_empty(), held.is_empty()) {
        (true, _) => ("free", String::new()),
        (false, true) => ("kept", String::new()),
        (false, false) => {
            let most = held.iter().filter_map(|node| node.capacity_log2).max().unwrap_or(0);
            ("held", self::fill(most, held.iter().map(|node| node.used).sum()))
        }
    };
    let box_ =
        format!(r#"<rect class="{class}"{fill} x="{x}" y="{y}" width="{}" height="{}">"#, CELL.0 - 2, CELL.1 - 2);
    let told: Vec<String> = inside.iter().map(|node| told(node)).collect();
    writeln!(out, "{box_}<title>{}</title></rect>", escaped(&told.join("\n")))?;
    let (name, count) = match inside.as_slice() {
        [] => return Ok(()),
        [one] if one.quarantined => (one.name.clone(), "kept".to_owned()),
        [one] => (one.name.clone(), one.used.to_string()),
        many => (format!("{} blocks", many.len()), held.iter().map(|node| node.used).sum::<u64>().to_string()),
    };
    let middle = x + CELL.0 / 2 - 1;
    writeln!(
        out,
        r#"<text class="l" x="{middle}" y="{}" text-anchor="middle">{}</text>"#,
        y + 14,
        escaped(&shortened(&name, 9))
    )?;
    writeln!(out, r#"<text class="n" x="{middle}" y="{}" text-anchor="middle">{}</text>"#, y + 27, escaped(&count))
}

/// Which cell of its pool a block lies in.
fn place(pool: Ipv6Net, block: &Node) -> Option<usize> {
    let IpNet::V6(block) = block.net else { return None };
    let index = (u128::from(block.network()) >> (128 - 48)) & 0xff;
    pool.contains(&block).then(|| usize::try_from(index).ok()).flatten()
}

/// Darker where more is used; light enough for black text.
fn fill(capacity_log2: u8, used: u64) -> String {
    let steps = u64::from(capacity_log2).max(1);
    let filled = u64::from(u64::BITS - used.leading_zeros()).min(steps);
    let light = 236 - 110 * filled / steps;
    format!(r##" fill="#{light:02x}{:02x}ff""##, (light + 12).min(255))
}

fn told(node: &Node) -> String {
    let until = node.until.map(|until| format!(", in quarantine until {until}")).unwrap_or_default();
    format!("{} {}: {} systems{until}", node.net, node.name, node.used)
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
