//! The children of one parent in sparse order: which are free, and the first of them.

use std::net::Ipv6Addr;

use ipnet::Ipv6Net;

use super::child;

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
pub(super) fn place(parent: Ipv6Net, prefix: Ipv6Net) -> Option<u128> {
    let bits = prefix.prefix_len().checked_sub(parent.prefix_len())?;
    let inside = u128::from(prefix.network()) ^ u128::from(parent.network());
    Some(sparse(inside.checked_shr(128 - u32::from(prefix.prefix_len())).unwrap_or(0), bits))
}
