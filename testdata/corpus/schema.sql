-- The realistic database of the corpus: no data here, see src/testing/corpus-data.ts.
CREATE EXTENSION dblink;
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION file_fdw;
CREATE EXTENSION tablefunc;
CREATE EXTENSION pgcrypto;
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION pageinspect;
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION pg_walinspect;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION xml2;

CREATE SCHEMA hr;
CREATE SCHEMA fin;
CREATE SCHEMA med;
CREATE SCHEMA audit;
CREATE SCHEMA decoy;
CREATE SCHEMA "Mixed Case";
CREATE SCHEMA "ünï";

CREATE TYPE order_status AS ENUM ('new', 'paid', 'sent', 'returned');
CREATE TYPE contact_t AS (mail text, phone text);
CREATE DOMAIN mail_domain AS text CHECK (VALUE LIKE '%@%');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE price_range AS RANGE (subtype = numeric);
CREATE SEQUENCE ticket_no START 1000;

CREATE TABLE customers (
  id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, phone text, birth_date date,
  city text, loyalty int NOT NULL DEFAULT 0 CONSTRAINT loyalty_small CHECK (loyalty < 100000), prefs jsonb, created_at timestamptz NOT NULL DEFAULT '2025-01-02 03:04:05+00',
  mail_lower text GENERATED ALWAYS AS (lower(email)) STORED, tags text[]
);
COMMENT ON TABLE customers IS 'People who buy';
COMMENT ON COLUMN customers.loyalty IS 'Points';
CREATE INDEX customers_city ON customers (city);
CREATE TABLE accounts (
  customer_id int PRIMARY KEY REFERENCES customers ON DELETE CASCADE, login text NOT NULL UNIQUE, password_hash text NOT NULL, session_token uuid NOT NULL UNIQUE, recovery_codes text[] NOT NULL,
  CONSTRAINT hash_looks CHECK (length(password_hash) > 5)
);
CREATE TABLE orders (
  id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, total numeric(10,2) NOT NULL, status order_status NOT NULL DEFAULT 'new', placed_at timestamptz NOT NULL, note text
);
CREATE TABLE order_items (
  order_id int REFERENCES orders, line int, sku text NOT NULL, qty positive NOT NULL, price numeric(8,2) NOT NULL, amount numeric GENERATED ALWAYS AS (qty * price) STORED, PRIMARY KEY (order_id, line)
);
CREATE TABLE events (id bigint NOT NULL, at timestamptz NOT NULL, kind text NOT NULL, actor_email text, payload jsonb NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE documents (id int PRIMARY KEY, owner_id int REFERENCES customers, title text NOT NULL, content bytea NOT NULL, pages int[] NOT NULL, secret_words text[] NOT NULL);
CREATE TABLE leads (id int PRIMARY KEY, source text, contact contact_t);
CREATE TABLE tickets (id int PRIMARY KEY, customer_id int REFERENCES customers, body text NOT NULL, state text NOT NULL DEFAULT 'open');
CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL DEFAULT '', n numeric);
CREATE TABLE counters (id int PRIMARY KEY, n bigint NOT NULL DEFAULT 0, hits int NOT NULL DEFAULT 0);

