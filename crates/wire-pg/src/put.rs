//! Writing messages: the length is patched in when the message is done, and a message that cannot
//! be said in the protocol leaves the buffer as it was. Knows no message.

use crate::{
    error::{Fault, WireError},
    value::Format,
};
use bytes::BufMut;

/// A growing buffer that encoders write to: `Vec<u8>` or `BytesMut`.
pub trait Buffer: BufMut + AsRef<[u8]> + AsMut<[u8]> {
    /// Drops everything from `len` on.
    fn cut(&mut self, len: usize);
}

impl Buffer for Vec<u8> {
    fn cut(&mut self, len: usize) {
        self.truncate(len);
    }
}

impl Buffer for bytes::BytesMut {
    fn cut(&mut self, len: usize) {
        self.truncate(len);
    }
}

/// One message being written.
pub(crate) struct Put<'a, B: Buffer> {
    out: &'a mut B,
    /// Where the buffer ended before this message. Invariant: `start <= length_at <= out.len()`.
    start: usize,
    length_at: usize,
    fault: Option<Fault>,
}

impl<'a, B: Buffer> Put<'a, B> {
    /// Begins a message with a tag.
    pub(crate) fn tagged(out: &'a mut B, tag: u8) -> Self {
        let start = out.as_ref().len();
        out.put_u8(tag);
        Self::length(out, start)
    }

    /// Begins a start-up packet, which has no tag.
    pub(crate) fn untagged(out: &'a mut B) -> Self {
        let start = out.as_ref().len();
        Self::length(out, start)
    }

    fn length(out: &'a mut B, start: usize) -> Self {
        let length_at = out.as_ref().len();
        out.put_u32(0);
        Self { out, start, length_at, fault: None }
    }

    /// Bytes in the buffer so far.
    pub(crate) fn len(&self) -> usize {
        self.out.as_ref().len()
    }

    /// The buffer itself, for a value that is written in place.
    pub(crate) const fn buffer(&mut self) -> &mut B {
        self.out
    }

    /// Makes the message fail at its end.
    pub(crate) const fn fault(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.out.put_u8(value);
    }

    pub(crate) fn i16(&mut self, value: i16) {
        self.out.put_i16(value);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.out.put_u32(value);
    }

    pub(crate) fn i32(&mut self, value: i32) {
        self.out.put_i32(value);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.out.put_slice(bytes);
    }

    /// A string with its terminator; one that holds a NUL would end early and smuggle the rest in
    /// as further fields, so it is a fault.
    pub(crate) fn text(&mut self, text: &[u8]) {
        if text.contains(&0) {
            self.fault = Some(Fault::Nul);
        }
        self.out.put_slice(text);
        self.out.put_u8(0);
    }

    /// A string for people: NULs are dropped, so that saying why something failed cannot fail.
    pub(crate) fn prose(&mut self, text: &str) {
        for part in text.split('\0') {
            self.out.put_slice(part.as_bytes());
        }
        self.out.put_u8(0);
    }

    pub(crate) fn count(&mut self, count: usize) {
        match u16::try_from(count) {
            Ok(count) => self.out.put_u16(count),
            Err(_) => self.fault = Some(Fault::Overflow),
        }
    }

    pub(crate) fn value(&mut self, value: Option<&[u8]>) {
        let Some(value) = value else { return self.out.put_i32(-1) };
        match i32::try_from(value.len()) {
            Ok(length) => {
                self.out.put_i32(length);
                self.out.put_slice(value);
            }
            Err(_) => self.fault = Some(Fault::Overflow),
        }
    }

    pub(crate) fn values<'v>(&mut self, values: impl IntoIterator<Item = Option<&'v [u8]>>) {
        self.counted(values, |put, value| put.value(value));
    }

    pub(crate) fn formats(&mut self, formats: &[Format]) {
        self.counted(formats, |put, format| put.i16(format.0));
    }

    /// A list with its count in front, which is known only when the list has ended.
    pub(crate) fn counted<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        let at = self.out.as_ref().len();
        self.out.put_u16(0);
        let mut count: usize = 0;
        for item in items {
            each(self, item);
            count = count.saturating_add(1);
        }
        match u16::try_from(count) {
            Ok(count) => patch(self.out, at, &count.to_be_bytes()),
            Err(_) => self.fault = Some(Fault::Overflow),
        }
    }

    /// Ends the message: fills in its length, or takes back all of it.
    pub(crate) fn end(self, message: &'static str) -> Result<(), WireError> {
        let length = self.out.as_ref().len().saturating_sub(self.length_at);
        match (self.fault, i32::try_from(length)) {
            (None, Ok(length)) => {
                patch(self.out, self.length_at, &length.to_be_bytes());
                Ok(())
            }
            (fault, _) => {
                self.out.cut(self.start);
                Err(WireError::Encode { message, fault: fault.unwrap_or(Fault::Overflow) })
            }
        }
    }

    /// Leaves the buffer as it was.
    pub(crate) fn take_back(self) {
        self.out.cut(self.start);
    }

    /// Ends a message that cannot fail: fixed fields, or text whose NULs were dropped. Should one
    /// outgrow a length field (2 GiB of prose), it is taken back.
    pub(crate) fn close(self) {
        let taken_back = self.end("").is_err();
        debug_assert!(!taken_back, "a message that cannot fail did");
    }
}

/// Overwrites bytes that are already in the buffer.
pub(crate) fn patch<B: Buffer>(out: &mut B, at: usize, bytes: &[u8]) {
    if let Some(place) = out.as_mut().get_mut(at..at.saturating_add(bytes.len())) {
        place.copy_from_slice(bytes);
    }
}
