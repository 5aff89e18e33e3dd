//! Streams cut into any pieces give the same result; what does not match is refused.

use super::*;
use crate::{Format, testing};
use model::TypeId;
use proptest::prelude::*;

fn columns(format: Format) -> Vec<ColumnMask> {
    let raw = model::Disclosure::Raw { labels: Vec::new() };
    let key = crate::Key::new([1; 32]);
    let catalog = model::Catalog::default();
    vec![
        ColumnMask::compile(&raw, TypeId(23), &catalog, format, &key),
        testing::mask("email", "partial", TypeId(25), format),
        testing::scan(TypeId(25), format),
    ]
}

fn run(stream: &CopyStream, pieces: &[&[u8]], format: Format) -> Result<(Vec<u8>, u64), CopyError> {
    let mut mask = CopyMask::new(stream.clone(), columns(format));
    let mut out = Vec::new();
    for piece in pieces {
        mask.push(piece, &mut out)?;
    }
    mask.finish(&mut out)?;
    Ok((out, mask.rows()))
}

#[test]
fn text_rows_are_masked_and_the_rest_is_kept() {
    let stream = CopyStream::new(CopyFormat::Text);
    let input = b"1\talice@example.org\tsay \\\\ hi\\tthere\n2\t\\N\tmail bob@example.com\\n\n";
    let (out, rows) = run(&stream, &[input], Format::Text).unwrap();
    let expected = b"1\ta***@***.org\tsay \\\\ hi\\tthere\n2\t\\N\tmail b***@***.com\\n\n";
    assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(expected));
    assert_eq!(rows, 2);
}

#[test]
fn a_delimiter_in_a_value_is_escaped_again() {
    let stream = CopyStream { delimiter: b'*', ..CopyStream::new(CopyFormat::Text) };
    let (out, _) = run(&stream, &[b"1*al@b.org*x\n"], Format::Text).unwrap();
    assert_eq!(out, b"1*a\\*\\*\\*@\\*\\*\\*.org*x\n");
}

#[test]
fn csv_keeps_quotes_headers_and_line_ends() {
    let stream = CopyStream { header: true, ..CopyStream::new(CopyFormat::Csv) };
    let input = b"id,email@x.org,text\n1,\"alice@example.org\",\"a \"\"b\"\"\nto bob@example.com\"\n2,,\"\"\n";
    let (out, rows) = run(&stream, &[input], Format::Text).unwrap();
    let expected =
        b"id,email@x.org,text\n1,a***@***.org,\"a \"\"b\"\"\nto b***@***.com\"\n2,,\"\"\n";
    assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(expected));
    assert_eq!(rows, 2);
}

#[test]
fn csv_with_an_escape_of_its_own() {
    let stream = CopyStream {
        delimiter: b';',
        quote: b'\'',
        escape: b'\\',
        ..CopyStream::new(CopyFormat::Csv)
    };
    let input = b"1;al@b.org;'it\\'s al@b.org \\\\'\n";
    let (out, _) = run(&stream, &[input], Format::Text).unwrap();
    assert_eq!(String::from_utf8_lossy(&out), "1;a***@***.org;'it\\'s a***@***.org \\\\'\n");
}

#[test]
fn what_stands_for_null_is_no_guess() {
    let guess = |null: &[u8], input: &[u8]| {
        let stream = CopyStream { null: null.to_vec(), ..CopyStream::new(CopyFormat::Text) };
        String::from_utf8(run(&stream, &[input], Format::Text).unwrap().0).unwrap()
    };
    let smith = b"1\talice@example.org\tx\n2\tbob@example.com\tx\n";
    assert_eq!(guess(b"alice@example.org", smith), "1\ta***@***.org\tx\n2\tb***@***.com\tx\n");
    // An escaped character is as much a value.
    let odd = b"1\ta\\\\b@example.org\tx\n";
    assert!(!guess(b"a\\\\b@example.org", odd).contains("example"));
    for null in ["", "\\N", "\\NULL", "a\\-"] {
        let kept = format!("1\t{null}\tx\n");
        assert_eq!(guess(null.as_bytes(), kept.as_bytes()), kept, "{null:?} is no value");
    }
    for null in ["NULL", "NA", "0", "\\\\N", "\\t"] {
        assert!(!text::is_no_value(null.as_bytes(), b'\t'), "{null:?} may be a value");
    }
}

