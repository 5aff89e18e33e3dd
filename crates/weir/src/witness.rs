//! Witnesses (C2SP tlog-witness): [`ask`] has others cosign this ledger's checkpoints, [`answer`]
//! cosigns those of others. Knows checkpoints and proofs, and no record.

mod answer;
mod ask;

pub(crate) use answer::{Answer, Witness};
pub(crate) use ask::follow;
