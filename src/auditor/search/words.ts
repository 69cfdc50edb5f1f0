/** Names of what the search counts and decides, as they are written on the screen. */
import type { FacetName } from '../../contract/store/search.ts';

export const facetTitles: Readonly<Record<FacetName, string>> = {
  decision: 'Decision',
  person: 'Person',
  target: 'Target',
  data_class: 'Data class',
  table: 'Table',
  verb: 'Kind of request',
  protocol: 'Protocol',
  policy: 'Policy',
  group: 'Group',
  client: 'Client',
  device: 'Device',
};

export const decisionWords: Readonly<Record<string, string>> = { allow: 'Allowed', approved: 'Approved', held: 'Held', denied: 'Denied' };
