//! Policies before they are in force, by the program itself: cases, packs.

use std::{fs, path::Path, process::Command};

/// Runs `weir` without a weir.toml.
fn weir(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(testkit::weir::program().unwrap());
    let output = command.args(arguments).current_dir(dir).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const CASE: &str = "# Emails

## Support sees emails
```schema
table public.customers
  id integer unique
  email text email
```
```request
as: person sam in support
```
```sql
SELECT email FROM customers
```
```verdict
outcome: allow
outputs: raw email
```
";

const SUPPORT: &str = r#"
@id("support-sees-emails")
@reason("support answers customers by email")
permit (
  principal in Group::"support",
  action == Action::"disclose",
  resource in Label::"email"
);
"#;

#[test]
fn cases_fail_until_the_policy_is_there() {
    let dir = testkit::TestDir::new("policies").unwrap();
    let dir = dir.path();
    fs::write(dir.join("support.md"), CASE).unwrap();
    fs::write(dir.join("90-support.cedar"), "// nothing yet\n").unwrap();
    let (code, out, error) = weir(dir, &["policy", "test", "."]);
    assert_eq!(code, 1, "{out}{error}");
    assert!(out.contains("support.md:17"), "{out}");
    assert!(out.contains("expected  outputs: raw email"), "{out}");
    assert!(out.contains("actual    outputs: email partial"), "{out}");
    assert!(out.contains("0 of 1 cases hold") && error.contains("1 of 1"), "{out}{error}");

    fs::write(dir.join("90-support.cedar"), SUPPORT).unwrap();
    let (code, out, error) = weir(dir, &["policy", "test", "support.md"]);
    assert_eq!((code, out.trim()), (0, "1 of 1 cases hold"), "{error}");

    fs::write(dir.join("support.md"), CASE.replace("outcome:", "outcomes:")).unwrap();
    let (code, _, error) = weir(dir, &["policy", "test", "."]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("support.md:16:1: `outcomes` is not one of"), "{error}");
}

#[test]
fn a_pack_is_added_with_cases_that_hold() {
    let dir = testkit::TestDir::new("packs").unwrap();
    let dir = dir.path();
    let (_, listed, _) = weir(dir, &["policy", "packs"]);
    for line in listed.lines().skip(1) {
        let pack = line.split_whitespace().next().unwrap();
        let (code, _, error) = weir(dir, &["policy", "add", pack, "--dir", "."]);
        assert_eq!(code, 0, "{error}");
        let (code, out, _) = weir(dir, &["policy", "test", "."]);
        assert_eq!(code, 0, "{out}");
        fs::remove_file(dir.join(format!("{pack}.md"))).unwrap();
        fs::remove_file(dir.join(format!("{pack}.cedar"))).unwrap();
    }
    fs::write(dir.join("pci.md"), "mine").unwrap();
    let (code, _, error) = weir(dir, &["policy", "add", "pci", "--dir", "."]);
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("is there already") && !dir.join("pci.cedar").exists());
    let (code, _, error) = weir(dir, &["policy", "add", "cpi", "--dir", "."]);
    assert_eq!(code, 3, "{error}");
}
