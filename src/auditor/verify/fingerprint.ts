/** SHA-256 as people compare it: `sha256sum FILE` prints the same digits. */
import { toHex } from '../../base/encoding.ts';

export async function sha256Of(bytes: Uint8Array | string): Promise<string> {
  const data = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : new Uint8Array(bytes);
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', data)));
}

/** Groups of eight digits: long enough to read out, short enough to keep one's place. */
export const grouped = (hex: string): string => hex.match(/.{1,8}/g)?.join(' ') ?? hex;
