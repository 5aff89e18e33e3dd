//! Whole decisions: cases as data, and properties.

mod cases;
mod features;
mod properties;
mod shop;
mod speed;
