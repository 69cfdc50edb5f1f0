/** Names of the store's actions as people say them. */

const words: Readonly<Record<string, string>> = {
  'recording.list': 'listed recordings',
  'recording.show': 'opened a session',
  'recording.download': 'read a recording’s file',
  'recording.export': 'exported a session',
  'recording.summary': 'opened a session',
  'recording.timeline': 'read a timeline',
  'recording.statement': 'read a statement',
  'recording.watchers': 'asked who watched',
  search: 'searched',
  'audit.read': 'read this trail',
  'search.saved.list': 'listed saved searches',
  'search.saved.create': 'saved a search',
  'search.saved.change': 'changed a saved search',
  'search.saved.delete': 'removed a saved search',
  'recording.proofs': 'asked for the log’s proofs',
  'report.read': 'made a report',
  'trust.read': 'read the public keys',
  'identity.signin': 'signed in',
  'identity.signout': 'signed out',
  'target.lease': 'leased a credential',
};

export const actionWords = (action: string): string => words[action] ?? action.replaceAll('.', ' · ').replaceAll('_', ' ');

/** Did somebody look at evidence, or try to? */
export const isViewing = (action: string): boolean => /^(recording\.(list|show|download|export|summary|timeline|statement|watchers|proofs)$|search$|report\.|audit\.)/.test(action);
