//! A session that works as a role of the database: nobody leaves it, whatever they say, and what
//! they see of it is true.
//!
//! `BYPASS=word` and `BYPASS_SHOW=1` as for `bypass`.

use std::{env, path::Path};
use testkit::weir::{ADMIN, AGENT, PASSWORD, PERSON, SERVICE};
use testkit::{Postgres, Weir, postgres, shop};
use tests::bypass::{Case, Category, Expect, read_folder};
use tests::ways::{WAYS, Way};
use tests::wire::{Message, Raw, frame};

/// What only those see who have left the role.
const SECRET: &str = "left-the-role";
/// Whom the roles are for: an admin, so that no policy refuses what the role must survive.
const ROLES: &str = "[[database]]\nname = \"shop\"\nwithout_role = \"refuse\"\n\
    [[database.role]]\ngroup = \"admins\"\nrole = \"clerk\"\n\
    [[database.role]]\nidentity = \"PERSON\"\nrole = \"clerk\"\n\
    [[database.role]]\ngroup = \"clerks\"\nrole = \"other\"\n";

fn corpus() -> Vec<Category> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/roles");
    let mut all = read_folder(&folder, &env::var("BYPASS").unwrap_or_default()).unwrap();
    // What the others' functions read must be there first.
    all.sort_by_key(|category| category.name != "sessions");
    all
}

fn upstream(corpus: &[Category], tls: bool) -> Postgres {
    let options = Postgres::options().shop();
    let upstream = if tls { options.tls() } else { options }.start().unwrap();
    for text in corpus.iter().flat_map(|category| &category.setup) {
        upstream.psql(shop::DATABASE, text).unwrap();
    }
    upstream
}

fn weir(upstream: &Postgres, roles: &str) -> Weir {
    let keys = format!(
        "[database.upstream]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\n\
         password = {{ file = \"upstream.secret\" }}\ntls = \"disable\"\n",
        upstream.port(),
        postgres::SUPERUSER
    );
    let sections = roles.replace("PERSON", PERSON) + &keys;
    Weir::options(upstream).sections(&sections).start().unwrap()
}

