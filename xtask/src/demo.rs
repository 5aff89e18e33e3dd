//! The demo: PostgreSQL with a sample shop, Weir before it, and lines to paste. Knows how a user
//! starts things, and nothing that a user could not know.

mod smoke;

use crate::install;
use crate::step::{Build, build_weir, step};
use anyhow::Result;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use testkit::{Postgres, Weir, weir};

pub(crate) use smoke::smoke;

/// The statement that shows masking.
const READ: &str = "select id, first_name, email, phone from customers order by id limit 3";
/// The statement that is refused to people.
const DROP: &str = "drop table customers";
/// The statement that is refused to agents.
const WRITE: &str = "update customers set newsletter = true where id = 1";
/// What a service does all day.
const COUNT: &str = "select status, count(*) from orders group by status order by status";

/// A line to paste.
struct Line {
    /// What it shows, for people.
    about: &'static str,
    /// The line.
    text: String,
}

/// The servers of a demo. Dropped in this order: Weir stops before its upstream.
struct Demo {
    weir: Weir,
    upstream: Postgres,
}

impl Demo {
    fn start() -> Result<Self> {
        install::servers()?;
        let program = step("building weir", || build_weir(Build::Dev))?;
        let upstream =
            step("PostgreSQL with the sample shop", || Postgres::options().shop().start())?;
        let weir = step("Weir before it", || {
            Weir::options(&upstream).environment("production").api().program(&program).start()
        })?;
        Ok(Self { weir, upstream })
    }

    fn psql(&self, identity: &str, statement: &str) -> String {
        format!("psql '{}' -c \"{statement}\"", self.weir.url(identity, "shop"))
    }

    fn lines(&self) -> [Line; 8] {
        let line = |about, text| Line { about, text };
        [
            line(
                "alice, a person: values that name somebody are masked",
                self.psql(weir::PERSON, READ),
            ),
            line("alice again: refused, with the reason", self.psql(weir::PERSON, DROP)),
            line("reports, a service", self.psql(weir::SERVICE, COUNT)),
            line("copilot, an agent acting for alice: it may read", self.psql(weir::AGENT, READ)),
            line("… and not write, although alice may", self.psql(weir::AGENT, WRITE)),
            line(
                "root, an admin: everything, as if Weir were not there",
                self.psql(weir::ADMIN, READ),
            ),
            line("the record of all of it", self.weir.line("audit tail -n 100")),
            line("… and whether it is whole", self.weir.line("audit verify")),
        ]
    }
}

/// Runs until Ctrl-C or SIGTERM, then cleans up.
pub(crate) fn stay() -> Result<()> {
    // Before anything starts, so that an early Ctrl-C finds somebody who cleans up.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let demo = Demo::start()?;
    println!("\nPaste into another terminal:\n");
    for Line { about, text } in demo.lines() {
        println!("# {about}\n{text}\n");
    }
    let (console, _) = demo.weir.api()?;
    println!(
        "# the console, with a certificate of its own: as {}, {}",
        weir::ADMIN,
        weir::PASSWORD
    );
    println!("{console}/console/\n");
    println!("# an open session as alice\npsql '{}'\n", demo.weir.url(weir::PERSON, "shop"));
    println!("Ctrl-C ends it and removes everything.");
    signals.forever().next();
    println!("\nstopping");
    drop(demo);
    Ok(())
}
