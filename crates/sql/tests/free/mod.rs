//! Literals on whose value nothing depends: what is told of one text is told of every other that
//! has other values in their places. Held against the analyser itself, on every text of the cases.

use super::{folder, support};
use model::Catalog;
use sql::{Analysed, Scope};
use std::{fs, ops::Range};

/// Values that mean something somewhere: bounds, truth values, arrays, keywords, nothing.
const NUMBERS: &[&str] = &["0", "1", "2", "7", "32767", "32768", "10000", "999999998", "999999999"];
const TEXTS: &[&str] = &[
    "''",
    "'0'",
    "'1'",
    "'f'",
    "'true'",
    "'null'",
    "'NULL'",
    "'{a,b}'",
    "'[1,2]'",
    "'infinity'",
    "'-1'",
    "'2020-01-01'",
    "'drop table users'",
    "'%'",
    "'$1'",
    "'a,b,c'",
    "'pg_class'",
    "'--'",
    "'/*'",
    "';'",
    "'12345678901234567890123456789012345678901234567890123456789012'",
];

fn catalog() -> Catalog {
    support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap())
}

/// Every text of the case files, and some that programs send.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = FREE.iter().map(|(text, _)| (*text).to_owned()).collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let file = fs::read_to_string(path).unwrap();
            let pieces = file.split("```sql\n").skip(1);
            texts.extend(pieces.map(|piece| piece.split("\n```\n").next().unwrap().to_owned()));
        }
    }
    texts
}

fn free(analysed: &[Analysed]) -> Vec<Range<usize>> {
    analysed.iter().flat_map(|one| one.free.clone()).collect()
}

const FREE: &[(&str, &[&str])] = &[
    ("select name from users where id = 7", &["7"]),
    ("select name from users where id = 7;", &["7"]),
    (
        "select name from users where id=7 and name = 'x' limit 10 offset 20",
        &["7", "'x'", "10", "20"],
    ),
    ("select name from users where 7 < id and id <= -9", &["7", "9"]),
    ("select name from users where id in (1, 2,3)", &["1", "2", "3"]),
    ("select name, 5 from users where id = 7 order by 1", &["7"]),
    ("select name from users u join orders o on o.id = 3 where u.id = 7", &["7"]),
    ("update users set name = 'x', id = id + -5 where id = 7", &["'x'", "5", "7"]),
    ("update users set name = 'x' where id > 7", &["'x'"]),
    ("delete from users where id = 7 and name = 'x'", &["7", "'x'"]),
    ("delete from users where id in (1, 2)", &[]),
    ("insert into orders (id) values (1), (-2), (default)", &["1", "2"]),
    ("begin; update users set id = 3 where id = 4; commit", &[]),
    // What one statement writes another may read.
    (
        "create temp table t (a text); insert into t values ('x'); \
         select replace(name, 'a', t.a) from users, t",
        &[],
    ),
    // What is spelt in another way, or stands elsewhere.
    ("select name from users where id = 1234567890", &[]),
    ("select name from users where id = 1.5", &[]),
    ("select name from users where id = 0x1F", &[]),
    ("select name from users where id = 1_000", &[]),
    ("select name from users where id = 007", &[]),
    ("select name from users where name = E'x'", &[]),
    ("select name from users where name = 'it''s'", &[]),
    ("select name from users where name = 'x\\'", &[]),
    ("select name from users where name = 'größe'", &[]),
    ("select name from users where name = $$x$$", &[]),
    ("select name from users where name = 'x'\n'y'", &[]),
    ("select name from users where name = 'x'::text", &[]),
    ("select name from users where name like 'x%'", &[]),
    ("select name from users where lower(name) = 'x'", &[]),
    ("select name from users where not id = 7", &[]),
    ("select name from users where id = 7 or id = 8", &[]),
    ("select name from users where id in (1, 2 + 3)", &[]),
    ("select name from users where id = any ('{1,2}')", &[]),
    ("select name from users where id = 7 for update", &[]),
    ("select name from users where id = (select 7)", &[]),
    ("with u as (select 1) select name from users where id = 7", &[]),
    ("select name from users where id = 7 union select name from users", &[]),
    ("update users set name = 'x' from orders where users.id = 7", &[]),
    ("explain select name from users where id = 7", &[]),
    ("prepare p as select name from users where id = 7", &[]),
    ("select 7", &[]),
];