fn holds(messages: &[Message], text: &str) -> bool {
    messages.iter().any(|message| {
        message.tag != b'E' && message.body.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

/// What the bare database gives to whoever began as the clerk.
fn bare(upstream: &Postgres, case: &Case, way: Way) -> Vec<Message> {
    let who = [("user", postgres::SUPERUSER), ("database", "shop"), ("role", "clerk")];
    let password = postgres::SUPERUSER_PASSWORD;
    let (mut raw, _) = Raw::sign_in_with(upstream.port(), password, &who).unwrap();
    way.say(&mut raw, &case.texts).unwrap()
}

fn attempt(weir: &Weir, identity: &str, case: &Case, way: Way) -> Result<(), String> {
    let mut raw = Raw::sign_in(weir.port(), identity, PASSWORD, "shop").unwrap();
    let said = way.say(&mut raw, &case.texts).map_err(|error| error.to_string())?;
    if env::var_os("BYPASS_SHOW").is_some() {
        println!("{} {identity}, {way}: {said:?}", case.name);
    }
    if holds(&said, SECRET) {
        return Err("it leaves the role".to_owned());
    }
    let refused = said.iter().any(|message| {
        message.tag == b'E' && message.field(b'M').is_some_and(|it| it.contains("Weir refused"))
    });
    let wanted = match case.expect {
        Expect::Either => refused,
        Expect::Masked => false,
        Expect::Refused => true,
    };
    if refused != wanted {
        return Err(format!("refused: {refused}: {said:?}"));
    }
    if !said.iter().any(|message| message.tag == b'E') {
        return Err(format!("nothing fails: {said:?}"));
    }
    // Whatever it did, the session is the clerk's.
    for text in ["rollback", "select 'I am ' || current_user"] {
        raw.query(text).map_err(|error| error.to_string())?;
        let said = raw.until(b'Z').map_err(|error| format!("behind it: {error}"))?;
        if text.starts_with("select") && !holds(&said, "I am clerk") {
            return Err(format!("it is somebody else behind it: {said:?}"));
        }
    }
    Ok(())
}

#[test]
fn nobody_leaves_the_role() {
    let corpus = corpus();
    let upstream = upstream(&corpus, false);
    let weir = weir(&upstream, ROLES);
    let mut wrong = Vec::new();
    for case in corpus.iter().flat_map(|category| &category.cases) {
        let ways = WAYS.into_iter().filter(|way| match case.only.as_deref() {
            Some("simple") => *way == Way::Simple,
            _ => true,
        });
        let mut exploited = false;
        for way in ways {
            exploited |= holds(&bare(&upstream, case, way), SECRET);
            for identity in [ADMIN, PERSON] {
                if let Err(why) = attempt(&weir, identity, case, way) {
                    wrong.push(format!("{}, {identity}, {way}: {why}", case.name));
                }
            }
        }
        let harmless = case.expect == Expect::Masked || case.shows.is_some();
        if exploited == harmless {
            wrong.push(format!("{}: on the bare database, left: {exploited}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), weir.log_tail());
}

/// Says texts one by one, each answered before the next, without a Sync between them; what the last
/// shows, or the first that fails.
fn without_sync(raw: &mut Raw, texts: &[&str]) -> Message {
    let mut last = None;
    for text in texts {
        let parse = frame(b'P', &[b"\0", text.as_bytes(), b"\0\0\0"].concat());
        let (bind, execute) = (frame(b'B', &[0; 8]), frame(b'E', &[0; 5]));
        raw.send(&[parse, bind, execute, frame(b'H', b"")].concat()).unwrap();
        loop {
            let message = raw.read().unwrap().unwrap();
            match message.tag {
                b'E' => return message,
                b'C' => break,
                _ => last = Some(message),
            }
        }
    }
    last.unwrap()
}

/// In the extended protocol nothing but a Sync tells that a transaction is failed no more.
#[test]
fn a_failed_transaction_is_no_way_out() {
    let corpus = corpus();
    let upstream = upstream(&corpus, false);
    let weir = weir(&upstream, ROLES);
    let fail = |raw: &mut Raw| {
        for text in ["begin", "select 1/0"] {
            raw.query(text).unwrap();
            raw.until(b'Z').unwrap();
        }
    };
    let way_out = ["rollback", "set role none", "select 'I am ' || current_user"];
    let who = [("user", postgres::SUPERUSER), ("database", "shop"), ("role", "clerk")];
    let password = postgres::SUPERUSER_PASSWORD;
    let (mut bare, _) = Raw::sign_in_with(upstream.port(), password, &who).unwrap();
    fail(&mut bare);
    let said = without_sync(&mut bare, &way_out);
    assert!(holds(&[said], &format!("I am {}", postgres::SUPERUSER)), "no exploit");
    for identity in [ADMIN, PERSON] {
        let mut raw = Raw::sign_in(weir.port(), identity, PASSWORD, "shop").unwrap();
        fail(&mut raw);
        let said = without_sync(&mut raw, &way_out);
        assert!(!holds(&[said], &format!("I am {}", postgres::SUPERUSER)), "{identity}");
        raw.send(&frame(b'S', b"")).unwrap();
        raw.until(b'Z').unwrap();
        // Drivers roll back in one batch, and that works.
        fail(&mut raw);
        let parse = frame(b'P', b"\0rollback\0\0\0");
        let (bind, describe) = (frame(b'B', &[0; 8]), frame(b'D', b"P\0"));
        let execute = [frame(b'E', &[0; 5]), frame(b'S', b"")].concat();
        raw.send(&[parse, bind, describe, execute].concat()).unwrap();
        let said = raw.until(b'Z').unwrap();
        assert_eq!(said.last().unwrap().body, b"I", "{said:?}");
        raw.query("select 'I am ' || current_user").unwrap();
        assert!(holds(&raw.until(b'Z').unwrap(), "I am clerk"));
    }
}

/// What psql says as somebody, with options of its own.
fn psql(weir: &Weir, identity: &str, options: &str, sql: &str) -> testkit::tool::Outcome {
    let url = format!("{}?options={options}", weir.url(identity, "shop"));
    postgres::psql(&url, sql).unwrap()
}

#[test]
fn who_works_as_what() {
    let corpus = corpus();
    let upstream = upstream(&corpus, false);
    let weir = weir(&upstream, ROLES);
    let who = "select current_user, session_user, current_setting('role')";
    for (identity, role) in [(ADMIN, "clerk"), (PERSON, "clerk"), (AGENT, "clerk")] {
        let said = weir.psql(identity, "shop", who).unwrap().success().unwrap();
        assert_eq!(said.trim(), format!("{role}|{}|{role}", postgres::SUPERUSER), "{identity}");
    }
    // Nobody's rule: refused, since the file says so; and a rule for the identity beats the
    // group's.
    let said = weir.psql(SERVICE, "shop", "select 1").unwrap();
    assert!(said.stderr.contains(&format!("{SERVICE} has no role at \"shop\"")), "{said}");
    weir.add("carol", "person", &["--group", "clerks"]).unwrap();
    let begun = std::time::Instant::now();
    let said = loop {
        let said = weir.psql("carol", "shop", "select current_user").unwrap();
        if said.code == Some(0) {
            break said.stdout;
        }
        assert!(begun.elapsed().as_secs() < 20, "{said}");
    };
    assert_eq!(said.trim(), "other");
    // The rights are the role's.
    let said = weir.psql(PERSON, "shop", "select word from vault").unwrap();
    assert!(said.stderr.contains("permission denied for table vault"), "{said}");

    // Another role as the session starts, by each way that there is.
    for (identity, option) in [
        (ADMIN, "-c%20role%3Dother"),
        (ADMIN, "-c%20role%3Dnone"),
        (ADMIN, "--role%3Dother"),
        (PERSON, "-c%20ROLE%3Dclerk"),
        (ADMIN, "-c%20session_authorization%3Dother"),
    ] {
        let said = psql(&weir, identity, option, "select current_user");
        let words = "works as the role \"clerk\" and as no other";
        assert!(said.code != Some(0) && said.stderr.contains(words), "{option}: {said}");
    }
    let record = weir.record(400).unwrap();
    let opened = |name: &str, role: &str| {
        let role = format!("\"upstream_role\":\"{role}\"");
        record.iter().any(|line| {
            line.contains("session_opened") && line.contains(name) && line.contains(&role)
        })
    };
    assert!(opened(PERSON, "clerk") && opened("carol", "other"), "{record:#?}");
    let refused = |line: &String| line.contains("refused") && line.contains(SERVICE);
    assert!(record.iter().any(refused), "{record:#?}");
}

#[test]
fn those_without_a_rule_work_as_the_user_where_that_is_said() {
    let upstream = upstream(&corpus(), false);
    let weir = weir(&upstream, &ROLES.replace("refuse", "upstream"));
    let said = weir.psql(SERVICE, "shop", "select current_user").unwrap().success().unwrap();
    assert_eq!(said.trim(), postgres::SUPERUSER);
    let said = weir.psql(PERSON, "shop", "select current_user").unwrap().success().unwrap();
    assert_eq!(said.trim(), "clerk");
}

#[test]
fn a_role_that_is_taken_away_ends_the_session() {
    let upstream = upstream(&corpus(), false);
    // A user who is a member, and no superuser.
    let make = "create role weir_user login password 'up:stream/s3cret'; grant clerk to weir_user; \
                grant connect on database shop to weir_user";
    upstream.psql("shop", make).unwrap();
    let roles = ROLES.replace("PERSON", PERSON);
    let keys = format!(
        "[database.upstream]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"weir_user\"\n\
         password = {{ file = \"upstream.secret\" }}\ntls = \"disable\"\n",
        upstream.port()
    );
    let weir = Weir::options(&upstream).sections(&(roles + &keys)).start().unwrap();
    let mut raw = Raw::sign_in(weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let mut ask = |sql: &str| {
        raw.query(sql).unwrap();
        raw.until(b'Z')
    };
    assert!(holds(&ask("select 'I am ' || current_user").unwrap(), "I am clerk"));
    // SET ROLE NONE would be weir_user's own right to everything that clerk may not.
    assert!(holds(&ask("set role none").unwrap(), "SET"));
    upstream.psql("shop", "revoke clerk from weir_user").unwrap();
    let said = ask("select 'I am ' || current_user").unwrap_err().to_string();
    assert!(said.contains("does not let it work as its role"), "{said}");
    // And nobody begins without it.
    let said = weir.psql(PERSON, "shop", "select 1").unwrap();
    assert!(said.code != Some(0) && !said.stdout.contains('1'), "{said}");
}
