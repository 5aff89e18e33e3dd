//! What every page must hold to, whatever is on it.

use crate::{
    chart::Tile,
    data::{
        self, Column, ColumnPage, Decided, Doer, Evidence, Heat, Map, Read, Sought, Table,
        TablePage,
    },
    flow::Node,
    job::{self, How},
    layout::{Place, Right, Tone, Viewer},
    now::{ByLabel, Now, Row, Session, page},
    replay, reports, setup,
    sign_in::{self, SecondHalf, SignIn},
};

/// Markup, quotes and what turns a line around, wherever a client can put a text.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}&amp;";

fn viewer(rights: &[Right]) -> Viewer {
    Viewer {
        name: HOSTILE.to_owned(),
        roles: vec!["viewer"],
        rights: rights.to_vec(),
        csrf: "word".to_owned(),
        waiting: 3,
    }
}

fn now() -> Now {
    let row = Row {
        id: "0dq7z3v1q2m5k-a1b2.0000001".to_owned(),
        time: "2026-06-01T08:30:00.000000Z".to_owned(),
        identity: hostile(),
        database: hostile(),
        text: format!("select '{HOSTILE}' from \"{HOSTILE}\" -- {HOSTILE}"),
        verdict: hostile(),
        state: "failed",
        error: hostile(),
        risk: Some(73),
        rows: Some(12),
        took: Some(1_250),
        raw: vec![hostile()],
        masked: vec![hostile()],
    };
    let session = Session {
        id: row.id.clone(),
        identity: hostile(),
        database: hostile(),
        application: hostile(),
        address: hostile(),
        since: row.time.clone(),
        tls: true,
    };
    let tile = Tile {
        what: "Statements",
        value: "3".to_owned(),
        unit: "last hour".to_owned(),
        series: vec![0, 1, 2],
        tone: "accent",
    };
    let (tiles, rows, sessions) = (vec![tile], vec![row], vec![session]);
    let labels = Some(vec![ByLabel { label: hostile(), raw: 3, masked: 4 }]);
    Now { tiles, rows, sessions, labels, done: Some(hostile()), ..Now::default() }
}

