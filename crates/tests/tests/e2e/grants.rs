//! The rights of a group for a while, lived through with psql: nothing before, the group's rights
//! during, nothing after, for nobody else and nowhere else.

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use testkit::{
    Postgres, Weir,
    weir::{AGENT, Options, PERSON, SERVICE},
};
use tests::{Stage, api::Api};

const POLICY: &str = r#"
@id("stewards-on-demand")
@approval("dba")
@longest("1h")
@reason("personal data is looked at for a reason")
permit (principal is Person, action == Action::"assume", resource == Group::"stewards")
when { context has database && context.database == "shop" };

@id("stewards-together")
@approval("dba|security,2")
permit (principal is Service, action == Action::"assume", resource == Group::"stewards");

@id("stewards-in-an-emergency")
@review("security")
@longest("10m")
@reason("somebody on call may look when nobody answers")
permit (principal is Person, action == Action::"break_glass", resource == Group::"stewards");

@id("helpers-at-once")
permit (principal, action == Action::"assume", resource == Group::"helpers");

@id("helpers-see-mail")
permit (principal is Agent in Group::"helpers", action == Action::"disclose",
    resource in Label::"email");

@id("agents-could-see-names")
permit (principal is Agent, action == Action::"disclose", resource in Label::"person_name");

@id("mailers-see-mail")
permit (principal in Group::"mailers", action == Action::"disclose", resource in Label::"email");

@id("mallory-may-anything")
permit (principal == Person::"mallory", action, resource);
"#;

/// How long something may take that should come at once.
const PATIENCE: Duration = Duration::from_secs(30);
/// A value that only stewards see, and one that mailers see too.
const NAME: &str = "select last_name from customers where id = 1";
const MAIL: &str = "select email from customers where id = 1";

fn stage() -> Stage {
    stage_with(|options| options)
}

fn stage_with(more: impl FnOnce(Options) -> Options) -> Stage {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.create_database("bank").unwrap();
    let options = Weir::options(&upstream).policy("90-grants.cedar", POLICY);
    let mut weir = more(options).prepare().unwrap();
    for (name, groups) in [
        ("carol", ["--group", "dba"].as_slice()),
        ("dave", &["--group", "dba", "--group", "security"]),
        ("erin", &["--group", "security"]),
        ("mallory", &[]),
    ] {
        weir.add(name, "person", groups).unwrap();
    }
    weir.run(&["identity", "group", "add", PERSON, "dba"]).unwrap().success().unwrap();
    weir.run(&["identity", "group", "add", PERSON, "mailers"]).unwrap().success().unwrap();
    weir.start_again().unwrap();
    Stage { weir, upstream }
}

/// Looks until there is something to see.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} does not come");
        thread::sleep(Duration::from_millis(30));
    }
}

/// `weir grants …` with everybody's password: whether it was taken, and the words.
fn grants(stage: &Stage, arguments: &[&str]) -> (bool, String) {
    let all = [&["grants"], arguments, &["--password-stdin"]].concat();
    let said = stage.weir.run_as_somebody(&all).unwrap();
    (said.code == Some(0), said.all())
}

/// Asks; gives the grant as an object.
fn request(stage: &Stage, who: &str, group: &str, lasts: &str, more: &[&str]) -> Value {
    let fixed = ["request", "--as", who, "--group", group, "--for", lasts, "--json"];
    let rest = ["--database", "shop", "--purpose", "ticket OPS-17"];
    let (taken, said) = grants(stage, &[&fixed, rest.as_slice(), more].concat());
    assert!(taken, "{said}");
    serde_json::from_str(&said).unwrap()
}

fn refused(stage: &Stage, arguments: &[&str], why: &str) {
    let (taken, said) = grants(stage, arguments);
    assert!(!taken && said.contains(why), "{arguments:?}: {said}");
}

fn word<'a>(grant: &'a Value, name: &str) -> &'a str {
    grant[name].as_str().unwrap()
}

