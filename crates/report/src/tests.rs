//! Reports of ledgers that the real `Ledger` wrote.

use crate::{
    Basis, FRAMEWORKS, Made, Period, Report, ReportError, Request, Subject, Verified, frameworks,
    html::grouped, measure,
};
use index::{Answers, Index, Limits};
use ledger::{
    Hash, Known, Ledger, Options, SessionId, ShapeId, Time,
    record::{
        Disclosed, GrantChanged, HoldChanged, IdentityChanged, Intent, LabelChanged, Outcome,
        Record, Refused, SessionOpened, SessionRefused, Shape, ShapeColumn, ShapeEffect,
        ShapeOutput, Via,
    },
};
use model::{Disclosure, Durability, IdentityKind, Label, MaskMethod, Operation, PolicyId, Use};
use serde_json::Value;
use std::{collections::BTreeSet, path::PathBuf, time::Duration};
use tempfile::TempDir;

/// 2026-06-02T00:00:00Z.
const NOON: i64 = 1_780_358_400_000_000;
const DAY: i64 = 86_400_000_000;
/// What a client or a database may choose as a name.
const HOSTILE: &str = "<script>alert('x')</script>\"><img src=x onerror=1>&amp;\u{202e}\u{7}";
const CARD: &str = "public.customers.card";
const EMAIL: &str = "public.customers.email";

struct Log {
    folder: TempDir,
    ledger: Ledger,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::new("node-1", "0.1.0", at(0));
        let ledger = Ledger::open(&folder.path().join("ledger"), options).unwrap().0;
        Self { folder, ledger }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    fn put<'a>(&self, record: impl Into<Record<'a>>) -> u64 {
        let place = self.ledger.append(&record.into()).unwrap();
        self.ledger.hand_over(place).unwrap();
        self.ledger.synced(place).wait().unwrap();
        place.0
    }

    fn session(&self, salt: u32, identity: &str, person: Option<&str>, name: &str) -> SessionId {
        let session = SessionId::new(at(0), salt);
        self.put(SessionOpened {
            session,
            time: at(0),
            identity: identity.into(),
            kind: if person.is_some() { IdentityKind::Agent } else { IdentityKind::Person },
            groups: Vec::new().into(),
            grants: [].as_slice().into(),
            acts_for: person.map(Into::into),
            principals: Vec::new().into(),
            method: "scram-sha-256".into(),
            credential: "password".into(),
            address: Some("192.0.2.7".parse().unwrap()),
            port: None,
            tls: None,
            application: name.into(),
            database: "shop".into(),
            environment: "production".into(),
            upstream_role: "".into(),
            upstream_pid: None,
            work: None,
        });
        session
    }

    fn run(&self, session: SessionId, number: u64, shape: ShapeId, time: i64, left: &[[u64; 3]]) {
        let statement = session.statement(number);
        self.put(Intent {
            statement,
            time: at(time),
            shape,
            text: text(),
            via: Via::Simple,
            parameters: Vec::new().into(),
            parameter_count: 0,
            literals: Vec::new().into(),
            literal_count: 0,
            turned_back: Vec::new().into(),
            kept: None,
            risk: [].as_slice().into(),
            trace: None,
            approval: None,
            work: None,
        });
        let left = left.iter().map(|[raw, masked, null]| Disclosed {
            raw: *raw,
            masked: *masked,
            null: *null,
        });
        let disclosed: Vec<_> = left.collect();
        self.put(Outcome {
            statement,
            time: at(time),
            duration_us: 17,
            tag: "SELECT".into(),
            sqlstate: None,
            ended: None,
            rows: disclosed.first().map_or(0, |d| d.raw + d.masked + d.null),
            affected: 0,
            bytes: 30,
            approval: None,
            disclosed: disclosed.into(),
        });
    }

    fn answers(&self) -> Answers {
        let file = self.folder.path().join("index.sqlite");
        Index::open(&file).unwrap().catch_up(&self.dir(), u64::MAX).unwrap();
        Answers::open(&file).unwrap()
    }

    /// After a checkpoint that covers everything.
    fn report(&self, subject: Subject) -> Result<Report, ReportError> {
        let answers = self.answers();
        let next = answers.state().unwrap().next;
        let key = self.ledger.keys().log.clone();
        let covered = || {
            let note = ledger::checkpoint(&self.dir()).unwrap()?;
            Some(ledger::open_checkpoint(&note, &key).unwrap().size)
        };
        while covered().is_none_or(|size| size < next) {
            std::thread::yield_now();
        }
        let found = ledger::verify(&self.dir(), &Known::default()).unwrap();
        let verified = Some(Verified::new(&found, false));
        let basis = Basis::read(&self.dir(), &answers, verified).unwrap();
        let made =
            Made { time: at(3 * DAY).to_string(), by: "os:auditor".into(), weir: "0.1.0".into() };
        let request = Request {
            subject,
            since: None,
            until: None,
            samples: 3,
            patience: Duration::from_secs(30),
            made,
        };
        crate::make(&answers, &self.dir(), basis, &request)
    }
}

