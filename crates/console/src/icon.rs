//! The few pictures of the console, each one path. They say nothing that a word beside them does
//! not say, so they are hidden from those who do not see them.

use maud::{Markup, html};

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// The mark of Weir.
    Weir,
    /// What happens now.
    Pulse,
    /// Somebody decides.
    Stamp,
    /// A question.
    Search,
    /// Tables.
    Map,
    /// People, services, agents.
    People,
    /// Rules.
    Rules,
    /// To see again.
    Replay,
    /// A report.
    Report,
    /// To set something up.
    Setup,
    /// Good.
    Check,
    /// Not good.
    Cross,
    /// Look here.
    Warning,
    /// It waits.
    Clock,
    /// Not to be seen.
    Mask,
    /// It can be seen.
    Eye,
    /// To go.
    Leave,
    /// Locked.
    Lock,
    /// Nothing there.
    Empty,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Weir => {
                "M3 7c3 0 3 2 6 2s3-2 6-2 3 2 6 2M3 12c3 0 3 2 6 2M15 12c3 0 3 2 6 2M3 \
                           17c3 0 3 2 6 2s3-2 6-2 3 2 6 2M12 10v6"
            }
            Self::Pulse => "M3 12h4l3-8 4 16 3-8h4",
            Self::Stamp => "M9 11V6a3 3 0 0 1 6 0v5l3 3v3H6v-3zM5 21h14",
            Self::Search => "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM21 21l-5-5",
            Self::Map => "M4 5h16v14H4zM4 10h16M10 10v9",
            Self::People => {
                "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-7 7-7s7 3 7 7M16 3a4 4 \
                             0 0 1 0 8M22 21c0-3-1-5-3-6"
            }
            Self::Rules => "M6 3h9l4 4v14H6zM9 9h6M9 13h7M9 17h7",
            Self::Replay => "M4 12a8 8 0 1 0 3-6L4 8M4 3v5h5M10 9l5 3-5 3z",
            Self::Report => "M5 21V10M12 21V4M19 21v-8",
            Self::Setup => "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
            Self::Check => "M4 12.5l5 5L20 6.5",
            Self::Cross => "M6 6l12 12M18 6L6 18",
            Self::Warning => "M12 3l10 18H2zM12 10v5M12 18v.5",
            Self::Clock => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l4 2",
            Self::Mask => {
                "M3 3l18 18M10 6c6-1 10 4 11 6-.5 1-1.500 2.500-3 4M6 8c-2 1.500-3 3-3 4 \
                           1.500 3 5 6 9 6 1.500 0 3-.5 4-1"
            }
            Self::Eye => {
                "M2 12c2-4 6-7 10-7s8 3 10 7c-2 4-6 7-10 7s-8-3-10-7zM12 9a3 3 0 1 0 0 6 \
                          3 3 0 0 0 0-6z"
            }
            Self::Leave => "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
            Self::Lock => "M6 11h12v10H6zM8 11V8a4 4 0 0 1 8 0v3",
            Self::Empty => "M4 13l3-8h10l3 8v6H4zM4 13h5l1 3h4l1-3h5",
        }
    }
}

/// The picture, hidden from those who hear the page.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg .icon viewBox="0 0 24 24" aria-hidden="true" { path d=(icon.path()) {} }
    }
}
