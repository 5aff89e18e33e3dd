//! URLs, and signatures against the example of the specification.

use super::Webhook;
use crate::settings::Key;

#[test]
fn signatures_are_those_of_standard_webhooks() {
    // The specification's own example (standard-webhooks, "Signature scheme").
    let secret = Key::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let webhook = Webhook::new("http://localhost/", None, &secret, false).unwrap();
    let signature =
        webhook.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
    assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn urls_are_taken_apart() {
    let secret = Key::new("secret");
    let webhook = |url: &str| Webhook::new(url, None, &secret, false);
    let plain = webhook("http://siem.internal:8088/in?token=1").unwrap();
    assert_eq!((plain.server.peer.host.as_str(), plain.server.peer.port), ("siem.internal", 8088));
    assert_eq!(
        (plain.server.path.as_str(), plain.server.host.as_str()),
        ("/in?token=1", "siem.internal:8088")
    );
    assert!(plain.server.peer.tls.is_none());
    let six = webhook("http://[::1]/").unwrap();
    assert_eq!((six.server.peer.host.as_str(), six.server.peer.port), ("::1", 80));
    for bad in ["ftp://host/", "host", "/path", "http://"] {
        assert!(webhook(bad).is_err(), "{bad}");
    }
}
