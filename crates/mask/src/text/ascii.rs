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
    let at = memchr::memrchr(b'@', value)?;
    let (local, host) = (value.get(..at)?, value.get(at + 1..)?);
    let ends = host.iter().rev().take_while(|byte| is_space(byte)).count();
    let host = host.get(..host.len() - ends)?;
    let top = host.get(memchr::memrchr(b'.', host)? + 1..)?;
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    if top.is_empty() || top.len() > super::MAX_HOST || !top.iter().all(sound) {
        return None;
    }
    if let [first, _, ..] = local.trim_ascii_start()
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
    let start = out.len();
    let words = value.split(is_space).filter(|word| !word.is_empty());
    for word in words.take(MAX_NAME_WORDS) {
        if out.len() > start {
            out.push(b' ');
        }
        if let [first, _, ..] = word
            && first.is_ascii_alphabetic()
        {
            out.push(*first);
        }
        out.extend_from_slice(CONSTANT.as_bytes());
    }
    (out.len() > start).then_some(())
}

/// See [`super::tail`].
fn tail(value: &[u8], keep: usize, least: usize, out: &mut Vec<u8>) {
    let total = value.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let from = if total >= least { total - keep } else { total };
    let mut seen = 0;
    out.extend(value.iter().map(|byte| {
        let letter = byte.is_ascii_alphanumeric();
        let shown = letter & (seen >= from) | b" -./()+,".contains(byte);
        seen += usize::from(letter);
        if shown { *byte } else { b'*' }
    }));
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

    const FORMS: [Form; 5] = [
        Form::Email,
        Form::Name,
        Form::Tail { keep: 2, least: 5 },
        Form::Tail { keep: 4, least: 12 },
        Form::Account,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn ascii_is_masked_as_other_text_is(
            value in "[\\x00-\\x7f]{0,24}|[A-Za-z @.\\t+()-]{0,24}|[A-Z]{2}[0-9 ]{8,24}|\
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
