//! The lexer against PostgreSQL's rules.

use super::*;

fn kinds(text: &str) -> Vec<(Kind, &str)> {
    let tokens = Lexer::new(text).filter(|token| token.kind != Kind::Space);
    tokens.map(|token| (token.kind, &text[token.span])).collect()
}

#[test]
fn tokens_end_where_postgresql_ends_them() {
    assert_eq!(kinds("a$1"), [(Kind::Word, "a$1")]);
    assert_eq!(kinds("E'a\\'b' c"), [(Kind::Text, "E'a\\'b'"), (Kind::Word, "c")]);
    assert_eq!(kinds("E'a'\n'\\'b'"), [(Kind::Text, "E'a'\n'\\'b'")]);
    assert_eq!(kinds("'a' 'b'"), [(Kind::Text, "'a'"), (Kind::Text, "'b'")]);
    assert_eq!(kinds("$x$ ' $$ $x$"), [(Kind::Text, "$x$ ' $$ $x$")]);
    assert_eq!(kinds("$1"), [(Kind::Param, "$1")]);
    assert_eq!(kinds("/* /* */ ' */1"), [(Kind::Comment, "/* /* */ ' */"), (Kind::Number, "1")]);
    assert_eq!(
        kinds("+--x\n1"),
        [(Kind::Operator, "+"), (Kind::Comment, "--x"), (Kind::Number, "1")]
    );
    assert_eq!(
        kinds("U&\"d\"\"\" 1.5e-3"),
        [(Kind::Quoted, "U&\"d\"\"\""), (Kind::Number, "1.5e-3")]
    );
}

#[test]
fn nesting_ignores_literals_and_comments() {
    assert_eq!(nesting("((a)) '(((' /* ((( */ \"((((\" $$((($$"), 2);
}
