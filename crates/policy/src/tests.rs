//! Whole decisions: cases as data, and properties.

mod assume;
mod cases;
mod features;
mod parts;
mod properties;
mod shadow;
mod shop;
mod speed;
