/**
 * What clients of an ensemble did and were told, as their loads report it: a JSON object a line, times in microseconds of the
 * machine's monotonic clock, which all processes share. `unknown` is the outcome of a call whose answer was lost: it may have been
 * carried out once, or not at all.
 */
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { join } from 'node:path';
import { run } from './process.ts';
import { repository } from './servers.ts';

interface Call {
  readonly client: number;
  readonly from: number;
  readonly to: number;
}

export type Happening =
  /** A setData; `version` is the znode's afterwards. `expected` -1 fits any. */
  | (Call & { readonly kind: 'write'; readonly path: string; readonly value: string; readonly expected: number; readonly outcome: 'ok' | 'refused' | 'unknown'; readonly version: number })
  /** A sync and a getData. */
  | (Call & { readonly kind: 'read'; readonly path: string; readonly value: string; readonly outcome: 'ok'; readonly version: number })
  /** A sequential znode created with `value`; `path` is the server's answer. */
  | (Call & { readonly kind: 'sequential'; readonly value: string; readonly outcome: 'ok' | 'unknown'; readonly path: string })
  | { readonly kind: 'ephemeral'; readonly client: number; readonly path: string; readonly czxid: number }
  /** What a watch, or the read that set it, has told of a znode's version. */
  | { readonly kind: 'seen'; readonly client: number; readonly path: string; readonly version: number }
  | { readonly kind: 'expired'; readonly client: number };

export type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>;

export function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

export class History {
  readonly happenings: Happening[] = [];

  add(happening: Happening): void {
    this.happenings.push(happening);
  }

  of<K extends Happening['kind']>(kind: K): Of<K>[] {
    return this.happenings.filter((happening): happening is Of<K> => happening.kind === kind);
  }

  /** The newest version of `path` that `client` knows of by its watches. */
  seen(client: number, path: string): number {
    return this.of('seen').reduce((newest, seen) => (seen.client === client && seen.path === path ? Math.max(newest, seen.version) : newest), -1);
  }

  /** How many calls of `client` were answered. */
  answered(client: number): number {
    return this.happenings.filter((happening) => happening.client === client && 'outcome' in happening && happening.outcome !== 'unknown').length;
  }

  /** Has Porcupine look for one order of all writes and synced reads; keeps the history in `directory`. */
  async expectLinearizable(directory: string): Promise<string> {
    const file = join(directory, 'history.jsonl');
    writeFileSync(file, this.happenings.map((happening) => `${JSON.stringify(happening)}\n`).join(''));
    const { code, stdout, stderr } = await run(join(repository, '.cache/porcupine/check'), [file], { timeoutMs: 600_000 });
    expect(code, stdout + stderr).to.equal(0);
    return stdout.trim().split('\n').at(-1)!;
  }

  /**
   * `stored` is name → value of all that is there. What was acknowledged is there under the name that was answered, nothing is there
   * twice, nothing that nobody asked for, and whoever began after another had its answer has the higher number.
   */
  expectSequentials(stored: ReadonlyMap<string, string>): void {
    const calls = this.of('sequential');
    const asked = new Set(calls.map(({ value }) => value));
    const counts = new Map<string, number>();
    for (const value of stored.values()) counts.set(value, (counts.get(value) ?? 0) + 1);
    const acknowledged = calls.filter(({ outcome }) => outcome === 'ok');
    const lost = acknowledged.filter(({ path, value }) => stored.get(path.slice(path.lastIndexOf('/') + 1)) !== value);
    expect(lost, 'acknowledged, and not there under that name').to.deep.equal([]);
    expect([...counts].filter(([, count]) => count > 1), 'created twice').to.deep.equal([]);
    expect([...counts.keys()].filter((value) => !asked.has(value)), 'created by nobody').to.deep.equal([]);
    const inOrder = acknowledged.map((call) => ({ ...call, number: Number(call.path.slice(-10)) })).toSorted((a, b) => a.number - b.number);
    let latest = inOrder[0];
    const disorder: string[] = [];
    for (const call of inOrder) {
      if (latest !== undefined && call.to < latest.from) disorder.push(`${call.path} was answered before ${latest.path} was asked for`);
      if (latest === undefined || call.from > latest.from) latest = call;
    }
    expect(disorder, 'numbers against the clock').to.deep.equal([]);
  }
}
