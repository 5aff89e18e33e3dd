//! The masks that show some characters, of text that is ASCII: nearly all that the content scan
//! finds. What they append is what those of [`super`] append, which a test compares.

use super::{CONSTANT, Form, MAX_NAME_WORDS};

/// Appends ASCII of which some characters are kept; false, and nothing appended, for a form that
/// has no quick way.
pub(super) fn partial_into(form: Form, value: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let sound = match form {
        Form::Email => email(value, out).is_some(),
        Form::Name => name(value, out).is_some(),
        Form::Tail { keep, least } => {
            tail(value, keep, least, out);
            true
        }
        Form::Account => {
            account(value, out);
            true
        }
        Form::Address => address(value, out).is_some(),
        Form::Other => return false,
    };
    if !sound {
        out.truncate(start);
        out.extend_from_slice(CONSTANT.as_bytes());
    }
    true
}

/// What `char` takes for a space.
fn is_space(byte: &u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// See [`super::email`].
fn email(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let at = value.iter().rposition(|byte| *byte == b'@')?;
    let (local, host) = (value.get(..at)?, value.get(at + 1..)?);
    let ends = host.iter().rev().take_while(|byte| is_space(byte)).count();
    let host = host.get(..host.len() - ends)?;
    let top = host.get(host.iter().rposition(|byte| *byte == b'.')? + 1..)?;
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    if top.is_empty() || top.len() > super::MAX_HOST || !top.iter().all(sound) {
        return None;
    }
    // A vertical tab is a space to texts, and none to bytes.
    let starts = local.iter().take_while(|byte| is_space(byte)).count();
    if let [first, _, ..] = local.get(starts..)?
        && first.is_ascii_alphanumeric()
    {
        out.push(*first);
    }
    out.extend_from_slice(b"***@***.");
    out.extend_from_slice(top);
    Some(())
}

/// See [`super::name`].
fn name(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (mut words, mut rest) = (0, value);
    while words < MAX_NAME_WORDS {
        let spaces = rest.iter().take_while(|byte| is_space(byte)).count();
        let Some([first, more @ ..]) = rest.get(spaces..) else { break };
        let length = more.iter().position(is_space).unwrap_or(more.len());
        if words > 0 {
            out.push(b' ');
        }
        words += 1;
        match length > 0 && first.is_ascii_alphabetic() {
            true => out.extend_from_slice(&[*first, b'*', b'*', b'*']),
            false => out.extend_from_slice(CONSTANT.as_bytes()),
        }
        rest = more.get(length..)?;
    }
    (words > 0).then_some(())
}

/// What becomes of a byte of which no letter or digit is shown: separators stay.
const STARRED: [u8; 256] = {
    let mut table = [b'*'; 256];
    let mut rest: &[u8] = b" -./()+,";
    while let [separator, more @ ..] = rest {
        let mut at = 0;
        while at < table.len() {
            if at == *separator as usize {
                let (_, behind) = table.split_at_mut(at);
                if let [place, ..] = behind {
                    *place = *separator;
                }
            }
            at += 1;
        }
        rest = more;
    }
    table
};

/// See [`super::tail`].
fn tail(value: &[u8], keep: usize, least: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend(value.iter().map(|byte| STARRED.get(usize::from(*byte)).copied().unwrap_or(b'*')));
    // From behind, until it is known where what is shown begins and that it is not too much.
    let (mut seen, mut from) = (0, value.len());
    let mut letters = value.iter().enumerate().rev().filter(|(_, b)| b.is_ascii_alphanumeric());
    while seen < least
        && let Some((at, _)) = letters.next()
    {
        seen += 1;
        from = if seen <= keep { at } else { from };
    }
    if seen < least {
        return;
    }
    let (Some(shown), Some(starred)) = (value.get(from..), out.get_mut(start + from..)) else {
        return;
    };
    for (byte, place) in shown.iter().zip(starred).filter(|(b, _)| b.is_ascii_alphanumeric()) {
        *place = *byte;
    }
}

/// Without the spaces around it.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(last)
    {
        text = rest;
    }
    text
}

/// See [`super::address`].
fn address(value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let value = trim(value);
    let last = trim(value.get(memchr::memrchr2(b',', b'\n', value)? + 1..)?);
    let spaces = last.iter().filter(|byte| **byte == b' ').count();
    if last.is_empty() || last.len() > 40 || spaces > 3 {
        return None;
    }
    out.extend_from_slice(b"***, ");
    out.extend(last.iter().map(|byte| if byte.is_ascii_digit() { b'*' } else { *byte }));
    Some(())
}

/// See [`super::account`].
fn account(value: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    tail(value, 4, 8, out);
    if let [one @ b'A'..=b'Z', two @ b'A'..=b'Z', b'0'..=b'9', ..] = value
        && value.len() >= 15
        && let Some([first, second, ..]) = out.get_mut(start..)
    {
        (*first, *second) = (*one, *two);
    }
}

#[cfg(test)]
mod tests {
    //! Both ways are one.

    use super::*;
    use proptest::prelude::*;

    const FORMS: [Form; 6] = [
        Form::Email,
        Form::Address,
        Form::Name,
        Form::Tail { keep: 2, least: 5 },
        Form::Tail { keep: 4, least: 12 },
        Form::Account,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn ascii_is_masked_as_other_text_is(
            value in "[\\x00-\\x7f]{0,24}|\
                [ ,\\n\\t\\x1c]{0,3}[0-9a-zA-Z ,\\n]{0,60}[,\\n \\r]{0,2}|\
                [A-Za-z @.\\t+()-]{0,24}|[A-Z]{2}[0-9 ]{8,24}|\
                [ \\t]?[a-zA-Z0-9.+_-]{1,5}@[a-z.]{1,6}[a-z-]{1,3}[ \\r\\n]{0,2}"
        ) {
            for form in FORMS {
                let (mut quick, mut slow) = (b"before".to_vec(), b"before".to_vec());
                prop_assert!(partial_into(form, value.as_bytes(), &mut quick));
                super::super::formed(form, &value, &mut slow);
                prop_assert_eq!(
                    String::from_utf8(quick).unwrap(),
                    String::from_utf8(slow).unwrap(),
                    "{:?}", form
                );
            }
        }
    }
}