fn at(offset: i64) -> Time {
    Time::from_micros(NOON + offset)
}

fn text() -> Hash {
    "00112233445566778899aabbccddeeff".parse().unwrap()
}

/// Reads a card and an email, both masked or both raw.
fn read(sql: &'static str, raw: bool) -> Shape<'static> {
    let column = |name: &'static str, label: Label| ShapeColumn {
        column: name.into(),
        uses: vec![Use::Returned].into(),
        label: Some(label),
    };
    let output = |name: &'static str, source: &'static str| ShapeOutput {
        name: name.into(),
        sources: vec![source.into()].into(),
    };
    let shows = |label: Label| match raw {
        true => Disclosure::Raw { labels: vec![label] },
        false => Disclosure::Masked { label, method: MaskMethod::Partial },
    };
    Shape {
        shape: ShapeId::of(&[sql.as_bytes()]),
        time: at(0),
        database: "shop".into(),
        text: sql.into(),
        operation: Operation::Select,
        effects: vec![ShapeEffect {
            operation: Operation::Select,
            object: "public.customers".into(),
            unbounded: false,
        }]
        .into(),
        columns: vec![column(CARD, Label::PAYMENT_CARD), column(EMAIL, Label::EMAIL)].into(),
        moves: Vec::new().into(),
        functions: Vec::new().into(),
        outputs: vec![output("card", CARD), output("email", EMAIL)].into(),
        unknowns: Vec::new().into(),
        verdict: if raw { model::Outcome::Allow } else { model::Outcome::Modify },
        policies: vec![PolicyId::from(if raw {
            "baseline-admins"
        } else {
            "baseline-people-read"
        })]
        .into(),
        reasons: Vec::new().into(),
        disclosures: vec![shows(Label::PAYMENT_CARD), shows(Label::EMAIL)].into(),
        fallback: Disclosure::Scan,
        read_only: false,
        row_limit: None,
        risk: [].as_slice().into(),
        durability: Durability::Soon,
        shadow: None,
        basis: None,
        policy_version: 1,
        catalog_version: 1,
        label_version: 1,
    }
}

