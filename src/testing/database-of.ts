/** A fresh, empty database on a test server, and the URL by which the store connects to it. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { PostgresServer } from './postgres-server.ts';

export async function freshDatabase(server: PostgresServer): Promise<string> {
  const name = `store_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'postgres' });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  return `postgres://${server.superuser}:${server.password}@${server.host}:${server.port}/${name}`;
}
