//! Chance that can be repeated.

/// Xorshift: a seed, which must not be 0, tells the whole run.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// The dice of one of several runs of a seed: they do not throw alike.
    pub fn of_name(seed: u64, name: &str) -> Self {
        // FNV-1a: the same in every release of the standard library, which promises that of no hasher of its own.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, hash) | 1)
    }

    /// A number below `sides`; 0 where there is none.
    pub fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap_or_default()
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.throw(n) == 0
    }

    /// One of a list that is not empty.
    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.throw(list.len())]
    }
}