/// Alice sees cards masked, root raw, alice's agent masked once and is refused once; somebody with
/// a hostile application and a hostile claimed name comes by.
fn log() -> Log {
    let log = Log::new();
    for name in ["alice", "root"] {
        log.put(IdentityChanged {
            time: at(0),
            by: "os:dba".into(),
            identity: name.into(),
            what: "added: person".into(),
        });
    }
    log.put(LabelChanged {
        time: at(0),
        by: "weir".into(),
        database: "shop".into(),
        column: CARD.into(),
        before: None,
        after: Some(Label::PAYMENT_CARD),
        evidence: vec![HOSTILE.to_owned()].into(),
        version: 1,
    });
    log.put(SessionRefused {
        time: at(0),
        address: Some("198.51.100.9".parse().unwrap()),
        claimed: HOSTILE.into(),
        database: "shop".into(),
        reason: "wrong password".into(),
    });
    let alice = log.session(1, "alice", None, "psql");
    let root = log.session(2, "root", None, HOSTILE);
    let agent = log.session(3, "alice/copilot", Some("alice"), "etl");
    let (masked, raw) = (read("select card, email", false), read("select card, email -- a", true));
    let (m, r) = (masked.shape, raw.shape);
    log.put(masked);
    log.put(raw);
    log.run(alice, 1, m, 0, &[[0, 5, 0], [0, 4, 1]]);
    log.run(root, 1, r, DAY, &[[7, 0, 0], [6, 0, 1]]);
    log.run(agent, 1, m, 2 * DAY, &[[0, 3, 0], [1, 2, 0]]);
    for (what, by) in [("held", "alice/copilot"), ("consented", "root"), ("approved", "carol")] {
        log.put(HoldChanged {
            time: at(DAY),
            hold: "h-1".into(),
            database: "shop".into(),
            identity: "alice/copilot".into(),
            by: by.into(),
            what: what.into(),
            shape: (what == "held").then_some(m),
            text: None,
            parameters: Vec::new().into(),
            needs: Vec::new().into(),
            reason: HOSTILE.into(),
            via: "api".into(),
            on_behalf: Vec::new().into(),
            signed: None,
        });
    }
    for (what, by) in [("requested", "alice"), ("granted", "weir"), ("begun", "weir")] {
        log.put(GrantChanged {
            time: at(DAY),
            grant: "g-1".into(),
            group: "stewards".into(),
            databases: vec!["shop".to_owned()].into(),
            identity: "alice".into(),
            by: by.into(),
            what: what.into(),
            emergency: true,
            seconds: 60,
            until: None,
            needs: Vec::new().into(),
            reviewers: vec!["one person in group security".into()].into(),
            reason: "nobody answers".into(),
            via: "cli".into(),
            on_behalf: Vec::new().into(),
            signed: None,
        });
    }
    log.put(Refused {
        statement: agent.statement(2),
        time: at(2 * DAY),
        shape: Some(m),
        text: text(),
        literals: Vec::new().into(),
        via: Via::Simple,
        sqlstate: "42501".into(),
        reason: "".into(),
        trace: None,
        work: None,
    });
    log
}

fn framework(word: &str) -> Subject {
    Subject::Framework(word.to_owned())
}

/// One figure of an evidence of one row.
fn figure(report: &Report, id: &str, name: &str) -> Value {
    let one = report.evidence.iter().find(|one| one.id == id).unwrap();
    let at = one.columns.iter().position(|column| column == name).unwrap();
    assert_eq!(one.rows.len(), 1, "{id}");
    one.rows[0][at].clone()
}

