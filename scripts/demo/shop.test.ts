import { isValidIBAN } from 'ibantools';
import { isValidPhoneNumber } from 'libphonenumber-js';
import { describe, expect, it } from 'vitest';
import { SIZES, shopRows } from './shop.mjs';

const tables = new Map(shopRows());
const column = (table: string, name: string): string[] => (tables.get(table) ?? []).map((row) => String(row[name]));

function luhn(digits: string): boolean {
  const sum = digits.split('').reverse().reduce((total, digit, i) => total + (i % 2 === 0 ? Number(digit) : Math.floor((Number(digit) * 2) / 10) + ((Number(digit) * 2) % 10)), 0);
  return sum % 10 === 0;
}

describe('demo shop', () => {
  it('is the same every time', () => {
    expect(shopRows()).toEqual(shopRows());
  });

  it('has the documented sizes', () => {
    expect(tables.get('customers')).toHaveLength(SIZES.customers);
    expect(tables.get('orders')).toHaveLength(SIZES.orders);
    expect(tables.get('cards')).toHaveLength(SIZES.cards);
    expect(tables.get('hr.employees')).toHaveLength(SIZES.employees);
  });

  it('holds values that detectors take for real', () => {
    for (const iban of column('customers', 'iban')) expect(isValidIBAN(iban), iban).toBe(true);
    for (const pan of column('cards', 'pan')) expect(luhn(pan), pan).toBe(true);
    for (const phone of column('customers', 'phone')) expect(isValidPhoneNumber(phone), phone).toBe(true);
  });

  it('uses only addresses that nobody has, each once', () => {
    const emails = column('customers', 'email');
    for (const email of emails) expect(email).toMatch(/^[a-z]+\.[a-z]+\d+@example\.(com|org|net)$/);
    expect(new Set(emails).size).toBe(emails.length);
  });

  it('has orders whose total is the sum of their items', () => {
    const sums = new Map<string, number>();
    for (const item of tables.get('order_items') ?? []) sums.set(String(item['order_id']), (sums.get(String(item['order_id'])) ?? 0) + Number(item['quantity']) * Number(item['unit_price_cents']));
    for (const order of tables.get('orders') ?? []) expect(sums.get(String(order['id']))).toBe(order['total_cents']);
  });
});