CREATE TABLE hr.employees (
  id int PRIMARY KEY, name text NOT NULL, work_email mail_domain NOT NULL, salary numeric(12,4) NOT NULL, national_id text, birth_date date, manager_id int, dept text NOT NULL
);
CREATE TABLE hr.contractors (agency text) INHERITS (hr.employees);
CREATE TABLE hr.badges (employee_id int REFERENCES hr.employees, badge text);
CREATE TABLE fin.payments (
  id int PRIMARY KEY, order_id int REFERENCES public.orders, card_number text NOT NULL, iban text NOT NULL, amount numeric(10,2) NOT NULL, paid_at timestamptz NOT NULL,
  card_copy text GENERATED ALWAYS AS (card_number || '') STORED
);
CREATE TABLE med.patients (id int PRIMARY KEY, name text NOT NULL, ssn text NOT NULL UNIQUE, birth_date date, diagnosis text NOT NULL, dose numeric(12,6) NOT NULL, record_id uuid NOT NULL, ward text);
CREATE TABLE med.visits (id int NOT NULL, patient_id int NOT NULL, ward text NOT NULL, finding text NOT NULL) PARTITION BY LIST (ward);
CREATE TABLE med.visits_a PARTITION OF med.visits FOR VALUES IN ('A');
CREATE TABLE med.visits_b PARTITION OF med.visits FOR VALUES IN ('B');
CREATE TABLE audit.change_log (id bigserial PRIMARY KEY, tbl text NOT NULL, at timestamptz NOT NULL DEFAULT '2025-06-01 00:00:00+00', row_old jsonb, row_new jsonb);
CREATE TABLE decoy.customers (id int PRIMARY KEY, email text, note text);
CREATE TABLE "Mixed Case"."Client Data" ("Client ID" int PRIMARY KEY, "E-Mail" text, "select" text, "we""ird" text);
CREATE TABLE "ünï"."Kürzel" ("größe" int PRIMARY KEY, email text, "naïve" text);

CREATE VIEW v_contacts AS SELECT id, name AS who, email AS addr, phone AS tel FROM customers;
CREATE VIEW v_contacts_upper AS SELECT id, upper(addr) AS shout, tel FROM v_contacts;
CREATE VIEW v_people AS SELECT name, email::text AS reach FROM customers UNION ALL SELECT name, work_email FROM hr.employees;
CREATE VIEW v_rows AS SELECT c AS whole, c.id FROM customers c;
CREATE VIEW v_cities AS SELECT city, count(*) AS n FROM customers GROUP BY city;
CREATE VIEW v_json AS SELECT id, to_jsonb(c) AS doc FROM customers c;
CREATE RECURSIVE VIEW v_chain (id, path) AS SELECT id, name || '<' || work_email || '>' FROM hr.employees WHERE manager_id IS NULL UNION ALL SELECT e.id, v.path || '/' || e.work_email FROM hr.employees e JOIN v_chain v ON e.manager_id = v.id;
CREATE VIEW hr.v_payroll AS SELECT dept, sum(salary) AS total, max(salary) AS top FROM hr.employees GROUP BY dept;
CREATE VIEW v_orders AS SELECT o.id, o.total, o.status, c.city FROM orders o JOIN customers c ON c.id = o.customer_id;
CREATE VIEW v_safe WITH (security_barrier) AS SELECT id, city FROM customers WHERE loyalty >= 0;
CREATE MATERIALIZED VIEW mv_mails AS SELECT id, lower(email) AS m FROM customers WITH NO DATA;
CREATE MATERIALIZED VIEW mv_cities AS SELECT city, count(*) AS n FROM customers GROUP BY city WITH NO DATA;

