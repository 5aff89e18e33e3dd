//! Those who are there meanwhile: a database like the one that the record is of, the identities
//! that it names, and their sessions, of which some are busy and some wait for consent.

use super::roomy;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use testkit::{Postgres, Weir, weir::ADMIN};

/// The database that the record is of.
const DATABASE: &str = "shop";
/// Identities that the record names, and relations.
const IDENTITIES: usize = 400;
/// Sessions of one program that comes with some.
const TOGETHER: usize = 50;
/// Of these so many ask all the time, and how much together: statements a second.
const BUSY: usize = 50;
const A_SECOND: &str = "50";
/// Statements that wait for consent.
const WAITING: usize = 12;
/// How long all of them may take to come.
const PATIENCE: Duration = Duration::from_secs(300);

/// The tables that the record speaks of, with rows in which labels are found.
const TABLES: &str = "
do $$ begin
  for n in 0..119 loop
    execute format('create table %I (id int primary key, email text, ssn text, country text,
      note text)', case n when 0 then 'customers' else 'r' || n end);
    execute format('insert into %I select i, ''maria.'' || i || ''@example.com'',
      lpad((i * 7919 %% 900)::text, 3, ''1'') || ''-'' || lpad((i %% 99 + 1)::text, 2, ''0'')
        || ''-'' || lpad((i * 31 %% 9999 + 1)::text, 4, ''0''),
      (array[''DE'', ''FR'', ''IT'', ''ES''])[1 + i %% 4], ''order '' || i
      from generate_series(1, 200) i', case n when 0 then 'customers' else 'r' || n end);
  end loop;
end $$";

/// Whoever deletes asks first.
const POLICY: &str = r#"
@id("deleting-needs-approval")
@approval("dba")
@reason("rows of production are deleted by two people")
forbid (principal, action == Action::"delete", resource)
unless { principal in Group::"admins" };
"#;

/// A database with room for so many sessions.
pub(super) fn upstream(sessions: usize) -> Result<Postgres> {
    let upstream = roomy(sessions)?;
    upstream.create_database(DATABASE)?;
    upstream.psql(DATABASE, TABLES)?;
    upstream.psql(DATABASE, "vacuum analyze")?;
    Ok(upstream)
}

/// A Weir before it that knows everybody, not started yet.
pub(super) fn weir(upstream: &Postgres, program: &Path) -> Result<Weir> {
    let weir = Weir::options(upstream)
        .program(program)
        .api()
        .sections("[console]\napprovers = [\"dba\"]\n")
        .policy("90-holds.cedar", POLICY)
        .limit("max_connections", "4000")
        .limit("max_connections_per_identity", "4000")
        .limit("max_signing_in", "4000")
        .prepare()?;
    for number in 0..IDENTITIES {
        let person = format!("person-{number}");
        let group = format!("team-{}", number % 20);
        let groups = ["--group", group.as_str()];
        match number % 4 {
            0 => weir.add(&format!("service-{number}"), "service", &groups)?,
            1 | 2 => weir.add(&person, "person", &groups)?,
            _ => {
                weir.add(&person, "person", &groups)?;
                weir.add(&format!("copilot-{number}"), "agent", &["--acts-for", &person])?;
            }
        }
    }
    weir.run(&["identity", "group", "add", ADMIN, "dba"])?.success()?;
    Ok(weir)
}

/// How many sessions the database has that came through Weir or are about to be used by it.
pub(super) fn open(upstream: &Postgres) -> Result<usize> {
    let count = "select count(*) from pg_stat_activity where datname = 'shop'
        and pid <> pg_backend_pid() and backend_type = 'client backend'";
    Ok(upstream.psql(DATABASE, count)?.trim().parse()?)
}

/// Programs with open sessions, ended when dropped.
pub(super) struct Crowd {
    programs: Vec<Child>,
}

impl Crowd {
    /// Lets so many sessions come and waits until they are there.
    pub(super) fn come(weir: &Weir, upstream: &Postgres, sessions: usize) -> Result<Self> {
        let mut crowd = Self { programs: Vec::new() };
        let idle = script(weir, "idle.sql", "\\sleep 86400 s\n")?;
        let busy =
            "\\set id random(1, 200)\nselect email, country from customers where id = :id;\n";
        let busy = script(weir, "busy.sql", busy)?;
        let waiting = WAITING.min(sessions / 4);
        let asking = BUSY.min(sessions / 4);
        let mut left = sessions - waiting - asking;
        let mut number = 0;
        while left > 0 {
            let some = left.min(TOGETHER);
            let who = format!("service-{}", number * 4 % IDENTITIES);
            crowd.pgbench(weir, &who, &idle, some, &[])?;
            (left, number) = (left - some, number + 1);
        }
        let half = asking / 2;
        for (who, some) in [("service-8", half), ("person-9", asking - half)] {
            crowd.pgbench(weir, who, &busy, some, &["-M", "extended", "-R", A_SECOND])?;
        }
        for number in 0..waiting {
            let who = format!("person-{}", number * 4 + 1);
            let delete = format!("delete from r{} where id = 3", number + 1);
            let mut psql = Command::new("psql");
            psql.args(["-X", "-q", "-d", &weir.url(&who, DATABASE), "-c", &delete]);
            crowd.start(psql)?;
        }
        let begun = Instant::now();
        while open(upstream)? < sessions {
            crowd.all_there()?;
            if begun.elapsed() > PATIENCE {
                bail!("only {} sessions came", open(upstream)?);
            }
            thread::sleep(Duration::from_millis(500));
        }
        Ok(crowd)
    }

    fn pgbench(
        &mut self,
        weir: &Weir,
        who: &str,
        script: &Path,
        clients: usize,
        more: &[&str],
    ) -> Result<()> {
        let mut pgbench = Command::new("pgbench");
        pgbench.args(["-n", "-T", "86400", "-j", "1", "-c", &clients.to_string()]).args(more);
        pgbench.arg("-f").arg(script).arg(weir.url(who, DATABASE));
        self.start(pgbench)
    }

    fn start(&mut self, mut program: Command) -> Result<()> {
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.programs.push(program.spawn().with_context(|| format!("run {program:?}"))?);
        Ok(())
    }

    fn all_there(&mut self) -> Result<()> {
        for one in &mut self.programs {
            if let Some(status) = one.try_wait()? {
                bail!("a client ended with {status}");
            }
        }
        Ok(())
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for one in &mut self.programs {
            let _ = one.kill();
            let _ = one.wait();
        }
    }
}

fn script(weir: &Weir, name: &str, text: &str) -> Result<PathBuf> {
    let file = weir.folder().join(name);
    fs::write(&file, text)?;
    Ok(file)
}
