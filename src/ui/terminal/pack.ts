/** JSON values kept small in memory: gzip by the platform's own streams, which windows, workers and Node have alike. */

export async function pack(value: unknown): Promise<Uint8Array> {
  return gather(new Blob([JSON.stringify(value)]).stream().pipeThrough(new CompressionStream('gzip')));
}

/** What `pack` was given. Only for what this page packed itself. */
export async function unpack(bytes: Uint8Array): Promise<unknown> {
  const plain = await gather(new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(new DecompressionStream('gzip')));
  return JSON.parse(new TextDecoder().decode(plain)) as unknown;
}

async function gather(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
