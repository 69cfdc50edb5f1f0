/** Recordings over HTTP: parts from devices, files for their owners and for auditors. */
import {
  chunkHeaders,
  chunkParams,
  CHUNK_SHA256_HEADER,
  CHUNK_SIZE_HEADER,
  emptyReply,
  endParams,
  fileParams,
  receiptReply,
  recordingDetail,
  recordingList,
  recordingParams,
  recordingProofs,
  recordingQuery,
} from '../../contract/store/index.ts';
import { toBase64 } from '../../base/encoding.ts';
import type { SessionId } from '../../base/ids.ts';
import type { Queries } from '../db/database.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { bytes, json, none, type Router } from '../http/route.ts';
import { ownedBy } from '../identity/authorization/authorizer.ts';
import { findDeletion } from '../retention/delete.ts';
import { exported, filesOf, proofFiles } from './files.ts';
import { type IngestPorts, objectKey, statementText, takeChunk, takeEnd, takeOpen } from './ingest.ts';
import { findRecording, listRecordings, type RecordingRow, toInfo } from './repository.ts';

const CHUNK_BODY_LIMIT_BYTES = 64 * 1024 * 1024;
const STATEMENT_LIMIT_BYTES = 1024 * 1024;

export function recordingRoutes(route: Router, ports: IngestPorts): void {
  uploadRoutes(route, ports);
  readRoutes(route, ports);
  proofsRoute(route, ports);
  exportRoute(route, ports);
}

function uploadRoutes(route: Router, ports: IngestPorts): void {
  route({
    ...none,
    method: 'PUT',
    path: '/v1/recordings/:session/open',
    auth: 'device',
    action: 'recording.open',
    params: recordingParams,
    bodyLimitBytes: STATEMENT_LIMIT_BYTES,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(ctx.params.session, async (tx) => {
        await takeOpen(tx, ports, { session: ctx.params.session, envelope: statementText(ctx.raw), device: ctx.device, nowMs: ctx.clock.nowMs() });
        await ctx.hub.publish(tx, { type: 'recording', session_id: ctx.params.session, state: 'open' });
        return {};
      }),
  });
  route({
    ...none,
    method: 'PUT',
    path: '/v1/recordings/:session/chunks/:index',
    auth: 'device',
    action: 'recording.chunk',
    params: chunkParams,
    bodyLimitBytes: CHUNK_BODY_LIMIT_BYTES,
    reply: json(receiptReply),
    handler: (ctx) => {
      const headers = chunkHeaders.safeParse(ctx.headers);
      if (!headers.success) throw new StoreError('bad_request', `the headers ${CHUNK_SHA256_HEADER} and ${CHUNK_SIZE_HEADER} are needed`);
      const { session, index } = ctx.params;
      const upload = { session, index, gzip: ctx.raw, sha256: headers.data[CHUNK_SHA256_HEADER], sizeBytes: headers.data[CHUNK_SIZE_HEADER], device: ctx.device, address: ctx.actor.address, nowMs: ctx.clock.nowMs() };
      return ctx.commit(`${session}/${index}`, (tx) => takeChunk(tx, ports, upload), { detail: `sha256 ${upload.sha256}` });
    },
  });
  route({
    ...none,
    method: 'PUT',
    path: '/v1/recordings/:session/:kind',
    auth: 'device',
    action: 'recording.end',
    params: endParams,
    bodyLimitBytes: STATEMENT_LIMIT_BYTES,
    reply: json(receiptReply),
    handler: (ctx) => {
      const { session, kind } = ctx.params;
      return ctx.commit(
        session,
        async (tx) => {
          const receipt = await takeEnd(tx, ports, { session, kind, envelope: statementText(ctx.raw), device: ctx.device, nowMs: ctx.clock.nowMs() });
          await ctx.hub.publish(tx, { type: 'recording', session_id: session, state: kind === 'close' ? 'closed' : 'recovered' });
          return receipt;
        },
        { detail: kind },
      );
    },
  });
}

