//! Real servers for tests, the demo and the benchmark: PostgreSQL of any version, PgBouncer, what
//! records are exported to, and Weir itself, each in a folder of its own on a free loopback port.
//!
//! Everything here ends with the process that started it, however that ends: a value that goes
//! out of scope stops its server, and a process that is killed closes a pipe on which a watchdog
//! shell waits (see [`process`]). Nothing here may know Weir's crates: Weir is started as the
//! program that a user starts, from its binary and a config file.
//!
//! ```no_run
//! let upstream = testkit::Postgres::options().start()?;
//! testkit::shop::load(&upstream, "shop")?;
//! let count = upstream.psql("shop", "select count(*) from customers")?;
//! assert_eq!(count.trim(), "12000");
//! # Ok::<(), anyhow::Error>(())
//! ```

pub mod bao;
pub mod bouncer;
pub mod cache;
pub mod dir;
pub mod nats;
pub mod port;
pub mod postgres;
pub mod process;
pub mod regress;
pub mod shop;
pub mod syslog;
pub mod tls;
pub mod tool;
pub mod weir;

pub use bouncer::{Bouncer, PoolMode};
pub use dir::TestDir;
pub use nats::Nats;
pub use port::free_port;
pub use postgres::Postgres;
pub use process::Server;
pub use syslog::Syslog;
pub use tool::Outcome;
pub use weir::Weir;
