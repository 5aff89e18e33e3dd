//! Encodings of clients: whether results can be read and come back whole in them. Knows
//! PostgreSQL's names for them, and no characters.

use crate::{CopyShape, analyse::Walk};

impl Walk<'_> {
    /// True if what comes back is put into another encoding than UTF-8, or may be.
    pub(crate) fn recoded(&self) -> bool {
        let named = self.copy.as_ref().and_then(|copy| copy.encoding.as_deref());
        let encoding = named.unwrap_or(&self.scope.client_encoding);
        !is_unconverted(encoding) || named.is_none() && self.recodes
    }

    /// See [`Analysed::blurred`].
    pub(crate) fn blurred(&self, copy: Option<&CopyShape>) -> Option<Box<str>> {
        let named = copy.and_then(|copy| copy.encoding.as_deref());
        if named.is_none() && self.recodes {
            return Some("one that a statement of the same text may set".into());
        }
        let encoding = named.unwrap_or(&self.scope.client_encoding);
        (!is_told_by_bytes(encoding)).then(|| encoding.into())
    }
}

/// True for the encoding that has every character.
pub(crate) fn is_utf8(name: &str) -> bool {
    matches!(plain(name).as_str(), "utf8" | "unicode")
}

/// True if text comes back in the encoding as it is: the only other one of which the server
/// converts nothing.
pub(crate) fn is_unconverted(name: &str) -> bool {
    is_utf8(name) || plain(name) == "sqlascii"
}

/// A name as it is compared: letters and digits alone.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// True if each byte of text in the encoding is either a character of ASCII or a part of one that
/// is not, as in UTF-8 and all encodings of servers. In the others the later bytes of a character
/// may be those of a backslash or a bar, so that text cannot be taken apart by its bytes; names
/// that are not known count among them (`pg_encname_tbl` in src/common/encnames.c has them, and
/// compares letters and digits alone).
pub(crate) fn is_told_by_bytes(name: &str) -> bool {
    let plain = plain(name);
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
