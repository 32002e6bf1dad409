/** Both makers' measurements of the same rounds, and the rows of the table that they become. */
import { median, type Row } from '../report.ts';
import type { Sample } from './sample.ts';
import type { Maker } from './server.ts';

export type PerMaker<T> = Record<Maker, T[]>;
export const perMaker = <T>(): PerMaker<T> => ({ zookeeper: [], vivarium: [] });

/** A sample, and the processor time that the servers took for it. */
export interface Round extends Sample {
  readonly cpuSeconds: number;
}

/** The median over rounds of `value`, and of its ratio, round by round. */
export function row<T>(measured: PerMaker<T>, measure: string, unit: string, aim: string | undefined, value: (round: T) => number): Row {
  const middle = (maker: Maker) => (measured[maker].length === 0 ? NaN : median(measured[maker].map(value)));
  const ratios = measured.vivarium.flatMap((ours, i) => {
    const theirs = measured.zookeeper[i];
    return theirs === undefined ? [] : [value(ours) / value(theirs)];
  });
  return {
    ...{ measure, unit, kafka: middle('zookeeper'), vivarium: middle('vivarium') },
    ...(ratios.length === 0 ? {} : { ratio: median(ratios) }),
    ...(aim === undefined ? {} : { aim }),
  };
}

/** What a load's rounds say: rate, latencies, processor time. */
export function loadRows(measured: PerMaker<Round>, name: string): Row[] {
  const count = (maker: Maker): number => measured[maker].reduce((sum, { ops }) => sum + ops, 0);
  // Over all rounds: one alone uses too few of the kernel's clock ticks.
  const cpu = (maker: Maker): number => (measured[maker].reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / count(maker)) * 100_000;
  return [
    row(measured, name, '/s', '≥ 1.5', ({ ops, seconds }) => ops / seconds),
    row(measured, '— p50', 'ms', undefined, ({ p50Ms }) => p50Ms),
    row(measured, '— p99', 'ms', '≤ 1.0', ({ p99Ms }) => p99Ms),
    row(measured, '— p99.9', 'ms', undefined, ({ p999Ms }) => p999Ms),
    { measure: '— CPU for 100,000', unit: 's', kafka: cpu('zookeeper'), vivarium: cpu('vivarium') },
  ];
}
