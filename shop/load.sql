-- The sample shop. Everything follows from the seed in generator.sql: no clock, no random().
\set ON_ERROR_STOP on
set client_min_messages = warning;
-- Many small statements over short functions: compiling them costs more than running them.
set jit = off;
begin;
\i generator.sql
\i identifiers.sql
\i lists.sql
\i schema.sql
\i people.sql
\i trade.sql
\i talk.sql
\i staff.sql
\i legacy.sql
\i routines.sql
\i views.sql
drop schema gen cascade;
commit;
analyze;
