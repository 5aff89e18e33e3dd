//! Records return from their JSON, stay short, and never allocate where it counts.

use super::*;
use crate::testing::{NOW, hash, intent, outcome, session};
use model::{Disclosure, Durability, MaskMethod, Operation, PolicyId, Use};

fn every_type() -> Vec<Record<'static>> {
    let column = ShapeColumn {
        column: "public.customers.email".into(),
        uses: vec![Use::Returned, Use::Tested].into(),
        label: Some(Label::EMAIL),
    };
    let shape = Shape {
        shape: ShapeId::of(&[b"x"]),
        time: NOW,
        database: "shop".into(),
        text: "select email from customers where id = ? and name = '\u{1F600}\"\\'".into(),
        operation: Operation::Select,
        effects: vec![ShapeEffect {
            operation: Operation::Delete,
            object: "public.customers".into(),
            unbounded: true,
        }]
        .into(),
        columns: vec![column].into(),
        moves: vec![ShapeMove {
            to: "public.copies.address".into(),
            from: vec!["public.customers.email".into()].into(),
            how: model::facts::Derivation::Cast,
            unknown: true,
        }]
        .into(),
        functions: vec!["pg_catalog.lower".into()].into(),
        outputs: vec![ShapeOutput {
            name: "email".into(),
            sources: vec!["public.customers.email".into()].into(),
        }]
        .into(),
        unknowns: vec!["a DO block: its text is dynamic".into()].into(),
        verdict: model::Outcome::Modify,
        policies: vec![PolicyId::from("baseline-mask")].into(),
        reasons: vec!["email is masked".to_owned()].into(),
        disclosures: vec![
            Disclosure::Masked { label: Label::EMAIL, method: MaskMethod::Partial },
            Disclosure::Scan,
        ]
        .into(),
        fallback: Disclosure::Raw { labels: vec![Label::new("custom")] },
        read_only: true,
        row_limit: Some(1000),
        risk: vec![RiskPart { part: "dynamic".into(), points: 20 }].into(),
        durability: Durability::BeforeRow,
        shadow: None,
        basis: None,
        policy_version: u64::MAX,
        catalog_version: 2,
        label_version: 3,
    };
    let opened = SessionOpened {
        session: session(),
        time: NOW,
        identity: "alice/agent-copilot".into(),
        kind: IdentityKind::Agent,
        groups: vec!["analysts".to_owned()].into(),
        grants: vec![Granted { grant: "g-1".into(), group: "analysts".into() }].into(),
        acts_for: Some("alice".into()),
        principals: Vec::new().into(),
        method: "scram-sha-256-plus".into(),
        credential: "password".into(),
        address: Some("2001:db8::1".parse().unwrap()),
        port: Some(50_000),
        tls: Some("TLSv1.3".into()),
        application: "psql".into(),
        database: "shop".into(),
        environment: "production".into(),
        upstream_role: "weir".into(),
        upstream_pid: Some(4711),
        work: None,
    };
    let started = Started {
        time: NOW,
        node: "node-1".into(),
        version: "0.1.0".into(),
        process: 1,
        records: 9,
        clean: false,
        torn_bytes: 3,
        damage: Some("record 3: the checksum is wrong".into()),
        open_sessions: vec![session()].into(),
        unknown_outcomes: 1,
    };
    let time = NOW;
    vec![
        started.into(),
        Stopped { time, reason: "signal".into() }.into(),
        opened.into(),
        SessionRefused {
            time,
            address: None,
            claimed: "mallory".into(),
            database: "shop".into(),
            reason: "wrong password".into(),
        }
        .into(),
        SessionClosed {
            session: session(),
            time,
            reason: "client left".into(),
            statements: 1,
            rows: 2,
            bytes: 3,
        }
        .into(),
        shape.into(),
        intent(1),
        outcome(1),
        Refused {
            statement: session().statement(2),
            time,
            shape: Some(ShapeId::of(&[b"x"])),
            text: hash(b"drop table customers"),
            literals: Vec::new().into(),
            via: Via::Simple,
            sqlstate: "42501".into(),
            reason: "".into(),
            trace: None,
            work: None,
        }
        .into(),
        Withdrawn { reason: "no space".into() }.into(),
        PolicyChanged {
            time,
            by: "reload".into(),
            version: 1,
            policies: 12,
            what: "+ask-first".into(),
            refused: Some("masks.cedar:3:1: unexpected token".into()),
        }
        .into(),
        CatalogChanged {
            time,
            database: "shop".into(),
            version: 2,
            cause: "statement".into(),
            what: vec!["public.customers.email came".into()].into(),
        }
        .into(),
        LabelChanged {
            time,
            by: "weir".into(),
            database: "shop".into(),
            column: "public.customers.email".into(),
            before: None,
            after: Some(Label::EMAIL),
            evidence: vec!["column name".to_owned()].into(),
            version: 3,
        }
        .into(),
        IdentityChanged {
            time,
            by: "root".into(),
            identity: "alice".into(),
            what: "disabled".into(),
        }
        .into(),
        HoldChanged {
            time,
            hold: "01k0-3f7a.0000001".into(),
            database: "shop".into(),
            identity: "alice".into(),
            by: "alice".into(),
            what: "held".into(),
            shape: Some(ShapeId::of(&[b"x"])),
            text: Some(hash(b"delete from customers")),
            parameters: vec![hash(b"1")].into(),
            needs: vec!["one person in group dba".into()].into(),
            reason: "rows are deleted by two people".into(),
            via: "".into(),
            on_behalf: vec!["carol".to_owned()].into(),
            signed: None,
        }
        .into(),
        Pruned {
            time,
            by: "weir".into(),
            from: 3,
            before: 9,
            rule: "ledger.retention = \"400d\"".into(),
            oldest: Some(time),
            newest: Some(time),
            kept: 2,
        }
        .into(),
        GrantChanged {
            time,
            grant: "g-1".into(),
            group: "stewards".into(),
            databases: vec!["shop".to_owned()].into(),
            identity: "alice".into(),
            by: "alice".into(),
            what: "requested".into(),
            emergency: true,
            seconds: 3_600,
            until: Some(time),
            needs: vec!["one person in group dba".into()].into(),
            reviewers: vec!["one person in group security".into()].into(),
            reason: "ticket OPS-17".into(),
            via: "slack".into(),
            on_behalf: vec!["carol".to_owned()].into(),
            signed: None,
        }
        .into(),
        TaskChanged {
            time,
            task: "t-1".into(),
            identity: "alice/copilot".into(),
            by: "alice".into(),
            what: "created".into(),
            details: Some(Box::new(model::TaskDetails {
                r#type: model::TaskType::WeirTask,
                purpose: "refunds".to_owned(),
                databases: vec!["shop".to_owned()],
                tables: vec![],
                budget: model::Budget { rows: Some(10), ..model::Budget::default() },
            })),
            until: Some(time),
            statement: None,
            reason: "".into(),
        }
        .into(),
        Administered { time, by: "os:root".into(), what: "pseudonym key 2 made".into() }.into(),
    ]
}

