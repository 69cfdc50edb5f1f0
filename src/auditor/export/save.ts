/** Takes a recording out of the store, and saves files to where the browser saves them. */
import { request } from '../api/http.ts';
import { sha256Of } from '../verify/fingerprint.ts';

export interface ExportedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly atMs: number;
}

export function saveFile(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken what it needs once the click is handled.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Downloads the .srz of a session and saves it. @throws RequestError */
export async function exportSrz(session: string): Promise<ExportedFile> {
  const response = await request(`/v1/recordings/${encodeURIComponent(session)}/srz`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const name = `${session}.srz`;
  const sha256 = await sha256Of(bytes);
  saveFile(name, bytes, 'application/vnd.sallyport.srz+zip');
  return { name, bytes: bytes.length, sha256, atMs: Date.now() };
}
