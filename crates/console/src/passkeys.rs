//! The passkeys and security keys of whoever looks: which there are, how one is added, how one is
//! taken away.

use crate::{
    Icon, Shown,
    assets::PASSKEY,
    layout::{Page, Tone, Viewer, csrf, notice, state},
    parts,
};
use maud::{Markup, html};

/// One key.
#[derive(Clone, Debug, Default)]
pub struct Key {
    /// As browsers name it: base64url.
    pub id: String,
    /// What its holder calls it.
    pub name: String,
    /// The site that it is for.
    pub site: String,
    /// `ES256`, …
    pub kind: String,
    /// Since when it is known.
    pub added: String,
    /// When it signed last.
    pub used: Option<String>,
    /// What a key signs to take this one away: base64url.
    pub challenge: String,
}

/// The page's data.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Those that there are.
    pub keys: Vec<Key>,
    /// What a key signs to be added: base64url.
    pub challenge: String,
    /// By what a key knows its holder: base64url.
    pub user: String,
    /// What came of what was done last.
    pub said: Option<(Tone, String)>,
}

/// Where what goes wrong with a key is said.
pub(crate) fn trouble() -> Markup {
    html! { p .trouble.bad role="alert" hidden {} }
}

/// The page.
pub fn page(page: &Keys, viewer: &Viewer) -> String {
    let ids: Vec<&str> = page.keys.iter().map(|key| key.id.as_str()).collect();
    let ids = ids.join(" ");
    let content = html! {
        div .head { h1 { "Your passkeys" } }
        p .soft {
            "A passkey or security key signs what you approve: the record has the signature, and \
             nobody approves with your password alone. Once you have one, your consents count with \
             its signature only."
        }
        @if let Some((tone, words)) = &page.said { (notice(*tone, &html! { (Shown(words)) })) }
        section .card aria-labelledby="keys" {
            header { h2 #keys { "Keys" } span .badge { (page.keys.len()) } }
            @if page.keys.is_empty() {
                (state(Icon::Lock, "None yet", &html! { "Add the first one below." }))
            } @else {
                div .body {
                    ul .list { @for key in &page.keys { li { (one(key, &ids, viewer)) } } }
                }
            }
        }
        section .card aria-labelledby="add" {
            header { h2 #add { "Add a key" } }
            div .body { (add(page, &ids, viewer)) }
        }
    };
    let title = "Your passkeys";
    Page { title, place: None, viewer, scripts: &[&PASSKEY] }.whole(&content)
}

fn one(key: &Key, ids: &str, viewer: &Viewer) -> Markup {
    html! {
        div .row { strong { (Shown(&key.name)) } span .badge { (Shown(&key.kind)) } }
        p .soft.small {
            "for " (Shown(&key.site)) ", since " (parts::moment(&key.added)) ", "
            @match &key.used {
                Some(used) => { "signed last " (parts::moment(used)) }
                None => "has signed nothing yet",
            }
        }
        form method="post" action="/console/passkeys/remove" data-challenge=(key.challenge)
            data-keys=(ids) {
            (csrf(viewer))
            input type="hidden" name="name" value=(key.name);
            button .slim type="submit" { "Remove " span .sr { (Shown(&key.name)) } }
            (trouble())
        }
    }
}

fn add(page: &Keys, ids: &str, viewer: &Viewer) -> Markup {
    html! {
        form #make method="post" action="/console/passkeys" data-challenge=(page.challenge)
            data-keys=(ids) data-person=(viewer.name) data-user=(page.user) {
            (csrf(viewer))
            div .filter {
                div .field {
                    label for="name" { "What you call it" }
                    input #name name="name" required maxlength="60" autocomplete="off";
                }
                button .main type="submit" { "Add it" }
            }
            @if !page.keys.is_empty() {
                p .soft.small { "One of your keys signs that a new one is yours." }
            }
            (trouble())
        }
    }
}
