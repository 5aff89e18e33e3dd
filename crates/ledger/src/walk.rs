//! All segments' frames in order, folded ones too, each with its sequence. What of a segment cannot
//! be read is read from its bundles where they have it, unless the segments themselves are to be
//! verified. Knows no JSON.

use crate::{
    error::LedgerError,
    folded::Folded,
    frame::{self, Digest32, GENESIS},
    ids::Sequence,
    piece::{self, Piece},
    reader::{Damage, Flaw},
    scan::{Scan, Step},
    seal::Seal,
    segment,
};
use std::path::{Path, PathBuf};

/// What the walk came upon.
#[derive(Debug)]
pub(crate) enum Item {
    /// A record; `payload` has its JSON.
    Record(Sequence),
    /// A seal over everything before it.
    Seal(Seal),
    /// Damage; the walk goes on behind it.
    Damage(Damage),
    /// The same of one record whose leaf is known, so that what comes after can be judged.
    Unlike(Damage, Digest32),
    /// A record that was removed because its time was over, and its leaf. Told only to who asks.
    Hidden(Sequence, Digest32),
}

/// A position in a log.
#[derive(Debug)]
pub(crate) struct Walk {
    dir: PathBuf,
    piece: Option<Piece>,
    /// Where the segment that is being read ends, if another follows.
    successor: Option<u64>,
    /// The sequence of the next frame.
    at: u64,
    /// Records before this one are passed over.
    wanted: u64,
    /// The chain after the last frame; `None` where it cannot be known.
    chain: Option<Digest32>,
    /// Recompute every chain.
    verify: bool,
    /// Removed records are told too.
    leaves: bool,
    /// This segment has nothing more to give.
    stuck: bool,
    found: Option<Damage>,
    /// Damage whose record was read from a bundle: told behind it.
    later: Option<Damage>,
    /// The last record's JSON, if a bundle had it.
    spare: Option<Vec<u8>>,
    /// The leaf of what was found, if it is known.
    leaf: Option<Digest32>,
    superseded: u64,
}

impl Walk {
    /// From this record on, over the segment that holds it and all later ones.
    pub(crate) fn new(dir: &Path, from: Sequence, verify: bool) -> Self {
        Self {
            dir: dir.to_owned(),
            piece: None,
            successor: None,
            at: 0,
            wanted: from.0,
            chain: None,
            verify,
            leaves: verify,
            stuck: false,
            found: None,
            later: None,
            spare: None,
            leaf: None,
            superseded: 0,
        }
    }

    /// The same walk, with the leaves of records that were removed.
    pub(crate) fn with_leaves(self) -> Self {
        Self { leaves: true, ..self }
    }

    /// The sequence of the next frame, wherever the walk is.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// The chain after the last frame.
    pub(crate) fn chain(&self) -> Digest32 {
        self.chain.unwrap_or(GENESIS)
    }

    /// Bytes behind the ends of segments whose successors have begun.
    pub(crate) fn superseded(&self) -> u64 {
        self.superseded
    }

    /// The segment that is being read; `None` in what stays of one.
    pub(crate) fn scan(&mut self) -> Option<&mut Scan> {
        match &mut self.piece {
            Some(Piece::Segment(scan)) => Some(scan),
            _ => None,
        }
    }

    /// The file that is being read.
    pub(crate) fn file(&self) -> PathBuf {
        self.piece.as_ref().map(|piece| piece.path().to_owned()).unwrap_or_default()
    }

    /// The last record's JSON.
    pub(crate) fn payload(&self) -> &[u8] {
        if let Some(payload) = &self.spare {
            return payload;
        }
        self.piece.as_ref().map(Piece::payload).unwrap_or_default()
    }

