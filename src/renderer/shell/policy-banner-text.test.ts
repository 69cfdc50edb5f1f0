import { describe, expect, it } from 'vitest';
import { bannerText } from './policy-banner-text.ts';

describe('the banner', () => {
  const endsMs = Date.parse('2026-03-01T12:00:00Z');
  it.each(['stopped', 'expired'] as const)('%s: says that only break-glass is left', (kind) => {
    const text = bannerText({ kind, why: '', endsMs });
    expect(text.tone).toBe('deny');
    expect(`${text.title} ${text.rest}`).toMatch(/break-glass/);
  });
  it.each(['refused', 'ending'] as const)('%s: says until when work goes on', (kind) => {
    const text = bannerText({ kind, why: '', endsMs });
    expect(text.tone).toBe('hold');
    expect(`${text.title} ${text.rest}`).toMatch(/2026/);
  });
});
