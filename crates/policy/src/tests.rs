//! Whole decisions: cases as data, and properties.

mod cases;
mod properties;
mod shop;
mod speed;