CREATE FUNCTION f_mail(i int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT email FROM public.customers WHERE id = i $$;
CREATE FUNCTION f_mails() RETURNS TABLE (cid int, contact text) LANGUAGE sql STABLE AS $$ SELECT id, email FROM public.customers $$;
CREATE FUNCTION f_row(i int) RETURNS customers LANGUAGE sql STABLE AS $$ SELECT * FROM public.customers WHERE id = i $$;
CREATE FUNCTION f_rows() RETURNS SETOF customers LANGUAGE sql STABLE AS $$ SELECT * FROM public.customers $$;
CREATE FUNCTION f_atomic(i int) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT email FROM public.customers WHERE id = i; END;
CREATE FUNCTION f_same(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT t $$;
CREATE FUNCTION f_pick(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce($2, $1) $$;
CREATE FUNCTION f_deflt(t text DEFAULT f_mail(1)) RETURNS text LANGUAGE sql STABLE AS $$ SELECT t $$;
CREATE FUNCTION f_out(i int, OUT a text, OUT b text) LANGUAGE sql STABLE AS $$ SELECT email, phone FROM public.customers WHERE id = i $$;
CREATE FUNCTION f_count() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM public.customers $$;
CREATE FUNCTION p_mail(i int) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT email FROM public.customers WHERE id = i); END $$;
CREATE FUNCTION p_same(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN t; END $$;
CREATE FUNCTION p_any(q text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END $$;
CREATE FUNCTION p_say(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'value is %', t; RETURN 1; END $$;
CREATE FUNCTION p_fail(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = t, DETAIL = t, HINT = t; END $$;
CREATE FUNCTION p_double(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN i * 2; END $$;
CREATE FUNCTION p_touch(i int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE public.counters SET n = n + 1 WHERE id = i; END $$;
CREATE PROCEDURE sp_report(INOUT t text) LANGUAGE plpgsql AS $$ BEGIN SELECT email INTO t FROM public.customers ORDER BY id LIMIT 1; END $$;
CREATE PROCEDURE sp_plain(i int) LANGUAGE sql AS $$ UPDATE public.counters SET hits = hits + 1 WHERE id = i $$;
CREATE AGGREGATE a_last(text) (SFUNC = f_pick, STYPE = text);
CREATE OPERATOR <~> (LEFTARG = text, RIGHTARG = text, FUNCTION = f_pick);
CREATE OPERATOR ~~> (RIGHTARG = text, FUNCTION = p_same);
CREATE FUNCTION f_mail_of(c customers) RETURNS text LANGUAGE sql STABLE AS $$ SELECT c.email $$;
CREATE FUNCTION p_mail_of(c customers) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN c.email; END $$;
CREATE FUNCTION n_to_contact(i int) RETURNS contact_t LANGUAGE sql STABLE AS $$ SELECT ROW(email, phone)::contact_t FROM public.customers WHERE id = i $$;
CREATE CAST (int AS contact_t) WITH FUNCTION n_to_contact(int);

CREATE FUNCTION audit.log_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit.change_log (tbl, row_old, row_new) VALUES (TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)); RETURN NEW; END $$;
CREATE TRIGGER customers_log AFTER UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION audit.log_change();
CREATE FUNCTION med.warn_ward() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'patient % with % moves', OLD.ssn, OLD.diagnosis USING DETAIL = OLD.record_id::text, HINT = OLD.dose::text; RETURN NEW; END $$;
CREATE TRIGGER patients_warn BEFORE UPDATE OF ward ON med.patients FOR EACH ROW EXECUTE FUNCTION med.warn_ward();
CREATE FUNCTION fin.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount < 0 THEN RAISE EXCEPTION 'payment % of card % refused', NEW.id, NEW.card_number; END IF; RETURN NEW; END $$;
CREATE TRIGGER payments_refuse BEFORE UPDATE ON fin.payments FOR EACH ROW EXECUTE FUNCTION fin.refuse();
CREATE FUNCTION notes_fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.body = 'fill' THEN NEW.body := (SELECT p.diagnosis FROM med.patients p WHERE p.id = NEW.id); END IF; RETURN NEW; END $$;
CREATE TABLE filled (id int PRIMARY KEY, body text);
CREATE TRIGGER filled_fill BEFORE INSERT ON filled FOR EACH ROW EXECUTE FUNCTION notes_fill();
CREATE TABLE defaulted (id int PRIMARY KEY, body text DEFAULT f_mail(1), word text DEFAULT p_mail(2));
CREATE TABLE ruled (id int PRIMARY KEY, body text);
CREATE RULE ruled_insert AS ON INSERT TO ruled DO ALSO SELECT diagnosis FROM med.patients;
CREATE TABLE ruled_instead (id int PRIMARY KEY, body text);
CREATE RULE ruled_instead_update AS ON UPDATE TO ruled_instead DO INSTEAD SELECT password_hash, session_token FROM accounts;
CREATE TABLE checked (id int PRIMARY KEY, guess text, CONSTRAINT guess_right CHECK (guess IS NULL OR p_same(guess) <> 'x'));

ALTER TABLE tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY tickets_open ON tickets USING (state = 'open');
CREATE PUBLICATION corpus_pub FOR TABLE orders;
CREATE STATISTICS customers_stat (ndistinct, dependencies, mcv) ON city, email FROM customers;
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', dbname 'nowhere');
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE f_remote (id int, label text) SERVER loop OPTIONS (table_name 'labels');
CREATE TEXT SEARCH CONFIGURATION corpus_ts (COPY = pg_catalog.simple);
CREATE COLLATION german (provider = libc, locale = 'C');
