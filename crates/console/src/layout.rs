//! What every page has: its head, the places, who looks, and where what one came for begins.

use crate::{
    Icon, Shown,
    assets::{self, Asset},
    icon,
};
use maud::{DOCTYPE, Markup, html};

/// What somebody may do in the console. Each role has one or more of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// To see what happens, without values.
    See,
    /// To decide about what waits.
    Decide,
    /// To read the record.
    Audit,
    /// To change something.
    Administer,
}

/// Where somebody can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What happens now.
    Now,
    /// What waits for a decision.
    Approvals,
    /// Questions to the record.
    Ask,
    /// What is where.
    DataMap,
    /// Who there is.
    Identities,
    /// What is allowed.
    Policies,
    /// A session as it was.
    Replay,
    /// Reports, and what proves them.
    Reports,
    /// Databases and clients.
    Setup,
}

impl Place {
    /// Those that there are, in order.
    pub const ALL: &[Self] = &[
        Self::Now,
        Self::Approvals,
        Self::Ask,
        Self::Replay,
        Self::DataMap,
        Self::Identities,
        Self::Policies,
        Self::Reports,
        Self::Setup,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "Now",
            Self::Approvals => "Approvals",
            Self::Ask => "Ask",
            Self::DataMap => "Data map",
            Self::Identities => "Identities",
            Self::Policies => "Policies",
            Self::Replay => "Replay",
            Self::Reports => "Reports",
            Self::Setup => "Setup",
        }
    }

    /// Its path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Now => "/console/now",
            Self::Approvals => "/console/approvals",
            Self::Ask => "/console/ask",
            Self::DataMap => "/console/data",
            Self::Identities => "/console/identities",
            Self::Policies => "/console/policies",
            Self::Replay => "/console/sessions",
            Self::Reports => "/console/reports",
            Self::Setup => "/console/setup",
        }
    }

    /// What it takes to go there. Whoever handles its path asks this too.
    pub const fn right(self) -> Right {
        match self {
            Self::Now | Self::DataMap => Right::See,
            Self::Approvals => Right::Decide,
            Self::Ask | Self::Replay | Self::Reports | Self::Policies | Self::Identities => {
                Right::Audit
            }
            Self::Setup => Right::Administer,
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Now => Icon::Pulse,
            Self::Approvals => Icon::Stamp,
            Self::Ask => Icon::Search,
            Self::DataMap => Icon::Map,
            Self::Identities => Icon::People,
            Self::Policies => Icon::Rules,
            Self::Replay => Icon::Replay,
            Self::Reports => Icon::Report,
            Self::Setup => Icon::Setup,
        }
    }
}

/// Who looks.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The person.
    pub name: String,
    /// What they may be called: `viewer`, `admin`.
    pub roles: Vec<&'static str>,
    /// What they may do.
    pub rights: Vec<Right>,
    /// What a form of theirs carries, so that nobody else's page can send it.
    pub csrf: String,
    /// How many requests wait for them.
    pub waiting: usize,
}

impl Viewer {
    /// True if they may.
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }
}

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// Look here.
    Warn,
    /// It did not go.
    Bad,
}

impl Tone {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Good => Icon::Check,
            Self::Warn | Self::Bad => Icon::Warning,
        }
    }
}

/// A page, but for what is on it.
#[derive(Debug)]
pub struct Page<'p> {
    /// Its title.
    pub title: &'p str,
    /// The place that it belongs to.
    pub place: Option<Place>,
    /// Who looks.
    pub viewer: &'p Viewer,
    /// Its scripts, beside the one that every page has.
    pub scripts: &'p [&'p Asset],
}

impl<'p> Page<'p> {
    /// A page of a place, without scripts of its own.
    pub fn of(place: Place, viewer: &'p Viewer) -> Self {
        Self { title: place.name(), place: Some(place), viewer, scripts: &[] }
    }

    /// The whole of it. What is on it begins with a heading of the first order.
    pub fn whole(&self, content: &Markup) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                (head(self.title, self.scripts))
                body {
                    a .skip href="#main" { "Skip to the page" }
                    div .frame {
                        (self.side())
                        main #main tabindex="-1" { (content) }
                    }
                }
            }
        };
        page.into_string()
    }

    fn side(&self) -> Markup {
        let viewer = self.viewer;
        html! {
            header .side {
                a .brand href="/console/" { (icon(Icon::Weir)) "Weir" }
                nav .places aria-label="Places" {
                    @for place in Place::ALL.iter().filter(|place| viewer.may(place.right())) {
                        a href=(place.path())
                            aria-current=[(self.place == Some(*place)).then_some("page")] {
                            (icon(place.icon())) (place.name())
                            @if *place == Place::Approvals && viewer.waiting > 0 {
                                span .count {
                                    (viewer.waiting) span .sr { " waiting" }
                                }
                            }
                        }
                    }
                }
                div .me {
                    div {
                        @if viewer.may(Right::Decide) {
                            a .name href="/console/passkeys" title="Your passkeys" {
                                (Shown(&viewer.name))
                            }
                        } @else { div .name { (Shown(&viewer.name)) } }
                        div .roles.soft.small { (viewer.roles.join(", ")) }
                    }
                    form method="post" action="/console/sign-out" {
                        (csrf(viewer))
                        button .slim type="submit" { (icon(Icon::Leave)) "Sign out" }
                    }
                }
            }
        }
    }
}

/// The field by which a form is known to be this person's own.
pub fn csrf(viewer: &Viewer) -> Markup {
    html! { input type="hidden" name="csrf" value=(viewer.csrf); }
}

/// A page for somebody who is nobody yet, or may not be here: no places.
pub fn alone(title: &str, content: Markup) -> String {
    alone_with(title, &[], content)
}

/// The same with scripts.
pub(crate) fn alone_with(title: &str, scripts: &[&Asset], content: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, scripts))
            body .alone {
                main #main {
                    a .brand href="/console/" { (icon(Icon::Weir)) "Weir" }
                    (content)
                }
            }
        }
    };
    page.into_string()
}

fn head(title: &str, scripts: &[&Asset]) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (Shown(title)) " · Weir" }
            link rel="icon" href=(assets::SIGN.path()) type="image/svg+xml";
            link rel="stylesheet" href=(assets::STYLE.path());
            script src=(assets::SCRIPT.path()) defer {}
            @for script in scripts { script src=(script.path()) defer {} }
        }
    }
}

/// Something to be told at the top of a page.
pub fn notice(tone: Tone, words: &Markup) -> Markup {
    html! {
        div .notice.(tone.class()) role=(if tone == Tone::Bad { "alert" } else { "status" }) {
            (icon(tone.icon())) div { (words) }
        }
    }
}

/// In the place of what is not there: nothing yet, no right, an error.
pub fn state(picture: Icon, what: &str, words: &Markup) -> Markup {
    html! {
        div .state { (icon(picture)) strong { (what) } p { (words) } }
    }
}

/// A page that says that something is not to be had: what, and what can be done.
pub fn failure(viewer: Option<&Viewer>, title: &str, picture: Icon, words: &str) -> String {
    let words = html! { (Shown(words)) };
    let content = html! {
        h1 .sr { (title) }
        section .card { (state(picture, title, &words)) }
    };
    match viewer {
        Some(viewer) => Page { title, place: None, viewer, scripts: &[] }.whole(&content),
        None => alone(title, content),
    }
}
