/** One of every kind of object that psql's \d commands and pg_dump know, for comparisons with and without the gateway. */

/** Run as a superuser in the database of `app`; objects belong to app where a role without privileges may own them. */
export const everyObject = (version: number): string => `
CREATE EXTENSION IF NOT EXISTS plpgsql;
CREATE ROLE kind_reader NOLOGIN;
CREATE FOREIGN DATA WRAPPER kind_fdw;
CREATE SERVER kind_server FOREIGN DATA WRAPPER kind_fdw OPTIONS (host 'nowhere');
CREATE USER MAPPING FOR app SERVER kind_server OPTIONS (user 'x');
GRANT USAGE ON FOREIGN SERVER kind_server TO app;
CREATE LANGUAGE kind_lang HANDLER plpgsql_call_handler;
CREATE ACCESS METHOD kind_am TYPE TABLE HANDLER heap_tableam_handler;
CREATE PUBLICATION kind_pub FOR TABLE plain WHERE (id > 5)${version >= 15 ? ' WITH (publish = \'insert\')' : ''};
CREATE CAST (int4 AS box) WITH INOUT;
CREATE FUNCTION kind_event() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER kind_event_trigger ON ddl_command_start WHEN TAG IN ('CREATE CAST') EXECUTE FUNCTION kind_event();
ALTER ROLE app SET work_mem = '6MB';
ALTER ROLE app IN DATABASE shop SET statement_timeout = '1h';
SET ROLE app;
CREATE SCHEMA kinds;
COMMENT ON SCHEMA kinds IS 'one of each';
SET search_path = kinds, public;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (a int, b text);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE COLLATION kind_coll (provider = libc, locale = 'C');
CREATE SEQUENCE kind_seq START 5 INCREMENT 2;
CREATE TABLE parent (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood DEFAULT 'ok', p pair, s span, d positive, t text COLLATE kind_coll, g int GENERATED ALWAYS AS (d * 2) STORED, n numeric(10, 2) DEFAULT nextval('kind_seq'), EXCLUDE USING gist (s WITH &&), UNIQUE NULLS NOT DISTINCT (t));
CREATE TABLE child (extra jsonb) INHERITS (parent);
CREATE TABLE parted (id int, at date, note text) PARTITION BY RANGE (at);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
CREATE UNLOGGED TABLE loose (a int) WITH (fillfactor = 70);
CREATE FOREIGN TABLE far (a int, b text OPTIONS (x 'y')) SERVER kind_server OPTIONS (t 'u');
CREATE INDEX parent_t ON parent USING btree (lower(t)) INCLUDE (d) WHERE d > 3;
CREATE INDEX child_extra ON child USING gin (extra);
CREATE STATISTICS kind_stats (ndistinct, dependencies) ON d, t FROM parent;
CREATE VIEW v WITH (security_barrier) AS SELECT id, m, t FROM parent WHERE d > 1 WITH CHECK OPTION;
CREATE RECURSIVE VIEW steps (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM steps WHERE n < 5;
CREATE MATERIALIZED VIEW mv AS SELECT m, count(*) AS c FROM parent GROUP BY m;
CREATE UNIQUE INDEX ON mv (m);
CREATE RULE no_delete AS ON DELETE TO loose DO INSTEAD NOTHING;
CREATE FUNCTION f(a int, VARIADIC b text[]) RETURNS TABLE (x int, y text) LANGUAGE sql STABLE PARALLEL SAFE COST 7 AS $$ SELECT a, unnest(b) $$;
CREATE FUNCTION std(a int DEFAULT 3) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT a + 1; END;
CREATE PROCEDURE pr(INOUT a int) LANGUAGE plpgsql AS $$ BEGIN a := a + 1; END $$;
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE OF t ON parent FOR EACH ROW WHEN (OLD.t IS DISTINCT FROM NEW.t) EXECUTE FUNCTION trg();
CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int4, INITCOND = '0');
CREATE FUNCTION near(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 3';
CREATE OPERATOR ~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near, COMMUTATOR = ~~~);
CREATE TEXT SEARCH DICTIONARY kind_dict (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION kind_conf (COPY = simple);
CREATE CONVERSION kind_conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
ALTER TABLE parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON parent AS RESTRICTIVE FOR SELECT TO app, kind_reader USING (d > 0);
GRANT SELECT (id, m), UPDATE (t) ON parent TO kind_reader;
GRANT SELECT ON v TO kind_reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA kinds GRANT SELECT ON TABLES TO kind_reader;
COMMENT ON TABLE parent IS 'a table';
COMMENT ON COLUMN parent.t IS 'a column';
COMMENT ON FUNCTION std(int) IS 'standard body';
INSERT INTO parent (m, p, s, d, t) VALUES ('happy', (1, 'x'), '[1,2)', 5, 'tee');
INSERT INTO parted VALUES (1, '2020-05-05', 'in a'), (2, '1999-01-01', 'in the rest');
REFRESH MATERIALIZED VIEW mv;
SELECT lo_create(424242);
RESET ROLE;
ANALYZE;
`;

/** psql's commands that describe, each with and without its variations. */
export const describing: readonly string[] = [
  ...['', 'S', '+', 'S+'].flatMap((v) => ['\\d', '\\dt', '\\dv', '\\dm', '\\di', '\\ds', '\\dE'].map((c) => `${c}${v} kinds.*`)),
  ...['parent', 'child', 'parted', 'parted_a', 'loose', 'far', 'v', 'mv', 'kind_seq', 'parent_t', 'steps', 'pair'].flatMap((name) => [`\\d kinds.${name}`, `\\d+ kinds.${name}`]),
  '\\d customers',
  '\\d+ customers',
  '\\d+ contacts',
  '\\d+ orders',
  '\\dt',
  '\\dt+',
  '\\dn',
  '\\dn+',
  '\\l shop',
  '\\df kinds.*',
  '\\df+ kinds.*',
  '\\dfa kinds.*',
  '\\dft kinds.*',
  '\\da kinds.*',
  '\\do kinds.*',
  '\\do+ kinds.~~~',
  '\\dT kinds.*',
  '\\dT+ kinds.*',
  '\\dD kinds.*',
  '\\dD+ kinds.*',
  '\\dO kinds.*',
  '\\dO+ kinds.*',
  '\\dc kinds.*',
  '\\dC',
  '\\dC+ box',
  '\\dd kinds.*',
  '\\ddp',
  '\\dp kinds.*',
  '\\z kinds.parent',
  '\\des+',
  // Without +: the options of user mappings hold passwords, and are classified.
  '\\deu',
  '\\dew+',
  '\\det+ kinds.*',
  '\\dF kinds.*',
  '\\dFd+ kinds.*',
  '\\dFp',
  '\\dFt',
  '\\dg',
  '\\du+ app',
  '\\drds app',
  '\\dL',
  '\\dL+ kind_lang',
  '\\dx',
  '\\dx+ plpgsql',
  '\\dX kinds.*',
  '\\dy+',
  '\\dRp+',
  '\\dA',
  '\\dA+ kind_am',
  '\\dAc btree int4',
  '\\dAf btree int4',
  '\\dAo btree int4_ops',
  '\\dAp btree int4_ops',
  '\\db',
  '\\dl+',
  '\\dconfig work_mem',
  '\\dP+ kinds.*',
  '\\sf kinds.f',
  '\\sf+ kinds.std',
  '\\sv kinds.v',
  '\\sv+ kinds.steps',
  '\\dn *.*.*',
  '\\d nothing_here',
];
