//! The file that holds a sign-in.

use super::*;

fn login() -> Login {
    Login {
        weir: "https://weir.example:6443".to_owned(),
        ca: None,
        host: "weir.example".to_owned(),
        port: 6432,
        provider: Vouching {
            name: "corp".to_owned(),
            issuer: "https://id.example".to_owned(),
            client_id: "weir".to_owned(),
            scopes: vec!["openid".to_owned()],
            ca: None,
        },
        refresh: Some("a refresh token".to_owned()),
        sign_in: None,
        identity: "alice".to_owned(),
        token: Some(Kept { secret: "a token".to_owned(), from: 5, until: 10 }),
    }
}

#[test]
fn it_is_its_owners_alone_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("deep/weir/login.json");
    assert!(Login::read(&file).unwrap().is_none());
    for _ in 0..2 {
        login().write(&file).unwrap();
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let read = Login::read(&file).unwrap().unwrap();
    assert_eq!(read.refresh.as_deref(), Some("a refresh token"));
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no draft is left");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Login::read(&file).unwrap_err().to_string().contains("read by others"));
}

#[test]
fn nothing_of_it_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("login.json");
    assert_eq!(format!("{:?}", login()), "Login(alice at https://weir.example:6443)");
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).unwrap();
    out.write_all(b"{\"weir\": \"x\", \"refresh\": \"a secret\", oops").unwrap();
    let error = Login::read(&file).unwrap_err().to_string();
    assert!(error.contains("line 1") && !error.contains("secret"), "{error}");
}
