//! The files that pages need, in the program itself. Their names have their content's hash in them,
//! so that a browser may keep them for ever and never has an old one.

use sha2::{Digest, Sha256};
use std::{fmt::Write, sync::LazyLock};

/// Where they are served.
pub const FOLDER: &str = "/console/assets/";

/// One file.
#[derive(Debug)]
pub struct Asset {
    /// Its media type.
    pub kind: &'static str,
    /// What it is.
    pub bytes: &'static [u8],
    stem: &'static str,
    end: &'static str,
    name: LazyLock<String>,
}

macro_rules! assets {
    ($($(#[$doc:meta])* $item:ident = $stem:literal, $end:literal, $kind:literal;)*) => {
        $($(#[$doc])* pub static $item: Asset = Asset {
            kind: $kind,
            bytes: include_bytes!(concat!("../assets/", $stem, ".", $end)),
            stem: $stem,
            end: $end,
            name: LazyLock::new(|| $item.named()),
        };)*
        /// All of them.
        pub static ALL: &[&Asset] = &[$(&$item),*];
    };
}

assets! {
    /// The style sheet.
    STYLE = "console", "css", "text/css; charset=utf-8";
    /// What every page has: asking before what cannot be undone, times as they are here.
    SCRIPT = "console", "js", "text/javascript; charset=utf-8";
    /// What keeps the page of now up to date.
    LIVE = "live", "js", "text/javascript; charset=utf-8";
    /// What completes a question.
    ASK = "ask", "js", "text/javascript; charset=utf-8";
    /// What checks policies while they are written.
    POLICIES = "policies", "js", "text/javascript; charset=utf-8";
    /// What tries a statement without leaving its page.
    TRY = "try", "js", "text/javascript; charset=utf-8";
    /// What has a passkey made, and has one sign.
    PASSKEY = "passkey", "js", "text/javascript; charset=utf-8";
    /// What checks hashes and signatures.
    TLOG = "tlog", "js", "text/javascript; charset=utf-8";
    /// What checks files that somebody holds.
    CHECK = "check", "js", "text/javascript; charset=utf-8";
    /// What tells how far something is that is made in the background.
    BUSY = "busy", "js", "text/javascript; charset=utf-8";
    /// What checks a proof.
    PROOF = "proof", "js", "text/javascript; charset=utf-8";
    /// What replays a session.
    REPLAY = "replay", "js", "text/javascript; charset=utf-8";
    /// The sign in the browser's tab.
    SIGN = "sign", "svg", "image/svg+xml";
}

impl Asset {
    /// Its name: `console.0123456789abcdef.css`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is.
    pub fn path(&self) -> String {
        format!("{FOLDER}{}", self.name())
    }

    fn named(&self) -> String {
        let hash = Sha256::digest(self.bytes);
        let mut name = format!("{}.", self.stem);
        for byte in hash.iter().take(8) {
            // Writing into a string does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        format!("{name}.{}", self.end)
    }
}

/// The file of that name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ALL.iter().copied().find(|asset| asset.name() == name)
}