#[test]
fn literals_are_free_where_nothing_looks_at_them() {
    let catalog = catalog();
    for (text, expected) in FREE {
        let free = free(&sql::analyse(text, &catalog, &Scope::default()));
        let found: Vec<&str> = free.iter().map(|at| &text[at.clone()]).collect();
        assert_eq!(found, *expected, "{text}");
    }
}

/// The text with others in the places of its free literals.
fn filled(
    text: &str,
    free: &[Range<usize>],
    pick: impl Fn(usize, &[&'static str]) -> &'static str,
) -> String {
    let (mut out, mut from) = (String::new(), 0);
    for (index, at) in free.iter().enumerate() {
        out.push_str(&text[from..at.start]);
        let kind = if text.as_bytes()[at.start] == b'\'' { TEXTS } else { NUMBERS };
        out.push_str(pick(index, kind));
        from = at.end;
    }
    out + &text[from..]
}

/// Everything that is told of the one is told of the other, except of what they give.
fn same(
    known: &[Analysed],
    free: &[Range<usize>],
    other: &[Analysed],
    places: &[Range<usize>],
) -> bool {
    let moved = |place| sql::moved(place, free, places);
    known.len() == other.len()
        && known.iter().zip(other).all(|(one, other)| {
            one.facts == other.facts
                && (moved(one.span.start)..moved(one.span.end)) == other.span
                && one.syntax_error == other.syntax_error
                && (&one.copy, &one.blurred, one.empty)
                    == (&other.copy, &other.blurred, other.empty)
                && one.guards.len() == other.guards.len()
                && one.given.len() == other.given.len()
                && one.assigned.len() == other.assigned.len()
                && one.free.iter().map(|at| moved(at.end)).eq(other.free.iter().map(|at| at.end))
        })
}

#[test]
fn what_is_told_of_a_text_is_told_of_every_other_that_fits() {
    let (catalog, scope) = (catalog(), Scope::default());
    let (mut with, mut compared) = (0, 0);
    for text in texts() {
        let known = sql::analyse(&text, &catalog, &scope);
        let free = free(&known);
        if free.is_empty() {
            continue;
        }
        with += 1;
        for round in 0..TEXTS.len() {
            let other = filled(&text, &free, |index, kind| kind[(round + 5 * index) % kind.len()]);
            assert!(sql::outline(&text).eq(sql::outline(&other)), "{text}\n{other}");
            let places =
                sql::fits(&text, &free, &other).unwrap_or_else(|| panic!("{text}\n{other}"));
            let analysed = sql::analyse(&other, &catalog, &scope);
            assert!(
                same(&known, &free, &analysed, &places),
                "{text}\n{other}\n{known:#?}\n{analysed:#?}"
            );
            compared += 1;
        }
    }
    assert!(with > 30 && compared > 600, "{with} texts, {compared} compared");
}

#[test]
fn what_differs_elsewhere_does_not_fit_or_means_the_same() {
    let (catalog, scope) = (catalog(), Scope::default());
    const PIECES: &[&str] = &[
        "'", "''", "\\", "\n", " ", "-", "--", "/*", "*/", "0", "9", ".", "e5", "_", "x", "$",
        "$$", ";", "(", ")", ",", "::text", " or true", " 'y'", "\n'y'", "E", "U&", "é", "\u{a0}",
        "\t",
    ];
    let (mut tried, mut fitted) = (0, 0);
    for text in texts() {
        let known = sql::analyse(&text, &catalog, &scope);
        let free = free(&known);
        for literal in &free {
            // Around the literal, where a difference could be taken for a part of it.
            for place in literal.start.saturating_sub(2)..=(literal.end + 2).min(text.len()) {
                for (piece, cut) in PIECES.iter().flat_map(|piece| [(piece, 0), (piece, 1)]) {
                    let behind = place + cut;
                    if !text.is_char_boundary(place)
                        || !text.is_char_boundary(behind)
                        || behind > text.len()
                    {
                        continue;
                    }
                    let other = format!("{}{piece}{}", &text[..place], &text[behind..]);
                    tried += 1;
                    let Some(places) = sql::fits(&text, &free, &other) else { continue };
                    fitted += 1;
                    assert!(sql::outline(&text).eq(sql::outline(&other)), "{text}\n{other}");
                    let analysed = sql::analyse(&other, &catalog, &scope);
                    assert!(
                        same(&known, &free, &analysed, &places),
                        "{text}\n{other}\n{known:#?}\n{analysed:#?}"
                    );
                }
            }
        }
    }
    assert!(tried > 10_000 && fitted > 500, "{tried} tried, {fitted} fitted");
}
