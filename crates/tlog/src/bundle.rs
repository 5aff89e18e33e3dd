//! Entry bundles: tlog-tiles, "Log entries". Knows nothing of what an entry means.

use crate::Malformed;

/// The longest entry: its length is written in sixteen bits.
pub const ENTRY_BYTES: usize = 65_535;

/// Appends an entry to a bundle: its length in sixteen bits, big-endian, and its bytes. False, and
/// nothing is appended, if it is longer than [`ENTRY_BYTES`].
pub fn put_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else { return false };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

/// The entries of a bundle, in order.
pub fn split_entries(bundle: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let cut = Malformed("the entry bundle ends within an entry");
        let (length, after) = rest.split_first_chunk::<2>().ok_or(cut)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(cut)?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}
