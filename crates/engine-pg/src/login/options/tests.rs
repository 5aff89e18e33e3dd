//! The `options` parameter, as libpq writes it.
