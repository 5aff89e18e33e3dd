//! The scanner that the leak tests rely on: it must find a secret in every disguise, and nothing
//! where there is none.

use tests::canary::{Canaries, Finding, Row, Secret};
use tests::wire::Message;

fn canaries() -> Canaries {
    Canaries::new([
        Secret::text("email", "zqxvkelm.wobble@quuxfjord.se"),
        Secret::text("national_id", "907-41-5836"),
        Secret::text("name", "Wiśniołówić"),
        Secret::number("salary", "93817264.58"),
        Secret::date("birth_date", 1908, 3, 17),
        Secret::exactly("digest", b"0123456789ABCDEF"),
    ])
    .unwrap()
}

fn forms(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|one| format!("{} {}", one.label, one.form)).collect()
}

fn rows(text: &[&[&str]]) -> Vec<Row> {
    let row = |row: &&[&str]| row.iter().map(|value| Some(value.as_bytes().to_vec())).collect();
    text.iter().map(row).collect()
}

#[test]
fn text_is_found_in_every_disguise() {
    let canaries = canaries();
    for (bytes, expected) in [
        ("zqxvkelm.wobble@quuxfjord.se", "email plain"),
        ("ZQXVKELM.WOBBLE@QUUXFJORD.SE", "email plain"),
        ("a piece: kelm.wobbl, no more", "email plain"),
        ("es.drojfxuuq@elbbow.mlekvxqz", "email reversed"),
        ("\\x7a7178766b656c6d2e776f62626c65", "email hex"),
        ("7A7178766B656C6D2E776F62626C65", "email hex"),
        ("enF4dmtlbG0ud29iYmxlQHF1dXhmam9yZC5zZQ==", "email base64"),
        ("QXpxeHZrZWxtLndvYmJsZUBxdXV4ZmpvcmQuc2U=", "email base64"),
        ("QUF6cXh2a2VsbS53b2JibGVAcXV1eGZqb3JkLnNl", "email base64"),
        ("WlFYVktFTE0uV09CQkxFQFFVVVhGSk9SRC5TRQ==", "email base64"),
        ("%7A%71%78%76%6B%65%6C%6D%2E", "email hex"),
        ("\\172\\161\\170\\166\\153\\145\\154", "email octal"),
        ("\\u007a\\u0071\\u0078\\u0076\\u006b\\u0065", "email escaped"),
        ("&#x7a;&#x71;&#x78;&#x76;&#x6b;&#x65;", "email escaped"),
        ("{122,113,120,118,107,101,108}", "email codes"),
        ("z\0q\0x\0v\0k\0e\0l\0m\0", "email plain"),
        ("{\"z\",\"q\",\"x\",\"v\",\"k\",\"e\",\"l\",\"m\"}", "email plain"),
        ("(1,z)(2,q)(3,x)(4,v)(5,k)(6,e)(7,l)(8,m)", "email letters"),
        ("{ryw{lfmn/xpccmf", "email shifted"),
        ("mdkixryz.jbooyr", "email rot13"),
        ("0907415836", "national_id plain"),
        ("9 0 7 4 1 5 8 3 6", "national_id plain"),
        ("638514709", "national_id reversed"),
        ("jah-eb-fidg", "national_id digits as letters"),
        ("WIŚNIOŁÓWIĆ", "name plain"),
        ("ćiwółoinśiw", "name reversed"),
        ("$93,817,264.58", "salary digits"),
        ("9.381726e+07", "salary float4"),
        ("17/03/1908", "birth_date date, year last"),
        ("Tue Mar 17 1908", "birth_date date"),
        ("March 17, 1908", "birth_date date"),
        ("-1950048000", "birth_date date"),
        ("0123456789abcdef", "digest digest"),
    ] {
        let found = forms(&canaries.scan(bytes.as_bytes()));
        assert!(found.contains(&expected.to_owned()), "{bytes}: {found:?}");
    }
}

#[test]
fn binary_values_are_found() {
    let canaries = canaries();
    for (bytes, expected) in [
        (907_415_836_i32.to_be_bytes().to_vec(), "national_id int4"),
        (907_415_836_i64.to_be_bytes().to_vec(), "national_id int4"),
        (93_817_264.58_f64.to_be_bytes().to_vec(), "salary float8"),
        (9_381_726_458_i64.to_be_bytes().to_vec(), "salary int8"),
        (vec![0, 3, 0, 1, 0, 0, 0, 2, 0x24, 0xa5, 0x1c, 0x60, 0x16, 0xa8], "salary numeric"),
        ((-33_527_i32).to_be_bytes().to_vec(), "birth_date date"),
        ((-33_527 * 86_400_000_000_i64).to_be_bytes().to_vec(), "birth_date timestamp"),
    ] {
        let found = forms(&canaries.scan(&[b"D\0\0".as_slice(), &bytes, b"\0\0"].concat()));
        assert!(found.contains(&expected.to_owned()), "{bytes:?}: {found:?}");
    }
}

