//! What tests share: cases written as Markdown tables, masks by words. Knows nothing that the
//! program uses.

use crate::{ColumnMask, Format, Key};
use model::{Catalog, Disclosure, Label, MaskMethod, TypeId};

/// The rows of all tables of a Markdown file, headers left out. Cells are trimmed.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let table = text.lines().filter(|line| line.starts_with("| "));
    let cells = table.map(|line| {
        let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
        inner.split(" | ").map(|cell| cell.trim().to_owned()).collect()
    });
    cells.skip(1).collect()
}

/// The oid of a built-in type by its name.
pub(crate) fn oid(name: &str) -> TypeId {
    let known = [
        ("bool", 16),
        ("bytea", 17),
        ("int8", 20),
        ("int2", 21),
        ("int4", 23),
        ("text", 25),
        ("json", 114),
        ("xml", 142),
        ("point", 600),
        ("cidr", 650),
        ("float4", 700),
        ("float8", 701),
        ("money", 790),
        ("macaddr", 829),
        ("inet", 869),
        ("bpchar", 1042),
        ("varchar", 1043),
        ("date", 1082),
        ("time", 1083),
        ("timestamp", 1114),
        ("timestamptz", 1184),
        ("interval", 1186),
        ("varbit", 1562),
        ("numeric", 1700),
        ("record", 2249),
        ("uuid", 2950),
        ("tsvector", 3614),
        ("jsonb", 3802),
        ("int4range", 3904),
        ("datemultirange", 4535),
        ("text[]", 1009),
        ("int4[]", 1007),
        ("float4[]", 1021),
    ];
    let found = known.iter().find(|(known, _)| *known == name);
    TypeId(found.unwrap_or_else(|| panic!("no type {name}")).1)
}

/// A mask by the words of a case.
pub(crate) fn mask(label: &str, method: &str, ty: TypeId, format: Format) -> ColumnMask {
    let method = MaskMethod::from_word(method).unwrap();
    let disclosure = Disclosure::Masked { label: Label::new(label), method };
    ColumnMask::compile(&disclosure, ty, &Catalog::default(), format, &Key::new([42; 32]))
}

/// A mask that scans.
pub(crate) fn scan(ty: TypeId, format: Format) -> ColumnMask {
    let key = Key::new([42; 32]);
    ColumnMask::compile(&Disclosure::Scan, ty, &Catalog::default(), format, &key)
}
