/** My sessions: list, replay, verification, export. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, EnvironmentError, MalformedError } from '../../base/errors.ts';
import { isSessionId, type SessionId } from '../../base/ids.ts';
import { sessionsSlice } from '../../contract/ipc/sessions.ts';
import type { SliceHandlers } from '../../contract/ipc/slice.ts';
import { openRecordingDir } from '../../evidence/read-files.ts';
import { fileNames } from '../../evidence/source.ts';
import { writeSrz } from '../../evidence/srz.ts';
import { parseTrust } from '../../evidence/trust.ts';
import { SessionUpload } from '../../proxy/core/session-upload.ts';
import { unreadable } from '../../ui/verify-shown.ts';
import { describeError } from '../app/log.ts';
import { writeFileAtomic } from '../app/write-atomic.ts';
import { SessionCatalogue } from '../sessions/catalogue.ts';
import { verifyForWindow } from '../sessions/verify.ts';
import type { Work } from '../work/work.ts';
import type { AskWhere, SliceContext } from './context.ts';

function idOf(text: string): SessionId {
  if (!isSessionId(text)) throw new ConfigError('there is no such session');
  return text;
}

export function sessionsHandlers(context: SliceContext, askWhere: AskWhere): { handlers: SliceHandlers<typeof sessionsSlice>; changed(): void } {
  const catalogues = new WeakMap<Work, SessionCatalogue>();
  const catalogue = (work: Work): SessionCatalogue => {
    const known = catalogues.get(work) ?? new SessionCatalogue(work);
    catalogues.set(work, known);
    return known;
  };
  const changed = (): void => {
    const work = context.need();
    catalogue(work)
      .list()
      .then((list) => {
        if (!work.signal.aborted) context.emit(sessionsSlice, 'changed', list);
      })
      .catch((error: unknown) => context.log.write('warning', 'sessions.not_listed', describeError(error)));
  };
  const handlers: SliceHandlers<typeof sessionsSlice> = {
    list: () => catalogue(context.need()).list(),
    get: ({ id }) => catalogue(context.need()).detail(idOf(id)),
    shown: ({ id, after }) => catalogue(context.need()).shown.page(idOf(id), after),
    verify: async ({ id }) => {
      const work = context.need();
      const sessions = catalogue(work);
      const session = idOf(id);
      // Trust comes from the organisation's store that this device is enrolled in, never from the recording.
      const trust = parseTrust(await work.client.trust());
      const dir = sessions.localDir(session);
      const live = dir !== undefined && !openRecordingDir(dir).names.some((n) => n === fileNames.close || n === fileNames.recovered);
      const report = await sessions.evidence(session).then(
        (source) => verifyForWindow(source, trust, live),
        (error: unknown) => {
          if (error instanceof MalformedError) return unreadable(error, Date.now());
          throw error;
        },
      );
      sessions.remember(session, report.verdict);
      changed();
      return report;
    },
    export: async ({ id }) => {
      const work = context.need();
      const session = idOf(id);
      const dir = catalogue(work).localDir(session);
      const uploaded = dir === undefined || SessionUpload.isReceipted(dir);
      if (!uploaded && !openRecordingDir(dir).names.some((n) => n === fileNames.close || n === fileNames.recovered)) throw new EnvironmentError('env.cancelled', 'the session is still open: close it first');
      const file = await askWhere(`${session}.srz`, 'srz');
      if (file === undefined) return { saved: false };
      if (uploaded) writeFileAtomic(file, await catalogue(work).downloadBytes(session));
      else await exportLocal(work, session, dir, file);
      return { saved: true, basename: path.basename(file), sizeBytes: statSync(file).size };
    },
  };
  return { handlers, changed };
}

async function exportLocal(work: Work, session: SessionId, dir: string, file: string): Promise<void> {
  const { issuer, subject, name } = work.identity.principal;
  await writeSrz(openRecordingDir(dir), file, { signer: work.device.signer, exporter: { iss: issuer, sub: subject, name }, purpose: 'export by the person who was recorded', sessionId: session, nowMs: Date.now() });
}
