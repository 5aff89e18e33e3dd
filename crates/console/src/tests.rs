//! What every page must hold to, whatever is on it.

use crate::{
    chart::Tile,
    layout::{Place, Right, Viewer},
    now::{Now, Row, Session, page},
    sign_in::{self, SignIn},
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
    let hostile = || HOSTILE.to_owned();
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
    Now { tiles, rows, sessions, done: Some(hostile()), ..Now::default() }
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
