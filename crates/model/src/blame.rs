//! Who is at fault when something fails. Knows nothing of what failed.

/// Whose doing an error is. Every error enum of the program answers `blame()` with one of these,
/// so that logs, metrics and messages to clients never have to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The client broke the protocol or asked for what does not exist.
    Client,
    /// The upstream database failed, refused or misbehaved.
    Upstream,
    /// A policy said no. Working as intended.
    Policy,
    /// Weir itself or its machine: disk, memory, configuration, a defect.
    Internal,
}
