//! Text that flows over pages, and the file that they make. Knows no report.

use super::letters::{self, Face};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const LEFT: f32 = 54.0;
const TOP: f32 = 60.0;
const BOTTOM: f32 = 60.0;
/// How wide text is at most.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * LEFT;
/// Lines are so far apart, in sizes.
const LEADING: f32 = 1.35;

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) face: Face,
    pub(super) size: f32,
    pub(super) indent: f32,
    /// From black (0) to white (1).
    pub(super) grey: f32,
}

/// Pages that fill up.
pub(super) struct Flow {
    pages: Vec<Content>,
    /// From the bottom of the last page: where the next line's top is.
    y: f32,
}

impl Flow {
    pub(super) fn new() -> Self {
        Self { pages: vec![Content::new()], y: PAGE.1 - TOP }
    }

    /// Begins another page, unless this one is empty.
    pub(super) fn page(&mut self) {
        if self.y < PAGE.1 - TOP {
            self.pages.push(Content::new());
            self.y = PAGE.1 - TOP;
        }
    }

    /// Begins another page if less than this is left of this one.
    pub(super) fn keep(&mut self, points: f32) {
        if self.y - points < BOTTOM {
            self.page();
        }
    }

    pub(super) fn space(&mut self, points: f32) {
        self.y -= points;
    }

    /// A paragraph.
    pub(super) fn text(&mut self, style: Style, text: &str) {
        let most = WIDTH - style.indent;
        for line in letters::lines(style.face, style.size, most, text) {
            self.keep(style.size * LEADING);
            self.line(style, style.indent, 0.0, &line);
            self.y -= style.size * LEADING;
        }
    }

    /// Texts beside each other, each as wide as said and from there on.
    pub(super) fn row(&mut self, style: Style, cells: &[(f32, f32, String)]) {
        let wrap = |(_, most, text): &(f32, f32, String)| {
            letters::lines(style.face, style.size, *most, text)
        };
        let wrapped: Vec<Vec<Vec<u8>>> = cells.iter().map(wrap).collect();
        let height = style.size * LEADING;
        let count = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        self.keep(count as f32 * height);
        // One after the other, so that who takes the text out finds each together.
        for ((x, ..), lines) in cells.iter().zip(&wrapped) {
            for (at, line) in lines.iter().enumerate() {
                self.line(style, *x, at as f32 * height, line);
            }
        }
        self.y -= count as f32 * height;
    }

    fn line(&mut self, style: Style, x: f32, below: f32, codes: &[u8]) {
        let y = self.y - below - style.size;
        if let Some(page) = self.pages.last_mut() {
            put(page, style, LEFT + x, y, codes);
        }
    }

    /// The file, with the page's number at the foot of each.
    pub(super) fn finish(mut self, title: &str, maker: &str) -> Vec<u8> {
        let style = Style { face: Face::Plain, size: 8.0, indent: 0.0, grey: 0.4 };
        let count = self.pages.len();
        let foot = letters::lines(style.face, style.size, WIDTH - 80.0, title);
        for (at, page) in self.pages.iter_mut().enumerate() {
            let number = letters::encode(&format!("Page {} of {count}", at + 1));
            let right = WIDTH - letters::width(style.face, style.size, &number);
            put(page, style, LEFT + right, BOTTOM - 24.0, &number);
            if let Some(line) = foot.first() {
                put(page, style, LEFT, BOTTOM - 24.0, line);
            }
        }
        write(self.pages, title, maker)
    }
}

fn put(page: &mut Content, style: Style, x: f32, y: f32, codes: &[u8]) {
    let font = match style.face {
        Face::Plain => Name(b"F1"),
        Face::Bold => Name(b"F2"),
        Face::Mono => Name(b"F3"),
    };
    page.begin_text();
    page.set_fill_gray(style.grey);
    page.set_font(font, style.size);
    page.next_line(x, y);
    page.show(Str(codes));
    page.end_text();
}

/// Puts pages and fonts into a file.
fn write(pages: Vec<Content>, title: &str, maker: &str) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let mut last = 0;
    let mut next = || {
        last += 1;
        Ref::new(last)
    };
    let (catalog, tree, info) = (next(), next(), next());
    let fonts = [
        (Name(b"F1"), next(), Name(b"Helvetica")),
        (Name(b"F2"), next(), Name(b"Helvetica-Bold")),
        (Name(b"F3"), next(), Name(b"Courier")),
    ];
    let pages: Vec<(Ref, Ref, Content)> =
        pages.into_iter().map(|content| (next(), next(), content)).collect();
    pdf.catalog(catalog).pages(tree).lang(TextStr("en"));
    pdf.document_info(info).title(TextStr(title)).creator(TextStr(maker));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(pages.iter().map(|(page, ..)| *page)).count(count);
    for (_, font, name) in fonts {
        pdf.type1_font(font).base_font(name).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (id, content_id, content) in pages {
        let mut page = pdf.page(id);
        page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(content_id);
        let mut resources = page.resources();
        let mut named = resources.fonts();
        for (short, font, _) in fonts {
            named.pair(short, font);
        }
        named.finish();
        resources.finish();
        page.finish();
        pdf.stream(content_id, &content.finish());
    }
    pdf.finish()
}
