//! Signatures, against the example that AWS publishes.

use super::Key;
use std::collections::BTreeMap;

#[test]
fn a_signature_is_that_of_the_published_example() {
    // Amazon S3 API Reference, "Signature Calculations for the Authorization Header", PUT Object.
    let hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let headers = BTreeMap::from([
        ("date", "Fri, 24 May 2013 00:00:00 GMT".to_owned()),
        ("host", "examplebucket.s3.amazonaws.com".to_owned()),
        ("x-amz-content-sha256", hash.to_owned()),
        ("x-amz-date", "20130524T000000Z".to_owned()),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY".to_owned()),
    ]);
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let key = Key { name: "AKIAIOSFODNN7EXAMPLE", secret, region: "us-east-1" };
    let signed = key.sign("PUT", "/test%24file.text", &headers).unwrap();
    let signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
    assert!(signed.ends_with(signature), "{signed}");
}
