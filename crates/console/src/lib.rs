//! The console's pages: what is known, as HTML. Data comes in, text goes out; there is no I/O, no
//! route, no store and no clock here, so that every page can be tested as a text and nothing on one
//! can be shown that was not handed in.
//!
//! ```text
//! weir/src/http/console ── data ──▶ now, approvals, statement, … ──▶ layout ──▶ HTML
//!                                         └── parts, job, chart, sql
//! ```
//!
//! Templates are `maud`'s: the compiler checks them, and they escape by themselves. What a client
//! can choose (names, SQL, an application's name, an error) goes through [`Shown`], which also
//! writes out what would turn a line around or be invisible. No page has a script or a style in
//! it: the policy that is sent with each forbids both, so a text that got through would do nothing.
//!
//! A new page: a place in [`layout::Place`], a module with its data and one function that gives
//! [`Markup`], and a handler in `weir/src/http/console` that gathers the data.
//!
//! ```
//! use console::{Shown, layout};
//! let page = layout::alone("Hello", maud::html! { p { (Shown("<script>")) } });
//! assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
//! ```

pub mod approvals;
pub mod ask;
pub mod assets;
pub mod chart;
pub mod data;
pub mod flow;
pub mod grants;
mod icon;
pub mod identities;
pub mod job;
pub mod layout;
pub mod lineage;
pub mod now;
pub mod parts;
pub mod passkeys;
pub mod policies;
pub mod replay;
pub mod reports;
pub mod setup;
pub mod sign_in;
pub mod sql;
pub mod statement;
#[cfg(test)]
mod tests;

pub use icon::{Icon, icon};
pub use maud::Markup;
pub use parts::Shown;
