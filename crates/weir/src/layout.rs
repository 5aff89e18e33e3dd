//! Where things lie in the state folder. Knows no content.

use config::Config;
use std::path::{Path, PathBuf};

/// The ledger's folder.
pub(crate) fn ledger(config: &Config) -> PathBuf {
    config.state_dir.join("ledger")
}

/// The folder of exports' cursors.
pub(crate) fn exports(config: &Config) -> PathBuf {
    config.state_dir.join("export")
}

/// The folder of the authority for clients' certificates.
pub(crate) fn ca_folder(state_dir: &Path) -> PathBuf {
    state_dir.join("ca")
}

/// The index that answers questions to the ledger. Derived: it can be deleted at any time.
pub(crate) fn index(config: &Config) -> PathBuf {
    config.state_dir.join("index.sqlite")
}