#[test]
fn figures_are_what_happened() {
    let report = log().report(framework("pci")).unwrap();
    for (id, name, value) in [
        ("sign_ins", "sessions", 3),
        ("sign_ins", "identities", 3),
        ("sign_ins", "of_agents", 1),
        ("sign_ins", "without_identity", 0),
        ("statements", "statements", 4),
        ("statements", "refused", 1),
        ("refusals", "refused", 1),
        ("refused_sign_ins", "refused", 1),
        ("agents", "statements", 2),
        ("agents", "for_nobody", 0),
        ("cards", "raw", 7),
        ("cards", "masked", 8),
        ("cards", "identities_given_raw", 1),
        ("runs", "starts", 1),
    ] {
        assert_eq!(figure(&report, id, name), value, "{id} {name}");
    }
    assert_eq!(figure(&report, "cards", "masks"), "partial");
    assert_eq!(
        (report.period.since.as_str(), report.period.until.as_str()),
        ("2026-06-02", "2026-06-05")
    );
    // What should be nothing and is not deserves a look, wherever it bears on.
    let display = report.controls.iter().find(|one| one.reference == "3.4.1").unwrap();
    assert_eq!(display.attention, ["Payment card data that left: raw 7"]);
    let soc2 = log().report(framework("soc2")).unwrap();
    for (id, name, value) in [
        ("left", "labelled_raw", 13),
        ("approvals", "requests", 1),
        ("approvals", "approved_and_not_used", 1),
        ("approvals", "consents_by_whoever_asked", 0),
        ("grants", "begun", 1),
        ("grants", "begun_by_policy_alone", 1),
        ("break_glass", "begun", 1),
        ("break_glass", "not_reviewed", 1),
    ] {
        assert_eq!(figure(&soc2, id, name), value, "{id} {name}");
    }
    let consents = soc2.evidence.iter().find(|one| one.id == "consents").unwrap();
    let said = |row: &Vec<Value>| row[..5].iter().map(crate::html::cell).collect::<Vec<_>>();
    assert_eq!(
        consents.rows.iter().map(said).collect::<Vec<_>>(),
        [
            ["carol", "approved", "alice/copilot", "shop", "select"],
            ["root", "consented", "alice/copilot", "shop", "select"],
        ]
    );
    let looked = soc2.controls.iter().find(|one| one.reference == "CC7.3").unwrap();
    assert_eq!(looked.attention, ["Broken glass, and its review: not reviewed 1"]);
    assert_eq!(figure(&soc2, "left", "labelled_masked"), 14);
    assert_eq!(figure(&soc2, "transport", "over_a_network_without_tls"), 3);
}

#[test]
fn every_query_of_every_report_is_answered_and_gives_the_same_again() {
    let log = log();
    let answers = log.answers();
    let words = FRAMEWORKS.iter().map(|one| framework(one.word));
    let others = [
        Subject::Person("alice".into()),
        Subject::Access("customers.email".into()),
        Subject::Access("payment_card".into()),
        Subject::Job { name: "copilot".into(), application: false },
        Subject::Job { name: "etl".into(), application: false },
        Subject::Job { name: HOSTILE.into(), application: true },
    ];
    for subject in words.chain(others) {
        let report = log.report(subject).unwrap();
        for one in &report.evidence {
            assert!(one.failed.is_none(), "{} {}: {:?}", report.kind, one.id, one.failed);
            if one.query.starts_with("weir ") {
                continue;
            }
            let again = answers.sql(&one.query, &Limits::default()).unwrap();
            assert_eq!(again.columns, one.columns, "{}", one.query);
            let shown = |row: &Vec<Value>| row.iter().map(crate::html::cell).collect::<Vec<_>>();
            let rows: Vec<Vec<String>> = again
                .rows
                .iter()
                .map(|row| {
                    row.iter()
                        .map(|cell| match cell {
                            index::Cell::Null => "–".to_owned(),
                            index::Cell::Int(number) => grouped(&number.to_string()),
                            other => other.to_string(),
                        })
                        .collect()
                })
                .collect();
            assert_eq!(rows, one.rows.iter().map(shown).collect::<Vec<_>>(), "{}", one.query);
        }
    }
}

#[test]
fn each_record_shown_is_proven_by_its_bytes_and_the_key_alone() {
    let log = log();
    let report = log.report(framework("gdpr")).unwrap();
    assert!(report.records.len() > 10, "{}", report.records.len());
    let key = log.ledger.keys().log.clone();
    for record in &report.records {
        let proof = tlog::Proof::parse(record.proof.as_ref().unwrap()).unwrap();
        let head = ledger::open_checkpoint(&proof.checkpoint, &key).unwrap();
        let leaf = tlog::leaf(record.entry.as_ref().unwrap().as_bytes());
        assert_eq!(proof.index, record.sequence);
        assert!(tlog::verify_inclusion(&leaf, proof.index, head.size, &proof.hashes, &head.root));
        let changed = tlog::leaf(format!("{} ", record.entry.as_ref().unwrap()).as_bytes());
        let index = proof.index;
        assert!(!tlog::verify_inclusion(&changed, index, head.size, &proof.hashes, &head.root));
    }
    let used: BTreeSet<u64> = report.evidence.iter().flat_map(|one| one.records.clone()).collect();
    assert_eq!(used, report.records.iter().map(|one| one.sequence).collect());
}

