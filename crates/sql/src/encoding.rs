//! Encodings of clients. Knows PostgreSQL's names for them, and no characters.

/// True if each byte of text in the encoding is either a character of ASCII or a part of one that
/// is not, as in UTF-8 and all encodings of servers. In the others the later bytes of a character
/// may be those of a backslash or a bar, so that text cannot be taken apart by its bytes; names
/// that are not known count among them (`pg_encname_tbl` in src/common/encnames.c has them, and
/// compares letters and digits alone).
pub(crate) fn is_told_by_bytes(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let numbered = |prefix: &str, numbers: &[u16]| {
        let number = plain.strip_prefix(prefix).and_then(|rest| rest.parse().ok());
        number.is_some_and(|number: u16| numbers.contains(&number))
    };
    let windows = &[866, 874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258];
    matches!(
        plain.as_str(),
        "utf8"
            | "unicode"
            | "sqlascii"
            | "muleinternal"
            | "euccn"
            | "eucjis2004"
            | "eucjp"
            | "euckr"
            | "euctw"
            | "koi8"
            | "koi8r"
            | "koi8u"
            | "win"
            | "alt"
            | "abc"
            | "tcvn"
            | "tcvn5712"
            | "vscii"
    ) || numbered("latin", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        || numbered("iso8859", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16])
        || numbered("win", windows)
        || numbered("windows", windows)
}

#[cfg(test)]
mod tests {
    use super::is_told_by_bytes;

    #[test]
    fn encodings_are_known_by_all_their_names() {
        let told = ["UTF8", "utf-8", "Unicode", "LATIN1", "ISO_8859-15", "iso8859_1", "WIN1252"];
        let more = ["windows-1251", "EUC_JP", "KOI8R", "SQL_ASCII", "mule_internal"];
        assert!(told.iter().chain(&more).all(|name| is_told_by_bytes(name)));
        let embedding = ["SJIS", "Shift_JIS_2004", "BIG5", "GBK", "UHC", "GB18030", "JOHAB"];
        let others = ["mskanji", "win932", "Win936", "windows949", "WIN950", "", "what", "latin11"];
        assert!(embedding.iter().chain(&others).all(|name| !is_told_by_bytes(name)));
    }
}
