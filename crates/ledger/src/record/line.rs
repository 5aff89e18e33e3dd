//! The JSON of the two records that every statement has, written by hand: what serde would write,
//! byte for byte, for a tenth of the work. Knows only what nearly all of them hold; the others are
//! serde's.

use super::{Disclosed, Intent, Outcome, Record, RiskPart};
use crate::ids::Hash;

/// Appends the record's JSON; false, and nothing is appended, if it is another or holds what is
/// rare.
pub(super) fn encode(record: &Record<'_>, out: &mut Vec<u8>) -> bool {
    match record {
        Record::Intent(record) => intent(record, out),
        Record::Outcome(record) => outcome(record, out),
        _ => false,
    }
}

fn intent(record: &Intent<'_>, out: &mut Vec<u8>) -> bool {
    let Intent {
        statement,
        time,
        shape,
        text,
        via,
        parameters,
        parameter_count,
        literals,
        literal_count,
        turned_back,
        kept,
        risk,
        trace,
        approval,
        work,
    } = record;
    let rare = !turned_back.is_empty() || kept.is_some() || trace.is_some();
    if rare || approval.is_some() || work.is_some() {
        return false;
    }
    if !risk.iter().all(|part| is_plain(&part.part)) {
        return false;
    }
    out.extend_from_slice(br#"{"type":"intent","statement":""#);
    out.extend_from_slice(&statement.text());
    out.extend_from_slice(br#"","time":""#);
    out.extend_from_slice(&time.text());
    out.extend_from_slice(br#"","shape":""#);
    out.extend_from_slice(&shape.text());
    out.extend_from_slice(br#"","text":""#);
    out.extend_from_slice(&text.text());
    out.extend_from_slice(br#"","via":""#);
    out.extend_from_slice(via.word().as_bytes());
    out.push(b'"');
    hashes(out, br#","parameters":["#, parameters);
    amount(out, br#","parameter_count":"#, *parameter_count);
    hashes(out, br#","literals":["#, literals);
    amount(out, br#","literal_count":"#, *literal_count);
    parts(out, risk);
    out.push(b'}');
    true
}

fn outcome(record: &Outcome<'_>, out: &mut Vec<u8>) -> bool {
    let Outcome {
        statement,
        time,
        duration_us,
        tag,
        sqlstate,
        ended,
        rows,
        affected,
        bytes,
        disclosed,
        approval,
    } = record;
    if ended.is_some() || approval.is_some() || !is_plain(tag) {
        return false;
    }
    if sqlstate.as_ref().is_some_and(|code| !is_plain(code)) {
        return false;
    }
    out.extend_from_slice(br#"{"type":"outcome","statement":""#);
    out.extend_from_slice(&statement.text());
    out.extend_from_slice(br#"","time":""#);
    out.extend_from_slice(&time.text());
    out.extend_from_slice(br#"","duration_us":"#);
    number(out, *duration_us);
    if !tag.is_empty() {
        quoted(out, br#","tag":""#, tag);
    }
    if let Some(code) = sqlstate {
        quoted(out, br#","sqlstate":""#, code);
    }
    amount(out, br#","rows":"#, *rows);
    amount(out, br#","affected":"#, *affected);
    amount(out, br#","bytes":"#, *bytes);
    if let Some((first, others)) = disclosed.split_first() {
        out.extend_from_slice(br#","disclosed":["#);
        values(out, first);
        for other in others {
            out.push(b',');
            values(out, other);
        }
        out.push(b']');
    }
    out.push(b'}');
    true
}

/// A list of hashes, left out where there is none.
fn hashes(out: &mut Vec<u8>, name: &[u8], hashes: &[Hash]) {
    let Some((first, others)) = hashes.split_first() else { return };
    out.extend_from_slice(name);
    out.push(b'"');
    out.extend_from_slice(&first.text());
    for other in others {
        out.extend_from_slice(br#"",""#);
        out.extend_from_slice(&other.text());
    }
    out.extend_from_slice(br#""]"#);
}

/// What makes it risky, left out where nothing does.
fn parts(out: &mut Vec<u8>, risk: &[RiskPart<'_>]) {
    let mut before = br#","risk":[{"part":""#.as_slice();
    for RiskPart { part, points } in risk {
        quoted(out, before, part);
        out.extend_from_slice(br#","points":"#);
        number(out, u64::from(*points));
        before = br#"},{"part":""#;
    }
    if !risk.is_empty() {
        out.extend_from_slice(b"}]");
    }
}

/// How one column's values left.
fn values(out: &mut Vec<u8>, disclosed: &Disclosed) {
    let Disclosed { raw, masked, null } = *disclosed;
    let mut before = b'{';
    for (name, count) in [("raw", raw), ("masked", masked), ("null", null)] {
        if count > 0 {
            out.extend_from_slice(&[before, b'"']);
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(br#"":"#);
            number(out, count);
            before = b',';
        }
    }
    out.extend_from_slice(if before == b'{' { b"{}" } else { b"}" });
}

/// A field that is left out where it is zero.
fn amount(out: &mut Vec<u8>, name: &[u8], value: u64) {
    if value > 0 {
        out.extend_from_slice(name);
        number(out, value);
    }
}

fn quoted(out: &mut Vec<u8>, name: &[u8], text: &str) {
    out.extend_from_slice(name);
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [b'0'; 20];
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (value % 10) as u8;
        value /= 10;
        used += 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// True if it stands in JSON as it is.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
}
