/** Where the person is: one value for each address. Every screen can be linked to, reloaded and gone back to. */
import { reportKinds, type ReportKind } from '../contract/store/reports.ts';
import { searchFilters, type SearchFilters } from '../contract/store/search.ts';
import { createStore } from '../ui/store.ts';

export type Place =
  | { readonly page: 'search'; readonly filters: SearchFilters }
  /** `n`: the record to stand at. */
  | { readonly page: 'session'; readonly id: string; readonly n?: number }
  | { readonly page: 'reports'; readonly kind?: ReportKind; readonly fromMs?: number; readonly toMs?: number; readonly person?: string; readonly target?: string }
  | { readonly page: 'activity' }
  | { readonly page: 'alarms' }
  /** `id`: one request. */
  | { readonly page: 'redactions'; readonly id?: string }
  | { readonly page: 'devices' }
  | { readonly page: 'sign-ins'; readonly person?: string }
  | { readonly page: 'services' }
  | { readonly page: 'nowhere' };

/** Filters that may have several values, by their name in the address. */
export const lists = ['person', 'group', 'target', 'decision', 'policy', 'data_class', 'table', 'verb', 'protocol', 'client', 'device', 'session'] as const;
export type ListName = (typeof lists)[number];

const timeOf = (text: string | null): number | undefined => {
  const ms = text === null ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
};

/** Filters of an address. What is not understood is left out: an address is typed, cut and mailed. */
export function filtersOf(query: URLSearchParams): SearchFilters {
  const given: Record<string, unknown> = {};
  for (const name of ['text', 'contains'] as const) if (query.get(name)) given[name] = query.get(name);
  for (const name of lists) if (query.has(name)) given[name] = [...new Set(query.getAll(name))];
  if (query.get('failed') === '1') given['failed'] = true;
  for (const [name, field] of [['from', 'from_ms'], ['to', 'to_ms']] as const) {
    const ms = timeOf(query.get(name));
    if (ms !== undefined) given[field] = ms;
  }
  for (;;) {
    const parsed = searchFilters.safeParse(given);
    if (parsed.success) return parsed.data;
    const bad = parsed.error.issues.map((i) => String(i.path[0])).filter((name) => name in given);
    if (bad.length === 0) return {};
    for (const name of bad) Reflect.deleteProperty(given, name);
  }
}

export function queryOf(filters: SearchFilters): string {
  const query = new URLSearchParams();
  if (filters.text !== undefined) query.set('text', filters.text);
  if (filters.contains !== undefined) query.set('contains', filters.contains);
  for (const name of lists) for (const value of filters[name] ?? []) query.append(name, value);
  if (filters.failed === true) query.set('failed', '1');
  if (filters.from_ms !== undefined) query.set('from', new Date(filters.from_ms).toISOString());
  if (filters.to_ms !== undefined) query.set('to', new Date(filters.to_ms).toISOString());
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function reportsPlace(kind: string | undefined, query: URLSearchParams): Place {
  const known = reportKinds.safeParse(kind);
  if (kind !== undefined && !known.success) return { page: 'nowhere' };
  const [fromMs, toMs] = [timeOf(query.get('from')), timeOf(query.get('to'))];
  const [person, target] = [query.get('person'), query.get('target')];
  return {
    page: 'reports',
    ...(known.success ? { kind: known.data } : {}),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    ...(person === null || person === '' ? {} : { person }),
    ...(target === null || target === '' ? {} : { target }),
  };
}

const paths = { activity: 'activity', alarms: 'security-events', devices: 'devices', services: 'services' } as const;

/** Places whose address is one word. */
const simple = (first: string): Place | undefined => {
  for (const page of ['activity', 'alarms', 'devices', 'services'] as const) if (paths[page] === first) return { page };
  return undefined;
};

/** @param path with its query */
export function placeOfUrl(path: string): Place {
  const url = new URL(path, 'http://page.invalid');
  const [first = '', second, ...rest] = url.pathname.split('/').slice(1);
  if (rest.length > 0) return { page: 'nowhere' };
  if (first === '' && second === undefined) return { page: 'search', filters: filtersOf(url.searchParams) };
  if (first === 'reports') return reportsPlace(second, url.searchParams);
  if (first === 'redactions') return second === undefined ? { page: 'redactions' } : { page: 'redactions', id: second };
  if (first === 'sign-ins' && second === undefined) {
    const person = url.searchParams.get('person');
    return { page: 'sign-ins', ...(person === null || person === '' ? {} : { person }) };
  }
  if (first === 'sessions' && second !== undefined && second !== '') {
    const n = url.searchParams.get('n');
    return { page: 'session', id: second, ...(n !== null && /^\d{1,10}$/.test(n) ? { n: Number(n) } : {}) };
  }
  return (second === undefined ? simple(first) : undefined) ?? { page: 'nowhere' };
}

export function urlOf(place: Place): string {
  switch (place.page) {
    case 'search':
      return `/${queryOf(place.filters)}`;
    case 'session':
      return `/sessions/${encodeURIComponent(place.id)}${place.n === undefined ? '' : `?n=${place.n}`}`;
    case 'reports': {
      const query = new URLSearchParams();
      if (place.fromMs !== undefined) query.set('from', new Date(place.fromMs).toISOString());
      if (place.toMs !== undefined) query.set('to', new Date(place.toMs).toISOString());
      if (place.person !== undefined) query.set('person', place.person);
      if (place.target !== undefined) query.set('target', place.target);
      const text = query.toString();
      return `/reports${place.kind === undefined ? '' : `/${place.kind}`}${text === '' ? '' : `?${text}`}`;
    }
    case 'redactions':
      return place.id === undefined ? '/redactions' : `/redactions/${encodeURIComponent(place.id)}`;
    case 'sign-ins':
      return place.person === undefined ? '/sign-ins' : `/sign-ins?${new URLSearchParams({ person: place.person }).toString()}`;
    case 'activity':
    case 'alarms':
    case 'devices':
    case 'services':
      return `/${paths[place.page]}`;
    case 'nowhere':
      return '/';
  }
}

export const place = createStore<Place>({ page: 'nowhere' });

/** Follows the address bar. Called once. */
export function followHistory(): void {
  const read = (): void => place.set(placeOfUrl(window.location.pathname + window.location.search));
  window.addEventListener('popstate', read);
  read();
}

/** Addresses that were come from on these pages; the browser alone knows those before. */
let steps = 0;

/** Where the person came from on these pages; else the search. */
export function goBack(): void {
  if (steps === 0) return goTo({ page: 'search', filters: {} });
  steps--;
  window.history.back();
}

export function goTo(next: Place, how: 'push' | 'replace' = 'push'): void {
  const url = urlOf(next);
  if (url !== window.location.pathname + window.location.search) {
    if (how === 'push') {
      window.history.pushState(null, '', url);
      steps++;
    }
    if (how === 'replace') window.history.replaceState(null, '', url);
  }
  place.set(next);
}
