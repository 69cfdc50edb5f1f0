/** Where recordings and trust come from: a configuration file, the store it names, or files given by hand. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, messageOf } from '../base/errors.ts';
import { parseTrust, type Trust } from '../evidence/trust.ts';
import type { StoreClient } from '../proxy/core/store-client.ts';
import { parseYaml } from '../store/config-yaml.ts';
import { connectApprover } from './approvals-connect.ts';

export interface Place {
  readonly config?: string;
  readonly as?: string;
  readonly groups?: string;
  readonly tokenFile?: string;
  readonly trust?: string;
}

/** @throws ConfigError */
export function loadDataDir(config: string): string {
  const { data_dir } = parseYaml(z.looseObject({ data_dir: z.string().min(1) }), readText(config), config);
  return path.resolve(path.dirname(config), data_dir);
}

/** The store as the person who is named by --as or --token-file sees it. @throws ConfigError, EnvironmentError */
export async function remote(place: Place): Promise<StoreClient> {
  if (place.config === undefined) throw new ConfigError('say which store', { field: '--config' });
  const { client } = await connectApprover({ config: place.config, groups: place.groups ?? '', ...(place.as === undefined ? {} : { as: place.as }), ...(place.tokenFile === undefined ? {} : { tokenFile: place.tokenFile }) });
  return client;
}

/**
 * Trust is never taken from the recording itself: from the file that is named, else from the organisation that this
 * machine is enrolled in.
 * @throws ConfigError
 */
export async function loadTrust(place: Place): Promise<Trust> {
  if (place.trust !== undefined) return parsed(readText(place.trust), place.trust);
  if (place.config === undefined) throw new ConfigError('say whom to trust', { field: '--trust', fix: 'give a trust.json, or --config of an enrolled machine' });
  if (place.as === undefined && place.tokenFile === undefined) {
    const file = path.join(loadDataDir(place.config), 'trust.json');
    try {
      return parsed(readFileSync(file, 'utf8'), file);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw new ConfigError('holds no trust', { file, fix: 'give --trust FILE, or --as and --groups to ask the store' });
    }
  }
  return parseTrust(await (await remote(place)).trust());
}

function parsed(text: string, file: string): Trust {
  try {
    return parseTrust(JSON.parse(text));
  } catch (error) {
    throw new ConfigError(`is not a trust file: ${messageOf(error)}`, { file });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot be read: ${messageOf(error)}`, { file });
  }
}