#[test]
fn every_type_returns_from_its_json() {
    let records = every_type();
    let words: Vec<_> = records.iter().map(Record::type_word).collect();
    assert_eq!(words, Record::TYPES);
    for record in records {
        let mut json = Vec::new();
        record.encode(&mut json).unwrap();
        let text = String::from_utf8(json.clone()).unwrap();
        assert!(crate::tracker::is_type(&json, record.type_word()), "{text}");
        assert!(!text.contains('\n'), "one record is one line: {text}");
        assert_eq!(Record::decode(&json).unwrap(), record, "{text}");
    }
}

#[test]
fn an_intent_is_short_and_legible() {
    let mut json = Vec::new();
    intent(1).encode(&mut json).unwrap();
    assert_eq!(
        String::from_utf8(json).unwrap(),
        r#"{"type":"intent","statement":"ID","time":"TIME","shape":"SHAPE","text":"TEXT","REST}"#
            .replace("\"REST", r#""via":"extended","parameters":["A","B"],"parameter_count":2"#)
            .replace("TIME", "2026-11-22T03:15:11.000123Z")
            .replace("ID", &session().statement(1).to_string())
            .replace("SHAPE", &ShapeId::of(&[b"select ?"]).to_string())
            .replace("TEXT", &hash(b"select 1").to_string())
            .replace("\"A\"", &format!("\"{}\"", hash(b"ada")))
            .replace("\"B\"", &format!("\"{}\"", hash(b"bob")))
    );
}

/// Intents and outcomes with every field present and absent, and values at their edges.
fn of_statements() -> Vec<Record<'static>> {
    const AMOUNTS: [u64; 6] = [0, 1, 9, 10, 1_234_567_890, u64::MAX];
    let (Record::Intent(plain), Record::Outcome(ended)) = (intent(1), outcome(1)) else {
        panic!("of these types");
    };
    let mut all = Vec::new();
    for (nth, via) in Via::ALL.into_iter().enumerate() {
        let parameters = vec![hash(b"x"); nth].into();
        let parameter_count = AMOUNTS[nth % AMOUNTS.len()];
        let counted = Intent { via, parameters, parameter_count, ..plain.clone() };
        let literals = vec![hash(b"y"); AMOUNTS.len() - nth.min(AMOUNTS.len())].into();
        all.push(Intent { literals, literal_count: parameter_count, ..counted.clone() }.into());
        all.push(counted.into());
    }
    let risks =
        [&[("volume", 15)][..], &[("rate", u32::MAX), ("new \"table\"", 0)], &[("", 1), ("b", 2)]];
    for risk in risks {
        let part = |(part, points): &(&'static str, u32)| RiskPart {
            part: Cow::Borrowed(part),
            points: *points,
        };
        let risk = risk.iter().map(part).collect();
        all.push(Intent { risk, ..plain.clone() }.into());
    }
    all.push(Intent { turned_back: vec![Label::EMAIL].into(), ..plain.clone() }.into());
    all.push(Intent { trace: Some("00-1\"".into()), ..plain.clone() }.into());
    let approval = Some(Approved { hold: "h-1".into(), by: vec!["bob".into()].into() });
    all.push(Intent { approval: approval.clone(), ..plain }.into());
    for (nth, amount) in AMOUNTS.into_iter().enumerate() {
        let each = |raw, masked, null| Disclosed { raw, masked, null };
        let disclosed = [each(amount, 0, 0), each(0, amount, 1), each(0, 0, 0), each(1, 2, amount)];
        let disclosed = disclosed[..nth.min(4)].to_vec().into();
        let [duration_us, rows, affected, bytes] = [0, 1, 2, 3].map(|by| AMOUNTS[(nth + by) % 6]);
        let counted = Outcome { duration_us, rows, affected, bytes, disclosed, ..ended.clone() };
        all.push(counted.clone().into());
        for tag in ["", "SELECT", "a\"b", "back\\slash", "tab\t", "\u{e9}"] {
            all.push(Outcome { tag: tag.into(), ..counted.clone() }.into());
            all.push(Outcome { sqlstate: Some(tag.into()), ..counted.clone() }.into());
        }
    }
    all.push(Outcome { ended: Some("client left".into()), ..ended.clone() }.into());
    all.push(Outcome { approval, ..ended }.into());
    all
}

