// Fills the demo shop: invented people, cards, orders and tickets. The same seed makes the same shop everywhere.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inRoot } from '../lib/paths.mjs';
import { info } from '../lib/log.mjs';
import { card, dice, moment, person } from './people.mjs';

export const SIZES = { customers: 500, cards: 620, products: 60, orders: 2_000, tickets: 300, employees: 40 };
const SEED = 20_25;
/** Raise when the schema or the generator changes, so that an older shop is rebuilt. */
const EDITION = 'sallyport demo shop, edition 1';

const things = 'Lamp Kettle Chair Desk Mug Blanket Clock Shelf Basket Teapot'.split(' ');
const kinds = ['Oak', 'Linen', 'Copper', 'Glass', 'Wool', 'Steel'];
const range = (n) => Array.from({ length: n }, (_, i) => i + 1);

function customersOf(d) {
  return range(SIZES.customers).map((id) => ({ id, ...person(d, id), created_at: moment(d, 2019, 2025) }));
}

function accountsOf(d, customers) {
  return customers.map((c) => ({
    customer_id: c.id,
    login: c.email.split('@')[0],
    password_hash: `scrypt$16384$${createHash('sha256').update(`salt ${c.id}`).digest('base64url').slice(0, 22)}$${createHash('sha256').update(`password ${c.id}`).digest('base64url')}`,
    api_token: d.chance(0.3) ? `shop_live_${createHash('sha256').update(`token ${c.id}`).digest('hex').slice(0, 40)}` : null,
    last_login: d.chance(0.8) ? moment(d, 2024, 2026) : null,
  }));
}

function cardsOf(d, customers) {
  return range(SIZES.cards).map((id) => {
    const owner = id <= customers.length ? customers[id - 1] : d.pick(customers);
    return { id, customer_id: owner.id, ...card(d), holder: owner.name.toUpperCase(), expiry_month: d.between(1, 12), expiry_year: d.between(2026, 2031) };
  });
}

function productsOf(d) {
  return range(SIZES.products).map((id) => {
    const thing = things[(id - 1) % things.length];
    const kind = kinds[Math.floor((id - 1) / things.length) % kinds.length];
    return { id, sku: `${thing.slice(0, 3).toUpperCase()}-${String(id).padStart(4, '0')}`, name: `${kind} ${thing}`, category: thing.toLowerCase(), price_cents: d.between(5, 240) * 100 - 1, stock: d.below(400) };
  });
}

function ordersOf(d, cards, products) {
  const items = [];
  const orders = range(SIZES.orders).map((id) => {
    const paidWith = d.pick(cards);
    const lines = range(d.between(1, 4)).map((line) => {
      const product = d.pick(products);
      return { order_id: id, line, product_id: product.id, quantity: d.between(1, 3), unit_price_cents: product.price_cents };
    });
    items.push(...lines);
    return {
      id, customer_id: paidWith.customer_id, card_id: paidWith.id, status: d.pick(['placed', 'paid', 'paid', 'shipped', 'shipped', 'shipped', 'returned', 'cancelled']),
      placed_at: moment(d, 2023, 2026), total_cents: lines.reduce((sum, l) => sum + l.quantity * l.unit_price_cents, 0),
    };
  });
  return { orders, items };
}

/** What people write to a shop: the data that no column name gives away. */
const letters = [
  ['Wrong address', (c) => `Hello, please send it to ${c.address} instead. You can reach me at ${c.phone} or ${c.email}. Thanks, ${c.name}`],
  ['Refund', (c, k) => `I was charged twice on card ${k.pan.replace(/(.{4})(?=.)/g, '$1 ')}. Please refund to ${c.iban}.`],
  ['Cannot sign in', (c) => `My login does not work any more. My e-mail is ${c.email}, my id number is ${c.national_id}.`],
  ['Where is my order', (c) => `It has been two weeks. Call me: ${c.phone}.`],
  ['Broken on arrival', () => 'The handle came off when I opened the box. Photos follow.'],
  ['Thank you', (c) => `Lovely packing, and fast. ${c.name.split(' ')[0]}`],
];

