//! The classes of the bytes of a block, as bits, made once for all kinds of finds. Decides block by
//! block what a value cannot hold. Knows what candidates look like, not what they are.

use wide::u8x16;

/// Bytes looked at together: one bit of a number for each.
pub(super) const BLOCK: usize = 64;

/// Bytes that one vector holds.
const LANE: usize = 16;

/// Sixteen bytes as one vector, by which classes of bytes are told.
pub(super) type Lane = u8x16;

/// A block, or what is left of a value behind its last one.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// The last of them ends where the block does, and may begin in what stands before.
    lanes: [Lane; LANES],
    /// How many of them hold anything.
    used: usize,
    /// By how much the bits of the last are moved down from the top.
    cut: u32,
}

const LANES: usize = BLOCK / LANE;

impl Block {
    #[inline(always)]
    pub(super) fn full(bytes: &[u8; BLOCK]) -> Self {
        let (chunks, _) = bytes.as_chunks::<LANE>();
        let chunks = chunks.first_chunk().copied().unwrap_or_default();
        Self { lanes: chunks.map(Lane::new), used: LANES, cut: 0 }
    }

    /// What is left of a value behind its last full block.
    #[inline(always)]
    pub(super) fn tail(value: &[u8], tail: &[u8]) -> Self {
        let (last, size) = match value.last_chunk() {
            Some(last) if !tail.is_empty() => (Lane::new(*last), tail.len()),
            // All of the value, and zeros behind it.
            _ => (Lane::new(few(tail).to_le_bytes()), LANE),
        };
        let (chunks, _) = tail.as_chunks::<LANE>();
        let lane = |chunk: &[u8; LANE]| Lane::new(*chunk);
        let lanes = match chunks {
            [] => [Lane::ZERO, Lane::ZERO, Lane::ZERO, last],
            [one] => [lane(one), Lane::ZERO, Lane::ZERO, last],
            [one, two] => [lane(one), lane(two), Lane::ZERO, last],
            [one, two, three, ..] => [lane(one), lane(two), lane(three), last],
        };
        let cut = u32::try_from(BLOCK.saturating_sub(size)).unwrap_or_default();
        Self { lanes, used: size.div_ceil(LANE), cut }
    }

    /// One bit for each byte of which something is true, the first byte lowest. Nothing may be
    /// true of a zero.
    #[inline(always)]
    pub(super) fn pick(&self, is: impl Fn(Lane) -> Lane) -> u64 {
        pick(&self.lanes, self.cut, is)
    }

    /// A quick look, which is enough for most blocks.
    #[inline(always)]
    pub(super) fn glance(&self) -> Glance {
        let [one, two, three, last] = self.lanes;
        match self.used {
            ..=1 => Glance::of(&[last], self.cut),
            2 => Glance::of(&[one, last], self.cut),
            3 => Glance::of(&[one, two, last], self.cut),
            _ => Glance::of(&[one, two, three, last], self.cut),
        }
    }

    /// The bits of all bytes, of a block in which there is something.
    #[inline(always)]
    pub(super) fn planes(&self) -> Planes {
        let [one, two, three, last] = self.lanes;
        match self.used {
            ..=1 => Planes::of([last], self.cut),
            2 => Planes::of([one, last], self.cut),
            3 => Planes::of([one, two, last], self.cut),
            _ => Planes::of([one, two, three, last], self.cut),
        }
    }
}

/// See [`Block::pick`]. `cut`: by how much the bits of the last lane are moved down from the top.
#[inline(always)]
pub(super) fn pick<const N: usize>(lanes: &[Lane; N], cut: u32, is: impl Fn(Lane) -> Lane) -> u64 {
    let bits = |lane: &Lane| u64::from(is(*lane).to_bitmask());
    let Some((last, lanes)) = lanes.split_last() else { return 0 };
    let last = bits(last) << (BLOCK - LANE) >> (cut & 63);
    let places = (0..).step_by(LANE);
    lanes.iter().zip(places).fold(last, |all, (lane, place)| all | bits(lane) << place)
}

/// Fewer bytes than a vector has, as a number, the first lowest.
#[inline(always)]
pub(super) fn few(bytes: &[u8]) -> u128 {
    // Two pieces that may overlap are put together.
    let shift = |from: usize| u32::try_from(8 * from).unwrap_or_default();
    let joined = |first: u64, last: u64, size: usize| {
        u128::from(first) | u128::from(last) << shift(bytes.len() - size)
    };
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return joined(u64::from_le_bytes(*first), u64::from_le_bytes(*last), 8);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let number = |four: &[u8; 4]| u64::from(u32::from_le_bytes(*four));
        return joined(number(first), number(last), 4);
    }
    bytes.iter().rev().fold(0, |all, byte| all << 8 | u128::from(*byte))
}

