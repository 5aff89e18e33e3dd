//! What several pages show in the same way: who, a verdict, a risk, labels, a time. Knows words and
//! numbers alone.

use crate::{Icon, icon};
use maud::{Markup, Render, html};
use std::fmt::Write;

/// A text of somebody else's: escaped, and with what would be invisible or turn the line around
/// written out, so that a page shows what is there.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'t>(pub &'t str);

impl Render for Shown<'_> {
    fn render_to(&self, buffer: &mut String) {
        let mut plain = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            let hides = matches!(
                c,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                    | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                    | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            );
            if (c.is_control() && c != '\n' && c != '\t') || hides {
                let _ = write!(plain, "\\u{{{:x}}}", u32::from(c));
            } else {
                plain.push(c);
            }
        }
        plain.as_str().render_to(buffer);
    }
}

/// Whoever acts, and for whom: from a chain such as `alice/copilot`, outermost last.
pub fn who(chain: &str) -> Markup {
    let (before, name) = match chain.rsplit_once('/') {
        Some((before, name)) => (Some(before.replace('/', ", for ")), name),
        None => (None, chain),
    };
    html! {
        span .who { (Shown(name)) }
        @if let Some(before) = before { span .for { "for " (Shown(&before)) } }
    }
}

/// What was decided: `allow`, `modify`, `hold`, `deny`.
pub fn verdict(word: &str) -> Markup {
    let (class, picture, text) = match word {
        "allow" => ("good", Icon::Check, "allowed"),
        "modify" => ("mask", Icon::Mask, "modified"),
        "hold" => ("warn", Icon::Clock, "held"),
        "deny" => ("bad", Icon::Cross, "denied"),
        other => ("", Icon::Warning, other),
    };
    html! { span .badge.(class) { (icon(picture)) (Shown(text)) } }
}

/// How a statement stands.
pub fn state(word: &str) -> Markup {
    let class = match word {
        "running" => "info",
        "refused" | "failed" => "bad",
        "waiting" => "warn",
        _ => "",
    };
    html! { span .badge.(class) { (Shown(word)) } }
}

/// 0 to 100, with its bar.
pub fn risk(points: u32) -> Markup {
    let level = match points {
        0..=29 => "low",
        30..=59 => "mid",
        _ => "high",
    };
    html! {
        span .risk.(level) {
            svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                rect width="100" height="10" {}
                rect width=(points.min(100)) height="10" {}
            }
            (points) span .sr { " of 100, " (level) }
        }
    }
}

/// Labels of which values left, as they were and masked.
pub fn disclosure(raw: &[String], masked: &[String]) -> Markup {
    html! {
        @if !raw.is_empty() || !masked.is_empty() {
            span .badges {
                @for label in raw {
                    span .badge.bad { (icon(Icon::Eye)) (Shown(label)) span .sr { " raw" } }
                }
                @for label in masked {
                    span .badge.mask { (icon(Icon::Mask)) (Shown(label)) span .sr { " masked" } }
                }
            }
        }
    }
}

/// A moment, as records write it (`2026-06-01T08:30:00.000000Z`): the time of day, with the whole
/// of it for whoever asks.
pub fn clock(moment: &str) -> Markup {
    let time = moment.split_once('T').map_or(moment, |(_, time)| time);
    let time = time.get(..8).unwrap_or(time);
    html! { time .nowrap datetime=(moment) title=(moment) { (Shown(time)) } }
}

/// A moment with its day.
pub fn moment(moment: &str) -> Markup {
    let words = moment.replace('T', " ");
    let words = words.get(..19).unwrap_or(&words);
    html! { time .nowrap datetime=(moment) { (Shown(words)) " UTC" } }
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds in words: `850 µs`, `12.4 ms`, `25 ms`, `3.1 s`.
pub fn duration(us: u64) -> String {
    let tenths = |whole: u64, rest: u64| match rest {
        0 => whole.to_string(),
        rest => format!("{whole}.{rest}"),
    };
    match us {
        0..=999 => format!("{us} µs"),
        1_000..=999_999 => format!("{} ms", tenths(us / 1_000, us % 1_000 / 100)),
        _ => format!("{} s", tenths(us / 1_000_000, us % 1_000_000 / 100_000)),
    }
}

/// A text as a part of a query.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}
