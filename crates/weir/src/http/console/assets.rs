//! The files that pages need. Their names change with their content, so a browser asks once.

use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// `GET /console/assets/{name}`.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
    match console::assets::find(&name) {
        Some(asset) => {
            let kind = HeaderValue::from_static(asset.kind);
            let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FOR_EVER)];
            (headers, asset.bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
