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
  'session.summary': 'opened a session',
  'session.timeline': 'read a timeline',
  'session.statement': 'read a statement',
  'session.watchers': 'asked who watched',
  'search': 'searched',
  'search.query': 'searched',
  'report.run': 'made a report',
  'report.file': 'took a report out',
  'audit.list': 'read this trail',
  'identity.signin': 'signed in',
  'identity.signout': 'signed out',
  'target.lease': 'leased a credential',
};

export const actionWords = (action: string): string => words[action] ?? action.replaceAll('.', ' · ').replaceAll('_', ' ');

/** Did somebody look at evidence, or try to? */
export const isViewing = (action: string): boolean => /^(recording\.(list|show|download|export|summary|timeline|statement|watchers)|session\.|search|report|audit)/.test(action);
