/** Undoes what a case left behind in a database of the corpus: cheaply where that is enough, from the template otherwise. */

/** The state of a database: `objects` of its catalogs, `rows` of its tables. TABLES is a list of digests of tables. */
const print = `
SELECT md5(concat_ws('/',
  (SELECT string_agg(concat_ws(',', c.oid, c.relname, c.relnamespace, c.relkind, c.relnatts, c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relacl), ';' ORDER BY c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid > 16383 AND n.nspname !~ '^pg_'),
  (SELECT string_agg(concat_ws(',', attrelid, attname, atttypid), ';' ORDER BY attrelid, attnum) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE attrelid > 16383 AND n.nspname !~ '^pg_'),
  (SELECT string_agg(concat_ws(',', oid, proname, md5(prosrc), proconfig), ';' ORDER BY oid) FROM pg_proc WHERE oid > 16383),
  (SELECT string_agg(concat_ws(',', t.oid, t.typname), ';' ORDER BY t.oid) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid > 16383 AND n.nspname !~ '^pg_'),
  (SELECT string_agg(concat_ws(',', oid, enumlabel), ';' ORDER BY oid) FROM pg_enum),
  (SELECT string_agg(nspname || oid, ';' ORDER BY oid) FROM pg_namespace WHERE nspname !~ '^pg_t'),
  (SELECT string_agg(concat_ws(',', oid, tgname, tgenabled), ';' ORDER BY oid) FROM pg_trigger),
  (SELECT string_agg(concat_ws(',', oid, rulename, md5(ev_action::text)), ';' ORDER BY oid) FROM pg_rewrite WHERE oid > 16383),
  (SELECT string_agg(concat_ws(',', oid, polname, polqual::text), ';' ORDER BY oid) FROM pg_policy),
  (SELECT string_agg(concat_ws(',', oid, conname), ';' ORDER BY oid) FROM pg_constraint WHERE oid > 16383),
  (SELECT count(*) FROM pg_operator), (SELECT count(*) FROM pg_cast), (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_event_trigger), (SELECT count(*) FROM pg_foreign_server), (SELECT count(*) FROM pg_user_mapping),
  (SELECT string_agg(description, ';' ORDER BY objoid, objsubid) FROM pg_description WHERE objoid > 16383), (SELECT string_agg(setconfig::text, ';' ORDER BY setdatabase, setrole) FROM pg_db_role_setting),
  (SELECT string_agg(rolname, ';' ORDER BY oid) FROM pg_roles)
)) AS objects,
md5(concat_ws('/', (SELECT string_agg(concat_ws(',', sequencename, last_value), ';' ORDER BY sequencename) FROM pg_sequences), TABLES)) AS rows`;

export const printOf = (tables: readonly string[]): string => print.replace('TABLES', tables.map((t) => `(SELECT md5(string_agg(x::text, ';' ORDER BY x::text)) FROM ONLY ${t} x)`).join(', '));

/** The tables of a database whose rows are watched, as SQL names. */
export const watchedTables = "SELECT c.oid::regclass::text AS t FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND c.oid > 16383 AND n.nspname !~ '^pg_' ORDER BY 1";

/** The newest object of a database as it was made. */
export const newestObject = 'SELECT greatest((SELECT max(oid) FROM pg_class), (SELECT max(oid) FROM pg_proc), (SELECT max(oid) FROM pg_type), (SELECT max(oid) FROM pg_trigger), (SELECT max(oid) FROM pg_namespace), (SELECT max(oid) FROM pg_rewrite))::bigint AS newest';

/** Drops all that is newer than that. */
export const dropNewer = (newest: string): string => `
SET client_min_messages = error;
DO $undo$ DECLARE d text; BEGIN
  FOR d IN
    SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger
    UNION ALL SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', nspname) FROM pg_namespace WHERE oid > ${newest} AND nspname !~ '^pg_'
    UNION ALL SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication WHERE oid > ${newest}
    UNION ALL SELECT format('DROP %s IF EXISTS %s CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'i' THEN 'INDEX' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, c.oid::regclass)
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid > ${newest} AND n.oid <= ${newest} AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'c') AND n.nspname !~ '^pg_' AND NOT EXISTS (SELECT 1 FROM pg_depend p WHERE p.classid = 1259 AND p.objid = c.oid AND p.deptype IN ('i', 'P'))
    UNION ALL SELECT format('DROP %s IF EXISTS %s CASCADE', CASE prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, p.oid::regprocedure) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE p.oid > ${newest} AND n.oid <= ${newest} AND n.nspname !~ '^pg_'
    UNION ALL SELECT format('DROP TYPE IF EXISTS %s CASCADE', t.oid::regtype) FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE t.oid > ${newest} AND n.oid <= ${newest} AND typtype IN ('d', 'e', 'r') AND n.nspname !~ '^pg_'
    UNION ALL SELECT format('DROP TRIGGER IF EXISTS %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE oid > ${newest} AND NOT tgisinternal
    UNION ALL SELECT format('DROP RULE IF EXISTS %I ON %s', rulename, ev_class::regclass) FROM pg_rewrite WHERE oid > ${newest} AND rulename <> '_RETURN'
    UNION ALL SELECT format('SELECT lo_unlink(%s)', oid) FROM pg_largeobject_metadata
  LOOP
    BEGIN EXECUTE d; EXCEPTION WHEN OTHERS THEN NULL; END;
  END LOOP;
END $undo$;`;

/** Empties the tables and fills them again, past triggers and rules. */
export const reload = (tables: readonly string[], load: readonly string[]): string =>
  ['SET session_replication_role = replica', `TRUNCATE ${tables.filter((t) => !t.startsWith('mv_')).join(', ')} RESTART IDENTITY`, 'ALTER SEQUENCE ticket_no RESTART', ...load.filter((s) => s !== 'ANALYZE'), 'RESET session_replication_role'].join(';\n');
