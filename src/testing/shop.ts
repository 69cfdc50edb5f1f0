/** A small shop with personal data that is found nowhere else: each value is random, so finding one is a leak. */
import { randomBytes, randomInt } from 'node:crypto';
import { cardCheckDigit, ibanOf } from './check-digits.ts';
import { pgConnect } from './gateway.ts';
import { targetPassword } from './target-password.ts';
import type { PostgresServer } from './postgres-server.ts';

/** The target's credential; it must be found nowhere but in the configuration. */

export interface Customer {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly ssn: string;
  readonly iban: string;
  readonly card: string;
  readonly secret: string;
}

export interface Shop {
  readonly customers: readonly Customer[];
  /** Pieces of the values that no mask may leave standing. */
  readonly canaries: readonly string[];
}

const digits = (n: number): string => Array.from({ length: n }, () => randomInt(10)).join('');

function customer(id: number): Customer {
  const body = `4${digits(14)}`;
  return {
    id,
    name: `Customer ${id}`,
    email: `c${randomBytes(6).toString('hex')}@example.org`,
    phone: `+4930${randomInt(2, 10)}${digits(7)}`,
    ssn: `${randomInt(100, 665)}-${randomInt(10, 99)}-${randomInt(1000, 9999)}`,
    iban: ibanOf('DE', digits(18)),
    card: `${body}${cardCheckDigit(body)}`,
    secret: `pw${randomBytes(9).toString('hex')}`,
  };
}

function canariesOf(c: Customer): string[] {
  // Partial masks leave an end; a token leaves nothing.
  return [c.email.split('@')[0] ?? c.email, c.phone.slice(3, -2), c.ssn, c.ssn.replaceAll('-', ''), c.iban.slice(6, -4), c.card.slice(2, -4), c.secret];
}

const schema = `
CREATE TABLE customers (
  id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, phone text, ssn text, iban text,
  password text, age int, CONSTRAINT adult CHECK (age >= 18)
);
CREATE TABLE cards (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, card_number text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, note text, extra jsonb, tags text[]);
CREATE TABLE logins (id int PRIMARY KEY, password text UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE plain (id int PRIMARY KEY, label text NOT NULL DEFAULT 'x', n numeric);
CREATE VIEW contacts AS SELECT id, name AS who, lower(email) AS contact FROM customers;
CREATE SCHEMA decoy;
CREATE TABLE decoy.customers (id int PRIMARY KEY);
INSERT INTO decoy.customers VALUES (1);
INSERT INTO plain SELECT g, 'label ' || g, g * 1.5 FROM generate_series(1, 1000) g;
CREATE FUNCTION shout(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper(t) $$;
CREATE FUNCTION opaque_mail(i int) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT email FROM customers WHERE id = i); END $$;
CREATE SEQUENCE counter;
`;

/** Creates role `app` (no superuser, may create databases), database `shop` owned by it, and its data. */
export async function createShop(server: PostgresServer, count = 6): Promise<Shop> {
  const admin = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'postgres' });
  await admin.query(`CREATE ROLE app LOGIN CREATEDB PASSWORD '${targetPassword}'`);
  await admin.query('CREATE DATABASE shop OWNER app');
  await admin.end();
  const app = await pgConnect({ host: server.host, port: server.port, user: 'app', password: targetPassword, database: 'shop' });
  await app.query(schema);
  const customers = Array.from({ length: count }, (_, i) => customer(i + 1));
  for (const c of customers) {
    await app.query('INSERT INTO customers VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', [c.id, c.name, c.email, c.phone, c.ssn, c.iban, c.secret, 30 + c.id]);
    await app.query('INSERT INTO cards VALUES ($1, $1, $2)', [c.id, c.card]);
    await app.query('INSERT INTO orders VALUES ($1, $1, $2, $3, $4)', [c.id, `please write to ${c.email}, or pay with ${c.card}`, JSON.stringify({ contact: { mail: c.email }, n: c.id }), ['gift', c.email]]);
    await app.query('INSERT INTO logins VALUES ($1, $2)', [c.id, c.secret]);
  }
  await app.end();
  return { customers, canaries: customers.flatMap(canariesOf) };
}