#[test]
fn what_is_split_over_values_is_found() {
    let canaries = canaries();
    let down: Vec<[String; 2]> =
        "907415836".chars().enumerate().map(|(at, c)| [at.to_string(), c.into()]).collect();
    let down: Vec<Vec<&str>> =
        down.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let down: Vec<&[&str]> = down.iter().map(Vec::as_slice).collect();
    let found = forms(&canaries.scan_rows(&rows(&down)));
    assert_eq!(found, ["national_id plain"]);
    let along = rows(&[&["907"], &["41"], &["5836"]]);
    assert_eq!(forms(&canaries.scan_rows(&along)), ["national_id plain"]);
    let date = rows(&[&["1908", "3", "17"]]);
    assert_eq!(forms(&canaries.scan_rows(&date)), ["birth_date date"]);
    assert_eq!(forms(&canaries.scan_rows(&rows(&[&["-33527"]]))), ["birth_date days"]);
    assert_eq!(forms(&canaries.scan_rows(&rows(&[&["59789b0"]]))), ["salary hex"]);
    let bits: String = "zqxvke".bytes().map(|byte| format!("{byte:08b}")).collect();
    let truths: Vec<String> =
        bits.chars().map(|bit| if bit == '1' { "t" } else { "f" }.into()).collect();
    let truths: Vec<&str> = truths.iter().map(String::as_str).collect();
    assert_eq!(forms(&canaries.scan_rows(&rows(&[&truths]))), ["email bits"]);
    let binary: Row = bits.bytes().map(|bit| Some(vec![bit - b'0'])).collect();
    assert_eq!(forms(&canaries.scan_rows(&[binary])), ["email bits"]);
}

#[test]
fn messages_are_taken_apart() {
    let value = |text: &str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    let row = |id: &str, text: &str| {
        let body = [&2_u16.to_be_bytes(), value(id).as_slice(), &value(text)].concat();
        Message { tag: b'D', body }
    };
    let split = [row("a", "zqxv"), row("b", "kelm"), row("c", "wobb")];
    assert_eq!(forms(&canaries().scan_messages(&split)), ["email plain", "email letters"]);
    let copied = ["9074", "1583", "6\n"];
    let copied = copied.map(|text| Message { tag: b'd', body: text.as_bytes().to_vec() });
    assert_eq!(forms(&canaries().scan_messages(&copied)), ["national_id plain"]);
    let error = Message { tag: b'E', body: b"C22P02\0Mcannot read \"907-41-5836\"\0\0".to_vec() };
    assert_eq!(forms(&canaries().scan_messages(&[error])), ["national_id plain"]);
}

#[test]
fn masked_and_foreign_values_are_none() {
    let text = "z***@***.se|***36|W***|1908-**-**|0|1970-01-01|907-41-5837|17:03 1909|93817\n\
                zqxv uuxf rd 90741|kelmwob|5836|\\x7a7178|enF4|122,113|01101111";
    let found = canaries().scan(text.as_bytes());
    assert!(found.is_empty(), "{found:?}");
    // A long stretch of digits, letters and bytes without a pattern.
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..1_000_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        })
        .collect();
    let digits: Vec<u8> = noise.iter().map(|byte| b'0' + byte % 10).collect();
    for bytes in [&noise, &digits] {
        let found = canaries().scan(bytes);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn a_short_secret_is_no_canary() {
    assert!(Canaries::new([Secret::text("name", "Smith")]).is_err());
    assert!(Canaries::new([Secret::number("salary", "31000")]).is_err());
}

#[test]
fn a_masked_date_behind_a_number_is_not_another_date() {
    let canaries = Canaries::new([Secret::date("birth_date", 1913, 10, 26)]).unwrap();
    assert!(canaries.scan(b"1026 1913-01-01 00:00:00").is_empty());
    assert!(!canaries.scan(b"10/26/1913").is_empty());
    assert!(!canaries.scan(b"26.10.1913, 02:00").is_empty());
    assert!(!canaries.scan(b"1026 1913-10-26").is_empty());
}
