//! Bytes: valid input with edits, and garbage.

use crate::Dice;

/// Pieces that readers stumble over: separators, ends of ranges, names of other things, text that is not what it looks like.
const PIECES: &[&str] = &[
    "",
    " ",
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\u{feff}",
    "\u{202e}",
    "\u{301}",
    "Đ",
    "ưở",
    "🦀",
    "\u{ffff}",
    "\"",
    "'",
    "\\",
    "`",
    "/",
    "//",
    "..",
    ":",
    "::",
    ":::",
    "%",
    "%%",
    "%+5",
    "%zz",
    "%c3",
    "~",
    "#",
    "?",
    "&",
    "&a",
    "*a",
    "=",
    ",",
    ";",
    "|",
    "-",
    "--",
    "+",
    "_",
    "@",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "[]",
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1e400",
    "0x1",
    "NaN",
    "255",
    "256",
    "65535",
    "65536",
    "2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "0000-00-00",
    "2026-02-30",
    "9999-12-31",
    "-009999-01-01",
    "-009999-01-02",
    "0000-01-01",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "9999-12-30T22:00:00.999999999Z",
    "2026-11-24T09:00:60Z",
    "2026-11-24T09:00:00+99:99",
    "2026-11-24T09:00:00ZT",
    "::/0",
    "::1",
    "::ffff:192.0.2.1",
    "::ffff:0:0/96",
    "0.0.0.0/0",
    "255.255.255.255/32",
    "192.0.2.1/33",
    "/128",
    "/129",
    "/-1",
    "fe80::1%eth0",
    "3fff::/20",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "system:masters",
    "kube-system",
    "agency-",
    "Ki",
    "Pi",
    "m",
    "1.5",
    "999999999999999Pi",
    "!!binary",
    "<<: *a",
    "---\n",
    "...\n",
];
/// Most edits of one input.
const EDITS: usize = 6;
/// Longest input: decoders have limits of their own, and those are tried elsewhere.
const LONGEST: usize = 8 << 10;

/// Bytes: an edited seed, or garbage.
pub fn bytes(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = match dice.throw(16) {
        0 => garbage(dice),
        1 => pieces(dice),
        2 => nested(dice),
        _ if seeds.is_empty() => garbage(dice),
        _ => dice.of(seeds).clone(),
    };
    for _ in 0..dice.throw(EDITS) {
        edit(dice, &mut bytes, seeds);
    }
    bytes.truncate(LONGEST);
    bytes
}

/// A piece that readers stumble over.
pub fn piece(dice: &mut Dice) -> &'static str {
    dice.of::<&str>(PIECES)
}

fn garbage(dice: &mut Dice) -> Vec<u8> {
    (0..dice.throw(200)).map(|_| byte(dice)).collect()
}

fn pieces(dice: &mut Dice) -> Vec<u8> {
    (0..dice.throw(12)).flat_map(|_| piece(dice).bytes()).collect()
}

/// One thing in another, deeper than a stack should go.
fn nested(dice: &mut Dice) -> Vec<u8> {
    let opening = *dice.of(&["[", "{\"a\":", "{a: ", "- ", "(", "\u{1}\n"]);
    opening.repeat(1 + dice.throw(2_000)).into_bytes()
}

fn byte(dice: &mut Dice) -> u8 {
    u8::try_from(dice.throw(256)).unwrap_or_default()
}

fn edit(dice: &mut Dice, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let (from, length) = (dice.throw(bytes.len() + 1), dice.throw(8));
    let to = (from + length).min(bytes.len());
    match dice.throw(9) {
        0 => drop(bytes.drain(from..to)),
        1 => drop(bytes.splice(from..to, piece(dice).bytes())),
        2 => drop(bytes.splice(from..from, piece(dice).bytes())),
        3 => bytes.truncate(from),
        4 => {
            let repeated = bytes[from..to].repeat(1 + dice.throw(40));
            drop(bytes.splice(from..to, repeated));
        }
        5 if !seeds.is_empty() => {
            let other = dice.of(seeds);
            let (a, b) = (dice.throw(other.len() + 1), dice.throw(other.len() + 1));
            drop(bytes.splice(from..to, other[a.min(b)..a.max(b)].iter().copied()));
        }
        // Another digit, another letter: what stays well-formed gets furthest.
        6 | 7 => {
            if let Some(place) = bytes.get_mut(from) {
                *place = match *place {
                    b'0'..=b'9' => b'0' + byte(dice) % 10,
                    b'a'..=b'z' => b'a' + byte(dice) % 26,
                    other => other ^ (1 << dice.throw(8)),
                };
            }
        }
        _ => bytes.insert(from, byte(dice)),
    }
}
