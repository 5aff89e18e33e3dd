//! Signatures as botocore makes them, and the places where keys are found.

use super::{
    keys::{Keys, is_of_container, of_profile},
    role::{of_answer, service},
    sign::Connect,
    *,
};
use std::time::UNIX_EPOCH;

/// A database and user, the time, the keys, and what botocore 1.44.8's `generate_db_auth_token`
/// makes of them.
type Case = (
    (&'static str, u16, &'static str, &'static str),
    u64,
    (&'static str, &'static str, Option<&'static str>),
    (&'static str, &'static str),
);

const CASES: [Case; 3] = [
    (
        ("shop.c1x2.eu-central-1.rds.amazonaws.com", 5432, "weir", "eu-central-1"),
        1_795_730_400,
        ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None),
        (
            "Action=connect&DBUser=weir&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\
             AKIDEXAMPLE%2F20261126%2Feu-central-1%2Frds-db%2Faws4_request&X-Amz-Date=\
             20261126T220000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host",
            "ee74f7e738d47088173428b60a07029dd5804b9db15cbc464350592bf5990301",
        ),
    ),
    (
        ("Shop-2.cluster-ab.cn-north-1.rds.amazonaws.com.cn", 6432, "We ir+ä@x/~_.-", "cn-north-1"),
        1_709_251_199,
        ("ASIDEXAMPLE", "secret", Some("IQoJb3Jp/Z2lu+X2Vj==")),
        (
            "Action=connect&DBUser=We%20ir%2B%C3%A4%40x%2F~_.-&X-Amz-Algorithm=AWS4-HMAC-SHA256&\
             X-Amz-Credential=ASIDEXAMPLE%2F20240229%2Fcn-north-1%2Frds-db%2Faws4_request&\
             X-Amz-Date=20240229T235959Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&\
             X-Amz-Security-Token=IQoJb3Jp%2FZ2lu%2BX2Vj%3D%3D",
            "61adff3be3ec62f5611b31e00d80b7fddcf0313e8420bfc26dc8ceb32dad6e0d",
        ),
    ),
    (
        ("db.example", 443, "u", "us-east-1"),
        0,
        ("AKIDEXAMPLE", "s", None),
        (
            "Action=connect&DBUser=u&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\
             AKIDEXAMPLE%2F19700101%2Fus-east-1%2Frds-db%2Faws4_request&X-Amz-Date=\
             19700101T000000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host",
            "fe118ec8d5d93ca7176150ba780024ea7ca3e8375ec2da342f98088d2341c25c",
        ),
    ),
];

#[test]
fn a_signed_request_is_botocores() {
    for ((host, port, user, region), at, (id, secret, token), (query, signature)) in CASES {
        let keys = Keys {
            id: id.to_owned(),
            secret: Secret::from(secret.to_owned()),
            token: token.map(|token| Secret::from(token.to_owned())),
            until: None,
        };
        let now = UNIX_EPOCH + Duration::from_secs(at);
        let signed = Connect { host, port, user, region }.signed(&keys, now, LASTS);
        assert_eq!(signed, format!("{host}:{port}/?{query}&X-Amz-Signature={signature}"));
    }
}

#[test]
fn names_at_rds_say_their_region() {
    for (host, region) in [
        ("shop.c1x2.eu-central-1.rds.amazonaws.com", Some("eu-central-1")),
        ("p.proxy-c1x2.us-gov-west-1.rds.amazonaws.com", Some("us-gov-west-1")),
        ("shop.cluster-ro-c1.cn-north-1.rds.amazonaws.com.cn", Some("cn-north-1")),
        ("rds.amazonaws.com", None),
        ("db.internal", None),
        ("eu-central-1.rds.amazonaws.com.example.org", None),
    ] {
        assert_eq!(region_of(host), region, "{host}");
    }
}

#[test]
fn a_profile_has_its_own_keys_and_no_others() {
    let text = "# keys\n[default]\naws_access_key_id = A\naws_secret_access_key=s=1\n\
                [ops]\nAWS_ACCESS_KEY_ID=B\naws_secret_access_key = t\naws_session_token = u\n\
                [half]\naws_access_key_id = C\n[role]\nrole_arn = arn\n";
    let keys = |name| {
        let keys = of_profile(text, name)?;
        let token = keys.token.map(|token| token.expose().to_owned());
        Some((keys.id, keys.secret.expose().to_owned(), token))
    };
    let text = str::to_owned;
    assert_eq!(keys("default"), Some((text("A"), text("s=1"), None)));
    assert_eq!(keys("ops"), Some((text("B"), text("t"), Some(text("u")))));
    for name in ["half", "role", "none", "op"] {
        assert_eq!(keys(name), None, "{name}");
    }
}

#[test]
fn keys_are_asked_for_close_by_or_by_tls() {
    for (url, close) in [
        ("http://169.254.170.2/v2/credentials/1", true),
        ("http://169.254.170.23/v1/credentials", true),
        ("http://[fd00:ec2::23]/v1/credentials", true),
        ("http://localhost:8080/x", true),
        ("https://keys.example.org/", true),
        ("http://keys.example.org/", false),
        ("http://169.254.170.2.example.org/", false),
        ("http://169.254.170.2@example.org/", false),
        ("http://example.org?127.0.0.1", false),
        ("ftp://127.0.0.1/", false),
    ] {
        assert_eq!(is_of_container(url), close, "{url}");
    }
}

#[test]
fn a_role_is_asked_for_in_its_region_and_its_keys_are_read_whole() {
    assert_eq!(service("eu-central-1"), "https://sts.eu-central-1.amazonaws.com/");
    assert_eq!(service("cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn/");
    let answer = |inside: &str| {
        let text = format!(
            "<R xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Result>\n\
             <Credentials>{inside}</Credentials></Result></R>"
        );
        of_answer(&text)
    };
    let whole = "<SessionToken>t+/==</SessionToken><SecretAccessKey>\n s/1 </SecretAccessKey>\
                 <Expiration>2014-10-24T23:00:23.123Z</Expiration><AccessKeyId>A</AccessKeyId>";
    let keys = answer(whole).unwrap();
    assert_eq!((keys.id.as_str(), keys.secret.expose()), ("A", "s/1"));
    assert_eq!(keys.token.unwrap().expose(), "t+/==");
    let until = UNIX_EPOCH + Duration::from_secs(1_414_191_623);
    assert_eq!(keys.until, Some(until));
    for name in ["SessionToken", "SecretAccessKey", "Expiration", "AccessKeyId", "Credentials"] {
        let error = answer(&whole.replace(name, "Other")).err().map(|error| error.to_string());
        match name {
            "Credentials" => assert!(error.is_none()),
            _ => assert_eq!(error, Some(format!("the answer has no {name}"))),
        }
    }
    assert!(of_answer("<Error><Code>ExpiredTokenException</Code></Error>").is_err());
}
