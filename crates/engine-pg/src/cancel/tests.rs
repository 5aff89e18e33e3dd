//! Cancel keys: made, found, given up.