function readRoutes(route: Router, ports: IngestPorts): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings',
    auth: 'user',
    action: 'recording.list',
    query: recordingQuery,
    reply: json(recordingList),
    handler: (ctx) =>
      ctx.commit(
        'recordings',
        async (tx) => {
          const { person, connection, since_ms, before_ms, state, limit } = ctx.query;
          const owner = ctx.may({ own: false }) ? undefined : ctx.user;
          return { recordings: (await listRecordings(tx, { owner, person, connection, sinceMs: since_ms, beforeMs: before_ms, state, limit })).map(toInfo) };
        },
        { detail: JSON.stringify(ctx.query) },
      ),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings/:session',
    auth: 'user',
    action: 'recording.show',
    params: recordingParams,
    reply: json(recordingDetail),
    handler: (ctx) =>
      ctx.commit(ctx.params.session, async (tx) => {
        const recording = await readable(tx, ctx.params.session, ctx.user);
        return { recording: toInfo(recording), files: await filesOf(ports, recording) };
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings/:session/files/*',
    auth: 'user',
    action: 'recording.download',
    params: fileParams,
    reply: bytes,
    handler: async (ctx) => {
      const name = ctx.params['*'];
      const content = await ctx.commit(`${ctx.params.session}/${name}`, async (tx) => {
        const recording = await readable(tx, ctx.params.session, ctx.user);
        // Only what has been taken: an object of an upload that failed half way is not part of the recording.
        if (!(await filesOf(ports, recording)).some((f) => f.name === name)) throw new StoreError('not_found', 'the recording has no such file');
        return ports.objects.get(objectKey(ctx.params.session, name));
      });
      if (content === undefined) throw new StoreError('internal', `the object store lost ${name}`);
      return { contentType: name.endsWith('.gz') ? 'application/gzip' : 'application/octet-stream', fileName: name.replace('/', '-'), body: content };
    },
  });
}

/** The proofs of the log as an export has them, for a verifier that reads the other files one by one. */
function proofsRoute(route: Router, ports: IngestPorts): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings/:session/proofs',
    auth: 'user',
    action: 'recording.proofs',
    params: recordingParams,
    reply: json(recordingProofs),
    handler: async (ctx) => {
      const recording = await ctx.commit(ctx.params.session, (tx) => readable(tx, ctx.params.session, ctx.user));
      const files = await proofFiles(ports, ctx.db, recording, ctx.clock.nowMs());
      return { files: [...files].map(([name, bytes]) => ({ name, content: toBase64(bytes) })) };
    },
  });
}

/** The whole recording as one file, with the store's list of what is in it and who took it out. */
function exportRoute(route: Router, ports: IngestPorts): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings/:session/srz',
    auth: 'user',
    action: 'recording.export',
    params: recordingParams,
    reply: bytes,
    handler: async (ctx) => {
      const { session } = ctx.params;
      const recording = await ctx.commit(session, (tx) => readable(tx, session, ctx.user));
      return { contentType: 'application/vnd.sallyport.srz+zip', fileName: `${session}.srz`, body: await exported(ports, ctx.db, recording, { user: ctx.user, nowMs: ctx.clock.nowMs() }) };
    },
  });
}

/** The recording, if the policies let this person read it. Others are told that there is none. */
export async function readable(tx: Queries, session: SessionId, user: User): Promise<RecordingRow> {
  const recording = await findRecording(tx, session);
  const deletion = recording === undefined && user.may('recording.read', { own: false }) ? await findDeletion(tx, session) : undefined;
  if (deletion !== undefined) throw new StoreError('gone', `this recording was deleted at ${new Date(deletion.deleted_ms).toISOString()}, when its time was over: GET /v1/deletions and the log have the statement`);
  if (recording === undefined || !user.may('recording.read', ownedBy(recording, user))) throw new StoreError('not_found', 'no such recording');
  return recording;
}
