/** Search, sessions and reports of the store, for auditors and for people who look at their own. */
import type { z } from 'zod';
import type { SessionId } from '../../base/ids.ts';
import * as c from '../../contract/store/index.ts';
import type { StoreHttp } from './store-client-http.ts';

/** Shapes are those of src/contract/store/search.ts and reports.ts. */
export interface SearchApi {
  search(body: c.SearchBody): Promise<c.SearchReply>;
  searchStatus(): Promise<z.output<typeof c.searchStatus>>;
  /** Builds the index anew, of one session or of all; answers how many chunks wait. */
  reindex(session?: SessionId): Promise<number>;
  sessionSummary(session: SessionId): Promise<c.SessionSummary>;
  timeline(session: SessionId, o?: { readonly after?: number; readonly limit?: number }): Promise<z.output<typeof c.timelineReply>>;
  statement(session: SessionId, n: number): Promise<z.output<typeof c.statementDetail>>;
  watchers(session: SessionId): Promise<z.output<typeof c.watcherList>['watchers']>;
  savedSearches(): Promise<readonly c.SavedSearch[]>;
  saveSearch(body: z.input<typeof c.savedSearchBody>, id?: string): Promise<c.SavedSearch>;
  deleteSavedSearch(id: string): Promise<void>;
  report(kind: c.ReportKind, query: c.ReportQuery): Promise<c.Report>;
  reportFile(kind: c.ReportKind, format: 'csv' | 'html', query: c.ReportQuery): Promise<Uint8Array>;
}

const SEARCH_TIMEOUT_MS = 60_000;

export function searchApi(http: StoreHttp): SearchApi {
  const at = (session: SessionId): string => `/v1/recordings/${session}`;
  return {
    search: (json) => http.call({ method: 'POST', path: '/v1/search', auth: 'user', json, timeoutMs: SEARCH_TIMEOUT_MS, reply: c.searchReply }),
    searchStatus: () => http.call({ method: 'GET', path: '/v1/search/status', auth: 'user', reply: c.searchStatus }),
    reindex: async (session) => (await http.call({ method: 'POST', path: '/v1/search/reindex', auth: 'user', json: session === undefined ? {} : { session }, timeoutMs: SEARCH_TIMEOUT_MS, reply: c.reindexReply })).queued_chunks,
    sessionSummary: (session) => http.call({ method: 'GET', path: `${at(session)}/summary`, auth: 'user', reply: c.sessionSummary }),
    timeline: (session, o = {}) => http.call({ method: 'GET', path: `${at(session)}/timeline${queryText({ after: o.after, limit: o.limit })}`, auth: 'user', reply: c.timelineReply }),
    statement: (session, n) => http.call({ method: 'GET', path: `${at(session)}/statements/${n}`, auth: 'user', reply: c.statementDetail }),
    watchers: async (session) => (await http.call({ method: 'GET', path: `${at(session)}/watchers`, auth: 'user', reply: c.watcherList })).watchers,
    savedSearches: async () => (await http.call({ method: 'GET', path: '/v1/saved-searches', auth: 'user', reply: c.savedSearchList })).searches,
    saveSearch: (json, id) => http.call({ method: id === undefined ? 'POST' : 'PUT', path: `/v1/saved-searches${id === undefined ? '' : `/${id}`}`, auth: 'user', json, reply: c.savedSearch }),
    deleteSavedSearch: async (id) => {
      await http.call({ method: 'DELETE', path: `/v1/saved-searches/${id}`, auth: 'user', reply: c.emptyReply });
    },
    report: (kind, query) => http.call({ method: 'GET', path: `/v1/reports/${kind}${queryText(query)}`, auth: 'user', timeoutMs: SEARCH_TIMEOUT_MS, reply: c.report }),
    reportFile: (kind, format, query) => http.download({ method: 'GET', path: `/v1/reports/${kind}/${format}${queryText(query)}`, auth: 'user', timeoutMs: SEARCH_TIMEOUT_MS }),
  };
}

function queryText(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).flatMap(([k, v]): [string, string][] => (v === undefined ? [] : [[k, String(v)]]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
