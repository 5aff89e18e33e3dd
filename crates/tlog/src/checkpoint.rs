//! Tree heads as text: tlog-checkpoint. Knows no signature.

use crate::{Hash, Malformed, note};

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, which is its key's name too.
    pub origin: String,
    /// How many leaves the tree has.
    pub size: u64,
    /// The tree's hash.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, note::encode(&self.root))
    }

    /// Reads the text of a note. Extension lines are passed over.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut lines = text.strip_suffix('\n').ok_or(Malformed("no final newline"))?.split('\n');
        let mut line = |what| lines.next().filter(|line| !line.is_empty()).ok_or(Malformed(what));
        let origin = line("the checkpoint has no origin")?.to_owned();
        let size = decimal(line("the checkpoint has no size")?)?;
        let root = line("the checkpoint has no root hash")?;
        let root = note::hash(root).ok_or(Malformed("the checkpoint's root is not a hash"))?;
        if lines.any(str::is_empty) {
            return Err(Malformed("the checkpoint has an empty line"));
        }
        Ok(Self { origin, size, root })
    }
}

/// A decimal number without leading zeros.
pub(crate) fn decimal(text: &str) -> Result<u64, Malformed> {
    let plain = text == "0" || !text.starts_with(['0', '+']);
    let number = text.parse().ok().filter(|_| plain);
    number.ok_or(Malformed("a size is not a decimal number"))
}
