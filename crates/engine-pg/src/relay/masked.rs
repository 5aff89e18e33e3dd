//! Rows that are looked at on their way to the client: all that are there at once, each masked
//! where it will stand. Knows masks only as something to apply.

use super::{
    End, PROTOCOL_MESSAGE_BYTES, Relay,
    expected::Run,
    seen::Seen,
    server::{broke, zeroes},
};
use gate::{Applied, ColumnMask, CopyMask, Disclosed, Masks, Recent, Tally};
use std::{mem, sync::Arc};
use wire_pg::{
    backend::{DataRow, Instead, RowRewriter, Tag, encode},
    frame::{self, Frame, Message},
};

/// A buffer larger than this is given back when a statement ends: bytes.
const KEEP: usize = 16 * 1024;

/// What columns showed lately, under these masks and no others.
#[derive(Debug, Default)]
pub(super) struct Lately {
    of: Option<Arc<Masks>>,
    columns: Vec<Recent>,
}

impl Lately {
    /// One per column; what was kept under other masks is gone.
    fn under(&mut self, masks: &Arc<Masks>) -> &mut [Recent] {
        if self.of.as_ref().is_none_or(|of| !Arc::ptr_eq(of, masks)) {
            self.columns = ColumnMask::recents(&masks.columns);
            self.of = Some(Arc::clone(masks));
        }
        &mut self.columns
    }
}

/// Messages of one kind that are taken from the upstream's input together.
struct Batch<'a> {
    /// Whole messages for the client.
    out: Vec<u8>,
    /// No further one is taken when `out` has so many bytes.
    most: usize,
    /// Where somebody watches how much of a table is read.
    seen: Option<&'a mut Seen>,
}

impl Relay {
    /// Masks the rows at the front of `rest`, as many as there are; returns the bytes consumed, 0
    /// if more must be there or rows may not leave yet.
    pub(super) fn masked_rows(
        &mut self,
        masks: &Arc<Masks>,
        rest: &[u8],
        frame: Frame,
    ) -> Result<usize, End> {
        let Some(payload) = frame::payload(rest, frame) else {
            self.await_whole(frame)?;
            return Ok(0);
        };
        self.upstream.wanted = 0;
        let mut rest = rest;
        // What uses up a budget, or may mark an agent, is looked at row by row.
        if self.session.is_metered() || self.session.watches_text() {
            rest = rest.get(..frame.len).unwrap_or_default();
            let row = DataRow::parse(payload).map_err(broke)?;
            let limited = self.run_mut().is_some_and(|run| run.rows_to_go() == 0);
            let room = if limited { Some(true) } else { self.room(masks, row, frame.len) };
            match room {
                Some(true) => {}
                Some(false) => {
                    self.withhold(payload);
                    return Ok(frame.len);
                }
                None => return Ok(0),
            }
        }
        self.in_batch(|batch, run| batch.rows(masks, run, rest))
    }

    /// A row is there for which the task has no room left.
    fn withhold(&mut self, payload: &[u8]) {
        if self.watches() {
            self.see(payload);
        }
        if let Some(run) = self.run_mut() {
            run.limited = true;
        }
    }

    /// The same for the data of a COPY. `whole` messages are taken off the front of `rest`.
    pub(super) fn masked_copy(&mut self, rest: &[u8]) -> Result<usize, End> {
        self.in_batch(|batch, run| batch.copy(run, rest))
    }

    fn in_batch(
        &mut self,
        take: impl FnOnce(&mut Batch<'_>, &mut Run) -> Result<usize, End>,
    ) -> Result<usize, End> {
        let watches = self.watches();
        let mut seen = mem::take(&mut self.seen);
        let out = mem::take(&mut self.scratch);
        let mut batch = Batch { out, most: self.client.room(), seen: watches.then_some(&mut seen) };
        batch.out.clear();
        let done = match self.run_mut() {
            Some(run) => take(&mut batch, run),
            None => Ok(0),
        };
        let out = batch.out;
        self.seen = seen;
        self.seen_enough();
        // What was whole before something broke has left, as if it had come alone.
        self.client.output.extend_from_slice(&out);
        self.scratch = out;
        done
    }

    /// A statement ended: what its rows needed is given back.
    pub(super) fn rest_rows(&mut self) {
        if self.scratch.capacity() > KEEP {
            self.scratch = Vec::new();
        }
    }
}

/// The whole message of this kind at the front, if it is there.
fn front(rest: &[u8], tag: Tag) -> Option<Message<'_>> {
    let (message, _) = frame::split(rest, PROTOCOL_MESSAGE_BYTES).ok()??;
    (message.tag == tag.byte()).then_some(message)
}