fn shown(stage: &Stage, grant: &str) -> Value {
    let text = stage.weir.run(&["grants", "show", grant, "--json"]).unwrap().success().unwrap();
    serde_json::from_str(&text).unwrap()
}

fn comes_to(stage: &Stage, grant: &str, state: &str) {
    until(state, || (word(&shown(stage, grant), "state") == state).then_some(()));
}

fn say(stage: &Stage, verb: &str, grant: &str, person: &str) -> (bool, String) {
    grants(stage, &[verb, grant, "--as", person, "--reason", "seen"])
}

/// Steps of a grant, as the record has them.
fn steps(stage: &Stage, grant: &str) -> Vec<String> {
    let of_grant = |line: &String| {
        let record: Value = serde_json::from_str(line).ok()?;
        let record = record.get("record").cloned().unwrap_or(record);
        (record["grant"] == grant).then(|| record["what"].as_str().unwrap_or("").to_owned())
    };
    stage.weir.record(400).unwrap().iter().filter_map(of_grant).collect()
}

/// Whether somebody sees a value as it is. A session that ends under the question is asked again.
fn raw(stage: &Stage, identity: &str, sql: &str) -> bool {
    let seen = until("an answer", || {
        let seen = stage.weir.psql(identity, "shop", sql).unwrap();
        let over = ["a grant of this session is over", "disabled or changed"];
        let ended = over.iter().any(|why| seen.stderr.contains(why));
        (!ended).then(|| seen.success().unwrap())
    });
    seen == stage.truth(sql).unwrap()
}

