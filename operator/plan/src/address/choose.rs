//! Which prefix is chosen, and why: the sparse order, wishes, and what comes back from quarantine.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

use ipnet::Ipv6Net;

use super::parse;
use super::pool::{Pool, place};

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
    /// The full block beside which this one is to lie.
    pub grows: Option<Ipv6Net>,
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
    /// Places that come earlier and have no room.
    pub passed: Vec<Ipv6Net>,
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
    /// The free one nearest to a full block of the claimant: its buddy if that is free (reference/ipv6.md §2.3), so that
    /// routers may announce both as one.
    Nearest {
        /// The full block.
        to: Ipv6Net,
        /// The smallest prefix that holds both.
        within: Ipv6Net,
    },
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

/// Chooses: a wish that holds, then what the claimant had before, then the nearest to a block that grows, then the first
/// in sparse order. The same ask always gives the same answer.
pub fn pick(ask: &Ask) -> Option<Choice> {
    let (wished, refused) = match ask.wish.map(|wish| granted(wish, ask)) {
        None => (None, None),
        Some(Ok(granted)) => (Some(granted), None),
        Some(Err(why)) => (None, Some(why)),
    };
    let home = |prefix: &Ipv6Net| ask.parents.iter().find(|p| p.contains(prefix)).copied();
    let back = || ask.returning.iter().find_map(|p| Some((home(p)?, *p)).filter(|_| p.prefix_len() == ask.length));
    let known = wished.map(|found| (Rule::Wish, found)).or_else(|| back().map(|found| (Rule::GivenBack, found)));
    let (rule, (parent, prefix)) = match known.or_else(|| nearest(ask)) {
        Some(found) => found,
        None => {
            let (parent, prefix) = choose(ask.parents, ask.length, ask.taken)?;
            (Rule::Sparse { place: place(parent, prefix)? }, (parent, prefix))
        }
    };
    let full = ask.parents.iter().copied().take_while(|p| *p != parent);
    let passed = if matches!(rule, Rule::Sparse { .. }) { full.collect() } else { Vec::new() };
    Some(Choice { prefix, parent, rule, passed, refused })
}

/// The free one in the smallest prefix around the block that grows, up to its own parent.
fn nearest(ask: &Ask) -> Option<(Rule, (Ipv6Net, Ipv6Net))> {
    let to = ask.grows?;
    let parent = ask.parents.iter().copied().find(|p| p.contains(&to))?;
    (parent.prefix_len()..ask.length).rev().find_map(|length| {
        let within = Ipv6Net::new(to.network(), length).ok()?.trunc();
        let (_, prefix) = choose(&[within], ask.length, ask.taken)?;
        // What is taken around the smaller prefix is not seen from inside it.
        let free = prefix != to && is_free(prefix, parent, ask.taken);
        free.then_some((Rule::Nearest { to, within }, (parent, prefix)))
    })
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
            Rule::Nearest { to, within } if within.prefix_len() + 1 == prefix.prefix_len() => {
                write!(f, "{to} is full, and {prefix} is its buddy: together they are {within}.")
            }
            Rule::Nearest { to, within } => {
                write!(
                    f,
                    "{to} is full, its buddy is taken, and {prefix} is the nearest free one: both lie in {within}."
                )
            }
            Rule::Sparse { place } => {
                let place = place.saturating_add(1);
                write!(f, "{prefix} is the first free one, number {place} in the sparse order of {parent}.")
            }
        }?;
        match self.passed.as_slice() {
            [] => Ok(()),
            [one] => write!(f, " {one}, which comes before it, has no room."),
            [first, .., last] => {
                write!(f, " {} pools before it have no room, from {first} to {last}.", self.passed.len())
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