#[test]
fn a_changed_bundle_is_not_called_proven() {
    let log = log();
    assert!(log.report(framework("soc2")).unwrap().basis.verified.unwrap().sound);
    let bundles = log.dir().join("tile/entries/000.p");
    for file in std::fs::read_dir(bundles).unwrap() {
        let file = file.unwrap().path();
        let mut bytes = std::fs::read(&file).unwrap();
        let at = bytes.windows(5).position(|window| window == b"alice").unwrap();
        bytes[at] = b'b';
        std::fs::write(&file, bytes).unwrap();
    }
    let report = log.report(framework("soc2")).unwrap();
    assert!(!report.basis.verified.as_ref().unwrap().sound);
    let unproven: Vec<_> = report.records.iter().filter(|one| one.proof.is_none()).collect();
    assert!(!unproven.is_empty() && unproven.iter().all(|one| one.entry.is_none()));
    assert!(report.html().contains("The ledger is not sound"));
    assert!(report.html().contains("its proof does not hold"));
}

#[test]
fn nothing_in_a_page_is_what_a_client_wrote() {
    let log = log();
    for subject in [
        framework("soc2"),
        Subject::Person("root".into()),
        Subject::Access(CARD.into()),
        Subject::Job { name: HOSTILE.into(), application: true },
    ] {
        let page = log.report(subject.clone()).unwrap().html();
        let said = page.to_lowercase();
        for bad in ["<script", "<img", "\u{202e}", "\u{7}", " onerror=1>"] {
            assert!(!said.contains(bad), "{subject:?}: {bad:?}");
        }
        // Every tag is one of ours, whatever stands in texts.
        for tag in said.split('<').skip(1) {
            let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
            let ours = [
                "html", "head", "meta", "title", "style", "body", "a", "header", "p", "h1", "dl",
                "dt", "dd", "nav", "h2", "ol", "li", "main", "section", "pre", "code", "table",
                "caption", "thead", "tr", "th", "tbody", "td", "span", "article", "h3", "strong",
                "ul", "div", "br", "details", "summary", "footer", "",
            ];
            assert!(ours.contains(&name.as_str()), "{subject:?}: <{name}");
            // So is every attribute: what stands outside of quotes.
            let whole = tag.split('>').next().unwrap();
            let bare: String = whole.split('"').step_by(2).collect();
            assert!(!bare.contains("src=") && !bare.contains(" on"), "{subject:?}: <{whole}>");
        }
        assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
    }
    let job = log.report(Subject::Job { name: HOSTILE.into(), application: true }).unwrap();
    assert!(job.html().contains("&lt;script&gt;alert('x')"), "the name is shown");
    assert!(job.html().contains("\\u{202e}\\u{7}"), "what does not show is shown");
    // A name cannot become a part of a query.
    let name = "x' OR 1=1 --";
    let error = log.report(Subject::Job { name: name.into(), application: true }).unwrap_err();
    assert!(error.to_string().contains("knows no application"), "{error}");
}

