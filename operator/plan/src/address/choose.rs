//! Which prefix is chosen, and why: the sparse order, wishes, and what comes back from quarantine.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv6Addr;
use std::ops::RangeInclusive;

use ipnet::Ipv6Net;

use super::{child, parse};

/// Most children of one parent that are ever looked at: 8 KiB of bits (reference/ipv6.md §2.5).
const MOST_BITS: u8 = 16;
/// Bits of one word of a [`Pool`].
const WORD: u32 = u64::BITS;

/// Bit-reversed value of `k` in `bits` bits (RFC 3531's order that leaves the most room around each block).
pub fn sparse(k: u128, bits: u8) -> u128 {
    if bits == 0 { 0 } else { k.reverse_bits() >> (128 - u32::from(bits)) }
}

/// The children of one parent in sparse order: which are free, and the first of them.
///
/// Bit `k` of the lowest row is the `k`-th child in that order; each row above has one bit for a word that is full. A
/// search looks at one word per row, however full the pool is.
#[derive(Clone, Debug)]
pub struct Pool {
    parent: Ipv6Net,
    length: u8,
    bits: u8,
    rows: Vec<Vec<u64>>,
}

impl Pool {
    /// An empty pool; `None` when the children would be longer than the parent.
    pub fn new(parent: Ipv6Net, length: u8) -> Option<Self> {
        let bits = length.checked_sub(parent.prefix_len()).filter(|_| length <= 128)?;
        let mut rows = Vec::new();
        let mut slots = 1usize << bits.min(MOST_BITS);
        while rows.is_empty() || slots > 1 {
            let words = slots.div_ceil(WORD as usize);
            let mut row = vec![0u64; words];
            // Beyond the last child nothing is free.
            if !slots.is_multiple_of(WORD as usize) {
                row[words - 1] = u64::MAX << (slots as u32 % WORD);
            }
            rows.push(row);
            slots = words;
        }
        Some(Self { parent, length, bits, rows })
    }

    /// Takes the first free child in sparse order.
    pub fn take(&mut self) -> Option<Ipv6Net> {
        let k = self.first()?;
        self.set(k);
        child(self.parent, self.length, sparse(k as u128, self.bits))
    }

    /// Counts every child that a prefix overlaps as taken. The parent itself, and what is above it, takes nothing.
    pub fn mark(&mut self, prefix: Ipv6Net) {
        if !self.parent.contains(&prefix) || (prefix == self.parent && self.bits > 0) {
            return;
        }
        let (first, last) = (self.index(prefix.network()), self.index(prefix.broadcast()));
        let slots = 1u128 << self.bits.min(MOST_BITS);
        if last - first < slots {
            (first..=last)
                .filter_map(|index| self.place(index))
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|k| self.set(k));
        } else {
            let inside = |k: &u128| (first..=last).contains(&sparse(*k, self.bits));
            (0..slots).filter(inside).collect::<Vec<_>>().into_iter().for_each(|k| self.set(k as usize));
        }
    }

    /// Gives a child back.
    pub fn free(&mut self, prefix: Ipv6Net) {
        let Some(mut k) = place(self.parent, prefix).and_then(|k| usize::try_from(k).ok()) else { return };
        for row in &mut self.rows {
            let Some(word) = row.get_mut(k / WORD as usize) else { return };
            *word &= !(1 << (k as u32 % WORD));
            k /= WORD as usize;
        }
    }

    fn index(&self, address: Ipv6Addr) -> u128 {
        let inside = u128::from(address) ^ u128::from(self.parent.network());
        inside.checked_shr(128 - u32::from(self.length)).unwrap_or(0)
    }

    fn place(&self, index: u128) -> Option<usize> {
        let k = sparse(index, self.bits);
        (k >> self.bits.min(MOST_BITS) == 0).then_some(k as usize)
    }

    fn first(&self) -> Option<usize> {
        self.rows.iter().rev().try_fold(0usize, |at, row| {
            let free = row.get(at)?.trailing_ones();
            (free < WORD).then_some(at * WORD as usize + free as usize)
        })
    }

    fn set(&mut self, mut k: usize) {
        for row in &mut self.rows {
            let word = &mut row[k / WORD as usize];
            *word |= 1 << (k as u32 % WORD);
            if *word != u64::MAX {
                return;
            }
            k /= WORD as usize;
        }
    }
}

/// The place of a child in its parent's sparse order, from 0.
fn place(parent: Ipv6Net, prefix: Ipv6Net) -> Option<u128> {
    let bits = prefix.prefix_len().checked_sub(parent.prefix_len())?;
    let inside = u128::from(prefix.network()) ^ u128::from(parent.network());
    Some(sparse(inside.checked_shr(128 - u32::from(prefix.prefix_len())).unwrap_or(0), bits))
}

/// First free child of the parents in sparse order.
///
/// `taken` holds everything that must not be given, of any length; it is a hint, the lock is the block's name.
/// Parents are tried in order, so that the second pool begins when the first is full.
pub fn choose(parents: &[Ipv6Net], length: u8, taken: &BTreeSet<Ipv6Net>) -> Option<(Ipv6Net, Ipv6Net)> {
    parents.iter().find_map(|parent| {
        let mut pool = Pool::new(*parent, length)?;
        taken.range(inside(*parent)).for_each(|prefix| pool.mark(*prefix));
        pool.take().map(|child| (*parent, child))
    })
}

