//! Lists as servers show them.

use super::names;

#[test]
fn lists_are_taken_apart() {
    assert_eq!(names("\"$user\", public"), ["$user", "public"]);
    assert_eq!(names(""), Vec::<String>::new());
    assert_eq!(names("\"\""), Vec::<String>::new());
    assert_eq!(names("Shop ,hr"), ["shop", "hr"]);
    assert_eq!(names("\"Odd, \"\"Name\", x"), ["Odd, \"Name", "x"]);
}
