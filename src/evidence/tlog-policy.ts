/** C2SP tlog-policy: which logs are known, which witnesses, and how many of them make a checkpoint good. Pure. */
import { toBase64 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { noteKeyTypes, parseVkey, verifyCosignature, verifyNote, type NoteKey, type SignedNote } from './note.ts';
import { webCrypto, type CryptoPort } from './verify-crypto.ts';

/** A witness, or a group of which `need` members must have cosigned. */
export type Quorum = { readonly kind: 'none' } | { readonly kind: 'witness'; readonly key: NoteKey } | { readonly kind: 'group'; readonly name: string; readonly need: number; readonly members: readonly Quorum[] };

export interface TlogPolicy {
  readonly logs: readonly NoteKey[];
  readonly witnesses: readonly NoteKey[];
  readonly quorum: Quorum;
}

/** Longest policy that is read; C2SP asks for 32 logs, witnesses and groups. */
const maxChars = 64 * 1024;
const maxLines = 1_000;

const bad = (line: number, what: string): MalformedError => new MalformedError('malformed.value', `log policy, line ${line}: ${what}`);

/** @throws MalformedError naming the line that is wrong */
export function parseTlogPolicy(text: string): TlogPolicy {
  if (text.length > maxChars) throw new MalformedError('malformed.length', 'log policy is too long');
  for (const c of text) if ((c < ' ' && c !== '\n' && c !== '\t') || c === '\u007f') throw bad(0, 'it holds a control character');
  const lines = text.split('\n');
  if (lines.pop() !== '') throw bad(lines.length + 1, 'the last line does not end');
  if (lines.length > maxLines) throw new MalformedError('malformed.length', 'log policy has too many lines');
  const parser = new PolicyParser();
  lines.forEach((line, i) => {
    parser.line(line, i + 1);
  });
  return parser.end(lines.length);
}

class PolicyParser {
  readonly #logs: NoteKey[] = [];
  readonly #witnesses: NoteKey[] = [];
  readonly #names = new Map<string, Quorum>();
  readonly #used = new Set<string>();
  #quorum: Quorum | undefined;

  line(text: string, n: number): void {
    const [word, ...rest] = text.split(/[ \t]+/).filter((w) => w !== '');
    if (word === undefined || word.startsWith('#')) return;
    switch (word) {
      case 'log':
        if (rest.length < 1 || rest.length > 2) throw bad(n, 'a log is `log <vkey> [<url>]`');
        this.#add(this.#logs, this.#vkey(rest[0], noteKeyTypes.ed25519, n), n);
        return;
      case 'witness': {
        if (rest.length < 2 || rest.length > 3) throw bad(n, 'a witness is `witness <name> <vkey> [<url>]`');
        const key = this.#vkey(rest[1], noteKeyTypes.cosignature, n);
        this.#add(this.#witnesses, key, n);
        this.#define(rest[0] ?? '', { kind: 'witness', key }, n);
        return;
      }
      case 'group':
        this.#group(rest, n);
        return;
      case 'quorum':
        if (this.#quorum !== undefined || rest.length !== 1) throw bad(n, 'there is exactly one `quorum <name>`');
        this.#quorum = rest[0] === 'none' ? { kind: 'none' } : this.#find(rest[0] ?? '', n);
        return;
      default:
        throw bad(n, `${JSON.stringify(word.slice(0, 50))} is not log, witness, group or quorum`);
    }
  }

  end(lines: number): TlogPolicy {
    if (this.#quorum === undefined) throw bad(lines, 'there is no quorum line');
    return { logs: this.#logs, witnesses: this.#witnesses, quorum: this.#quorum };
  }

  #group([name = '', needText = '', ...members]: readonly string[], n: number): void {
    if (members.length === 0) throw bad(n, 'a group is `group <name> all|any|<k> <member>...`');
    const need = needText === 'all' ? members.length : needText === 'any' ? 1 : Number(needText);
    const plain = needText === 'all' || needText === 'any' || needText === String(need);
    if (!plain || !Number.isInteger(need) || need < 1 || need > members.length) throw bad(n, `${JSON.stringify(needText.slice(0, 20))} of ${members.length} is no threshold`);
    const found = members.map((m) => {
      if (this.#used.has(m)) throw bad(n, `${m} is a member already`);
      this.#used.add(m);
      return this.#find(m, n);
    });
    this.#define(name, { kind: 'group', name, need, members: found }, n);
  }

  #find(name: string, n: number): Quorum {
    const found = this.#names.get(name);
    if (found === undefined) throw bad(n, `${JSON.stringify(name.slice(0, 100))} is not defined above`);
    return found;
  }

  #define(name: string, what: Quorum, n: number): void {
    if (name === 'none' || this.#names.has(name)) throw bad(n, `the name ${name} is taken`);
    this.#names.set(name, what);
  }

  #add(keys: NoteKey[], key: NoteKey, n: number): void {
    const same = toBase64(key.publicKey);
    if (keys.some((k) => toBase64(k.publicKey) === same)) throw bad(n, 'this key is listed already');
    keys.push(key);
  }

  #vkey(text: string | undefined, type: number, n: number): NoteKey {
    try {
      return parseVkey(text ?? '', type);
    } catch (error) {
      throw error instanceof MalformedError ? bad(n, error.message) : error;
    }
  }
}

/**
 * When the quorum had seen a checkpoint: the latest of the cosignatures that it takes, so that it holds for all of them.
 * @returns undefined where the policy asks for no witness
 * @throws MalformedError when no known log signed it, a known witness's line is forged, or too few witnesses cosigned
 */
export async function checkpointTime(note: SignedNote, origin: string, policy: TlogPolicy, crypto: CryptoPort = webCrypto): Promise<number | undefined> {
  const wrong = (what: string): MalformedError => new MalformedError('malformed.value', `checkpoint of ${origin}: ${what}`);
  const keys = policy.logs.filter((l) => l.name === origin);
  if (keys.length === 0) throw wrong('this log is not in trust');
  let signed = false;
  for (const key of keys) signed ||= await verifyNote(note, key, crypto);
  if (!signed) throw wrong('it is not signed by the key of this log');
  const times = new Map<NoteKey, number>();
  for (const witness of policy.witnesses) {
    const result = await verifyCosignature(note, witness, crypto);
    if (result.state === 'bad') throw wrong(`the cosignature of ${witness.name} is not good`);
    if (result.state === 'good') times.set(witness, result.timeMs);
  }
  if (policy.quorum.kind === 'none') return undefined;
  const time = quorumTime(policy.quorum, times);
  if (time === undefined) throw wrong(`too few witnesses have cosigned it (${[...times.keys()].map((k) => k.name).join(', ') || 'none'})`);
  return time;
}

function quorumTime(quorum: Quorum, times: ReadonlyMap<NoteKey, number>): number | undefined {
  if (quorum.kind === 'none') return 0;
  if (quorum.kind === 'witness') return times.get(quorum.key);
  const met = quorum.members.map((m) => quorumTime(m, times)).filter((t) => t !== undefined);
  return met.sort((a, b) => a - b)[quorum.need - 1];
}
