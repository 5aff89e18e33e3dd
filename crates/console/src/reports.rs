//! Reports: asking for one, how far each is, taking it away; and checking evidence that somebody
//! else holds, in the browser.

use crate::{
    Icon, Shown,
    assets::{BUSY, CHECK, TLOG},
    icon,
    job::{self, How, Listed},
    layout::{Page, Place, Tone, Viewer, csrf, notice, state},
};
use maud::{Markup, html};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Which kind.
    pub kind: String,
    /// About whom or what.
    pub name: String,
    /// The first day.
    pub since: String,
    /// The last day.
    pub until: String,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Reports {
    /// Kinds with their titles; those that need a name say so.
    pub kinds: Vec<(String, String)>,
    /// This person's, newest first.
    pub listed: Vec<Listed>,
    /// What is asked for.
    pub form: Form,
    /// What came of it.
    pub said: Option<(Tone, String)>,
    /// The ledger's public key; nothing if there is none.
    pub key: Option<String>,
}

/// The page.
pub fn page(reports: &Reports, viewer: &Viewer) -> String {
    let content = html! {
        div .head { h1 { "Reports and evidence" } }
        @if let Some((tone, words)) = &reports.said { (notice(*tone, &html! { (Shown(words)) })) }
        div .columns {
            div {
                section .card aria-labelledby="ask" {
                    header { h2 #ask { "Make a report" } }
                    div .body { (form(reports, viewer)) }
                }
                section .card aria-labelledby="mine" {
                    header { h2 #mine { "Your reports" } }
                    div #list data-from="/console/reports/list"
                        data-busy[job::busy(&reports.listed)] {
                        (list(&reports.listed, viewer))
                    }
                }
            }
            div { (check(reports, viewer)) }
        }
    };
    let page = Page::of(Place::Reports, viewer);
    Page { title: "Reports", scripts: &[&BUSY, &TLOG, &CHECK], ..page }.whole(&content)
}

fn form(reports: &Reports, viewer: &Viewer) -> Markup {
    let form = &reports.form;
    html! {
        form .stack method="post" action=(Place::Reports.path()) {
            (csrf(viewer))
            div .field {
                label for="kind" { "Report" }
                select #kind name="kind" {
                    @for (word, title) in &reports.kinds {
                        option value=(word) selected[form.kind == *word] { (Shown(title)) }
                    }
                }
            }
            div .field {
                label for="name" { "About whom or what" }
                input #name name="name" maxlength="300" autocomplete="off" autocapitalize="none"
                    spellcheck="false" value=(Shown(&form.name)) aria-describedby="name-means";
                p #name-means .soft.small {
                    "An identity, a column (" code { "customers.email" } ") or a label, a job. \
                     Sets of controls need none."
                }
            }
            div .filter {
                div .field {
                    label for="since" { "First day (UTC)" }
                    input #since name="since" type="date" value=(Shown(&form.since));
                }
                div .field {
                    label for="until" { "Last day" }
                    input #until name="until" type="date" value=(Shown(&form.until));
                }
            }
            label .row for="whole" {
                input #whole name="whole" type="checkbox" value="yes" checked;
                "Verify the whole ledger first"
            }
            button .main type="submit" { "Make it" }
            p .soft.small {
                "Without days: from the record's first to today. It is made in the background, one \
                 after the other; asking for one is in the record."
            }
        }
    }
}

/// The list, which a script asks for again while one is under way.
pub fn list(listed: &[Listed], viewer: &Viewer) -> Markup {
    html! {
        @if listed.is_empty() {
            (state(Icon::Report, "None yet", &html! {
                "Reports that you ask for are here until Weir stops, the last five."
            }))
        } @else {
            ul .list.body { @for one in listed { li { (row(one, viewer)) } } }
        }
    }
}

fn row(one: &Listed, viewer: &Viewer) -> Markup {
    let path = format!("{}/{}", Place::Reports.path(), one.id);
    html! {
        (job::row(one, &path, viewer))
        @if let How::Done(sound) = &one.how {
            @if !sound {
                p { "The ledger is not sound, and the report says so at its beginning." }
            }
            div .row {
                @for (form, name) in [("html", "HTML"), ("pdf", "PDF"), ("json", "JSON")] {
                    a .button.slim download href=(format!("{path}/{form}")) {
                        (name) span .sr { " of " (Shown(&one.words)) }
                    }
                }
                (job::press("forget", "Forget", one, &path, viewer))
            }
        } @else if one.how.is_over() {
            (job::press("forget", "Forget", one, &path, viewer))
        }
    }
}

fn check(reports: &Reports, viewer: &Viewer) -> Markup {
    html! {
        section .card aria-labelledby="evidence" {
            header { h2 #evidence { "Check evidence" } }
            div .body {
                p .soft.small {
                    "A checkpoint, a proof with its entry, or a report as JSON. Files are checked \
                     here in the browser; a checkpoint also against the ledger as it is now. \
                     Nothing else is sent."
                }
                @match &reports.key {
                    None => {
                        p { "The ledger has no key yet: there is nothing to check by." }
                    }
                    Some(key) => {
                        div .field {
                            label for="key" { "The ledger's key, or one kept elsewhere" }
                            input #key .mono value=(key) spellcheck="false" autocomplete="off";
                        }
                        div #drop .drop data-csrf=(viewer.csrf)
                            data-check=(format!("{}/checkpoint", Place::Reports.path())) {
                            (icon(Icon::Check))
                            label for="files" { "Drop files here, or choose some" }
                            input #files type="file" multiple;
                        }
                        ol #steps .list aria-live="polite" {}
                        noscript {
                            p .soft { "Without scripts: " code { "weir audit check-proof" } }
                        }
                    }
                }
            }
        }
    }
}
