/** What all benchmarks print: one Markdown table with the ratios, and the machine it ran on. */
import { cpus, release, totalmem } from 'node:os';
import type { Maker } from '../test/interop/support/servers.ts';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[middle - 1];
  if (upper === undefined) throw new Error('The median of nothing was asked for');
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

export interface Row {
  readonly measure: string;
  readonly unit: string;
  readonly kafka: number;
  readonly vivarium: number;
  /** What the ratio should be, e.g. `≥ 1.0`; none where the number only explains others. */
  readonly aim?: string;
  /** Where it is not simply the quotient, such as the median of several. */
  readonly ratio?: number;
}

/** A number with as many digits as it is worth: 0.42, 8.1, 52, 1280. */
function digits(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export function table(rows: readonly Row[], original = 'Kafka 3.4'): string {
  const lines = rows.map(({ measure, unit, kafka, vivarium, aim, ratio: given }) => {
    const ratio = Number.isNaN(vivarium) || Number.isNaN(kafka) ? '' : `${(given ?? vivarium / kafka).toFixed(2)} ×`;
    const cell = (value: number) => (Number.isNaN(value) ? '' : `${digits(value)} ${unit}`);
    return `| ${measure} | ${cell(kafka)} | ${cell(vivarium)} | ${ratio} | ${aim ?? ''} |`;
  });
  return [`| measured | ${original} | Vivarium | ratio | aim |`, '| --- | ---: | ---: | ---: | --- |', ...lines].join('\n');
}

export type PerMaker<T> = Record<Maker, T[]>;

/** Plays each round with each maker's servers in turn. */
export async function playRounds<T>(rounds: number, makers: readonly Maker[], play: (maker: Maker, round: number) => Promise<T>): Promise<PerMaker<T>> {
  const all: PerMaker<T> = { kafka: [], vivarium: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const maker of makers) all[maker].push(await play(maker, round));
  }
  return all;
}

/** The median of `value` over all rounds. */
export function row<T>(all: PerMaker<T>, measure: string, unit: string, aim: string | undefined, value: (round: T) => number | undefined): Row {
  const middle = (maker: Maker) => (all[maker].length === 0 ? NaN : median(all[maker].map((round) => value(round) ?? NaN)));
  return { measure, unit, kafka: middle('kafka'), vivarium: middle('vivarium'), ...(aim === undefined ? {} : { aim }) };
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${cpus().length} × ${model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.versions.node}`;
}
