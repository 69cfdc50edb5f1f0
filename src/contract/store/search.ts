/**
 * Search over what recordings say was done. One hit is one statement with what became of it. Every text here is the
 * masked text of the recording; nothing unmasked is ever indexed.
 */
import { z } from 'zod';
import { approvalId, deviceId, line, sessionId, sha256Hex, timeMs } from './common.ts';
import { recordingStates } from './recordings.ts';

/** Characters of a statement that a hit shows, and that substring search sees. The recording holds the whole. */
export const SHOWN_TEXT_CHARS = 8_192;
export const SEARCH_PAGE_MAX = 200;

/** What became of a statement: `held` waits, or its session ended while it waited; `denied` counts refused, expired and cancelled holds too. */
export const searchDecisions = z.enum(['allow', 'held', 'denied', 'approved']);
export type SearchDecision = z.output<typeof searchDecisions>;

/** Each list means "one of these"; different filters must all hold. */
const oneOf = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(50).optional();
const name = z.string().min(1).max(255);

export const searchFilters = z.strictObject({
  /**
   * Words that must all occur, in any order and case. An identifier is found whole or by any part (`orders.customer_id`
   * by `orders`, `customer`, `customer_id`), `cust*` by its beginning, `"from orders"` as a phrase. No other character
   * has a meaning; a text without any letter or digit is refused (bad_request).
   */
  text: z.string().min(1).max(500).optional(),
  /** These characters exactly as they stand, anywhere in the statement; case is ignored. No wildcards. */
  contains: z.string().min(2).max(200).optional(),
  /** Subject or name, as a whole; case is ignored. */
  person: oneOf(name),
  /** Group of the person when the session opened. */
  group: oneOf(name),
  /** Connection name. */
  target: oneOf(name),
  decision: oneOf(searchDecisions),
  policy: oneOf(name),
  /** Data class that was masked in the answer. */
  data_class: oneOf(name),
  /** Data class that policy let this person see in clear in the answer. */
  unmasked: oneOf(name),
  /** `orders` or `public.orders`, as the statement names it. */
  table: oneOf(name),
  /** SELECT, UPDATE ...; of SSH sessions exec, line, shell, read, write, list, delete, rename, forward, typed. */
  verb: oneOf(name),
  /** postgres, ssh. */
  protocol: oneOf(name),
  device: oneOf(deviceId),
  /** Client program. */
  client: oneOf(name),
  session: oneOf(sessionId),
  /** Only statements that the target answered with an error. */
  failed: z.boolean().optional(),
  /** Inclusive. */
  from_ms: timeMs.optional(),
  /** Exclusive. */
  to_ms: timeMs.optional(),
});
export type SearchFilters = z.output<typeof searchFilters>;

/** POST /v1/search. Auditors search everything, others their own sessions. Newest first. */
export const searchBody = z.strictObject({
  ...searchFilters.shape,
  /** `next_cursor` of the page before, with the same filters. It stays good while new recordings come in. */
  cursor: z.string().min(1).max(500).optional(),
  limit: z.number().int().min(1).max(SEARCH_PAGE_MAX).default(50),
  /** Counts for narrowing, over the newest matches. Ask for them with the first page only. */
  facets: z.boolean().default(false),
});
export type SearchBody = z.input<typeof searchBody>;

export const searchPerson = z.strictObject({ iss: z.string().max(500), sub: z.string().max(255), name: z.string().max(255) });
/** `[from, to]` in UTF-16 units of the text, in order, not overlapping: `text.slice(from, to)` is to be marked. */
export const highlight = z.tuple([z.number().int().min(0), z.number().int().min(1)]);
export const maskedClass = z.strictObject({ data_class: name, cells: z.number().int().min(0) });