#[test]
fn one_person_one_column_and_one_job() {
    let log = log();
    let alice = log.report(Subject::Person("alice".into())).unwrap();
    let given = alice.evidence.iter().find(|one| one.id == "given").unwrap();
    let cards: Vec<_> = given.rows.iter().filter(|row| row[2] == CARD).collect();
    let who: Vec<_> = cards.iter().map(|row| (row[0].as_str().unwrap(), &row[6])).collect();
    assert_eq!(who, [("alice", &Value::from(5)), ("alice/copilot", &Value::from(3))], "{given:?}");
    assert!(alice.about.iter().any(|text| text.contains("alice, alice/copilot")));
    assert!(matches!(
        log.report(Subject::Person("nobody".into())),
        Err(ReportError::Asked(why)) if why.contains("nobody")
    ));

    let email = log.report(Subject::Access("email".into())).unwrap();
    let given = email.evidence.iter().find(|one| one.id == "given").unwrap();
    let rows: Vec<_> =
        given.rows.iter().map(|row| (row[0].as_str().unwrap(), &row[7], &row[8])).collect();
    let number = |n: i64| Value::from(n);
    assert_eq!(
        rows,
        [
            ("root", &number(6), &number(0)),
            ("alice", &number(0), &number(4)),
            ("alice/copilot", &number(0), &number(2)),
        ]
    );

    for (name, application) in [("copilot", false), ("etl", true), ("etl", false)] {
        let job = log.report(Subject::Job { name: name.into(), application }).unwrap();
        let given = job.evidence.iter().find(|one| one.id == "given").unwrap();
        let at = |name: &str| given.columns.iter().position(|column| column == name).unwrap();
        let card = given.rows.iter().find(|row| row[at("origin")] == CARD).unwrap();
        assert_eq!(card[at("labels")], "payment_card", "{given:?}");
        assert_eq!((&card[at("raw")], &card[at("masked")]), (&number(0), &number(3)));
        let authority = job.evidence.iter().find(|one| one.id == "authority").unwrap();
        assert_eq!(authority.rows[0][1], "baseline-people-read", "{authority:?}");
        assert!(job.records.iter().any(|record| record.kind == "outcome"), "{name}");
    }
}

/// Days' sums and single statements give the same figures of an application.
#[test]
fn an_application_has_the_same_figures_by_sums_and_by_statements() {
    let figures = |others: u32| {
        let log = log();
        for number in 0..others {
            log.session(100 + number, "bob", None, &format!("other-{number}"));
        }
        let bob = log.session(50, "bob", None, "etl");
        let shape = ShapeId::of(&[b"select card, email".as_slice()]);
        log.run(bob, 1, shape, DAY, &[[0, 4, 1], [0, 5, 0]]);
        let apart = "SELECT count(*) FROM sessions WHERE summed = 0";
        let apart = log.answers().sql(apart, &Limits::default()).unwrap().rows[0][0].to_string();
        let job = log.report(Subject::Job { name: "etl".into(), application: true }).unwrap();
        let given = job.evidence.iter().find(|one| one.id == "given").unwrap();
        let wanted = ["identity", "origin", "raw", "masked", "unchanged", "nulls"];
        let at = wanted.map(|name| given.columns.iter().position(|one| one == name).unwrap());
        let rows: BTreeSet<String> =
            given.rows.iter().map(|row| at.map(|place| row[place].to_string()).join(" ")).collect();
        let outcomes = job.records.iter().filter(|record| record.kind == "outcome").count();
        (apart, rows, outcomes)
    };
    let (apart, sums, outcomes) = figures(0);
    assert_eq!((apart.as_str(), outcomes), ("0", 2));
    assert!(sums.iter().any(|row| row.contains("bob") && row.contains(CARD)), "{sums:?}");
    let (apart, statements, outcomes) = figures(64);
    assert_eq!((apart.as_str(), outcomes), ("1", 2));
    assert_eq!(sums, statements);
}

