//! Who there is, and who stands for whom.