impl Batch<'_> {
    fn see(&mut self, message: &[u8]) {
        if let Some(seen) = &mut self.seen {
            seen.add(message);
        }
    }

    /// Takes rows off the front of `rest`; returns the bytes consumed.
    fn rows(&mut self, masks: &Arc<Masks>, run: &mut Run, rest: &[u8]) -> Result<usize, End> {
        let most = run.counts.rows.saturating_add(run.rows_to_go());
        let columns = masks.columns.len();
        // Nothing to mask: full rights under a limit, or a row without columns.
        let untouched = masks.columns.is_empty() && masks.pass;
        let Run { counts, lately, limited, .. } = run;
        if !untouched && counts.disclosed.len() != columns {
            counts.disclosed = zeroes(columns);
        }
        let recent = lately.under(masks);
        let mut used = 0;
        while self.out.len() < self.most {
            let rest = rest.get(used..).unwrap_or_default();
            let Some(Message { payload, whole, .. }) = front(rest, Tag::DataRow) else { break };
            self.see(payload);
            used += whole.len();
            if counts.rows >= most {
                *limited = true;
                continue;
            }
            let before = self.out.len();
            if untouched {
                self.out.extend_from_slice(whole);
            } else {
                mask(&masks.columns, recent, &mut counts.disclosed, payload, &mut self.out)?;
            }
            counts.rows += 1;
            counts.bytes += (self.out.len() - before) as u64;
        }
        Ok(used)
    }

    fn copy(&mut self, run: &mut Run, rest: &[u8]) -> Result<usize, End> {
        let Some(copy) = &mut run.copy else {
            return Err(End::UpstreamBroke("COPY data where none was announced".to_owned()));
        };
        let done = self.copied(copy, &mut run.counts.bytes, rest);
        // As it stands now: the stream may end in any way.
        run.counts.disclosed.clear();
        run.counts.disclosed.extend(copy.tallies().iter().copied().map(disclosed));
        done
    }

    fn copied(&mut self, copy: &mut CopyMask, bytes: &mut u64, rest: &[u8]) -> Result<usize, End> {
        let mut used = 0;
        while self.out.len() < self.most {
            let rest = rest.get(used..).unwrap_or_default();
            let Some(Message { payload, whole, .. }) = front(rest, Tag::CopyData) else { break };
            self.see(payload);
            used += whole.len();
            let mut masked = Ok(());
            let written = encode::copy_data_with(&mut self.out, |out| {
                masked = copy.push(payload, out);
            });
            masked.map_err(|error| End::UpstreamBroke(error.to_string()))?;
            *bytes += written.map_err(broke)? as u64;
        }
        Ok(used)
    }
}

fn disclosed(Tally { raw, masked, null }: Tally) -> Disclosed {
    Disclosed { raw, masked, null }
}

/// Appends a row with its values masked and counted.
fn mask(
    columns: &[ColumnMask],
    recent: &mut [Recent],
    disclosed: &mut [Disclosed],
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), End> {
    let mut row = RowRewriter::begin(payload, out).map_err(broke)?;
    if row.left() != columns.len() {
        return Err(End::UpstreamBroke("a row of another width than described".to_owned()));
    }
    for ((column, recent), disclosed) in columns.iter().zip(recent).zip(disclosed) {
        let done = if column.passes() {
            row.keep().map(|value| value.map(|_| Instead::Kept))
        } else {
            row.change(|value, out| match column.apply_lately(recent, value, out) {
                Applied::Raw => Instead::Kept,
                Applied::Masked => Instead::Changed,
                Applied::Null => Instead::Null,
            })
        };
        match done.map_err(broke)? {
            None => disclosed.null += 1,
            Some(Instead::Kept) => disclosed.raw += 1,
            Some(Instead::Changed | Instead::Null) => disclosed.masked += 1,
        }
    }
    row.end().map_err(broke)
}

#[cfg(test)]
mod tests;
