//! What the end-to-end tests share: a place with PostgreSQL, the shop and Weir in front of it, and
//! real clients that talk to either.
//!
//! Each test file is one promise or one kind of client. Nothing here may know Weir's crates: the
//! tests see what a user sees.

pub mod api;
pub mod authenticator;
pub mod browser;
pub mod bypass;
pub mod canary;
pub mod client;
pub mod console;
pub mod corpus;
pub mod disk;
pub mod export;
pub mod generate;
pub mod hold;
pub mod model;
pub mod provider;
pub mod talk;
pub mod ways;
pub mod wire;
pub mod written;

use anyhow::Result;
use testkit::{Postgres, Weir};

/// PostgreSQL with the shop, and Weir before it. Dropped in this order: Weir stops first.
#[derive(Debug)]
pub struct Stage {
    /// Weir, with the identities that `testkit::weir` names.
    pub weir: Weir,
    /// The cluster; database `shop`.
    pub upstream: Postgres,
}

impl Stage {
    /// Both, as they are by default.
    pub fn shop() -> Result<Self> {
        let upstream = Postgres::options().shop().start()?;
        let weir = Weir::start(&upstream)?;
        Ok(Self { weir, upstream })
    }

    /// Runs SQL as an identity in the shop; the rows, or an error with all that psql said.
    pub fn rows(&self, identity: &str, sql: &str) -> Result<String> {
        self.weir.psql(identity, "shop", sql)?.success()
    }

    /// Runs SQL directly in the shop.
    pub fn truth(&self, sql: &str) -> Result<String> {
        self.upstream.psql("shop", sql)
    }
}
