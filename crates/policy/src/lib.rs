//! Identity, facts and context to a verdict.
