/** A policy bundle for generated schemas: the starter's guardrails, a classification that names each column. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bundleDir } from '../gateway.ts';
import type { World } from './world.ts';

/** Filters that a class does not let through are denied here, so that nothing waits for an approver. */
const UNMASK = `@id("filter-on-masked")
@reason("filtering or sorting by a masked column can reveal its values one question at a time")
forbid(principal, action == Action::"sql:predicate", resource);
`;

/** A glob that means exactly the names: every part in quotes. */
const literalGlob = (name: string): string => splitName(name).map((part) => `"${part}"`).join('.');

/** Parts of `schema.table.column`, quoted or not. */
function splitName(name: string): string[] {
  return (name.match(/"[^"]*"|[^."]+/g) ?? []).map((part) => part.replaceAll('"', ''));
}

/** Most columns that one class of a bundle may name. */
const PER_CLASS = 900;

export interface ClassYaml {
  readonly id: string;
  readonly columns: readonly string[];
  readonly mask: { readonly kind: string };
  readonly predicates: string;
}

export function classesOf(worlds: readonly World[]): readonly ClassYaml[] {
  const groups = new Map<string, { mask: string; predicates: string; columns: string[] }>();
  for (const rule of worlds.flatMap((w) => w.rules)) {
    const key = `${rule.mask}-${rule.predicates}`;
    const group = groups.get(key) ?? { mask: rule.mask, predicates: rule.predicates, columns: [] };
    group.columns.push(literalGlob(rule.column));
    groups.set(key, group);
  }
  return [...groups].flatMap(([key, { mask, predicates, columns }]) =>
    Array.from({ length: Math.ceil(columns.length / PER_CLASS) }, (_, i) => ({ id: `${key}-${i}`, columns: columns.slice(i * PER_CLASS, (i + 1) * PER_CLASS), mask: { kind: mask }, predicates })),
  );
}

/** Writes the bundle into a new directory and gives its path. */
export function writeBundle(worlds: readonly World[]): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-mutation-'));
  cpSync(bundleDir('starter'), dir, { recursive: true });
  // The starter's tests speak of the starter's classes.
  rmSync(path.join(dir, 'tests'), { recursive: true, force: true });
  mkdirSync(path.join(dir, 'tests'));
  writeFileSync(path.join(dir, 'policies', 'unmask.cedar'), UNMASK);
  // JSON is YAML.
  writeFileSync(path.join(dir, 'classification.yaml'), JSON.stringify({ classes: classesOf(worlds) }));
  return dir;
}