export const searchHit = z.strictObject({
  /** `<session id>/<record n>`: what a denial quotes as its reference. */
  id: z.string().max(60),
  session_id: sessionId,
  /** Number of the statement's record. */
  n: z.number().int().min(0),
  /** By the device's clock; never later than the store received it. */
  t_ms: timeMs,
  /** Since the session opened: where a player seeks to. */
  offset_ms: z.number().int().min(0),
  /** Index of the uploaded chunk that holds the record. */
  chunk: z.number().int().min(0),
  person: searchPerson,
  groups: z.array(z.string().max(255)).max(500),
  device_id: deviceId,
  connection: z.string().max(255),
  protocol: z.string().max(50),
  database: z.string().max(255),
  labels: z.record(z.string(), z.string()),
  client: z.string().max(255),
  recording_state: recordingStates,
  /** Masked, at most SHOWN_TEXT_CHARS characters. Empty for a message that could not be read, or whose text was redacted. */
  statement: z.string().max(SHOWN_TEXT_CHARS),
  truncated: z.boolean(),
  redacted: z.boolean(),
  /** Bound parameters as recorded, JSON text of a list; empty when there are none. */
  params: z.string().max(2_100),
  highlights: z.array(highlight).max(200),
  verbs: z.array(z.string().max(255)).max(200),
  decision: searchDecisions,
  /** Why it was held or denied. */
  reason: z.string().max(2_000),
  approval_id: approvalId.optional(),
  policy_ids: z.array(z.string().max(255)).max(200),
  tables: z.array(z.string().max(255)).max(200),
  /** What was masked in its answer. */
  masked: z.array(maskedClass).max(200),
  /** Classes that its answer showed in clear, because policy permits this person to see them. */
  unmasked: z.array(z.string().max(255)).max(200),
  /** Absent while no answer is recorded. */
  rows: z.number().int().min(0).optional(),
  us: z.number().int().min(0).optional(),
  /** SQLSTATE of the target's error, or of the refusal that the client saw; `exit 1`, `signal TERM`, `sftp 2` of SSH sessions. */
  error: z.string().max(20).optional(),
});
export type SearchHit = z.output<typeof searchHit>;

export const facetNames = z.enum(['person', 'group', 'target', 'decision', 'policy', 'data_class', 'table', 'verb', 'protocol', 'client', 'device']);
export type FacetName = z.output<typeof facetNames>;
export const facetValue = z.strictObject({ value: z.string().max(255), /** For people: their name. */ label: z.string().max(255).optional(), count: z.number().int().min(1) });
export const searchFacets = z.strictObject({
  /** Counts are of this many matches, the newest ones. */
  counted: z.number().int().min(0),
  /** True when there are no other matches: then counts are exact. */
  complete: z.boolean(),
  /** At most 12 values each, most frequent first. */
  values: z.record(facetNames, z.array(facetValue).max(12)),
  /** Matches by time, oldest first, over the counted ones. */
  histogram: z.array(z.strictObject({ from_ms: timeMs, to_ms: timeMs, count: z.number().int().min(0) })).max(60),
});
export type SearchFacets = z.output<typeof searchFacets>;

/** What the index has seen. `pending_chunks` of 0 means: everything that the store has receipted is searchable. */
export const indexState = z.strictObject({
  pending_chunks: z.number().int().min(0),
  /** Chunks that could not be indexed, with the reason at GET /v1/search/status. They stay verifiable and downloadable. */
  failed_chunks: z.number().int().min(0),
  oldest_pending_ms: timeMs.optional(),
});

export const searchReply = z.strictObject({
  hits: z.array(searchHit).max(SEARCH_PAGE_MAX),
  /** Absent when there is nothing older. */
  next_cursor: z.string().max(500).optional(),
  /** Set when the search stopped at its time limit: everything from here on to newer was searched; `next_cursor` goes on. */
  searched_back_to_ms: timeMs.optional(),
  facets: searchFacets.optional(),
  index: indexState,
});
export type SearchReply = z.output<typeof searchReply>;

/** GET /v1/search/status and POST /v1/search/reindex */
export const searchStatus = z.strictObject({
  ...indexState.shape,
  sessions: z.number().int().min(0),
  /** By the database's statistics, not counted. */
  statements_about: z.number().int().min(0),
  /** `trigram`: `contains` has an index; `scan`: it reads newest statements first until its time limit. */
  contains: z.enum(['trigram', 'scan']),
  failures: z.array(z.strictObject({ session_id: sessionId, chunk: z.number().int().min(0), reason: z.string().max(500) })).max(100),
});
export const reindexBody = z.strictObject({ /** Absent: all of them. */ session: sessionId.optional() });
export const reindexReply = z.strictObject({ queued_chunks: z.number().int().min(0) });

// --- saved searches: GET, POST /v1/saved-searches; PUT, DELETE /v1/saved-searches/:id --------------------------------

export const savedSearchId = z.uuid();
export const savedSearchParams = z.strictObject({ id: savedSearchId });
export const savedSearchBody = z.strictObject({
  name: line(100),
  filters: searchFilters,
  /** Other auditors may see and run it; each runs it with their own rights. */
  shared: z.boolean().default(false),
});
export const savedSearch = z.strictObject({
  id: savedSearchId,
  name: line(100),
  filters: searchFilters,
  shared: z.boolean(),
  owner: searchPerson,
  /** Only the owner changes and deletes. */
  mine: z.boolean(),
  created_ms: timeMs,
  updated_ms: timeMs,
});
export type SavedSearch = z.output<typeof savedSearch>;
export const savedSearchList = z.strictObject({ searches: z.array(savedSearch).max(500) });