/// The bytes from `first` on, so many of them.
#[inline(always)]
pub(super) fn range(lane: Lane, first: u8, count: u8) -> Lane {
    let above = lane - Lane::splat(first);
    above.min(Lane::splat(count - 1)).simd_eq(above)
}

/// The bytes that are one of these.
#[inline(always)]
pub(super) fn one_of<const N: usize>(lane: Lane, bytes: [u8; N]) -> Lane {
    bytes.iter().fold(Lane::ZERO, |any, byte| any | lane.simd_eq(Lane::splat(*byte)))
}

/// One bit for each byte of a block, the first lowest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Masks {
    pub(super) digits: u64,
    /// Letters of ASCII; of these the capitals.
    pub(super) letters: u64,
    pub(super) upper: u64,
    /// Capitals of ASCII, and first bytes of letters outside.
    pub(super) capitals: u64,
    /// Bytes outside ASCII.
    pub(super) high: u64,
    /// Neither spaces nor control characters.
    pub(super) solid: u64,
    pub(super) spaces: u64,
    /// The characters by which addresses, secrets, assignments and URLs are found.
    pub(super) marks: u64,
}

/// What stands between and around words and digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signs {
    pub(super) dash: u64,
    /// A full stop or slash; of these the slashes.
    pub(super) points: u64,
    pub(super) slash: u64,
    /// A space or round bracket.
    pub(super) brackets: u64,
    pub(super) comma: u64,
    pub(super) colon: u64,
    pub(super) apostrophe: u64,
    pub(super) quote: u64,
    pub(super) under: u64,
    pub(super) dollar: u64,
    pub(super) equals: u64,
    pub(super) at: u64,
    /// What else may stand in front of the number of a house.
    pub(super) fronts: u64,
}

/// The bits of the bytes of a block: all lowest ones in one number, the first byte lowest, and so
/// on. Classes of bytes are told from these for all bytes at once, without a guess.
#[derive(Clone, Copy)]
pub(super) struct Planes([u64; 8]);

impl Planes {
    /// `cut`: by how much the bits of the last lane are moved down from the top.
    #[inline(always)]
    fn of<const N: usize>(mut lanes: [Lane; N], cut: u32) -> Self {
        let mut planes = [0; 8];
        for plane in planes.iter_mut().rev() {
            // The highest bit of each byte is told; the next one moves up to its place.
            *plane = pick(&lanes, cut, |lane| lane);
            lanes = lanes.map(|lane| lane + lane);
        }
        Self(planes)
    }

    /// Where an `x` stands.
    #[inline(always)]
    pub(super) fn small_x(&self) -> u64 {
        let [zero, one, two, three, four, ..] = self.0;
        let [.., lower] = self.rows();
        lower & four & three & !(two | one | zero)
    }

    /// The bytes whose higher four bits are two, three; four or five; six or seven.
    #[inline(always)]
    fn rows(&self) -> [u64; 4] {
        let [.., four, five, six, seven] = self.0;
        let low = !seven & !six & five;
        let letters = !seven & six;
        [low & !four, low & four, letters & !five, letters & five]
    }
}

impl Signs {
    #[inline(always)]
    pub(super) fn of(planes: &Planes, masks: &Masks) -> Self {
        let [zero, one, two, three, four, ..] = planes.0;
        let [signs, digits, upper, _] = planes.rows();
        let [none, first, second, both] = [!one & !zero, !one & zero, one & !zero, one & zero];
        // `(` to `/`, and their second half; `!` to `'`; `:` to `?`.
        let (high, low) = (signs & three, signs & !three);
        let (last, behind) = (high & two, digits & three);
        Self {
            dash: last & first,
            points: last & one,
            slash: last & both,
            brackets: masks.spaces | high & !two & !one,
            comma: last & none,
            colon: behind & !two & second,
            apostrophe: low & two & both,
            quote: low & !two & second,
            under: upper & four & three & two & both,
            dollar: low & two & none,
            equals: behind & two & first,
            at: upper & !four & !three & !two & none,
            fronts: behind & (!two & both | two & second),
        }
    }
}

impl Masks {
    /// The classes of all bytes of a block.
    #[inline(always)]
    pub(super) fn of(planes: &Planes, glance: Glance) -> Self {
        let [zero, one, two, three, four, _, _, high] = planes.0;
        let [signs, digits, upper, lower] = planes.rows();
        let digits = digits & !(three & (two | one));
        // Of the thirty-two signs of a row the letters are the first to the twenty-sixth.
        let some = four | three | two | one | zero;
        let letters = some & !(four & three & (two | one & zero));
        let spaces = signs & !(three | two | one | zero);
        let Glance { capitals, others, solid } = glance;
        let (letters, upper) = ((upper | lower) & letters, upper & letters);
        let marks = others & !digits;
        Self { digits, letters, upper, capitals, high, solid, spaces, marks }
    }

