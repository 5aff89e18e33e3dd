//! The choices that a generator makes, as numbers: from a seed, or replayed from a tape. A tape
//! with fewer and smaller numbers makes a simpler statement: so a finding is shrunk. Knows no
//! SQL.

/// Choices still to come, and those that were made.
#[derive(Clone, Debug)]
pub struct Choices {
    tape: Vec<u32>,
    at: usize,
    /// `None` when replaying: beyond the tape's end everything is the simplest.
    state: Option<u64>,
}

/// A number that depends on both, for seeds within seeds.
pub fn mix(seed: u64, number: u64) -> u64 {
    let mut state = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    split(&mut state)
}

/// Splitmix64.
fn split(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Choices {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self { tape: Vec::new(), at: 0, state: Some(seed) }
    }

    /// From a tape.
    pub fn replay(tape: Vec<u32>) -> Self {
        Self { tape, at: 0, state: None }
    }

    /// What was chosen so far.
    pub fn tape(&self) -> &[u32] {
        &self.tape[..self.at.min(self.tape.len())]
    }

    fn next(&mut self) -> u32 {
        if let Some(state) = &mut self.state {
            self.tape.push((split(state) >> 33) as u32);
        }
        let next = self.tape.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        next
    }

    /// A number below `count`; 0 is the simplest.
    pub fn below(&mut self, count: usize) -> usize {
        self.next() as usize % count.max(1)
    }

    /// True so many times of a hundred; false is the simplest.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.next() % 100 >= 100 - percent.min(100)
    }

    /// One of them; the first is the simplest.
    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Makes a tape simpler as long as `fails` says that what it stands for still fails. At most so
/// many tries.
pub fn shrink(tape: &[u32], tries: usize, mut fails: impl FnMut(&[u32]) -> bool) -> Vec<u32> {
    let mut best = tape.to_vec();
    let mut left = tries;
    let mut size = best.len().div_ceil(2);
    while size > 0 && left > 0 {
        let mut from = 0;
        while from < best.len() && left > 0 {
            let to = (from + size).min(best.len());
            let mut without = best.clone();
            without.drain(from..to);
            let mut zeroed = best.clone();
            zeroed[from..to].fill(0);
            let tried = [without, zeroed].into_iter().find(|one| {
                left = left.saturating_sub(1);
                *one != best && fails(one)
            });
            match tried {
                Some(simpler) if simpler.len() < best.len() => best = simpler,
                Some(simpler) => {
                    best = simpler;
                    from = to;
                }
                None => from = to,
            }
        }
        size /= 2;
    }
    best
}