/// psql that stays.
struct Session {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Session {
    fn open(stage: &Stage, identity: &str, database: &str) -> Self {
        let mut child = Command::new("psql")
            .args([stage.weir.url(identity, database).as_str(), "-XAtq"])
            .args(["-v", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut session = Self { child, stdin, stdout: BufReader::new(stdout) };
        assert_eq!(session.ask("select 1"), "1");
        session
    }

    fn ask(&mut self, sql: &str) -> String {
        writeln!(self.stdin, "{sql};").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What psql says when its session is gone: it hears it with the next statement.
    fn gone(mut self, sql: &str) -> String {
        let _ = writeln!(self.stdin, "{sql};");
        drop(self.stdin);
        let said = self.child.wait_with_output().unwrap();
        String::from_utf8_lossy(&said.stderr).into_owned()
    }
}

/// The sessions that Weir has. The server may have connections beside, of sessions that ended.
fn sessions(stage: &Stage) -> i64 {
    let page = stage.weir.http("/metrics").unwrap();
    let open = page.lines().filter_map(|line| line.strip_prefix("weir_sessions{"));
    open.map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap()).sum()
}

#[test]
fn a_grant_gives_its_group_by_consent_and_ends_within_a_second() {
    let stage = stage();
    let mut before = Session::open(&stage, PERSON, "shop");
    assert!(!raw(&stage, PERSON, NAME));
    let asked = request(&stage, PERSON, "stewards", "6s", &[]);
    let grant = word(&asked, "grant").to_owned();
    assert_eq!(word(&asked, "state"), "open");
    assert!(!raw(&stage, PERSON, NAME), "asking gives nothing");
    for (person, why) in [
        (PERSON, "asked for it"),
        ("erin", "in none of the groups"),
        (AGENT, "in none of the groups|no person"),
        ("nobody", "nobody who may sign in"),
    ] {
        let (taken, said) = say(&stage, "approve", &grant, person);
        assert!(!taken && why.split('|').any(|why| said.contains(why)), "{person}: {said}");
    }
    assert!(!raw(&stage, PERSON, NAME));
    assert!(say(&stage, "approve", &grant, "carol").0);
    comes_to(&stage, &grant, "begun");
    until("the right", || raw(&stage, PERSON, NAME).then_some(()));
    // Who connected before goes on as they were; others have nothing of it.
    let truth = stage.truth(NAME).unwrap();
    assert_ne!(before.ask(NAME), truth.trim());
    for other in ["carol", AGENT, SERVICE] {
        assert!(!raw(&stage, other, NAME), "{other}");
    }
    let mut during = Session::open(&stage, PERSON, "shop");
    assert_eq!(during.ask(NAME), truth.trim());
    refused(
        &stage,
        &[
            "request",
            "--as",
            PERSON,
            "--group",
            "stewards",
            "--for",
            "1h",
            "--database",
            "shop",
            "--purpose",
            "more",
        ],
        "there is a grant of this group already",
    );
    // Reconnecting renews nothing: it ends when it was said to, and the session with it.
    let ends = word(&shown(&stage, &grant), "ends").to_owned();
    until("the end of the others", || (sessions(&stage) == 2).then_some(()));
    until("the end", || (sessions(&stage) < 2).then_some(()));
    let late = stage.truth(&format!("select extract(epoch from now() - '{ends}')")).unwrap();
    let late: f64 = late.trim().parse().unwrap();
    assert!((0.0..1.0).contains(&late), "{late} seconds after its end");
    assert_eq!(word(&shown(&stage, &grant), "ends"), ends);
    assert!(!raw(&stage, PERSON, NAME));
    let said = during.gone("select 1");
    assert!(said.contains("a grant of this session is over"), "{said}");
    assert_eq!(before.ask("select 2"), "2");
    comes_to(&stage, &grant, "ended");
    let told = ["requested", "granted", "begun", "ended"];
    until("the record", || (steps(&stage, &grant) == told).then_some(()));
    let record = stage.weir.record(400).unwrap().join("\n");
    assert!(record.contains(&format!(r#"{{"grant":"{grant}","group":"stewards"}}"#)), "{record}");
    assert!(record.contains(&format!(r#""grants":["{grant}"]"#)), "{record}");
    let question = format!("grant:{grant} identity:{PERSON}");
    let found = until("the index", || {
        let found = stage.weir.run(&["audit", "search", &question]).unwrap().success().unwrap();
        found.contains("last_name").then_some(found)
    });
    assert!(!found.contains("select 2"), "{found}");
    assert!(say(&stage, "approve", &grant, "dave").1.contains("ended already"));
    stage.weir.run(&["audit", "verify"]).unwrap().success().unwrap();
}

#[test]
fn policy_says_who_may_ask_where_and_for_how_long() {
    let stage = stage();
    let ask = |who: &str, group: &str, lasts: &str, database: &str, why: &str| {
        let arguments = [
            "request",
            "--as",
            who,
            "--group",
            group,
            "--for",
            lasts,
            "--database",
            database,
            "--purpose",
            "because",
        ];
        refused(&stage, &arguments, why);
    };
    ask(PERSON, "stewards", "61m", "shop", "3600 seconds at most");
    ask(PERSON, "stewards", "1h", "bank", "no policy permits it");
    ask(PERSON, "admins", "1h", "shop", "no policy permits it");
    // A permit for whatever somebody does is none to become somebody else.
    ask("mallory", "admins", "1h", "shop", "no policy permits it");
    ask("mallory", "stewards", "0s", "shop", "90s, 15m");
    ask("nobody", "stewards", "1h", "shop", "nobody who may sign in");
    refused(
        &stage,
        &[
            "request",
            "--as",
            PERSON,
            "--group",
            "stewards",
            "--for",
            "1h",
            "--database",
            "shop",
            "--purpose",
            " ",
        ],
        "needs a purpose",
    );
    // Two persons of two groups for a service, each of them one.
    let asked = request(&stage, SERVICE, "stewards", "1h", &[]);
    let grant = word(&asked, "grant").to_owned();
    assert!(say(&stage, "approve", &grant, "dave").0);
    assert!(say(&stage, "approve", &grant, "dave").1.contains("counts once"));
    assert_eq!(word(&shown(&stage, &grant), "state"), "open");
    assert!(say(&stage, "deny", &grant, "erin").0);
    assert_eq!(word(&shown(&stage, &grant), "state"), "denied");
    assert!(say(&stage, "approve", &grant, "carol").1.contains("denied already"));
}

#[test]
fn a_grant_counts_on_its_databases_only() {
    let stage = stage();
    let mut elsewhere = Session::open(&stage, PERSON, "bank");
    let asked = request(&stage, PERSON, "stewards", "1h", &[]);
    let grant = word(&asked, "grant").to_owned();
    assert!(say(&stage, "approve", &grant, "carol").0);
    until("the right", || raw(&stage, PERSON, NAME).then_some(()));
    let groups = |database: &str| -> Vec<String> {
        stage.weir.psql(PERSON, database, "select 1").unwrap().success().unwrap();
        let lines = stage.weir.record(400).unwrap();
        let opened = lines.iter().rev().find_map(|line| {
            let record: Value = serde_json::from_str(line).ok()?;
            let record = record.get("record").cloned().unwrap_or(record);
            let fits = record["type"] == "session_opened" && record["database"] == database;
            fits.then(|| record["groups"].clone())
        });
        serde_json::from_value(opened.unwrap()).unwrap()
    };
    assert!(groups("shop").contains(&"stewards".to_owned()));
    assert!(!groups("bank").contains(&"stewards".to_owned()));
    // Taken back, it is gone within a second, and only where it counted.
    let mut during = Session::open(&stage, PERSON, "shop");
    let taken = Instant::now();
    assert!(say(&stage, "revoke", &grant, PERSON).0);
    until("the end of the session", || {
        (during.child.try_wait().unwrap().is_some() || !raw(&stage, PERSON, NAME)).then_some(())
    });
    assert!(taken.elapsed() < Duration::from_secs(5));
    assert!(!raw(&stage, PERSON, NAME));
    until("the end", || (sessions(&stage) == 1).then_some(()));
    assert!(during.gone("select 1").contains("a grant of this session is over"));
    assert_eq!(elsewhere.ask("select 3"), "3");
    assert!(say(&stage, "revoke", &grant, "carol").1.contains("revoked already"));
}

#[test]
fn breaking_the_glass_is_announced_and_reviewed_by_somebody_else() {
    let stage = stage();
    let asked = request(&stage, PERSON, "stewards", "5m", &["--break-glass"]);
    let grant = word(&asked, "grant").to_owned();
    assert_eq!(word(&asked, "state"), "begun", "{asked}");
    until("the right", || raw(&stage, PERSON, NAME).then_some(()));
    let log = stage.weir.log_text();
    assert!(log.contains("break-glass grant begun") && log.contains(&grant), "{log}");
    let metrics = || stage.weir.http("/metrics").unwrap();
    assert!(metrics().contains("weir_grants 1\n") && metrics().contains("weir_grant_reviews 1\n"));
    assert!(metrics().contains("weir_grant_reviews_overdue 0\n"));
    let review = |person: &str, verdict: &str, reason: &str| {
        grants(
            &stage,
            &["review", &grant, "--as", person, "--verdict", verdict, "--reason", reason],
        )
    };
    assert!(review(PERSON, "fine", "mine").1.contains("asked for it"));
    assert!(review("carol", "fine", "seen").1.contains("in none of the groups"));
    assert!(review("erin", "fine", " ").1.contains("--reason"));
    let list = stage.weir.run(&["grants", "list"]).unwrap().success().unwrap();
    assert!(list.contains(&grant) && list.contains("break-glass: ticket OPS-17"), "{list}");
    assert!(say(&stage, "revoke", &grant, "erin").0, "who reviews it may end it");
    until("the end", || (!raw(&stage, PERSON, NAME)).then_some(()));
    let (taken, said) = review("erin", "not_fine", "nobody was asked first");
    assert!(taken && said.contains("not fine"), "{said}");
    assert!(review("dave", "fine", "late").1.contains("reviewed already"));
    let told = ["requested", "granted", "begun", "revoked", "review: not_fine"];
    until("the record", || (steps(&stage, &grant) == told).then_some(()));
    until("the count", || metrics().contains("weir_grant_reviews 0\n").then_some(()));
    refused(
        &stage,
        &[
            "request",
            "--as",
            PERSON,
            "--group",
            "stewards",
            "--for",
            "11m",
            "--database",
            "shop",
            "--purpose",
            "more",
            "--break-glass",
        ],
        "600 seconds at most",
    );
}

#[test]
fn weir_starts_again_and_nothing_is_lost_or_lengthened() {
    let mut stage = stage();
    let asked = request(&stage, PERSON, "stewards", "1h", &[]);
    let waits = word(&asked, "grant").to_owned();
    stage.weir.kill().unwrap();
    assert!(say(&stage, "approve", &waits, "carol").0);
    assert_eq!(word(&shown(&stage, &waits), "state"), "granted", "Weir begins it");
    stage.weir.start_again().unwrap();
    assert_eq!(word(&shown(&stage, &waits), "state"), "begun");
    assert!(raw(&stage, PERSON, NAME), "in force from the first session on");
    let ends = word(&shown(&stage, &waits), "ends").to_owned();
    stage.weir.kill().unwrap();
    stage.weir.start_again().unwrap();
    assert!(raw(&stage, PERSON, NAME));
    assert_eq!(word(&shown(&stage, &waits), "ends"), ends);
    assert!(say(&stage, "revoke", &waits, PERSON).0);
    until("the end", || (!raw(&stage, PERSON, NAME)).then_some(()));
    // One that ends while Weir is away is over when it is back.
    let asked = request(&stage, PERSON, "stewards", "3s", &["--break-glass"]);
    let short = word(&asked, "grant").to_owned();
    stage.weir.kill().unwrap();
    let over = format!("select now() > '{}'", word(&asked, "ends"));
    until("its end", || (stage.truth(&over).unwrap() == "t\n").then_some(()));
    stage.weir.start_again().unwrap();
    assert!(!raw(&stage, PERSON, NAME));
    assert_eq!(word(&shown(&stage, &short), "state"), "ended");
    until("the record", || {
        (steps(&stage, &short) == ["requested", "granted", "begun", "ended"]).then_some(())
    });
    assert_eq!(steps(&stage, &waits), ["requested", "granted", "begun", "revoked"]);
}

#[test]
fn consent_ends_with_the_right_to_give_it_and_a_grant_with_its_identity() {
    let mut stage = stage();
    let ask = |stage: &Stage| {
        let asked = request(stage, PERSON, "stewards", "1h", &[]);
        word(&asked, "grant").to_owned()
    };
    let change = |stage: &Stage, arguments: &[&str]| {
        stage.weir.run(arguments).unwrap().success().unwrap();
    };
    let grant = ask(&stage);
    stage.weir.stop().unwrap();
    assert!(say(&stage, "approve", &grant, "carol").0);
    change(&stage, &["identity", "group", "remove", "carol", "dba"]);
    stage.weir.start_again().unwrap();
    assert_eq!(word(&shown(&stage, &grant), "state"), "void");
    assert!(!raw(&stage, PERSON, NAME));
    // Other policies than it was consented to under.
    let grant = ask(&stage);
    stage.weir.stop().unwrap();
    assert!(say(&stage, "approve", &grant, "dave").0);
    let file = stage.weir.policies().join("90-grants.cedar");
    let stricter = POLICY.replace("@longest(\"1h\")", "@longest(\"59m\")");
    std::fs::write(&file, stricter).unwrap();
    stage.weir.start_again().unwrap();
    assert_eq!(word(&shown(&stage, &grant), "state"), "void");
    std::fs::write(&file, POLICY).unwrap();
    stage.weir.stop().unwrap();
    stage.weir.start_again().unwrap();
    let grant = ask(&stage);
    assert!(say(&stage, "approve", &grant, "dave").0);
    until("the right", || raw(&stage, PERSON, NAME).then_some(()));
    change(&stage, &["identity", "disable", PERSON]);
    change(&stage, &["identity", "enable", PERSON]);
    assert_eq!(word(&shown(&stage, &grant), "state"), "revoked");
    until("the end", || {
        let seen = stage.weir.psql(PERSON, "shop", NAME).unwrap();
        (seen.code == Some(0) && seen.stdout != stage.truth(NAME).unwrap()).then_some(())
    });
}

/// An agent's right is what it and the person it acts for both have; a grant is never handed on.
#[test]
fn an_agent_has_nothing_of_a_grant_to_whom_it_acts_for() {
    let stage = stage();
    assert!(!raw(&stage, AGENT, NAME) && !raw(&stage, AGENT, MAIL));
    assert!(raw(&stage, PERSON, MAIL) && !raw(&stage, PERSON, NAME));
    let asked = request(&stage, PERSON, "stewards", "1h", &[]);
    assert!(say(&stage, "approve", word(&asked, "grant"), "carol").0);
    until("the right", || raw(&stage, PERSON, NAME).then_some(()));
    assert!(!raw(&stage, AGENT, NAME), "the agent could, and the person has it for herself");
    // What is granted to the agent counts as far as the person has the right lastingly.
    let asked = request(&stage, AGENT, "helpers", "1h", &[]);
    let grant = word(&asked, "grant").to_owned();
    assert_eq!(word(&asked, "identity"), "alice/copilot");
    until("the right", || raw(&stage, AGENT, MAIL).then_some(()));
    assert!(!raw(&stage, AGENT, NAME));
    let change = ["identity", "group", "remove", PERSON, "mailers"];
    stage.weir.run(&change).unwrap().success().unwrap();
    until("the person's end", || (!raw(&stage, AGENT, MAIL)).then_some(()));
    // The person may take back what the agent has.
    assert!(say(&stage, "revoke", &grant, PERSON).0);
}

/// From asking to reviewing over the API, and by whom not.
#[test]
fn a_grant_is_asked_for_decided_and_reviewed_over_the_api() {
    let stage = stage_with(|options| options.api());
    let api = Api::of(&stage.weir);
    let (alice, carol) = (api.sign_in(PERSON), api.sign_in("carol"));
    let (erin, mallory) = (api.sign_in("erin"), api.sign_in("mallory"));
    let ask = |token: &str, group: &str, seconds: u64, break_glass: bool| {
        let body = json!({
            "group": group, "databases": ["shop"], "seconds": seconds, "purpose": "OPS-17",
            "break_glass": break_glass,
        });
        api.call("POST", "/api/v1/grants", token, Some(body))
    };
    assert_eq!(ask(&alice, "admins", 60, false).problem(), "refused");
    assert_eq!(ask(&mallory, "admins", 60, false).problem(), "refused");
    assert_eq!(ask(&alice, "stewards", 3_601, false).problem(), "refused");
    assert_eq!(ask("", "stewards", 60, false).problem(), "not-signed-in");
    let asked = ask(&alice, "stewards", 600, false);
    assert_eq!((asked.status, &asked.body["state"]), (201, &json!("open")), "{asked:?}");
    let grant = word(&asked.body, "grant").to_owned();
    let path = |grant: &str, word: &str| format!("/api/v1/grants/{grant}{word}");
    let tell = |grant: &str, word: &str, token: &str| {
        let answer =
            api.call("POST", &path(grant, word), token, Some(json!({ "reason": "as agreed" })));
        let state = answer.body["state"].as_str().map(str::to_owned);
        (answer.status, state.unwrap_or_else(|| answer.problem().to_owned()))
    };
    // To whoever is not asked there is none; whoever asked does not decide, whatever they are in.
    for token in [&erin, &mallory] {
        assert_eq!(api.call("GET", &path(&grant, ""), token, None).problem(), "no-request");
        assert_eq!(tell(&grant, "/approve", token), (404, "no-request".into()));
        assert_eq!(tell(&grant, "/revoke", token), (404, "no-request".into()));
    }
    assert_eq!(tell(&grant, "/approve", &alice), (403, "own-request".into()));
    // Nor by the voice of somebody who is asked.
    let lent = json!({ "to": PERSON, "seconds": 3_600, "reason": "holiday" });
    let lent = api.call("POST", "/api/v1/delegations", &carol, Some(lent));
    assert_eq!((lent.status, &lent.body["groups"]), (201, &json!(["dba"])), "{lent:?}");
    assert_eq!(tell(&grant, "/approve", &alice), (403, "own-request".into()));
    assert_eq!(tell(&grant, "/approve", &carol), (403, "own-request".into()));
    let chain = json!({ "to": "mallory", "seconds": 3_600, "reason": "further" });
    let chain = api.call("POST", "/api/v1/delegations", &alice, Some(chain));
    assert_eq!(chain.problem(), "refused");
    let listed = api.call("GET", "/api/v1/delegations", &alice, None);
    assert_eq!(listed.body["delegations"][0]["delegator"], "carol");
    let one = format!("/api/v1/delegations/{}", lent.body["id"]);
    assert_eq!(api.call("DELETE", &one, &mallory, None).problem(), "no-request");
    assert_eq!(api.call("DELETE", &one, &carol, None).status, 204);
    assert!(!raw(&stage, PERSON, NAME));
    assert_eq!(tell(&grant, "/approve", &carol), (200, "granted".into()));
    comes_to(&stage, &grant, "begun");
    until("the right", || raw(&stage, PERSON, NAME).then_some(()));
    let listed = api.call("GET", "/api/v1/grants?state=begun", &carol, None);
    assert_eq!(listed.body["grants"][0]["grant"], grant.as_str());
    assert!(listed.body["grants"][0]["ends"].is_string());
    assert_eq!(api.call("GET", "/api/v1/grants?state=x", &carol, None).problem(), "malformed");
    let nobody = api.call("GET", "/api/v1/grants?state=all", &mallory, None);
    assert_eq!(nobody.body["grants"], json!([]));
    assert_eq!(tell(&grant, "/revoke", &alice), (200, "revoked".into()));
    until("the end", || (!raw(&stage, PERSON, NAME)).then_some(()));
    assert_eq!(tell(&grant, "/approve", &carol), (409, "settled".into()));
    // Breaking the glass, and its review by somebody else.
    let asked = ask(&alice, "stewards", 300, true);
    let grant = word(&asked.body, "grant").to_owned();
    comes_to(&stage, &grant, "begun");
    let review = |token: &str, verdict: &str, reason: &str| {
        let body = json!({ "verdict": verdict, "reason": reason });
        api.call("POST", &path(&grant, "/review"), token, Some(body))
    };
    assert_eq!(review(&alice, "fine", "mine").problem(), "own-request");
    assert_eq!(review(&carol, "fine", "seen").problem(), "no-request");
    assert_eq!(review(&erin, "great", "seen").problem(), "malformed");
    assert_eq!(review(&erin, "fine", " ").problem(), "malformed");
    let listed = api.call("GET", "/api/v1/grants?state=review", &erin, None);
    assert_eq!(listed.body["grants"][0]["review"], "open");
    assert_eq!(review(&erin, "not_fine", "nobody was asked").body["review"], "not_fine");
    let record = until("the record", || {
        let record = stage.weir.record(400).unwrap().join("\n");
        record.contains("review: not_fine").then_some(record)
    });
    assert!(record.contains(r#""what":"granted","reason":"as agreed","via":"api""#), "{record}");
}

/// Signed messages out of a channel and back: each step is told, and a person's key decides.
#[test]
fn a_grant_is_told_of_and_decided_by_webhook() {
    use hmac::{Hmac, KeyInit, Mac};
    let (runtime, folder) =
        (tokio::runtime::Runtime::new().unwrap(), testkit::TestDir::new("hook").unwrap());
    let port = testkit::port::free_port().unwrap();
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::<Value>::new()));
    let app = {
        let told = std::sync::Arc::clone(&told);
        let take = move |body: axum::body::Bytes| async move {
            told.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        };
        axum::Router::new().route("/in", axum::routing::post(take))
    };
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        axum::serve(listener, app).await.unwrap();
    });
    let key = |name: &str| {
        let file = folder.join(name);
        std::fs::write(&file, format!("the key of {name}")).unwrap();
        format!("{{ file = {file:?} }}")
    };
    let section = format!(
        "[[channel]]\nname = \"bot\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/in\"\n\
         secret = {}\ndeciders = {{ carol = {}, {PERSON} = {}, erin = {} }}\n",
        key("weir"),
        key("carol"),
        key(PERSON),
        key("erin"),
    );
    let stage = stage_with(|options| options.api().sections(&section));
    let api = Api::of(&stage.weir);
    let mut sent = 0;
    let mut send = |person: &str, grant: &str, decision: &str, reason: &str| {
        sent += 1;
        let body = json!({ "request": grant, "decision": decision, "reason": reason }).to_string();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let (id, time) = (sent.to_string(), now.as_secs().to_string());
        let secret = format!("the key of {person}");
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{id}.{time}.{body}").as_bytes());
        let signature = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            mac.finalize().into_bytes(),
        );
        let headers = [
            format!("webhook-id: {id}"),
            format!("webhook-timestamp: {time}"),
            format!("webhook-signature: v1,{signature}"),
            "Content-Type: application/json".to_owned(),
        ];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = api.raw("POST", "/hooks/webhook/bot", &headers, Some(&body));
        let state = answer.body["state"].as_str().map(str::to_owned);
        state.unwrap_or_else(|| answer.problem().to_owned())
    };
    let asked = request(&stage, PERSON, "stewards", "10m", &[]);
    let grant = word(&asked, "grant").to_owned();
    assert_eq!(send(PERSON, &grant, "approve", "mine"), "own-request");
    assert_eq!(send("erin", &grant, "approve", "seen"), "not-asked");
    assert_eq!(send("carol", &grant, "fine", "seen"), "settled", "there is nothing to review");
    assert_eq!(send("carol", &grant, "begin", "seen"), "malformed");
    assert_eq!(send("carol", &grant, "approve", "OPS-17"), "granted");
    comes_to(&stage, &grant, "begun");
    assert_eq!(send("carol", &grant, "revoke", "enough"), "revoked");
    let asked = request(&stage, PERSON, "stewards", "5m", &["--break-glass"]);
    let second = word(&asked, "grant").to_owned();
    assert_eq!(send(PERSON, &second, "fine", "mine"), "own-request");
    assert_eq!(send("erin", &second, "fine", ""), "malformed");
    assert_eq!(send("erin", &second, "fine", "OPS-18"), "fine");
    let steps = until("every step", || {
        let told = told.lock().unwrap();
        let steps: Vec<String> =
            told.iter().map(|one| one["type"].as_str().unwrap().to_owned()).collect();
        steps.iter().any(|step| step == "grant.review_fine").then_some(steps)
    });
    let first = ["grant.requested", "grant.granted", "grant.begun", "grant.revoked"];
    assert_eq!(steps[..4], first);
    assert_eq!(
        steps[4..],
        ["grant.requested", "grant.granted", "grant.begun", "grant.review_fine"]
    );
    let told = told.lock().unwrap();
    assert_eq!(told[1]["data"]["by"], "carol");
    assert_eq!(
        (&told[1]["data"]["via"], &told[1]["data"]["reason"]),
        (&json!("bot"), &json!("OPS-17"))
    );
    assert_eq!(told[0]["data"]["grant"]["purpose"], "ticket OPS-17");
}
