//! Where a collector is.

use super::Otlp;
use crate::settings::About;

#[test]
fn a_url_without_a_path_gets_the_one_that_collectors_have() {
    let about = About { node: "n".into(), version: "0".into() };
    let path = |url: &str| Otlp::new(url, None, None, &about).unwrap().post.path;
    assert_eq!(path("http://collector:4318"), "/v1/traces");
    assert_eq!(path("http://collector:4318/"), "/v1/traces");
    assert_eq!(path("http://collector:4318/in/traces"), "/in/traces");
    assert!(Otlp::new("grpc://collector:4317", None, None, &about).is_err());
}
