//! Files that clients read: what is not ours stays as it was.

use super::*;

#[test]
fn a_line_takes_the_place_of_its_former_self() {
    let text = "# mine\nweir:6432:*:alice:old\nother:5432:*:me:pw\n";
    let new = with_line(text, "weir:6432:*:alice:", "weir:6432:*:alice:new");
    assert_eq!(new, "weir:6432:*:alice:new\n# mine\nother:5432:*:me:pw\n");
    assert_eq!(with_line("", "a:", "a:b"), "a:b\n");
    assert_eq!(escaped("a:b\\c"), "a\\:b\\\\c");
}

#[test]
fn a_section_takes_the_place_of_its_former_self() {
    let text = "[mine]\nhost=a\n[shop]\nhost=old\nport=1\n[last]\nhost=b\n";
    let new = with_section(text, "shop", "[shop]\nhost=new\n");
    assert_eq!(new, "[mine]\nhost=a\n[last]\nhost=b\n[shop]\nhost=new\n");
}

#[test]
fn an_exit_code_is_the_clients() {
    assert_eq!(code(ExitStatus::from_raw(3 << 8)), 3);
    assert_eq!(code(ExitStatus::from_raw(15)), 143);
}
