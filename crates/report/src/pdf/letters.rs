//! Letters as the fonts that every reader of PDF brings have them: their codes (WinAnsi) and
//! widths. Knows no page.

/// Which font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Helvetica.
    Plain,
    /// Helvetica, bold.
    Bold,
    /// Courier.
    Mono,
}

/// Codes 128 to 159, as Windows-1252 has them.
const SPECIAL: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘',
    '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Widths of codes 32 to 126 in thousandths of the size (Adobe's metrics of Helvetica).
const PLAIN: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/// The same of Helvetica-Bold.
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667,
    611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
    278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];
/// Of what has no width above: wide enough for nearly all.
const OTHER: u16 = 780;
const MONO: u16 = 600;

/// A text in the fonts' codes. What they lack, and what would not show, stands as its number.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match code(letter) {
            Some(code) => out.push(code),
            None => out.extend(format!("\\u{{{:x}}}", u32::from(letter)).into_bytes()),
        }
    }
    out
}

fn code(letter: char) -> Option<u8> {
    match letter {
        ' '..='~' => u8::try_from(letter).ok(),
        // A soft hyphen would not show.
        '\u{ad}' => None,
        '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(letter)).ok(),
        '\0' => None,
        _ => {
            let at = SPECIAL.iter().position(|special| *special == letter)?;
            u8::try_from(at + 128).ok()
        }
    }
}

/// How wide codes are in points.
pub(super) fn width(face: Face, size: f32, codes: &[u8]) -> f32 {
    let table = match face {
        Face::Plain => &PLAIN,
        Face::Bold => &BOLD,
        Face::Mono => return codes.len() as f32 * f32::from(MONO) * size / 1000.0,
    };
    let of = |code: &u8| {
        let at = code.checked_sub(32).map(usize::from);
        at.and_then(|at| table.get(at)).copied().unwrap_or(OTHER)
    };
    codes.iter().map(|code| f32::from(of(code))).sum::<f32>() * size / 1000.0
}

/// Lines that are at most this wide, broken at spaces and, where a word is wider, within it.
pub(super) fn lines(face: Face, size: f32, most: f32, text: &str) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line: Vec<u8> = Vec::new();
        for word in encode(paragraph).split(|code| *code == b' ') {
            let mut word = word;
            let with: Vec<u8> = match line.is_empty() {
                true => word.to_vec(),
                false => [&line, b" ".as_slice(), word].concat(),
            };
            if width(face, size, &with) <= most {
                line = with;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            while width(face, size, word) > most {
                let fits = |count: &usize| {
                    word.get(..*count).is_some_and(|part| width(face, size, part) <= most)
                };
                let count = (1..word.len()).take_while(fits).last().unwrap_or(1);
                let (part, rest) = word.split_at(count.min(word.len()));
                lines.push(part.to_vec());
                word = rest;
            }
            line = word.to_vec();
        }
        lines.push(line);
    }
    lines
}