#[test]
fn what_every_statement_has_is_written_as_serde_writes_it() {
    for record in of_statements() {
        let mut json = b"before".to_vec();
        record.encode(&mut json).unwrap();
        let expected = format!("before{}", serde_json::to_string(&record).unwrap());
        assert_eq!(String::from_utf8(json).unwrap(), expected);
    }
}

/// What the short way of reading makes of this, in words, if it knows the form.
fn shortly(json: &[u8]) -> Option<String> {
    let intent = read::intent(json).map(|intent| format!("{:?}", Record::from(intent)));
    intent.or_else(|| Some(format!("{:?}", Record::from(read::outcome(json)?))))
}

#[test]
fn what_every_statement_has_is_read_as_serde_reads_it() {
    let by_serde = |json: &[u8]| Record::decode(json).ok().map(|record| format!("{record:?}"));
    let mut short = 0;
    for record in of_statements() {
        let mut json = Vec::new();
        record.encode(&mut json).unwrap();
        let whole = match &record {
            Record::Intent(_) => format!("{:?}", Record::from(Intent::read(&json).unwrap())),
            _ => format!("{:?}", Record::from(Outcome::read(&json).unwrap())),
        };
        assert_eq!(whole, format!("{record:?}"));
        short += usize::from(shortly(&json).is_some());
        // Whatever else it takes for a record must be that record.
        for at in 0..json.len() {
            let mut other = json.clone();
            for byte in *b"0}\",\\ \x80" {
                other[at] = byte;
                assert!(shortly(&other).is_none_or(|read| by_serde(&other) == Some(read)));
            }
            other.remove(at);
            assert!(shortly(&other).is_none_or(|read| by_serde(&other) == Some(read)));
        }
    }
    assert!(short > 40, "{short} in the form that they are written in");
}

#[test]
fn a_field_of_a_later_version_does_not_hide_a_record() {
    let text = r#"{"type":"stopped","time":"2026-11-22T03:15:11.000123Z","reason":"x","new":[1]}"#;
    assert_eq!(Record::decode(text.as_bytes()).unwrap().type_word(), "stopped");
    assert!(Record::decode(br#"{"type":"invented_later"}"#).is_err());
}

#[test]
fn reading_a_statements_records_allocates_for_lists_and_words_alone() {
    let [intent, outcome] = [intent(7), outcome(7)].map(|record| {
        let mut json = Vec::new();
        record.encode(&mut json).unwrap();
        json
    });
    let asked = allocation_counter::measure(|| {
        Intent::read(&intent).unwrap();
    });
    // The list of parameters.
    assert_eq!(asked.count_total, 1, "{asked:?}");
    let asked = allocation_counter::measure(|| {
        Outcome::read(&outcome).unwrap();
    });
    // No list, and the tag stands where it is.
    assert_eq!(asked.count_total, 0, "{asked:?}");
}
