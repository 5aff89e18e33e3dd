//! PostgreSQL's own types by their fixed oids (src/include/catalog/pg_type.dat). Knows no catalog.

use super::Shape;
use crate::{number, time};

/// The oid of `box`, whose arrays are delimited by semicolons.
pub(super) const BOX: u32 = 603;

/// The form of a built-in type or of an array of one.
pub(crate) fn shape(oid: u32) -> Option<Shape> {
    scalar(oid).or_else(|| {
        let (_, element) = ARRAYS.iter().find(|(array, _)| *array == oid)?;
        let delimiter = if *element == BOX { b';' } else { b',' };
        Some(Shape::Array { element: Box::new(scalar(*element)?), delimiter })
    })
}

fn scalar(oid: u32) -> Option<Shape> {
    Some(match oid {
        25 | 1042 | 1043 | 705 | 142 | 1790 | 2275 => Shape::Text,
        19 => Shape::Identifier,
        18 => Shape::Char,
        114 => Shape::Json { versioned: false },
        3802 => Shape::Json { versioned: true },
        17 => Shape::Bytes,
        16 => Shape::Bool,
        2950 => Shape::Uuid,
        650 | 869 => Shape::Network,
        774 | 829 => Shape::Mac,
        600 => Shape::Point,
        1560 | 1562 => Shape::Bits,
        3614 => Shape::Lexemes,
        2249 => Shape::Record,
        _ => return numeric(oid).or_else(|| temporal(oid)).or_else(|| other(oid)),
    })
}

fn numeric(oid: u32) -> Option<Shape> {
    Some(Shape::Number(match oid {
        21 => number::Kind::Int2,
        23 => number::Kind::Int4,
        20 => number::Kind::Int8,
        700 => number::Kind::Float4,
        701 => number::Kind::Float8,
        1700 => number::Kind::Numeric,
        790 => number::Kind::Money,
        _ => return None,
    }))
}

fn temporal(oid: u32) -> Option<Shape> {
    let range = |kind| Shape::Range(Box::new(Shape::Time(kind)));
    let multirange = |kind| Shape::Multirange(Box::new(Shape::Time(kind)));
    Some(match oid {
        1082 => Shape::Time(time::Kind::Date),
        1083 => Shape::Time(time::Kind::Time),
        1266 => Shape::Time(time::Kind::TimeTz),
        1114 => Shape::Time(time::Kind::Timestamp),
        1184 => Shape::Time(time::Kind::TimestampTz),
        1186 => Shape::Time(time::Kind::Interval),
        3912 => range(time::Kind::Date),
        3908 => range(time::Kind::Timestamp),
        3910 => range(time::Kind::TimestampTz),
        4535 => multirange(time::Kind::Date),
        4533 => multirange(time::Kind::Timestamp),
        4534 => multirange(time::Kind::TimestampTz),
        3904 => Shape::Range(Box::new(Shape::Number(number::Kind::Int4))),
        3926 => Shape::Range(Box::new(Shape::Number(number::Kind::Int8))),
        3906 => Shape::Range(Box::new(Shape::Number(number::Kind::Numeric))),
        4451 => Shape::Multirange(Box::new(Shape::Number(number::Kind::Int4))),
        4536 => Shape::Multirange(Box::new(Shape::Number(number::Kind::Int8))),
        4532 => Shape::Multirange(Box::new(Shape::Number(number::Kind::Numeric))),
        _ => return None,
    })
}

