/** The arguments of the benchmarks: of those beside Kafka, and of those beside ZooKeeper. */
import { parseArgs } from 'node:util';
import type { Maker as KafkaMaker } from '../test/interop/support/servers.ts';
import { workloadNames } from './coordinator/load.ts';
import type { Maker as ZooKeeperMaker } from './coordinator/server.ts';

function showUsage(usage: string): never {
  process.stdout.write(usage);
  process.exit(0);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} has "${text}", expected a whole number from 1`);
  return value;
}

function wholeNumbers(name: string, list: string | undefined): number[] | undefined {
  return list?.split(',').map((text) => wholeNumber(name, text));
}

/** Whose servers to measure: both, the original first, unless one is named to look at it alone. */
function makersOf<M extends string>(original: M, only: string | undefined): (M | 'vivarium')[] {
  if (only === undefined) return [original, 'vivarium'];
  if (only !== original && only !== 'vivarium') throw new Error(`--only is "${only}", expected ${original} or vivarium`);
  return [only as M | 'vivarium'];
}

export interface BenchArguments {
  readonly quick: boolean;
  readonly rounds: number;
  readonly makers: readonly KafkaMaker[];
  /** Of the parts that there are: all, unless some are named. */
  readonly parts: readonly string[];
}

function partsOf(allParts: readonly string[], asked: string | undefined): readonly string[] {
  const parts = asked?.split(',') ?? allParts;
  for (const part of parts) if (!allParts.includes(part)) throw new Error(`--part has "${part}", expected one of ${allParts.join(', ')}`);
  return parts;
}

/** `allParts`: what `--part` chooses from, where there is something to choose. */
export function benchArguments(program: string, roundsDefault: number, allParts: readonly string[] = []): BenchArguments {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({ options: { quick: flag, help: flag, rounds: text, only: text, part: text } });
  const part = allParts.length > 0 ? ` [--part ${allParts.join('|')},...]` : '';
  if (values.part !== undefined && part === '') throw new Error(`--part is nothing that ${program} takes`);
  if (values.help === true) showUsage(`node bench/${program} [--quick] [--rounds N] [--only kafka|vivarium]${part}\n`);
  const quick = values.quick ?? false;
  return {
    quick,
    rounds: wholeNumber('rounds', values.rounds ?? String(quick ? 1 : roundsDefault)),
    makers: makersOf('kafka', values.only),
    parts: partsOf(allParts, values.part),
  };
}

export interface CoordinatorArguments {
  readonly quick: boolean;
  readonly rounds: number;
  readonly durationMs: number;
  readonly makers: readonly ZooKeeperMaker[];
  /** Of the parts that there are: all, unless some are named. */
  readonly parts: readonly string[];
  // As asked for; each program has its own default.
  readonly workloads: readonly string[] | undefined;
  readonly depths: readonly number[] | undefined;
  readonly znodes: readonly number[] | undefined;
}

/** `takesZnodes`: the program knows `--znodes`, too. */
export function coordinatorArguments(program: string, allParts: readonly string[], { takesZnodes = false } = {}): CoordinatorArguments {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const common = { quick: flag, help: flag, rounds: text, duration: text, only: text, part: text, workload: text, depth: text };
  const { values } = parseArgs({ options: { ...common, znodes: text } });
  if (values.znodes !== undefined && !takesZnodes) throw new Error(`--znodes is nothing that ${program} takes`);
  if (values.help === true) {
    showUsage(
      `node bench/${program} [--quick] [--rounds N] [--duration MS] [--only zookeeper|vivarium] [--part ${allParts.join('|')},...]\n` +
        `  [--workload NAME,...] [--depth N,...]${takesZnodes ? ' [--znodes N,...]' : ''}\n`,
    );
  }
  const quick = values.quick ?? false;
  return {
    quick,
    rounds: wholeNumber('rounds', values.rounds ?? (quick ? '3' : '9')),
    durationMs: wholeNumber('duration', values.duration ?? (quick ? '300' : '500')),
    makers: makersOf('zookeeper', values.only),
    parts: partsOf(allParts, values.part),
    workloads: workloadNames(values.workload),
    depths: wholeNumbers('depth', values.depth),
    znodes: wholeNumbers('znodes', values.znodes),
  };
}