    /// Goes to the next record or damage. `None` at the end, where more may come.
    pub(crate) fn step(&mut self) -> Result<Option<Item>, LedgerError> {
        self.spare = None;
        if let Some(damage) = self.later.take() {
            return Ok(Some(Item::Damage(damage)));
        }
        loop {
            if let Some(item) = self.tell() {
                return Ok(Some(item));
            }
            let over = self.stuck || self.is_past()?;
            let Some(piece) = self.piece.as_mut().filter(|_| !over) else {
                if !self.enter()? {
                    return Ok(None);
                }
                continue;
            };
            let offset = piece.offset();
            match piece.step()? {
                Step::Record(chain) => {
                    let sequence = self.at;
                    self.at += 1;
                    self.follow(chain, offset, sequence);
                    if self.found.is_none() && sequence >= self.wanted {
                        self.wanted = self.at;
                        return Ok(Some(Item::Record(Sequence(sequence))));
                    }
                }
                Step::Seal(chain) => {
                    let seal = Seal::parse(piece.payload(), self.at, chain);
                    if self.chain.is_some_and(|known| known != chain) {
                        self.damage(offset, Flaw::Chain);
                    }
                    if let Some(seal) = seal {
                        return Ok(Some(Item::Seal(seal)));
                    }
                }
                Step::Skipped => {
                    self.damage(offset, Flaw::Checksum);
                    if let Some(sequence) = self.skip()? {
                        return Ok(Some(Item::Record(sequence)));
                    }
                }
                Step::Unchained => {
                    if let Some(sequence) = self.pass(None) {
                        return Ok(Some(Item::Record(sequence)));
                    }
                }
                Step::Unlike(leaf, chain) => {
                    self.damage(0, Flaw::Tile);
                    (self.at, self.chain, self.leaf) = (self.at + 1, chain, Some(leaf));
                }
                Step::Hidden(leaf, chain) => {
                    if let Some(sequence) = self.pass(chain) {
                        return Ok(Some(Item::Hidden(sequence, leaf)));
                    }
                }
                Step::Passed(to) => (self.at, self.chain) = (to, None),
                Step::Bad => {
                    let folded = matches!(self.piece, Some(Piece::Folded(_)));
                    self.damage(offset, if folded { Flaw::Tile } else { Flaw::Checksum });
                    self.leave()?;
                }
                Step::End | Step::Torn => {
                    if !self.enter()? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// What was found, if it is of a wanted record: what precedes it is passed over, sound or not.
    fn tell(&mut self) -> Option<Item> {
        let (found, leaf) = (self.found.take(), self.leaf.take());
        let damage = found.filter(|damage| damage.sequence.0 >= self.wanted)?;
        Some(match leaf {
            Some(leaf) => Item::Unlike(damage, leaf),
            None => Item::Damage(damage),
        })
    }

    /// What the bundles have from here on of a damaged segment.
    fn beside(&mut self) -> Result<Option<Folded>, LedgerError> {
        let beside = match &self.piece {
            Some(Piece::Segment(scan)) if !self.verify => {
                Folded::beside(&self.dir, scan.path(), self.at, self.successor, self.leaves)?
            }
            _ => None,
        };
        if beside.is_some() {
            self.later = self.found.take().filter(|found| found.sequence.0 >= self.wanted);
        }
        Ok(beside)
    }

    /// Goes past one record that is damaged; gives it if its bundle has it and it is wanted.
    fn skip(&mut self) -> Result<Option<Sequence>, LedgerError> {
        let Some(mut beside) = self.beside()? else {
            (self.at, self.chain) = (self.at + 1, None);
            return Ok(None);
        };
        beside.step()?;
        let sequence = self.pass(None);
        self.spare = sequence.is_some().then(|| beside.payload().to_vec());
        Ok(sequence)
    }

    /// Leaves a segment of which nothing more can be read for its bundles, if they have it.
    fn leave(&mut self) -> Result<(), LedgerError> {
        match self.beside()? {
            Some(beside) => self.piece = Some(Piece::Folded(Box::new(beside))),
            None => self.stuck = true,
        }
        Ok(())
    }

    /// Goes past a record whose chain is this or unknown; gives it if it is wanted.
    fn pass(&mut self, chain: Option<Digest32>) -> Option<Sequence> {
        let sequence = self.at;
        (self.at, self.chain) = (sequence + 1, chain);
        let wanted = sequence >= self.wanted;
        if wanted {
            self.wanted = self.at;
        }
        wanted.then_some(Sequence(sequence))
    }

    /// Notes the chain of a frame and, if asked to, whether it is right.
    fn follow(&mut self, chain: Digest32, offset: u64, sequence: u64) {
        let before = self.chain.replace(chain);
        if let (true, Some(before)) = (self.verify, before)
            && frame::link(&before, &frame::leaf(self.payload())) != chain
        {
            self.at = sequence;
            self.damage(offset, Flaw::Chain);
            self.at = sequence + 1;
        }
    }

    /// True if this segment's records are all read: the next segment has the record that comes
    /// next, and no seal is left here that covers the last one.
    fn is_past(&mut self) -> Result<bool, LedgerError> {
        if self.successor.is_none_or(|first| self.at < first) {
            return Ok(false);
        }
        match (self.piece.as_mut(), &self.chain) {
            (Some(piece), Some(chain)) => Ok(!piece.seal_follows(chain)?),
            _ => Ok(true),
        }
    }

    fn damage(&mut self, offset: u64, what: Flaw) {
        let file = self.file();
        self.found = Some(Damage { sequence: Sequence(self.at), file, offset, what });
    }

    /// Opens the segment that comes next; false if there is none.
    fn enter(&mut self) -> Result<bool, LedgerError> {
        let firsts: Vec<u64> =
            piece::list(&self.dir)?.into_iter().map(|(first, _)| first).collect();
        let current = self.piece.as_ref().and(self.current());
        let position = match current {
            Some(current) => firsts.iter().position(|first| *first > current),
            None => Some(firsts.partition_point(|first| *first <= self.wanted).saturating_sub(1)),
        };
        let Some(position) = position else { return Ok(false) };
        let Some(first) = firsts.get(position).copied() else { return Ok(false) };
        let successor = firsts.get(position + 1).copied();
        let piece = Piece::open(&self.dir, first, successor, self.leaves)?;
        let header = piece.header();
        if successor.is_none() && header.is_none() && piece.is_being_begun() {
            return Ok(false);
        }
        let expected = match self.piece.replace(piece) {
            Some(left) => {
                self.superseded += left.left()?;
                Some(self.at)
            }
            None => (first > self.wanted).then_some(self.wanted),
        };
        self.at = expected.unwrap_or(first);
        self.successor = successor;
        self.stuck = false;
        self.enter_at(first, header, expected);
        if let Some(Piece::Folded(folded)) = &mut self.piece {
            folded.enter(self.chain);
            if !self.verify && self.wanted > first {
                folded.jump(self.wanted);
                (self.at, self.chain) = (self.wanted, None);
            }
        }
        Ok(true)
    }

    fn current(&self) -> Option<u64> {
        let stem = self.piece.as_ref()?.path().file_stem()?.to_str()?;
        stem.parse().ok()
    }

    /// Compares a segment's beginning with where the one before ended.
    fn enter_at(&mut self, first: u64, header: Option<segment::Header>, expected: Option<u64>) {
        let before = header.filter(|header| header.first == first).map(|header| header.before);
        let chain = match expected {
            Some(at) if at == first => self.chain,
            // The very first segment of a log begins at nothing, whatever its header says.
            None if first == 0 => Some(GENESIS),
            _ => None,
        };
        if before.is_none() {
            self.at = first;
            self.damage(0, Flaw::Header);
        } else if expected.is_some_and(|at| at < first) {
            self.damage(0, Flaw::Missing(Sequence(first)));
        } else if chain.is_some() && chain != before {
            self.at = first;
            self.damage(0, Flaw::Chain);
        }
        self.at = first;
        self.chain = before;
    }
}
