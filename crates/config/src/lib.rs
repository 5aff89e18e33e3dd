//! weir.toml.
