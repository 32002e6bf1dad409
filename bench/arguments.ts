/** The arguments that all benchmarks take. */
import { parseArgs } from 'node:util';
import type { Maker } from '../test/interop/support/servers.ts';

export interface BenchArguments {
  readonly quick: boolean;
  readonly rounds: number;
  /** Whose servers to measure: both, unless one is named to look at it alone. */
  readonly makers: readonly Maker[];
  /** Of the parts that the program has, those to run: all, unless some are named. */
  readonly parts: readonly string[];
}

export function benchArguments(program: string, roundsDefault: number, parts: readonly string[] = []): BenchArguments {
  const { values } = parseArgs({ options: { quick: { type: 'boolean' }, rounds: { type: 'string' }, only: { type: 'string' }, part: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(`node bench/${program} [--quick] [--rounds N] [--only kafka|vivarium]${parts.length > 0 ? ` [--part ${parts.join('|')}]` : ''}\n`);
    process.exit(0);
  }
  const quick = values.quick ?? false;
  const rounds = Number(values.rounds ?? (quick ? 1 : roundsDefault));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is "${values.rounds}", expected a number from 1`);
  const only = values.only;
  if (only !== undefined && only !== 'kafka' && only !== 'vivarium') throw new Error(`--only is "${only}", expected kafka or vivarium`);
  const { part } = values;
  if (part !== undefined && !parts.includes(part)) throw new Error(`--part is "${part}", expected ${parts.join(' or ') || 'none: there is only one'}`);
  return { quick, rounds, parts: part === undefined ? parts : [part], makers: only === undefined ? ['kafka', 'vivarium'] : [only] };
}
