-- The demo shop. Everything in it is generated; see docs/demo.md.
DROP SCHEMA IF EXISTS hr CASCADE;
DROP TABLE IF EXISTS support_tickets, order_items, orders, products, cards, accounts, customers CASCADE;

CREATE TABLE customers (
  id integer PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  phone text NOT NULL,
  national_id text NOT NULL,
  iban text NOT NULL,
  address text NOT NULL,
  city text NOT NULL,
  country char(2) NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE TABLE accounts (
  customer_id integer PRIMARY KEY REFERENCES customers,
  login text NOT NULL UNIQUE,
  password_hash text NOT NULL,
  api_token text,
  last_login timestamptz
);
CREATE TABLE cards (
  id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES customers,
  brand text NOT NULL,
  pan text NOT NULL,
  holder text NOT NULL,
  expiry_month smallint NOT NULL CHECK (expiry_month BETWEEN 1 AND 12),
  expiry_year smallint NOT NULL
);
CREATE TABLE products (
  id integer PRIMARY KEY,
  sku text NOT NULL UNIQUE,
  name text NOT NULL,
  category text NOT NULL,
  price_cents integer NOT NULL CHECK (price_cents > 0),
  stock integer NOT NULL CHECK (stock >= 0)
);
CREATE TABLE orders (
  id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES customers,
  card_id integer REFERENCES cards,
  status text NOT NULL CHECK (status IN ('placed', 'paid', 'shipped', 'returned', 'cancelled')),
  placed_at timestamptz NOT NULL,
  total_cents integer NOT NULL
);
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at);
CREATE TABLE order_items (
  order_id integer NOT NULL REFERENCES orders,
  line smallint NOT NULL,
  product_id integer NOT NULL REFERENCES products,
  quantity smallint NOT NULL CHECK (quantity > 0),
  unit_price_cents integer NOT NULL,
  PRIMARY KEY (order_id, line)
);
CREATE TABLE support_tickets (
  id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES customers,
  order_id integer REFERENCES orders,
  subject text NOT NULL,
  body text NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'waiting', 'closed')),
  opened_at timestamptz NOT NULL
);
CREATE VIEW customer_overview AS
  SELECT c.id, c.name, c.email AS contact, c.country, count(o.id) AS orders, coalesce(sum(o.total_cents), 0) AS spent_cents
  FROM customers c LEFT JOIN orders o ON o.customer_id = c.id
  GROUP BY c.id;

CREATE SCHEMA hr;
CREATE TABLE hr.employees (
  id integer PRIMARY KEY,
  name text NOT NULL,
  title text NOT NULL,
  email text NOT NULL UNIQUE,
  phone text NOT NULL,
  ssn text NOT NULL,
  iban text NOT NULL,
  salary_cents integer NOT NULL,
  manager_id integer REFERENCES hr.employees,
  hired_on date NOT NULL
);
