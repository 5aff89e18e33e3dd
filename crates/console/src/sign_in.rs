//! Signing in. The page knows no password: it asks for one.

use crate::{
    Markup, Shown,
    assets::PASSKEY,
    layout::{Tone, alone, alone_with, notice},
    parts::escaped,
    passkeys::trouble,
};
use maud::html;

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct SignIn<'s> {
    /// Why somebody is here again, in words.
    pub why: Option<&'s str>,
    /// Where to go then: a path of the console.
    pub next: &'s str,
    /// The name that was tried.
    pub name: &'s str,
    /// Who vouches for people: names of providers.
    pub providers: &'s [String],
}

/// What a key has to sign of somebody whose password was right.
#[derive(Clone, Debug, Default)]
pub struct SecondHalf<'s> {
    /// Whose password it was.
    pub name: &'s str,
    /// The word that this sign-in is known by.
    pub word: &'s str,
    /// What is signed: base64url.
    pub challenge: &'s str,
    /// The ids of the keys that may: base64url, with spaces between.
    pub keys: &'s str,
    /// Where to go then: a path of the console.
    pub next: &'s str,
}

/// The page.
pub fn page(sign_in: &SignIn<'_>) -> String {
    alone("Sign in", content(sign_in))
}

/// The page for the second half of a sign-in.
pub fn second_half(half: &SecondHalf<'_>) -> String {
    let again = format!("/console/sign-in?next={}", escaped(half.next));
    let content = html! {
        section .card {
            div .body {
                h1 { "One thing more" }
                p { "Your passkey or security key shows that it is you, " (Shown(half.name)) "." }
                form #key .stack method="post" action="/console/sign-in/passkey"
                    data-challenge=(Shown(half.challenge)) data-keys=(Shown(half.keys)) {
                    input type="hidden" name="word" value=(Shown(half.word));
                    input type="hidden" name="next" value=(Shown(half.next));
                    button .main type="submit" { "Use your passkey" }
                    (trouble())
                }
                p .soft.small {
                    "It is good for two minutes. Or " a href=(again) { "sign in with a code" } "."
                }
            }
        }
    };
    alone_with("Sign in", &[&PASSKEY], content)
}

fn content(sign_in: &SignIn<'_>) -> Markup {
    html! {
        section .card {
            div .body {
                h1 { "Sign in to the console" }
                @if let Some(why) = sign_in.why { (notice(Tone::Bad, &html! { (Shown(why)) })) }
                @for provider in sign_in.providers {
                    // A link: a form's answer may not send the browser elsewhere.
                    a .button href=(elsewhere(provider, sign_in.next)) {
                        "Continue with " (Shown(provider))
                    }
                }
                @if !sign_in.providers.is_empty() { div .or { "or" } }
                form .stack method="post" action="/console/sign-in" {
                    input type="hidden" name="next" value=(Shown(sign_in.next));
                    div .field {
                        label for="name" { "Name" }
                        input #name name="name" autocomplete="username" autocapitalize="none"
                            spellcheck="false" required maxlength="255" value=(Shown(sign_in.name));
                    }
                    div .field {
                        label for="password" { "Password" }
                        input #password name="password" type="password" required
                            autocomplete="current-password";
                    }
                    div .field {
                        label for="code" { "Code, if you have a second factor" }
                        input #code name="code" autocomplete="one-time-code" autocapitalize="none"
                            spellcheck="false" maxlength="40";
                    }
                    button .main type="submit" { "Sign in" }
                }
                p .soft.small {
                    "The name and password that you sign in with to databases. Each sign-in is in \
                     the record."
                }
            }
        }
    }
}

/// Where somebody goes to sign in with a provider.
fn elsewhere(provider: &str, next: &str) -> String {
    let (provider, next) = (escaped(provider), escaped(next));
    format!("/console/sign-in/elsewhere?provider={provider}&next={next}")
}