#[test]
fn figures_have_records_behind_them() {
    let log = log();
    let with = [
        "methods",
        "identities",
        "verdicts",
        "policies",
        "labelled",
        "left_by_label",
        "processing",
        "work",
        "given",
        "authority",
    ];
    let mut found = BTreeSet::new();
    let mut subjects: Vec<Subject> =
        FRAMEWORKS.iter().map(|one| Subject::Framework(one.word.to_owned())).collect();
    subjects.push(Subject::Person("alice".into()));
    subjects.push(Subject::Job { name: "etl".into(), application: true });
    for subject in subjects {
        let report = log.report(subject.clone()).unwrap();
        for one in report.evidence.iter().filter(|one| with.contains(&&*one.id)) {
            assert!(!one.rows.is_empty(), "{subject:?}: {}", one.id);
            assert!(!one.records.is_empty(), "{subject:?}: no record behind {}", one.id);
            found.insert(one.id.clone());
        }
    }
    assert_eq!(found.len(), with.len(), "{found:?}");
}

#[test]
fn controls_name_measures_that_exist_and_every_measure_is_used() {
    let known: BTreeSet<&str> = measure::all().map(|one| one.id).collect();
    assert_eq!(known.len(), measure::all().count(), "two measures have one id");
    let mut used = BTreeSet::new();
    for framework in FRAMEWORKS {
        let mut references = BTreeSet::new();
        for control in framework.controls {
            assert!(references.insert(control.reference), "{} twice", control.reference);
            for id in control.evidence {
                assert!(known.contains(id), "{}: {id}", control.reference);
                used.insert(*id);
            }
            let direct = control.bearing == frameworks::Bearing::Direct;
            assert!(!direct || !control.evidence.is_empty(), "{}", control.reference);
            let said = direct || !control.limits.is_empty() || !control.evidence.is_empty();
            assert!(said, "{} says nothing", control.reference);
        }
    }
    assert_eq!(used, known);
}

#[test]
fn the_page_has_every_control_and_every_measure() {
    let page = include_str!("../../../docs/reports.md");
    for framework in FRAMEWORKS {
        for control in framework.controls {
            let row = format!("| {} | {} |", control.reference, control.title);
            assert!(page.contains(&row), "docs/reports.md lacks {row}");
        }
    }
    for one in measure::all() {
        assert!(page.contains(&format!("| `{}` | {} |", one.id, one.title)), "lacks {}", one.id);
    }
}

#[test]
fn days_are_days() {
    assert!(Period::new("2026-06-30", "2026-06-30").is_ok());
    for (since, until) in
        [("2026-06-30", "2026-06-29"), ("2026-02-30", "2026-03-01"), ("yesterday", "2026-01-01")]
    {
        let error = Period::new(since, until).unwrap_err();
        assert!(matches!(error, ReportError::Asked(_)), "{since} {until}");
    }
    let period = Period::new("2026-06-01", "2026-06-30").unwrap();
    assert_eq!(
        period.fill("SELECT 1 WHERE {time}"),
        "SELECT 1 WHERE time >= '2026-06-01T00:00:00.000000Z' \
         AND time < '2026-07-01T00:00:00.000000Z'"
    );
    // Names are asked for as they are.
    assert_eq!(
        period.fill("SELECT 1\n   WHERE a = 'x  {days}''\u{a0}y'"),
        "SELECT 1 WHERE a = 'x  {days}''\u{a0}y'"
    );
    for (digits, shown) in
        [("0", "0"), ("-1234", "-1,234"), ("1234567", "1,234,567"), ("1.5", "1.5")]
    {
        assert_eq!(grouped(digits), shown);
    }
}

#[test]
fn a_pdf_says_everything_in_letters_that_every_reader_has() {
    let report = log().report(framework("soc2")).unwrap();
    let pdf = report.pdf();
    assert!(pdf.starts_with(b"%PDF-1.") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
    let text = String::from_utf8_lossy(&pdf);
    for control in &report.controls {
        assert!(text.contains(&format!("({}  {})", control.reference, control.title)));
    }
    // What would turn the text around or not show stands as its number.
    assert!(text.contains("\\\\u{202e}\\\\u{7}") || text.contains("u{202e}"), "the hostile name");
    let of = |report: &Report| report.pdf().len();
    assert_eq!(of(&report), pdf.len(), "the same again");
}