/// Everything that begins inside a prefix, in the order of [`Ipv6Net`]: address, then length.
fn inside(net: Ipv6Net) -> RangeInclusive<Ipv6Net> {
    let end = |address, length| Ipv6Net::new_assert(address, length);
    end(net.network(), 0)..=end(net.broadcast(), 128)
}

/// Whether nothing that is taken overlaps a child, the blocks above it apart: those are its parents.
pub fn is_free(child: Ipv6Net, parent: Ipv6Net, taken: &BTreeSet<Ipv6Net>) -> bool {
    overlapped(child, parent, taken).is_none()
}

fn overlapped(child: Ipv6Net, parent: Ipv6Net, taken: &BTreeSet<Ipv6Net>) -> Option<Ipv6Net> {
    let below = taken.range(inside(child)).find(|t| child.contains(*t)).copied();
    let around = (parent.prefix_len() + 1..child.prefix_len())
        .filter_map(|length| Ipv6Net::new(child.network(), length).ok().map(|net| net.trunc()))
        .find(|net| taken.contains(net));
    below.or(around)
}

/// What a claim asks for.
#[derive(Debug)]
pub struct Ask<'a> {
    /// Where it may be numbered, in order.
    pub parents: &'a [Ipv6Net],
    /// Length of the block.
    pub length: u8,
    /// Everything that must not be given: a hint.
    pub taken: &'a BTreeSet<Ipv6Net>,
    /// What the claimant had before, kept for it in quarantine.
    pub returning: BTreeSet<Ipv6Net>,
    /// The prefix that the claimant would like.
    pub wish: Option<&'a str>,
}

/// A chosen prefix, and why it is this one. Its text is a sentence for an auditor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The prefix.
    pub prefix: Ipv6Net,
    /// Where it is numbered.
    pub parent: Ipv6Net,
    /// The rule that chose it.
    pub rule: Rule,
    /// Why a wish was not followed.
    pub refused: Option<Refused>,
}

/// The rule that chose a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The claimant wished for it and it is free.
    Wish,
    /// The claimant had it before its quarantine.
    GivenBack,
    /// The first free one in sparse order; `place` counts from 0.
    Sparse {
        /// Place in the order.
        place: u128,
    },
}

/// Why a wish is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no prefix in its one spelling.
    NoPrefix(String),
    /// It has another length than its level.
    Length {
        /// The wish.
        wish: Ipv6Net,
        /// Length of the level.
        needs: u8,
    },
    /// It lies outside every place where the claim may be numbered.
    Outside {
        /// The wish.
        wish: Ipv6Net,
        /// Those places.
        parents: Vec<Ipv6Net>,
    },
    /// It overlaps something that is taken.
    Taken {
        /// The wish.
        wish: Ipv6Net,
        /// What it overlaps.
        by: Ipv6Net,
    },
}

/// Chooses: a wish that holds, then what the claimant had before, then the first in sparse order. The same ask always
/// gives the same answer.
pub fn pick(ask: &Ask) -> Option<Choice> {
    let (wished, refused) = match ask.wish.map(|wish| granted(wish, ask)) {
        None => (None, None),
        Some(Ok(granted)) => (Some(granted), None),
        Some(Err(why)) => (None, Some(why)),
    };
    let home = |prefix: &Ipv6Net| ask.parents.iter().find(|p| p.contains(prefix)).copied();
    let back = || ask.returning.iter().find_map(|p| Some((home(p)?, *p)).filter(|_| p.prefix_len() == ask.length));
    let (rule, (parent, prefix)) = match wished {
        Some(found) => (Rule::Wish, found),
        None => match back() {
            Some(found) => (Rule::GivenBack, found),
            None => {
                let (parent, prefix) = choose(ask.parents, ask.length, ask.taken)?;
                (Rule::Sparse { place: place(parent, prefix)? }, (parent, prefix))
            }
        },
    };
    Some(Choice { prefix, parent, rule, refused })
}

fn granted(wish: &str, ask: &Ask) -> Result<(Ipv6Net, Ipv6Net), Refused> {
    let wish = parse(wish).ok_or_else(|| Refused::NoPrefix(wish.to_owned()))?;
    if wish.prefix_len() != ask.length {
        return Err(Refused::Length { wish, needs: ask.length });
    }
    let parent = ask.parents.iter().find(|p| p.contains(&wish)).copied();
    let parent = parent.ok_or_else(|| Refused::Outside { wish, parents: ask.parents.to_vec() })?;
    match overlapped(wish, parent, ask.taken) {
        Some(by) if !ask.returning.contains(&wish) => Err(Refused::Taken { wish, by }),
        _ => Ok((parent, wish)),
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, parent, .. } = self;
        match self.rule {
            Rule::Wish => write!(f, "{prefix} was wished for and is free in {parent}."),
            Rule::GivenBack => write!(f, "{prefix} in {parent} was this claimant's and comes back from quarantine."),
            Rule::Sparse { place } => {
                let place = place.saturating_add(1);
                write!(f, "{prefix} is the first free one, number {place} in the sparse order of {parent}.")
            }
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPrefix(text) => write!(f, "{text:?} is not a prefix in canonical form."),
            Self::Length { wish, needs } => write!(f, "{wish} is not a /{needs}."),
            Self::Outside { wish, parents } => {
                let parents: Vec<String> = parents.iter().map(Ipv6Net::to_string).collect();
                write!(f, "{wish} lies outside {}.", parents.join(", "))
            }
            Self::Taken { wish, by } if wish == by => write!(f, "{wish} is taken."),
            Self::Taken { wish, by } => write!(f, "{wish} overlaps {by}, which is taken."),
        }
    }
}