    /// What the next block has to know of this one.
    #[inline(always)]
    pub(super) fn past(&self) -> Past {
        Past { letters: self.letters, digits: self.digits, high: self.high, solid: self.solid }
    }
}

/// The classes of the bytes before a block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Past {
    pub(super) letters: u64,
    pub(super) digits: u64,
    pub(super) high: u64,
    pub(super) solid: u64,
}

impl Past {
    /// Nothing stands before.
    pub(super) const NOTHING: &'static Self = &Self { letters: 0, digits: 0, high: 0, solid: 0 };

    /// What a single byte is, as the last of a block.
    pub(super) fn last(byte: u8) -> Self {
        let last = |is: bool| u64::from(is) << 63;
        Self {
            letters: last(byte.is_ascii_alphabetic()),
            digits: last(byte.is_ascii_digit()),
            high: last(byte >= 0x80),
            solid: 0,
        }
    }
}

/// What a quick look at a block shows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Glance {
    /// Capitals of ASCII, and the first bytes of letters from À to ӿ.
    pub(super) capitals: u64,
    /// Digits, and the characters by which addresses, secrets, assignments and URLs are found.
    pub(super) others: u64,
    /// Neither spaces nor control characters of ASCII.
    pub(super) solid: u64,
}

impl Glance {
    #[inline(always)]
    fn of<const N: usize>(lanes: &[Lane; N], cut: u32) -> Self {
        let capitals = pick(lanes, cut, |lane| range(lane, b'A', 26) | range(lane, 0xC3, 17));
        // Digits and the colon stand side by side.
        let others = pick(lanes, cut, |lane| range(lane, b'0', 11) | one_of(lane, *b"@_-$="));
        let solid = pick(lanes, cut, |lane| lane.max(Lane::splat(b' ' + 1)).simd_eq(lane));
        Self { capitals, others, solid }
    }

    /// The places from which on sixteen bytes stand without a space, as far as they stand in the
    /// block; the first too if they began before it. `before`: what is solid of the block before.
    #[inline(always)]
    pub(super) fn long(&self, before: u64) -> u64 {
        let mut runs = self.solid & self.solid >> 1;
        runs &= runs >> 2;
        runs &= runs >> 4;
        runs &= runs >> 8;
        let around = before.leading_ones() + self.solid.trailing_ones();
        runs | u64::from(before >> 63 != 0 && around >= 16)
    }
}

/// The places of the bits that are set, lowest first.
#[inline(always)]
pub(super) fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = usize::try_from(bits.trailing_zeros()).ok()?;
        bits &= bits.checked_sub(1)?;
        Some(place)
    })
}

/// The bits below a place of a block.
#[inline(always)]
pub(super) fn below(place: usize) -> u64 {
    (1u64 << (place & (BLOCK - 1))) - 1
}

/// The bits below the end of a part of a block, which may be all.
#[inline(always)]
pub(super) fn upto(end: usize) -> u64 {
    if end >= BLOCK { u64::MAX } else { below(end) }
}

/// The bits below the end of a part of a block, moved up to the end of a number.
#[inline(always)]
pub(super) fn lifted(bits: u64, end: usize) -> u64 {
    let free = u32::try_from(BLOCK - end.min(BLOCK)).unwrap_or_default();
    bits.checked_shl(free).unwrap_or_default()
}

/// Where the bits end that are set from a place of a block on.
#[inline(always)]
pub(super) fn run_end(bits: u64, from: usize) -> usize {
    let ones = (!(bits >> (from & (BLOCK - 1)))).trailing_zeros();
    from + usize::try_from(ones).unwrap_or_default()
}

/// How many bits are set.
#[inline(always)]
pub(super) fn count(bits: u64) -> usize {
    usize::try_from(bits.count_ones()).unwrap_or_default()
}

/// The place of the highest of the bits, of which there is one.
#[inline(always)]
pub(super) fn highest(bits: u64) -> usize {
    usize::try_from(63 ^ bits.leading_zeros()).unwrap_or_default()
}

/// One in each byte.
const EACH: u64 = 0x0101_0101_0101_0101;

/// How many digits stand in a row from here on.
#[inline(always)]
pub(super) fn digit_run(value: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(eight) = value.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight) ^ (EACH * 0x30);
        // The highest bit of each byte that is no digit; above the first of them it may be wrong.
        let other = (word.wrapping_add(EACH * 0x76) | word) & (EACH * 0x80);
        if other != 0 {
            return at - from + usize::try_from(other.trailing_zeros() / 8).unwrap_or_default();
        }
        at += 8;
    }
    let rest = value.get(at..).unwrap_or_default();
    at - from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests;
