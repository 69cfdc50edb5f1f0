import { expect, it } from 'vitest';
import type { AuditFact } from '../../evidence/ocsf-audit.ts';
import { auditEvent } from '../../evidence/ocsf-store.ts';
import { emitter } from '../../testing/ocsf-samples.ts';
import { ocsfProblems } from '../../testing/ocsf-schema.ts';
import { STORE_POLICIES } from '../identity/authorization/policies.ts';

const actions = [...STORE_POLICIES.matchAll(/Action::"([a-z_.]+)"/g)].map((m) => m[1] ?? '');

it('whatever the store audits becomes a valid event or none, and every refusal becomes one', () => {
  expect(new Set(actions).size).toBeGreaterThan(60);
  for (const action of new Set(actions)) {
    for (const outcome of ['ok', 'refused'] as const) {
      for (const who of [{ iss: 'https://idp.example', sub: 'alice' }, { iss: '', sub: '' }]) {
        const fact: AuditFact = { id: 1, tMs: 1_780_000_000_000, ...who, deviceId: '', address: '10.0.0.1', action, object: 'x', outcome, detail: outcome === 'ok' ? '' : 'forbidden: no' };
        const event = auditEvent(emitter, fact);
        expect(event === undefined ? [] : ocsfProblems(event), `${action} ${outcome}`).toEqual([]);
        if (outcome === 'refused') expect(event, action).toBeDefined();
      }
    }
  }
});