// --- one session --------------------------------------------------------------------------------------------------

/** GET /v1/recordings/:session/summary */
export const sessionSummary = z.strictObject({
  session_id: sessionId,
  state: recordingStates,
  person: searchPerson,
  groups: z.array(z.string().max(255)).max(500),
  device_id: deviceId,
  device_seq: z.number().int().min(0),
  connection: z.string().max(255),
  protocol: z.string().max(50),
  database: z.string().max(255),
  labels: z.record(z.string(), z.string()),
  client: z.strictObject({ kind: z.string().max(20), program: z.string().max(255), address: z.string().max(255) }),
  policy: z.strictObject({ name: z.string().max(255), serial: z.number().int().min(0), bundle_sha256: z.string().max(100) }),
  recording_level: z.string().max(50),
  opened_ms: timeMs,
  closed_ms: timeMs.optional(),
  chunks: z.number().int().min(0),
  /** Records witnessed. */
  size: z.number().int().min(0),
  root: sha256Hex,
  bytes: z.number().int().min(0),
  /** Over the chunks that are indexed. */
  counts: z.strictObject({
    statements: z.number().int().min(0),
    allow: z.number().int().min(0),
    held: z.number().int().min(0),
    denied: z.number().int().min(0),
    approved: z.number().int().min(0),
    failed: z.number().int().min(0),
    rows: z.number().int().min(0),
    gaps: z.number().int().min(0),
  }),
  masked: z.array(maskedClass).max(200),
  tables: z.array(facetValue).max(50),
  indexed_chunks: z.number().int().min(0),
});
export type SessionSummary = z.output<typeof sessionSummary>;

/** GET /v1/recordings/:session/timeline */
export const timelineKinds = z.enum(['statement', 'decision', 'approval', 'mask', 'error', 'notice', 'copy', 'gap', 'note', 'open', 'close']);
export const timelineQuery = z.strictObject({
  /** Events of records after this one: `next_after` of the page before. */
  after: z.coerce.number().int().min(-1).default(-1),
  limit: z.coerce.number().int().min(1).max(2_000).default(500),
});
/** In order of `n`. `statement` is the record of the statement that it belongs to. */
export const timelineEvent = z.strictObject({
  n: z.number().int().min(0),
  kind: timelineKinds,
  t_ms: timeMs,
  offset_ms: z.number().int().min(0),
  chunk: z.number().int().min(0),
  statement: z.number().int().min(0).optional(),
  /** The statement, the reason, the message: masked, cut at 500 characters. */
  text: z.string().max(500),
  decision: searchDecisions.optional(),
  approval_id: approvalId.optional(),
  /** requested, approve, deny, expired, cancelled, refused; "not counted" for a signature that did not count. */
  phase: z.string().max(50).optional(),
  /** Who decided. */
  by: z.string().max(255).optional(),
  policy_ids: z.array(z.string().max(255)).max(200).optional(),
  masked: z.array(maskedClass).max(200).optional(),
  rows: z.number().int().min(0).optional(),
  us: z.number().int().min(0).optional(),
  error: z.string().max(20).optional(),
});
export type TimelineEvent = z.output<typeof timelineEvent>;
export const timelineReply = z.strictObject({
  session_id: sessionId,
  events: z.array(timelineEvent).max(4_000),
  /** Absent at the end. */
  next_after: z.number().int().min(0).optional(),
  /** False while chunks of this session wait for the index. */
  complete: z.boolean(),
});

/** GET /v1/recordings/:session/statements/:n */
export const statementParams = z.strictObject({ session: sessionId, n: z.coerce.number().int().min(0).max(2 ** 31 - 1) });
export const statementDetail = z.strictObject({ hit: searchHit, events: z.array(timelineEvent).max(500) });

/** GET /v1/recordings/:session/watchers (auditors): who looked at this session, by the store's audit trail. */
export const watchersQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
  /** `id` of the last entry of the page before. */
  before: z.coerce.number().int().min(1).optional(),
});
export const watcher = z.strictObject({
  id: z.number().int(),
  t_ms: timeMs,
  iss: z.string(),
  sub: z.string(),
  name: z.string(),
  address: z.string(),
  /** `recording.show`, `recording.download`, `recording.export`, `recording.timeline` ... */
  action: z.string(),
  /** Which part: a file of the recording, or empty. */
  part: z.string(),
  outcome: z.enum(['ok', 'refused']),
});
export const watcherList = z.strictObject({ watchers: z.array(watcher).max(1_000) });
