//! A policy as a person looks it up: where it stands and what it says. Judges nothing.

use model::PolicyId;
use std::path::PathBuf;

/// One policy in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `@id`, or `file:line`.
    pub id: PolicyId,
    /// True for `permit`, false for `forbid`.
    pub permits: bool,
    /// The file, as it was found; for shipped policies `baseline/NAME`.
    pub file: PathBuf,
    /// The line it begins at, from 1.
    pub line: usize,
    /// Its annotations by name, `id` among them.
    pub annotations: Vec<(String, String)>,
    /// Its text as it stands in the file.
    pub text: String,
}
