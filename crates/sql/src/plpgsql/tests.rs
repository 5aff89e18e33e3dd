//! Bodies that are understood, and bodies that must not be.

use super::*;

#[test]
fn ordinary_bodies_become_steps() {
    let body = "
        DECLARE a int := 1; b text NOT NULL DEFAULT 'x'; r record; c CURSOR (n int) FOR SELECT 1;
        BEGIN
            <<outer>> FOR i IN REVERSE 1..10 BY 2 LOOP
                a := a + i; CONTINUE outer WHEN a > 5;
            END LOOP outer;
            FOR r IN SELECT * FROM t WHERE x = a LOOP
                RAISE NOTICE 'got % of %', r.x, a USING HINT = 'none';
            END LOOP;
            IF a = 1 THEN b = 'y'; ELSIF a = 2 THEN NULL; ELSE RETURN; END IF;
            CASE a WHEN 1, 2 THEN b := 'z'; ELSE NULL; END CASE;
            SELECT x, y INTO STRICT a, b FROM t;
            INSERT INTO t VALUES (1) RETURNING x INTO a;
            OPEN c(3); FETCH NEXT FROM c INTO r; CLOSE c;
            BEGIN PERFORM f(a); EXCEPTION WHEN others THEN GET STACKED DIAGNOSTICS b = MESSAGE_TEXT;
            END;
            LOOP EXIT WHEN a > 5; END LOOP;
            WHILE a < 5 LOOP a := a + 1; EXIT; END LOOP;
            FOREACH a IN ARRAY ARRAY[1, 2] LOOP r.x[1] := 2; END LOOP;
            RETURN QUERY SELECT 1; RETURN NEXT a; ASSERT a > 0, 'bad';
        END";
    assert!(steps(body).is_some());
}

#[test]
fn what_is_not_understood_is_not_guessed() {
    for body in ["BEGIN", "BEGIN a := ; END", "BEGIN SELECT FROM WHERE; END", "SELECT 1", ""] {
        assert!(steps(body).is_none(), "{body}");
    }
}

#[test]
fn dynamic_sql_is_seen() {
    let found = steps("BEGIN EXECUTE 'x' || y INTO a; END").unwrap();
    assert!(found.iter().any(|step| matches!(step, Step::Dynamic { .. })));
}