fn other(oid: u32) -> Option<Shape> {
    let constant = |text, binary| Shape::Constant { text, binary, words: false };
    let words = |text, binary| Shape::Constant { text, binary, words: true };
    Some(match oid {
        // oid, xid, cid and all reg* types: an unsigned number; reg* types read "0" as a number.
        24 | 26 | 28 | 29 | 2202..=2206 | 3734 | 3769 | 4089 | 4096 | 4191 => {
            constant("0", &[0; 4])
        }
        27 => constant("(0,0)", &[0; 6]),
        30 => constant("0", &OID_VECTOR),
        22 => constant("0", &INT2_VECTOR),
        601 => constant("[(0,0),(0,0)]", &[0; 32]),
        602 => constant("((0,0))", &PATH),
        603 => constant("(0,0),(0,0)", &[0; 32]),
        604 => constant("((0,0))", &POLYGON),
        628 => constant("{1,0,0}", &LINE),
        718 => constant("<(0,0),0>", &[0; 24]),
        2970 | 5038 => constant("1:1:", &SNAPSHOT),
        3220 => constant("0/0", &[0; 8]),
        5069 => constant("0", &[0; 8]),
        // An empty one is sent by some servers and not read again by them.
        3615 => words("'***'", b"\0\0\0\x01\x01\0\0***\0"),
        4072 => words("$", b"\x01$"),
        // aclitem, void, gtsvector, internal statistics: no person's text, no neutral value.
        1033 | 2278 | 3642 | 3361 | 3402 | 4600 | 4601 => Shape::Closed,
        _ => return None,
    })
}

/// A vector's binary form is an array's with one dimension that starts at zero; it may not be
/// empty. This one holds a single 0.
static OID_VECTOR: [u8; 28] = {
    let mut bytes = [0; 28];
    bytes[3] = 1;
    bytes[11] = 26;
    bytes[15] = 1;
    bytes[23] = 4;
    bytes
};

/// As [`OID_VECTOR`].
static INT2_VECTOR: [u8; 26] = {
    let mut bytes = [0; 26];
    bytes[3] = 1;
    bytes[11] = 21;
    bytes[15] = 1;
    bytes[23] = 2;
    bytes
};

/// A closed path of one point.
static PATH: [u8; 21] = {
    let mut bytes = [0; 21];
    bytes[0] = 1;
    bytes[4] = 1;
    bytes
};

/// A polygon of one point.
static POLYGON: [u8; 20] = {
    let mut bytes = [0; 20];
    bytes[3] = 1;
    bytes
};

/// `x = 0`: the first coefficient is 1.0.
static LINE: [u8; 24] = {
    let mut bytes = [0; 24];
    bytes[0] = 0x3F;
    bytes[1] = 0xF0;
    bytes
};

/// No transaction in progress, bounds 1 and 1.
static SNAPSHOT: [u8; 20] = {
    let mut bytes = [0; 20];
    bytes[11] = 1;
    bytes[19] = 1;
    bytes
};

/// Array types with their elements.
#[rustfmt::skip]
static ARRAYS: &[(u32, u32)] = &[
    (1000, 16), (1001, 17), (1002, 18), (1003, 19), (1016, 20), (1005, 21), (1006, 22), (1007, 23),
    (1008, 24), (1009, 25), (1028, 26), (1010, 27), (1011, 28), (1012, 29), (1013, 30), (199, 114),
    (143, 142), (1017, 600), (1018, 601), (1019, 602), (1020, 603), (1027, 604), (629, 628),
    (651, 650), (1021, 700), (1022, 701), (719, 718), (775, 774), (791, 790), (1040, 829),
    (1041, 869), (1034, 1033), (1014, 1042), (1015, 1043), (1182, 1082), (1183, 1083), (1115, 1114),
    (1185, 1184), (1187, 1186), (1270, 1266), (1561, 1560), (1563, 1562), (1231, 1700),
    (2201, 1790), (2207, 2202), (2208, 2203), (2209, 2204), (2210, 2205), (2211, 2206),
    (2287, 2249), (1263, 2275), (2951, 2950), (2949, 2970), (3221, 3220), (3643, 3614),
    (3645, 3615), (3644, 3642), (3735, 3734), (3770, 3769), (3807, 3802), (3905, 3904),
    (3907, 3906), (3909, 3908), (3911, 3910), (3913, 3912), (3927, 3926), (4073, 4072),
    (4090, 4089), (4097, 4096), (4192, 4191), (6150, 4451), (6151, 4532), (6152, 4533),
    (6153, 4534), (6155, 4535), (6157, 4536), (5039, 5038), (271, 5069),
];
