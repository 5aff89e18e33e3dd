//! How long a token is given to sessions, and what is not given twice.

use super::*;

fn cloud() -> Cloud {
    let upstream = "[[database]]\nname=\"a\"\n[database.upstream]\nhost=\"h\"\nuser=\"u\"\n\
                    iam=\"azure\"\n[azure]\ntenant=\"t\"\nclient_id=\"c\"\n\
                    authority=\"http://127.0.0.1:1\"\nclient_secret={ file=\"/nowhere\" }\n";
    let config = config::parse("weir.toml".as_ref(), upstream).unwrap();
    let upstream = &config.databases.first().unwrap().upstream;
    Cloud::new(upstream.iam.unwrap(), &config.clouds, upstream).unwrap()
}

fn credentials(password: &str) -> Credentials {
    Credentials { user: None, password: Secret::from(password.to_owned()), lease: None }
}

#[test]
fn a_token_is_given_until_shortly_before_its_end() {
    for (lasts, given) in [(3_600, 3_480), (900, 780), (240, 120), (100, 50), (0, 0)] {
        assert_eq!(given_for(Duration::from_secs(lasts)), Duration::from_secs(given));
    }
}

#[tokio::test]
async fn what_is_kept_is_given_until_its_end_or_until_it_is_refused() {
    let cloud = cloud();
    let (old, fresh) = (credentials("old"), credentials("fresh"));
    let keep = |until| *cloud.inner.kept() = Some((until, fresh.clone()));
    keep(Instant::now() + Duration::from_secs(60));
    cloud.refused(&old);
    assert!(cloud.fetch().await.unwrap().are(&fresh), "what came since stays");
    cloud.refused(&fresh);
    let why = cloud.fetch().await.unwrap_err();
    assert!(why.contains("/nowhere"), "it is asked for anew: {why}");
    keep(Instant::now());
    assert!(cloud.fetch().await.is_err(), "it is over");
}
