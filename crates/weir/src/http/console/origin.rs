//! Where a request that changes something comes from: a page of this very console, by the
//! browser's own word. A browser that says nothing about it is too old to be believed.

use super::answer::No;
use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Lets requests pass that change nothing, and those of our own pages.
pub(super) async fn same(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    match safe || is_ours(request.headers()) {
        true => next.run(request).await,
        false => No::Forged.into_response(),
    }
}

fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST.as_str());
    let origin = text(header::ORIGIN.as_str());
    let ours = host.zip(origin).is_some_and(|(host, origin)| {
        origin.strip_prefix("https://").is_some_and(|from| from.eq_ignore_ascii_case(host))
    });
    match text("sec-fetch-site") {
        Some("same-origin") => origin.is_none() || ours,
        Some(_) => false,
        None => ours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    #[test]
    fn only_our_own_pages_change_something() {
        let host = ("host", "weir.example:6443");
        let (ours, theirs) = ("https://weir.example:6443", "https://evil.example");
        for (headers, wanted) in [
            (vec![host, ("origin", ours)], true),
            (vec![host, ("origin", ours), ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host], false),
            (vec![("origin", ours)], false),
            (vec![host, ("origin", theirs)], false),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("origin", "http://weir.example:6443")], false),
            (vec![host, ("origin", "https://weir.example")], false),
            (vec![host, ("origin", theirs), ("sec-fetch-site", "same-origin")], false),
            (vec![host, ("origin", ours), ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "cross-site")], false),
            (vec![host, ("sec-fetch-site", "none")], false),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in &headers {
                all.insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            assert_eq!(is_ours(&all), wanted, "{headers:?}");
        }
    }
}