#[test]
fn quotes_say_nothing_of_what_is_masked() {
    let csv = CopyStream::new(CopyFormat::Csv);
    let csv = CopyStream { delimiter: b'7', quote: b'x', escape: b'x', ..csv };
    let masked = |stream: &CopyStream, value: &str| {
        let input = format!("17{value}7y\n");
        String::from_utf8(run(stream, &[input.as_bytes()], Format::Text).unwrap().0).unwrap()
    };
    assert_eq!(masked(&csv, "xa7@b.orgx"), masked(&csv, "ab@b.org"));
    assert_eq!(masked(&csv, "xaxx@b.orgx"), masked(&csv, "ab@b.org"));
    let forced = CopyStream { force_quote: vec![false, true], ..csv };
    assert_eq!(masked(&forced, "xab@b.orgx"), "17xa***@***.orgx7y\n");
}

fn binary() -> Vec<u8> {
    let mut stream = b"PGCOPY\n\xFF\r\n\0".to_vec();
    stream.extend([0; 8]);
    for (id, mail) in [(1i32, Some("alice@example.org")), (2, None)] {
        stream.extend(3i16.to_be_bytes());
        stream.extend(4i32.to_be_bytes());
        stream.extend(id.to_be_bytes());
        match mail {
            Some(mail) => {
                stream.extend(i32::try_from(mail.len()).unwrap().to_be_bytes());
                stream.extend(mail.as_bytes());
            }
            None => stream.extend((-1i32).to_be_bytes()),
        }
        stream.extend(2i32.to_be_bytes());
        stream.extend(b"hi");
    }
    stream.extend((-1i16).to_be_bytes());
    stream
}

#[test]
fn binary_rows_are_masked() {
    let stream = CopyStream::new(CopyFormat::Binary);
    let (out, rows) = run(&stream, &[&binary()], Format::Binary).unwrap();
    assert_eq!(rows, 2);
    let text = String::from_utf8_lossy(&out);
    assert!(text.contains("\0\0\0\x0ca***@***.org") && !text.contains("alice"));
    assert!(out.ends_with(&[0xFF, 0xFF]));
}

#[test]
fn what_left_is_counted_in_every_format() {
    let text = b"1\talice@example.org\tcall bob@example.com\n2\t\\N\thello\n\\N\tx@y.org\t\\N\n";
    let csv = b"1,alice@example.org,\"call, bob@example.com\"\n2,,hello\n,x@y.org,\n";
    let expected = [(2, 0, 1), (0, 2, 1), (1, 1, 1)];
    let expected = expected.map(|(raw, masked, null)| Tally { raw, masked, null });
    for (kind, input) in [(CopyFormat::Text, &text[..]), (CopyFormat::Csv, csv)] {
        let mut mask = CopyMask::new(CopyStream::new(kind), columns(Format::Text));
        mask.push(input, &mut Vec::new()).unwrap();
        assert_eq!(mask.tallies(), expected, "{kind:?}");
        // What a broken payload began with did not leave.
        assert!(mask.push(b"1\n", &mut Vec::new()).is_err());
        let more =
            if kind == CopyFormat::Csv { &b"1,a@b.org,x\n1\n"[..] } else { b"1\ta@b.org\tx\n1\n" };
        assert!(mask.push(more, &mut Vec::new()).is_err());
        assert_eq!(mask.tallies(), expected, "{kind:?}");
    }
    let mut mask = CopyMask::new(CopyStream::new(CopyFormat::Binary), columns(Format::Binary));
    mask.push(&binary(), &mut Vec::new()).unwrap();
    let told = |raw, masked, null| Tally { raw, masked, null };
    assert_eq!(mask.tallies(), [told(2, 0, 0), told(0, 1, 1), told(2, 0, 0)]);
    // What may be a value as well is counted as one.
    let stream = CopyStream { null: b"NA".to_vec(), ..CopyStream::new(CopyFormat::Text) };
    let mut mask = CopyMask::new(stream, columns(Format::Text));
    mask.push(b"NA\ta@b.org\tx\n", &mut Vec::new()).unwrap();
    assert_eq!(mask.tallies()[0], told(1, 0, 0));
}