/// A page is sound: nothing in it runs or styles itself, nothing comes from elsewhere, and no text
/// of a client's is markup.
fn sound(page: &str) {
    for bad in ["<script>", "<img", " style=", "onerror=alert(1)>", "http://", "\u{202e}"] {
        assert!(!page.contains(bad), "{bad} in {page}");
    }
    // Names of attributes, without their values: within quotation marks a text is a text.
    let names = |tag: &str| tag.split('"').step_by(2).collect::<String>();
    let tags = page.split('<').map(names);
    let handlers = tags.filter(|tag| tag.split('>').next().unwrap().contains(" on"));
    assert_eq!(handlers.count(), 0, "{page}");
    assert!(page.contains(r#"<html lang="en">"#) && page.matches("<h1").count() == 1, "{page}");
}

#[test]
fn no_text_of_a_clients_is_markup() {
    let everybody = viewer(&[Right::See, Right::Decide, Right::Audit, Right::Administer]);
    sound(&page(&now(), &everybody));
    let asked = SignIn { why: Some(HOSTILE), next: HOSTILE, name: HOSTILE, providers: &[] };
    sound(&sign_in::page(&asked));
    let half = SecondHalf {
        name: HOSTILE,
        word: HOSTILE,
        challenge: HOSTILE,
        keys: HOSTILE,
        next: HOSTILE,
    };
    sound(&sign_in::second_half(&half));
}

fn hostile() -> String {
    HOSTILE.to_owned()
}

/// Moments are Weir's own.
fn moment() -> String {
    "2026-06-01T08:30:00.000000Z".to_owned()
}

fn everybody() -> Viewer {
    viewer(&[Right::See, Right::Decide, Right::Audit, Right::Administer])
}

#[test]
fn no_text_of_a_clients_is_markup_on_the_data_map() {
    let label = || Some((hostile(), "pii"));
    let heat = Heat { statements: 1, raw: 2, masked: 3, plain: 4 };
    let place = || [hostile(), hostile(), hostile()];
    let column = || Column {
        place: [hostile(), hostile(), hostile(), hostile()],
        type_name: hostile(),
        label: label(),
        heat,
        ..Column::default()
    };
    let table =
        Table { place: place(), labels: vec![(hostile(), "pii", 2)], heat, ..Table::default() };
    let map = Map {
        databases: vec![(hostile(), 1, 2, 3)],
        labels: vec![hostile()],
        tables: vec![table],
        sought: Sought { text: hostile(), database: hostile(), ..Sought::default() },
        ..Map::default()
    };
    sound(&data::map(&map, &everybody()));
    sound(&data::map(&Map::default(), &everybody()));
    let node = |kind: &'static str| Node {
        name: hostile(),
        kind,
        words: hostile(),
        link: data::table_link([HOSTILE, HOSTILE, HOSTILE]),
    };
    let page = TablePage {
        place: place(),
        columns: vec![column()],
        before: vec![node("table"), node("service")],
        behind: vec![node("agent")],
        doers: Some(vec![Doer { identity: hostile(), last: hostile(), ..Doer::default() }]),
        days: Some(30),
    };
    sound(&data::table(&page, &everybody()));
    sound(&data::table(&page, &viewer(&[Right::See])));
    let found = Evidence {
        label: label(),
        lines: vec![hostile()],
        against: vec![hostile()],
        ..Evidence::default()
    };
    let decided = Decided { label: None, by: hostile(), reason: hostile(), at: moment() };
    let change = data::Change {
        at: moment(),
        by: hostile(),
        before: hostile(),
        after: hostile(),
        why: hostile(),
    };
    let page = ColumnPage {
        column: column(),
        found,
        carried: Some(((hostile(), "pii"), hostile())),
        decided: Some(decided),
        readers: Some(vec![Read { identity: hostile(), ..Read::default() }]),
        changes: vec![change],
        labels: vec!["email".to_owned()],
        said: Some((Tone::Bad, hostile())),
    };
    sound(&data::column(&page, &everybody()));
    // Who may only look is offered nothing to press.
    assert!(!data::column(&page, &viewer(&[Right::See])).contains("name=\"word\""));
}

#[test]
fn no_text_of_a_clients_is_markup_in_a_replay() {
    let session = || replay::Session {
        id: "0dq7z3v1q2m5k-a1b2".to_owned(),
        identity: hostile(),
        groups: hostile(),
        database: hostile(),
        application: hostile(),
        address: hostile(),
        method: hostile(),
        tls: hostile(),
        opened: moment(),
        closed: Some(moment()),
        reason: hostile(),
        ..replay::Session::default()
    };
    let text = hostile();
    let list = replay::Sessions { sessions: vec![session()], text, ..Default::default() };
    sound(&replay::list(&list, &everybody()));
    let seen = replay::Seen {
        name: hostile(),
        labels: hostile(),
        method: hostile(),
        counts: [1, 2, 3],
        ..replay::Seen::default()
    };
    let step = replay::Step {
        id: "x".to_owned(),
        text: hostile(),
        verdict: hostile(),
        state: "failed",
        error: hostile(),
        why: hostile(),
        tag: hostile(),
        approved_by: hostile(),
        seen: vec![seen],
        ..replay::Step::default()
    };
    let page = replay::Replay { session: session(), steps: vec![step], next: Some(1), after: 1 };
    sound(&replay::replay(&page, &everybody()));
    sound(&replay::replay(&replay::Replay::default(), &everybody()));
}

#[test]
fn no_text_of_a_clients_is_markup_in_reports_and_setup() {
    let listed = |how| job::Listed { id: "1".to_owned(), words: hostile(), asked: moment(), how };
    let hows = [
        How::Waits,
        How::Verifies(1, 0),
        How::Asks(3, 2),
        How::Done(false),
        How::Failed(hostile()),
    ];
    let page = reports::Reports {
        kinds: vec![("soc2".to_owned(), hostile())],
        listed: hows.into_iter().map(listed).collect(),
        form: reports::Form { name: hostile(), since: hostile(), ..Default::default() },
        said: Some((Tone::Bad, hostile())),
        key: Some("weir+00000000+AQ==".to_owned()),
    };
    sound(&reports::page(&page, &everybody()));
    assert!(job::busy(&page.listed));
    let database = setup::Database {
        name: hostile(),
        environment: hostile(),
        upstream: hostile(),
        user: hostile(),
        tls: "TLS",
        ..Default::default()
    };
    let endpoint = setup::Endpoint {
        host: hostile(),
        identity: hostile(),
        database: hostile(),
        identities: vec![hostile()],
        databases: vec![hostile()],
        ..Default::default()
    };
    let page = setup::Setup {
        obstacles: vec![hostile()],
        databases: vec![database],
        ledger: vec![setup::Fact { what: hostile(), words: hostile(), good: false }],
        exports: vec![setup::Export { name: hostile(), ..Default::default() }],
        endpoint,
        said: Some((Tone::Good, hostile())),
    };
    sound(&setup::page(&page, &everybody()));
    let draft = setup::Draft {
        name: hostile(),
        host: hostile(),
        user: hostile(),
        variable: hostile(),
        ..Default::default()
    };
    let attempt = setup::Attempt {
        draft,
        section: Some(hostile()),
        problems: vec![hostile()],
        tried: Some(Ok(setup::Found { labels: vec![(hostile(), 2)], ..Default::default() })),
    };
    sound(&setup::new(&attempt, &everybody()));
}

#[test]
fn only_an_admin_is_offered_to_end_a_session() {
    let admin = page(&now(), &viewer(&[Right::See, Right::Administer]));
    assert!(admin.contains("/end\""));
    assert!(!page(&now(), &viewer(&[Right::See])).contains("/end\""));
}

#[test]
fn places_are_offered_to_those_who_may() {
    let decider = page(&Now::default(), &viewer(&[Right::Decide]));
    assert!(
        decider.contains(Place::Approvals.path()) && !decider.contains("href=\"/console/now\"")
    );
    assert!(decider.contains(r#"3<span class="sr"> waiting</span>"#));
}

#[test]
fn what_a_browser_loads_first_is_small() {
    let files: usize = crate::assets::ALL.iter().map(|asset| asset.bytes.len()).sum();
    assert!(files < 60_000, "{files} bytes of files");
    for asset in crate::assets::ALL {
        assert!(std::ptr::eq(crate::assets::find(asset.name()).unwrap(), *asset));
    }
}
