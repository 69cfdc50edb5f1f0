/** Which detector belongs to which data class; built once per bundle. */
import { ConfigError } from '../../base/errors.ts';
import type { ClassRule, DataClass, MaskKind, MaskPlan } from '../types.ts';
import { detectorNames, expandDetector, type DetectorId } from './detect/ids.ts';
import { minDigits } from './detect/prefilter.ts';
import { shapeOf, type MaskSpec } from './render.ts';
import { Tokenizer } from './token.ts';

export interface DetectorSet {
  readonly classes: ReadonlyMap<string, { readonly kind: MaskKind; readonly detectors: readonly DetectorId[] }>;
  /** Every class that names the detector, in the bundle's order. */
  readonly owners: ReadonlyMap<DetectorId, readonly string[]>;
}

/** What masking one result needs besides its plan. */
export interface MaskContext {
  /** Random per session, 32 bytes: keys the tokens. */
  readonly tokenKey: Uint8Array;
  readonly detectors: DetectorSet;
}

/** @throws ConfigError for a detector that does not exist. */
export function createDetectors(classes: readonly DataClass[]): DetectorSet {
  const byClass = new Map<string, { kind: MaskKind; detectors: readonly DetectorId[] }>();
  const owners = new Map<DetectorId, string[]>();
  for (const dataClass of classes) {
    const detectors = dataClass.detectors.flatMap((name) => {
      const ids = expandDetector(name);
      if (ids === undefined) throw new ConfigError(`unknown detector "${name}" of class ${dataClass.id}`, { file: 'classification.yaml', field: 'detectors', fix: `use one of ${detectorNames.join(', ')}` });
      return ids;
    });
    byClass.set(dataClass.id, { kind: dataClass.mask.kind, detectors });
    for (const id of new Set(detectors)) owners.set(id, [...(owners.get(id) ?? []), dataClass.id]);
  }
  return { classes: byClass, owners };
}

/** The detectors that speak for one plan, and the mask of each. */
export interface ActiveDetectors {
  readonly ids: ReadonlySet<DetectorId>;
  readonly specs: ReadonlyMap<DetectorId, MaskSpec>;
  readonly digitsNeeded: number;
}

/** By session key, detector set and the classes seen in clear: statements ask for the same few again and again. */
const actives = new WeakMap<Uint8Array, WeakMap<DetectorSet, Map<string, ActiveDetectors>>>();

/** A detector is silent only when every class that names it may be seen in clear. */
export function activeDetectors(plan: MaskPlan, context: MaskContext): ActiveDetectors {
  const bySet = actives.get(context.tokenKey) ?? new WeakMap<DetectorSet, Map<string, ActiveDetectors>>();
  actives.set(context.tokenKey, bySet);
  const byUnmasked = bySet.get(context.detectors) ?? new Map<string, ActiveDetectors>();
  bySet.set(context.detectors, byUnmasked);
  // The classes of a bundle are few, so their combinations that occur are too.
  const key = plan.unmasked.join('\0');
  const found = byUnmasked.get(key) ?? compileDetectors(plan, context);
  byUnmasked.set(key, found);
  return found;
}

function compileDetectors(plan: MaskPlan, context: MaskContext): ActiveDetectors {
  const specs = new Map<DetectorId, MaskSpec>();
  const set = context.detectors;
  for (const [id, classIds] of set.owners) {
    const classId = classIds.find((c) => !plan.unmasked.includes(c));
    if (classId !== undefined) specs.set(id, { classId, kind: set.classes.get(classId)?.kind ?? 'full', shape: shapeOf([id]), tokens: tokenizer(context, classId) });
  }
  return { ids: new Set(specs.keys()), specs, digitsNeeded: minDigits(specs.has('ipv4')) };
}

/** The mask of a column rule. */
export function ruleSpec(rule: ClassRule, context: MaskContext): MaskSpec {
  return { classId: rule.classId, kind: rule.kind, shape: shapeOf(context.detectors.classes.get(rule.classId)?.detectors ?? []), tokens: tokenizer(context, rule.classId) };
}

/** One per session and class: the key's set-up is not repeated for every statement. */
const tokenizers = new WeakMap<Uint8Array, Map<string, Tokenizer>>();

function tokenizer(context: MaskContext, classId: string): Tokenizer {
  const known = tokenizers.get(context.tokenKey) ?? new Map<string, Tokenizer>();
  tokenizers.set(context.tokenKey, known);
  const found = known.get(classId) ?? new Tokenizer(context.tokenKey, classId);
  known.set(classId, found);
  return found;
}