#[test]
fn streams_that_do_not_match_are_refused_whole() {
    let text = CopyStream::new(CopyFormat::Text);
    let csv = CopyStream::new(CopyFormat::Csv);
    let bin = CopyStream::new(CopyFormat::Binary);
    let wrong = |found| Err(CopyError::Columns { found, expected: 3 });
    assert_eq!(run(&text, &[b"1\t2\t3\n1\t2\n"], Format::Text), wrong(2));
    assert_eq!(run(&text, &[b"1\t2\t3\t4\t5\n"], Format::Text), wrong(5));
    assert_eq!(run(&csv, &[b"1,2\n"], Format::Text), wrong(2));
    assert_eq!(run(&csv, &[b"1,2,3,4\n"], Format::Text), wrong(4));
    assert_eq!(run(&text, &[b"1\t2\t3"], Format::Text), Err(CopyError::Truncated));
    assert_eq!(run(&csv, &[b"1,\"2\"x,3\n"], Format::Text), Err(CopyError::Malformed));
    assert_eq!(run(&bin, &[b"PGCOPX"], Format::Binary), Err(CopyError::Malformed));
    let whole = binary();
    assert_eq!(run(&bin, &[&whole[..whole.len() - 2]], Format::Binary), Err(CopyError::Truncated));
    let mut more = whole.clone();
    more.push(0);
    assert_eq!(run(&bin, &[&more], Format::Binary), Err(CopyError::Malformed));
}

#[test]
fn after_an_error_nothing_is_relayed() {
    let mut mask = CopyMask::new(CopyStream::new(CopyFormat::Text), columns(Format::Text));
    let mut out = Vec::new();
    assert!(mask.push(b"1\tal@b.org\tx\nbroken\n", &mut out).is_err());
    assert!(out.is_empty());
    assert!(mask.push(b"1\tal@b.org\tx\n", &mut out).is_err());
    assert!(mask.finish(&mut out).is_err() && out.is_empty());
}

fn cut(input: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    cuts.extend([0, input.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| input[pair[0]..pair[1]].to_vec()).collect()
}

proptest! {
    #[test]
    fn cuts_change_nothing(cuts in proptest::collection::vec(any::<usize>(), 0..8)) {
        let text = b"1\talice@example.org\tone\\ttwo\n2\t\\N\tmail bob@example.com\\n\n".to_vec();
        let csv = b"1,\"alice@example.org\",\"a \"\"b\"\"\nto bob@example.com\"\n2,,\"\"\n".to_vec();
        let cases = [
            (CopyFormat::Text, Format::Text, text),
            (CopyFormat::Csv, Format::Text, csv),
            (CopyFormat::Binary, Format::Binary, binary()),
        ];
        for (kind, format, input) in cases {
            let stream = CopyStream::new(kind);
            let pieces = cut(&input, &cuts);
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(run(&stream, &pieces, format), run(&stream, &[&input], format));
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in [CopyFormat::Text, CopyFormat::Csv, CopyFormat::Binary] {
            let _ = run(&CopyStream::new(kind), &[&input], Format::Text);
        }
    }
}

#[test]
fn masking_a_copied_row_allocates_nothing() {
    let stream = CopyStream::new(CopyFormat::Text);
    let mut mask = CopyMask::new(stream, columns(Format::Text));
    let line = |n: u32| format!("{n}\talice{n}@example.org\tsay \\\\ {n} to bob@example.com\n");
    let lines: Vec<String> = (0..1_000).map(line).collect();
    let mut out = Vec::with_capacity(1 << 20);
    let mut all = |out: &mut Vec<u8>| {
        for line in &lines {
            mask.push(line.as_bytes(), out).unwrap();
        }
    };
    all(&mut out);
    let after = allocation_counter::measure(|| {
        out.clear();
        all(&mut out);
    });
    assert_eq!(after.count_total, 0, "{after:?}");
}
