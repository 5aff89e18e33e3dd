//! No literal survives.

use super::normalise;

#[test]
fn literals_become_question_marks() {
    let cases = [
        (
            "SELECT  *\nFROM t -- 'x'\nWHERE a = 'x' AND b>1.5",
            "SELECT * FROM t WHERE a = ? AND b>?",
        ),
        ("select E'a\\'b', $$c$$, $t$d$t$, U&'e', x'ff', $1", "select ?, ?, ?, ?, ?, $1"),
        ("select 'open", "select ?"),
        ("select 'a\\' or secret --'", "select ?"),
        ("select \"open", "select \"open?"),
        ("SET a.b = hunter2; select c", "SET a.b = ?; select c"),
        ("ALTER ROLE r SET a.b TO hunter2", "ALTER ROLE r SET a.b TO ?"),
        ("ALTER TABLE t OWNER TO bob", "ALTER TABLE t OWNER TO bob"),
        ("", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(normalise(text), expected, "{text}");
    }
}
