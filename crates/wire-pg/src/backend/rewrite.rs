//! A row on its way from one buffer to another, some of its values changed: what stays is copied in
//! pieces as long as they can be, lengths and all, and what changes is written where it will stand.
//! Knows no masks.

use super::{Tag, WireError};
use crate::{error::Fault, frame::HEADER_LEN};

/// Bytes of a value's length, and of the count of values.
const LENGTH: usize = 4;
const COUNT: usize = 2;

/// What leaves in a value's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// The value itself; what was appended is dropped.
    Kept,
    /// What was appended.
    Changed,
    /// NULL; what was appended is dropped.
    Null,
}

/// A DataRow that is read value by value and appended to a buffer as a whole message. A payload
/// that is not a DataRow's, and a row that is not ended, leave nothing in the buffer.
#[derive(Debug)]
pub struct RowRewriter<'r, 'o> {
    /// What was not copied yet; ends where the payload does.
    uncopied: &'r [u8],
    /// What was not read yet; ends where the payload does.
    unread: &'r [u8],
    left: u16,
    out: &'o mut Vec<u8>,
    start: usize,
    ended: bool,
}

impl<'r, 'o> RowRewriter<'r, 'o> {
    /// Begins with a payload's first value.
    ///
    /// # Errors
    /// If the payload is too short to be a DataRow's.
    #[inline]
    pub fn begin(payload: &'r [u8], out: &'o mut Vec<u8>) -> Result<Self, WireError> {
        let Some((count, unread)) = payload.split_first_chunk::<COUNT>() else {
            return Err(broken(Fault::Short));
        };
        let left = u16::from_be_bytes(*count);
        let start = out.len();
        out.extend_from_slice(&[Tag::DataRow.byte(), 0, 0, 0, 0]);
        Ok(Self { uncopied: payload, unread, left, out, start, ended: false })
    }

    /// Values that were not read yet, NULLs included.
    pub const fn left(&self) -> usize {
        self.left as usize
    }

    /// Keeps the next value as it is; `None` is NULL.
    ///
    /// # Errors
    /// If there is no further value, or it is not whole.
    #[inline]
    pub fn keep(&mut self) -> Result<Option<&'r [u8]>, WireError> {
        self.left = self.left.checked_sub(1).ok_or(broken(Fault::Short))?;
        let Some((length, rest)) = self.unread.split_first_chunk::<LENGTH>() else {
            return Err(broken(Fault::Short));
        };
        let length = i32::from_be_bytes(*length);
        if length == -1 {
            self.unread = rest;
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| broken(Fault::Length))?;
        let (value, rest) = rest.split_at_checked(length).ok_or(broken(Fault::Short))?;
        self.unread = rest;
        Ok(Some(value))
    }

    /// Changes the next value, if it is not NULL, to what `change` says, which may only append.
    /// Answers what was done; `None` if the value is NULL.
    ///
    /// # Errors
    /// As [`Self::keep`]; or if what was appended is longer than a value can be.
    #[inline]
    pub fn change(
        &mut self,
        change: impl FnOnce(&'r [u8], &mut Vec<u8>) -> Instead,
    ) -> Result<Option<Instead>, WireError> {
        let before = self.unread.len();
        let Some(value) = self.keep()? else { return Ok(None) };
        let kept = self.uncopied.len().saturating_sub(before);
        let (copied, from_here) = self.uncopied.split_at_checked(kept).unwrap_or_default();
        self.out.extend_from_slice(copied);
        self.uncopied = from_here;
        let at = self.out.len();
        self.out.extend_from_slice(&[0; LENGTH]);
        let instead = change(value, self.out);
        match instead {
            Instead::Kept => {
                self.out.truncate(at);
                return Ok(Some(instead));
            }
            Instead::Changed => {
                let length = self.out.len().saturating_sub(at + LENGTH);
                let length = i32::try_from(length).map_err(|_| OVERFLOW)?;
                self.patch(at, length);
            }
            Instead::Null => {
                self.out.truncate(at + LENGTH);
                self.patch(at, -1);
            }
        }
        self.uncopied = self.unread;
        Ok(Some(instead))
    }

    /// Ends the row.
    ///
    /// # Errors
    /// If there are further values, or bytes behind the last; or if the row became too long.
    #[inline]
    pub fn end(mut self) -> Result<(), WireError> {
        if self.left != 0 {
            return Err(broken(Fault::Short));
        }
        if !self.unread.is_empty() {
            return Err(broken(Fault::Trailing));
        }
        self.out.extend_from_slice(self.uncopied);
        let length = self.out.len().saturating_sub(self.start + HEADER_LEN - LENGTH);
        let length = i32::try_from(length).map_err(|_| OVERFLOW)?;
        self.patch(self.start + HEADER_LEN - LENGTH, length);
        self.ended = true;
        Ok(())
    }

    #[inline]
    fn patch(&mut self, at: usize, length: i32) {
        if let Some(place) = self.out.get_mut(at..at + LENGTH) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
}

impl Drop for RowRewriter<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        if !self.ended {
            self.out.truncate(self.start);
        }
    }
}

const OVERFLOW: WireError = WireError::Encode { message: "DataRow", fault: Fault::Overflow };

const fn broken(fault: Fault) -> WireError {
    WireError::backend("DataRow", fault)
}

#[cfg(test)]
mod tests;
