//! Tests of sign_in.rs that need no server.

use super::*;
use wire_pg::{backend, frame};

#[test]
fn passwords_in_clear_stay_on_this_machine_or_inside_tls() {
    let mut config = UpstreamConfig::new(Host::Tcp("db".into()), 5432, "weir", "shop");
    let loopback = "127.0.0.1".parse().ok();
    let network = "192.0.2.7".parse().ok();
    assert!(clear_is_safe(&config, loopback, false));
    assert!(clear_is_safe(&config, network, true));
    assert!(!clear_is_safe(&config, network, false));
    assert!(!clear_is_safe(&config, None, false), "a peer that is gone proves nothing");
    config.allow_cleartext = true;
    assert!(clear_is_safe(&config, network, false));
    config.allow_cleartext = false;
    config.host = Host::Unix("/run/postgresql".into());
    assert!(clear_is_safe(&config, None, false));
}

/// What is chosen of an offer, and the GS2 header that says so.
fn chosen(offer: &[&str], certificate: Option<&[u8]>) -> Result<String, String> {
    let mut out = Vec::new();
    backend::encode::authentication_sasl(&mut out, offer).unwrap();
    let (message, _) = frame::split(&out, usize::MAX).unwrap().unwrap();
    let Ok(Authentication::Sasl(mechanisms)) = Authentication::parse(message.payload) else {
        panic!("SASL")
    };
    let (mechanism, binding) = choose(mechanisms, certificate).map_err(|e| e.to_string())?;
    let header = ScramClient::new(binding).unwrap().message();
    Ok(format!("{mechanism} {}", header.split(",,").next().unwrap()))
}

#[test]
fn channel_binding_is_used_wherever_it_can_be() {
    let both = [SCRAM_SHA_256_PLUS, SCRAM_SHA_256];
    let certificate = self_signed();
    let certificate = Some(certificate.as_slice());
    assert_eq!(
        chosen(&both, certificate).as_deref(),
        Ok("SCRAM-SHA-256-PLUS p=tls-server-end-point")
    );
    assert_eq!(chosen(&both, None).as_deref(), Ok("SCRAM-SHA-256 n"));
    assert_eq!(chosen(&[SCRAM_SHA_256], certificate).as_deref(), Ok("SCRAM-SHA-256 y"));
    assert_eq!(chosen(&[SCRAM_SHA_256], None).as_deref(), Ok("SCRAM-SHA-256 n"));
    assert!(chosen(&[SCRAM_SHA_256_PLUS], None).is_err());
    assert_eq!(
        chosen(&["OAUTHBEARER"], certificate).unwrap_err(),
        "upstream wants to be signed in to by SASL OAUTHBEARER"
    );
}

/// A certificate (DER), as openssl makes it.
fn self_signed() -> Vec<u8> {
    let folder = testkit::TestDir::new("cert").unwrap();
    let authority = testkit::tls::Authority::new(folder.path()).unwrap();
    let pem = std::fs::read_to_string(authority.certificate()).unwrap();
    let out = std::process::Command::new("openssl")
        .args(["x509", "-outform", "DER", "-in"])
        .arg(authority.certificate())
        .output()
        .unwrap();
    assert!(out.status.success(), "{pem}");
    out.stdout
}