function ticketsOf(d, customers, cards, orders) {
  return range(SIZES.tickets).map((id) => {
    const order = d.pick(orders);
    const customer = customers[order.customer_id - 1];
    const [subject, body] = d.pick(letters);
    return { id, customer_id: customer.id, order_id: order.id, subject, body: body(customer, cards[order.card_id - 1]), status: d.pick(['open', 'waiting', 'closed', 'closed']), opened_at: moment(d, 2024, 2026) };
  });
}

function employeesOf(d) {
  const titles = ['Engineer', 'Support agent', 'Buyer', 'Warehouse lead', 'Accountant'];
  return range(SIZES.employees).map((id) => {
    const { name, phone, national_id: ssn, iban, email } = person(d, id);
    return { id, name, title: id === 1 ? 'Managing director' : d.pick(titles), email: `${email.split('@')[0]}@shop.example`, phone, ssn, iban, salary_cents: d.between(38, 120) * 100_000, manager_id: id === 1 ? null : d.between(1, Math.min(id - 1, 5)), hired_on: moment(d, 2012, 2025).slice(0, 10) };
  });
}

/** All rows of the shop, by table, in an order that satisfies the foreign keys. */
export function shopRows() {
  const d = dice(SEED);
  const customers = customersOf(d);
  const accounts = accountsOf(d, customers);
  const cards = cardsOf(d, customers);
  const products = productsOf(d);
  const { orders, items } = ordersOf(d, cards, products);
  return [
    ['customers', customers], ['accounts', accounts], ['cards', cards], ['products', products], ['orders', orders], ['order_items', items],
    ['support_tickets', ticketsOf(d, customers, cards, orders)], ['hr.employees', employeesOf(d)],
  ];
}

async function connect(server, database, account) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ host: server.host, port: server.port, database, ...account });
  await client.connect();
  return client;
}

const scalar = async (client, sql, values) => (await client.query({ text: sql, values, rowMode: 'array' })).rows[0]?.[0];

async function ensureDatabase(server) {
  const admin = await connect(server, 'postgres', server.superuser);
  try {
    const { user, password } = server.app;
    const verb = (await scalar(admin, 'SELECT 1 FROM pg_roles WHERE rolname = $1', [user])) ? 'ALTER' : 'CREATE';
    await admin.query(`${verb} ROLE ${admin.escapeIdentifier(user)} LOGIN PASSWORD ${admin.escapeLiteral(password)}`);
    if (!(await scalar(admin, `SELECT 1 FROM pg_database WHERE datname = 'shop'`))) {
      await admin.query(`CREATE DATABASE shop OWNER ${admin.escapeIdentifier(user)}`);
    }
  } finally {
    await admin.end();
  }
}

/**
 * Creates and fills the shop. A second call finds it there and changes nothing; an older edition is rebuilt.
 * @param server what startPostgres returned
 * @returns {Promise<boolean>} whether rows were written
 */
export async function ensureShop(server) {
  await ensureDatabase(server);
  const client = await connect(server, 'shop', server.app);
  try {
    const have = await scalar(client, `SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'shop'`);
    if (have === EDITION) return false;
    await client.query('BEGIN');
    await client.query(readFileSync(inRoot('scripts', 'demo', 'schema.sql'), 'utf8'));
    for (const [table, rows] of shopRows()) {
      await client.query(`INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`, [JSON.stringify(rows)]);
    }
    await client.query(`COMMENT ON DATABASE shop IS ${client.escapeLiteral(EDITION)}`);
    await client.query('COMMIT');
    await client.query('ANALYZE');
    info(`demo shop: ${SIZES.customers} customers, ${SIZES.orders} orders, all invented`);
    return true;
  } finally {
    await client.end();
  }
}
