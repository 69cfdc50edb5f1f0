import { describe, expect, it } from 'vitest';
import { shopBench } from '../../testing/bench.ts';
import { person } from '../../testing/policy.ts';
import { applied, Budget, explain } from './index.ts';
import type { Bench, Explanation } from './index.ts';

const bench = await shopBench();

function explained(sql: string, over: Bench = bench): readonly Explanation[] {
  const [analysis, ...more] = over.analyse(sql);
  if (analysis === undefined || more.length > 0) throw new Error('one statement');
  return explain(analysis, over.decide(analysis), over);
}

/** `severity «place» sentence [offer → text]...` */
function lines(sql: string, over?: Bench): string[] {
  return explained(sql, over).map((e) => {
    const offers = e.offers.map((o) => (o.kind === 'ask' ? `[${o.label}]` : `[${o.label} → ${applied(sql, o.edits)}]`));
    return [`${e.severity} «${sql.slice(e.at.start, e.at.end)}»`, e.sentence, ...offers].join('\n');
  });
}
const said = (sql: string, over?: Bench): string => lines(sql, over).join('\n');

describe('masked columns', () => {
  it('says how the rows show a column, and what comparing does', () => {
    expect(said('SELECT id, email FROM customers')).toBe(
      ['masked «email»', '`email` is masked as email: the rows show tokens; filtering by = works, LIKE waits for dba.', '[Leave out email → SELECT id FROM customers]'].join('\n'),
    );
  });

  it('names what a computed value comes from', () => {
    expect(said('SELECT id, upper(c.email) AS u FROM customers c')).toMatch(/^masked «upper\(c\.email\)[^»]*»\n`upper\(c\.email\)[^`]*` is computed from `email` and masked as email: the rows show stars\./);
  });

  it('replaces a star by the columns that are not masked', () => {
    expect(said('SELECT * FROM customers')).toBe(
      ['masked «*»', '`*` brings 2 masked columns: `email` and `phone`.', '[List the unmasked columns → SELECT id, name, city FROM customers]'].join('\n'),
    );
    expect(said('SELECT o.status, c.* FROM customers c JOIN orders o ON o.customer_id = c.id')).toContain('SELECT o.status, c.id, c.name, c.city FROM');
  });

  it('offers no list of names that would be ambiguous', () => {
    expect(said('SELECT * FROM customers c JOIN orders o ON o.customer_id = c.id')).not.toContain('List the unmasked');
  });

  it('leaves alone what counts on positions', () => {
    expect(said('SELECT email, id FROM customers ORDER BY 2')).not.toContain('Leave out');
    expect(said('SELECT email, id FROM customers UNION ALL SELECT status, id FROM orders')).not.toContain('Leave out');
  });

  it('names the column that the class is about, not the first of a row', () => {
    expect(said('SELECT c FROM customers c')).toContain('`c` is computed from `email` and masked as email');
  });

  it('says nothing where nothing is masked', () => {
    expect(explained('SELECT id, name FROM customers')).toEqual([]);
    expect(explained('SELECT id, email FROM customers', supportBench)).toEqual([]);
  });
});

const supportBench = await shopBench({ principal: person('sue@example.com', 'support') });

describe('filters on masked columns', () => {
  it('sorting', () => {
    const [found] = lines('SELECT id, name FROM customers ORDER BY email');
    expect(found).toBe(
      [
        'held «ORDER BY email»',
        '`ORDER BY email` would show the order of the masked values of `email`, so it waits for dba; order by another column, such as `id`.',
        '[Order by id → SELECT id, name FROM customers ORDER BY id]',
        '[Leave out email → SELECT id, name FROM customers]',
        '[Ask dba]',
      ].join('\n'),
    );
  });

  it('one of several sort keys', () => {
    expect(said('SELECT name FROM customers ORDER BY name, email DESC LIMIT 5')).toContain('[Leave out email DESC → SELECT name FROM customers ORDER BY name LIMIT 5]');
  });

  it('patterns', () => {
    const sql = "SELECT id FROM customers WHERE email LIKE 'bob%' AND city = 'Bonn'";
    const [found] = explained(sql);
    expect(said(sql)).toContain("held «email LIKE 'bob%'»");
    expect(said(sql)).toContain("[Compare with = → SELECT id FROM customers WHERE email = 'bob' AND city = 'Bonn']");
    expect(said(sql)).toContain("[Leave it out → SELECT id FROM customers WHERE city = 'Bonn']");
    const [offer] = found!.offers;
    if (offer?.kind !== 'edit' || offer.select === undefined) throw new Error('nothing to fill in');
    expect(applied(sql, offer.edits).slice(offer.select.start, offer.select.end)).toBe('bob');
  });

  it('a condition within OR is replaced, never dropped', () => {
    const text = said("SELECT id FROM customers WHERE city = 'Bonn' OR email > 'm'");
    expect(text).toContain("[Compare with = → SELECT id FROM customers WHERE city = 'Bonn' OR email = 'm']");
    expect(text).not.toContain('Leave');
  });

  it('a join keeps its condition', () => {
    expect(said('SELECT o.id FROM orders o JOIN customers c ON c.email > o.status')).not.toContain('Leave');
  });

  it('a class that may not be compared at all gets no comparison', () => {
    const text = said("SELECT id FROM accounts WHERE password = 'x'");
    expect(text).toContain('can be neither compared nor sorted');
    expect(text).not.toContain('Compare with =');
  });

  it('counting different values', () => {
    expect(said('SELECT count(DISTINCT lower(email)) FROM customers')).toContain('[Use email itself → SELECT count(DISTINCT email) FROM customers]');
  });

  it('what DISTINCT ON sorts by stays', () => {
    expect(said('SELECT DISTINCT ON (phone) id FROM customers ORDER BY phone, id')).toMatch(/^held «ORDER BY phone»\n[^\n]*\n\[Ask dba\]$/);
  });

  it('columns that are compared with each other', () => {
    expect(said('SELECT a.id FROM customers a JOIN customers b ON a.email > b.email')).toContain('[Compare with = → SELECT a.id FROM customers a JOIN customers b ON a.email = b.email]');
  });

  it('two sort keys become one', () => {
    expect(said('SELECT id FROM customers ORDER BY email, phone')).toContain('[Order by id, leave out phone → SELECT id FROM customers ORDER BY id]');
  });

  it('several causes go together', () => {
    const sql = "SELECT id FROM customers WHERE email LIKE 'a%' ORDER BY phone";
    expect(said(sql)).toMatch(/\[Compare with =, order by id → SELECT id FROM customers WHERE email = 'a' ORDER BY id\]/);
  });

  it('places count characters, not bytes', () => {
    const sql = "SELECT 'é😀' AS \"ö\", id FROM customers ORDER BY email";
    const [found] = explained(sql);
    expect(sql.slice(found!.at.start, found!.at.end)).toBe('ORDER BY email');
  });
});

describe('writes', () => {
  it('without a WHERE', () => {
    expect(said("UPDATE orders SET status = 'x'")).toBe(['held «UPDATE orders»', 'This UPDATE has no WHERE: it waits for dba.', "[Add a WHERE → UPDATE orders SET status = 'x' WHERE id = '']", '[Ask dba]'].join('\n'));
    expect(said('DELETE FROM orders RETURNING id')).toContain("[Add a WHERE → DELETE FROM orders WHERE id = '' RETURNING id]");
    expect(said("WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone")).toContain("(DELETE FROM orders WHERE id = '' RETURNING id)");
  });

  it('with one that does not limit it', () => {
    expect(said('DELETE FROM orders WHERE 1 = 1')).toBe(['held «WHERE 1 = 1»', 'The WHERE of this DELETE does not limit it: it waits for dba.', "[Name the rows → DELETE FROM orders WHERE id = '']", '[Ask dba]'].join('\n'));
  });

  it('names the written table where others stand beside it', () => {
    expect(said('DELETE FROM orders o USING customers c')).toContain("WHERE o.id = ''");
    expect(said("UPDATE orders SET status = 'x' FROM customers WHERE true")).toContain("WHERE orders.id = ''");
  });

  it('of a mask token in the place of the value', () => {
    const sql = "UPDATE customers SET email = 'msk_email_bcdfghjkmnpq' WHERE id = '1'";
    expect(said(sql)).toBe('denied «msk_email_bcdfghjkmnpq»\n`msk_email_bcdfghjkmnpq` stands for a masked value: writing it would put the token in its place, so it is denied.');
    expect(said(sql.replace('UPDATE', '-- x\nUPDATE').replace(/msk_\w+/, 'bob'))).toBe('');
  });

  it('each dropped table at its own name', () => {
    expect(explained('DROP TABLE orders, customers').map((e) => e.sentence)).toEqual(['`DROP TABLE orders` waits for dba: dropping objects in production needs an approval.', '`DROP TABLE customers` waits for dba: dropping objects in production needs an approval.']);
  });

  it('other operations with the reason of the policy', () => {
    expect(said('DROP DATABASE shop')).toBe(['denied «DROP DATABASE shop»', '`DROP DATABASE shop` is denied: databases in production are not dropped from a session; ask the platform team.'].join('\n'));
    expect(said('TRUNCATE orders')).toContain('`TRUNCATE orders` waits for dba: TRUNCATE in production needs an approval.');
    expect(said("SELECT id, pg_read_file('/etc/passwd') FROM orders")).toMatch(/^denied «pg_read_file\('\/etc\/passwd'\)»/);
  });

  it('what nobody permits', () => {
    expect(said("UPDATE orders SET status = 'x' WHERE id = '1'", supportBench)).toMatch(/^denied «UPDATE orders»\n`UPDATE orders` is denied: no policy permits/);
  });
});

describe('refusals', () => {
  it('a mistyped column', () => {
    expect(said('SELECT id, emial FROM customers')).toBe(['denied «emial»', 'No column `emial` is known here, so the statement is refused; did you mean `email`?', '[Use email → SELECT id, email FROM customers]'].join('\n'));
  });

  it('a mistyped table', () => {
    expect(said('SELECT id FROM custmers')).toBe(['denied «custmers»', 'No table `custmers` is known on this connection, so the statement is refused; did you mean `customers`?', '[Use customers → SELECT id FROM customers]'].join('\n'));
  });

  it('a mistyped function and a qualified column', () => {
    expect(said('SELECT id, nosuch(email) FROM customers')).toContain('No function `nosuch` is known on this connection');
    expect(said('SELECT c.emial FROM customers c')).toContain('[Use email → SELECT c.email FROM customers c]');
  });

  it('a function that cannot be followed', () => {
    expect(said('SELECT id, slug(name) FROM customers')).toBe(['denied «slug(name)»', '`slug(name)` cannot be followed, so what it shows is not known and it is refused.', '[Leave out slug(name) → SELECT id FROM customers]'].join('\n'));
  });

  it('what only the session knows is no denial', () => {
    expect(explained('EXECUTE mine')).toMatchObject([{ severity: 'hint', offers: [] }]);
  });
});

describe('everything offered', () => {
  const statements = [
    'SELECT * FROM customers',
    'SELECT id, email, phone FROM customers ORDER BY email, phone',
    "SELECT id FROM customers WHERE lower(email) = 'x' GROUP BY id",
    "SELECT city, count(*) FROM customers WHERE phone ~ '^0' GROUP BY city HAVING max(email) > 'a'",
    'SELECT DISTINCT upper(email) FROM customers',
    "UPDATE customers SET city = 'x'",
    'DELETE FROM customers c USING orders o',
    'DROP TABLE orders',
    'TRUNCATE orders, customers',
    'GRANT ALL ON orders TO bob',
    "COPY customers TO PROGRAM 'cat'",
    'SELECT slug(name), * FROM customers',
    'DECLARE c CURSOR FOR SELECT id FROM customers ORDER BY email',
    'SELECT "Email" FROM "Odd" WHERE "Email" > $$x$$',
    'SELECT id FROM v_mail ORDER BY mail',
  ];

  it.each(statements)('is allowed: %s', (sql) => {
    for (const e of explained(sql)) {
      expect(e.sentence).toMatch(/^[\p{Lu}`].*[.?!]$/u);
      expect(e.at.end).toBeGreaterThan(e.at.start);
      for (const offer of e.offers) {
        if (offer.kind === 'ask') continue;
        const [changed] = bench.analyse(applied(sql, offer.edits));
        expect(bench.decide(changed!).effect).toBe('allow');
      }
    }
  });

  it('is only as much as the budget allows', () => {
    const [analysis] = bench.analyse('SELECT id FROM customers ORDER BY email');
    const offers = explain(analysis!, bench.decide(analysis!), bench, new Budget(0)).flatMap((e) => e.offers);
    expect(offers).toEqual([{ kind: 'ask', label: 'Ask dba', approvers: ['dba'] }]);
  });

  it('every statement that is stopped has at least one explanation', () => {
    for (const sql of statements) {
      const [analysis] = bench.analyse(sql);
      if (bench.decide(analysis!).effect !== 'allow') expect(explained(sql).length).toBeGreaterThan(0);
    }
  });
});
