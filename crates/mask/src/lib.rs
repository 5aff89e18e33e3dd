//! Labels from evidence, masks for values.
