//! Comments as sqlcommenter's specification has them, and what only looks like one.

use super::traceparent;

const PARENT: &str = "00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01";

#[test]
fn a_comment_says_which_trace_it_is() {
    // The specification's own example, and comments at other places.
    let example = "SELECT * FROM polls_question /*controller='index',db_driver='django',\
                   framework='django%3A2.2.1',route='%5Epolls/%24',\
                   traceparent='00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01',\
                   tracestate='congo%3Dt61rcWkgMzE%2Crojo%3D00f067aa0ba902b7'*/";
    assert_eq!(traceparent(example), Some(PARENT));
    for text in [
        format!("/*traceparent='{PARENT}'*/ select 1"),
        format!("select 1 -- what\n/* a='b' , traceparent='{PARENT}' */;"),
        format!("select '/*' /*traceparent='{PARENT}'*/"),
    ] {
        assert_eq!(traceparent(&text), Some(PARENT), "{text}");
    }
}

#[test]
fn what_is_no_comment_or_not_of_the_form_is_not_taken() {
    let zero = "0".repeat(32);
    for text in [
        "select 1".to_owned(),
        "select traceparent from spans".to_owned(),
        format!("select '/*traceparent=''{PARENT}''*/'"),
        format!("select $$ /*traceparent='{PARENT}'*/ $$"),
        format!("select \"/*traceparent='{PARENT}'*/\""),
        format!("select 'open /*traceparent='{PARENT}'*/"),
        format!("select 1 /*traceparent={PARENT}*/"),
        format!("select 1 /*traceparent='{}'*/", PARENT.to_uppercase()),
        format!("select 1 /*traceparent='{PARENT}-more'*/"),
        format!("select 1 /*traceparent='00-{zero}-c532cb4098ac3dd2-01'*/"),
        "select 1 /*traceparent='needle@one.example'*/".to_owned(),
    ] {
        assert_eq!(traceparent(&text), None, "{text}");
    }
}
