//! Signing in. The page knows no password: it asks for one.

use crate::{
    Markup, Shown,
    layout::{Tone, alone, notice},
    parts::escaped,
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

/// The page.
pub fn page(sign_in: &SignIn<'_>) -> String {
    alone("Sign in", content(sign_in))
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
