//! Text of strangers, such that a terminal, a log or a chat shows what is there: control
//! characters, invisible ones and those that turn the direction of a line are written out, and none
//! of them is obeyed. Names are chosen by clients, statements by whoever sends them. Knows no
//! output.

use std::fmt::Write;

/// A text that may have several lines: line feeds and tabs stay.
pub(crate) fn visible(text: &str) -> String {
    written_out(text, true)
}

/// The same where one line is meant, so that what stands in it cannot pass for the next one.
pub(crate) fn in_line(text: &str) -> String {
    written_out(text, false)
}

fn written_out(text: &str, lines: bool) -> String {
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' if lines => seen.push(c),
            '\n' => seen.push_str("\\n"),
            '\t' => seen.push_str("\\t"),
            c if c.is_control() || hides(c) => {
                // Writing to a String cannot fail.
                let _ = write!(seen, "\\u{{{:x}}}", u32::from(c));
            }
            c => seen.push(c),
        }
    }
    seen
}

/// What shows nothing, ends a line for some, or turns the text around it.
fn hides(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::{in_line, visible};

    #[test]
    fn what_a_terminal_would_hide_is_written_out() {
        assert_eq!(visible("SELECT 1\n\t-- ü"), "SELECT 1\n\t-- ü");
        assert_eq!(visible("a\u{1b}[2Kb\r"), "a\\u{1b}[2Kb\\u{d}");
        assert_eq!(visible("DROP\u{202e}x\u{200b}"), "DROP\\u{202e}x\\u{200b}");
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(in_line("zed\nroot\tdrop\r\u{85}\u{2028}x"), {
            "zed\\nroot\\tdrop\\u{d}\\u{85}\\u{2028}x"
        });
        let every = ('\0'..='\u{9f}').filter(|c| c.is_control());
        let turning = ('\u{200e}'..='\u{200f}').chain('\u{2028}'..='\u{202e}');
        for c in every.chain(turning).chain('\u{2066}'..='\u{2069}') {
            let shown = in_line(&c.to_string());
            assert!(shown.starts_with('\\'), "{c:?} is shown as {shown:?}");
            assert_eq!(in_line(&shown), shown, "what is written out stays as it is");
        }
        assert_eq!(in_line("Łódź 日本 – \\ \" ok"), "Łódź 日本 – \\ \" ok");
    }
}
