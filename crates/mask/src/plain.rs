//! The text of a value that a client sent in binary form, for those who read it: the record's
//! hashes, and whoever decides about a statement. Knows no masks.

use crate::{
    Format, bytea,
    cursor::Cursor,
    number::{self, Kind},
    time,
    value::write_uuid,
};

/// The text of a value in PostgreSQL's binary format, as the server itself would write it in ISO
/// style and UTC; `None` if the type is not known here or the value is none of it.
///
/// `ty` is the type's number in pg_type.
pub fn plain(ty: u32, value: &[u8]) -> Option<String> {
    let text = || std::str::from_utf8(value).ok().map(str::to_owned);
    match ty {
        16 => Some(if Cursor::new(value).array::<1>()? == [0] { "f" } else { "t" }.to_owned()),
        17 => {
            let mut out = Vec::with_capacity(2 * value.len() + 2);
            bytea::hex(value, &mut out);
            String::from_utf8(out).ok()
        }
        20 => exactly(8, value).and_then(|value| number::decode(Kind::Int8, value)),
        21 => exactly(2, value).and_then(|value| number::decode(Kind::Int2, value)),
        23 => exactly(4, value).and_then(|value| number::decode(Kind::Int4, value)),
        26 => Some(u32::from_be_bytes(value.try_into().ok()?).to_string()),
        700 => exactly(4, value).and_then(|value| number::decode(Kind::Float4, value)),
        701 => exactly(8, value).and_then(|value| number::decode(Kind::Float8, value)),
        1700 => number::decode(Kind::Numeric, value),
        1082 => exactly(4, value).and_then(time::plain_date),
        1114 => exactly(8, value).and_then(|value| time::plain_moment(value, "")),
        1184 => exactly(8, value).and_then(|value| time::plain_moment(value, "+00")),
        2950 => {
            let mut out = Vec::with_capacity(36);
            write_uuid(Format::Text, &value.try_into().ok()?, &mut out);
            String::from_utf8(out).ok()
        }
        // jsonb says its version first.
        3802 => {
            let rest = value.strip_prefix(&[1])?;
            std::str::from_utf8(rest).ok().map(str::to_owned)
        }
        18 | 19 | 25 | 114 | 142 | 705 | 1042 | 1043 => text(),
        _ => None,
    }
}

fn exactly(length: usize, value: &[u8]) -> Option<&[u8]> {
    Some(value).filter(|value| value.len() == length)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn values_are_what_the_server_would_write() {
        let cases: [(u32, &[u8], &str); 16] = [
            (16, &[1], "t"),
            (17, &[0xde, 0xad], "\\xdead"),
            (21, &[0xff, 0xfe], "-2"),
            (23, &[0, 0, 0, 12], "12"),
            (20, &[0, 0, 0, 0, 0, 0, 0, 7], "7"),
            (26, &[0xff, 0xff, 0xff, 0xff], "4294967295"),
            (701, &1.5f64.to_be_bytes(), "1.5"),
            // 12345.6700: two groups before the point, one behind, four places.
            (1700, &[0, 3, 0, 1, 0, 0, 0, 4, 0, 1, 0x09, 0x29, 0x1a, 0x2c], "12345.6700"),
            (1082, &0i32.to_be_bytes(), "2000-01-01"),
            (1082, &(-1i32).to_be_bytes(), "1999-12-31"),
            (1114, &86_400_000_000i64.to_be_bytes(), "2000-01-02 00:00:00"),
            (1184, &1_500_000i64.to_be_bytes(), "2000-01-01 00:00:01.5+00"),
            (1043, b"alice@example.org", "alice@example.org"),
            (3802, b"\x01{\"a\": 1}", "{\"a\": 1}"),
            (2950, &[0x11; 16], "11111111-1111-1111-1111-111111111111"),
            (25, "é".as_bytes(), "é"),
        ];
        for (ty, value, expected) in cases {
            assert_eq!(plain(ty, value).as_deref(), Some(expected), "{ty}");
        }
    }

    #[test]
    fn what_is_no_value_of_its_type_has_no_text() {
        let cases: [(u32, &[u8]); 9] = [
            (23, &[0, 0, 12]),
            (23, &[0; 8]),
            (25, &[0xff]),
            (2950, &[0; 15]),
            (1082, &i32::MAX.to_be_bytes()),
            (1114, &i64::MIN.to_be_bytes()),
            (3802, b"{}"),
            (600, &[0; 16]),
            (0, b"7"),
        ];
        for (ty, value) in cases {
            assert_eq!(plain(ty, value), None, "{ty} {value:?}");
        }
    }
}
