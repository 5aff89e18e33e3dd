//! A result that is fetched portion by portion is one result: a limit on its rows is for all of it,
//! and whoever fetches it is told where it was cut.

use testkit::weir::{PASSWORD, PERSON};
use tests::{
    hold::stage_with,
    wire::{Message, Raw, frame},
};

const POLICY: &str = r#"
@id("few-rows")
@row_limit("7")
permit (principal, action == Action::"select", resource);
"#;

/// Execute of the unnamed portal, for so many rows at most.
fn execute(rows: u32) -> Vec<u8> {
    frame(b'E', &[b"\0".as_slice(), &rows.to_be_bytes()].concat())
}

/// The first column of what came, how it ended, and the words of a warning.
fn told(said: &[Message]) -> (Vec<String>, String, Option<String>) {
    let rows = said.iter().filter(|message| message.tag == b'D');
    let rows = rows.map(|row| String::from_utf8_lossy(&row.body[6..]).into_owned()).collect();
    let ended = said.iter().rev().find(|message| b"Cs".contains(&message.tag)).unwrap();
    let ended = match ended.tag {
        b's' => "suspended".to_owned(),
        _ => String::from_utf8_lossy(&ended.body).trim_end_matches('\0').to_owned(),
    };
    let warning = said.iter().find(|message| message.tag == b'N');
    (rows, ended, warning.and_then(|warning| warning.field(b'M')))
}

#[test]
fn a_limit_on_rows_is_for_the_whole_result() {
    let stage = stage_with(|options| options.policy("91-rows.cedar", POLICY));
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let text = b"\0select id from jobs order by id\0\0\0";
    let open = [frame(b'P', text), frame(b'B', &[0; 8])].concat();
    let (flush, sync) = (frame(b'H', b""), frame(b'S', b""));
    let range = |from: u32, to: u32| (from..=to).map(|n| n.to_string()).collect::<Vec<_>>();
    let warning = Some("Weir withheld the rows beyond the first 7".to_owned());

    // One portion after the other, in a transaction, each awaited.
    raw.query("begin").unwrap();
    raw.until(b'Z').unwrap();
    raw.send(&[open.clone(), execute(5), sync.clone()].concat()).unwrap();
    assert_eq!(told(&raw.until(b'Z').unwrap()), (range(1, 5), "suspended".into(), None));
    raw.send(&[execute(5), sync.clone()].concat()).unwrap();
    let second = told(&raw.until(b'Z').unwrap());
    assert_eq!(second, (range(6, 7), "SELECT 2".into(), warning.clone()));
    for most in [5, 1, 0] {
        raw.send(&[execute(most), sync.clone()].concat()).unwrap();
        let more = told(&raw.until(b'Z').unwrap());
        assert_eq!((more.0, more.1.as_str()), (Vec::new(), "SELECT 0"), "at most {most}");
    }
    raw.query("rollback").unwrap();
    raw.until(b'Z').unwrap();

    // All asked for before the first is answered; a portion as long as the limit is whole.
    let all = [open.clone(), execute(3), execute(4), execute(3), sync.clone()].concat();
    raw.send(&all).unwrap();
    let said = raw.until(b'Z').unwrap();
    let tags: String = said.iter().map(|message| char::from(message.tag)).collect();
    assert_eq!(tags, "12DDDsDDDDsNCZ");
    assert_eq!(told(&said), (range(1, 7), "SELECT 0".into(), warning.clone()));

    // What SQL's FETCH takes from one cursor is one result; another one begins anew.
    let mut query = |text: &str| {
        raw.query(text).unwrap();
        told(&raw.until(b'Z').unwrap())
    };
    query("begin");
    for _ in 0..2 {
        query("declare rest cursor for select id from jobs order by id");
        assert_eq!(query("fetch 5 from rest"), (range(1, 5), "FETCH 5".into(), None));
        assert_eq!(query("fetch 5 from rest"), (range(6, 7), "SELECT 2".into(), warning.clone()));
        assert_eq!(query("fetch 1 from rest").0, Vec::<String>::new());
        query("close rest");
    }
    let both = "declare rest cursor for select id from jobs order by id; fetch 4 from rest; \
                fetch 4 from rest";
    assert_eq!(query(both).0, range(1, 7));
    query("rollback");

    // One that outlives its transaction is the same in the next, and after what was rolled back.
    query("declare rest cursor with hold for select id from jobs order by id");
    for (fetch, to) in [("fetch 3 from rest", 3), ("fetch 3 from rest", 6)] {
        assert_eq!(query(fetch).0, range(to - 2, to));
    }
    query("begin; savepoint before; select 1/0");
    query("rollback to before; commit");
    assert_eq!(query("fetch 3 from rest"), (range(7, 7), "SELECT 1".into(), warning.clone()));
    query("close rest");

    // A portal and its name in SQL are one cursor; bound anew, it is another.
    raw.query("begin").unwrap();
    raw.until(b'Z').unwrap();
    for _ in 0..2 {
        let bind = frame(b'B', b"rest\0\0\0\0\0\0\0\0");
        let run = frame(b'E', b"rest\0\0\0\0\x03");
        raw.send(&[frame(b'P', text), bind, run.clone(), sync.clone()].concat()).unwrap();
        assert_eq!(told(&raw.until(b'Z').unwrap()).0, range(1, 3));
        raw.query("fetch 3 from rest").unwrap();
        assert_eq!(told(&raw.until(b'Z').unwrap()).0, range(4, 6));
        raw.send(&[run, sync.clone()].concat()).unwrap();
        let rest = told(&raw.until(b'Z').unwrap());
        assert_eq!(rest, (range(7, 7), "SELECT 1".into(), warning.clone()));
        raw.query("fetch 3 from rest").unwrap();
        assert_eq!(told(&raw.until(b'Z').unwrap()).0, Vec::<String>::new());
        raw.send(&[frame(b'C', b"Prest\0"), sync.clone()].concat()).unwrap();
        raw.until(b'Z').unwrap();
    }
    raw.query("rollback").unwrap();
    raw.until(b'Z').unwrap();

    // Longer portions than the limit end at it, and a portal anew begins anew.
    for _ in 0..2 {
        raw.send(&[open.clone(), execute(10), flush.clone()].concat()).unwrap();
        let first = told(&raw.until(b'C').unwrap());
        assert_eq!(first, (range(1, 7), "SELECT 7".into(), warning.clone()));
        raw.send(&[execute(10), sync.clone()].concat()).unwrap();
        assert_eq!(told(&raw.until(b'Z').unwrap()).0, Vec::<String>::new());
    }
}
