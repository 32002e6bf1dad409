/**
 * The load, a process of its own: told by its parent what to do, one thing after the other. It runs beside the server on
 * the machine's other cores, and has no work but to send prepared frames and to look at what comes back.
 */
import { Connection } from './connection.ts';
import { drive, type DriveOptions } from './drive.ts';
import { fill } from './filling.ts';
import { driveSessions } from './session-load.ts';
import { driveWatches } from './watch-load.ts';
import { prepareTree, WORKLOADS } from './workloads.ts';
import type { Measured, Sample } from './sample.ts';

const SESSIONS = 'session open and close';
export const WATCHES = 'watch fan-out, 1,000 watchers';

export const WORKLOAD_NAMES: readonly string[] = [...Object.keys(WORKLOADS), SESSIONS, WATCHES];

/** The names in a list from the command line. They contain commas; the beginning of one is enough. */
export function workloadNames(list: string | undefined): string[] | undefined {
  return list?.split(/,(?! )/).map((prefix) => {
    const found = WORKLOAD_NAMES.find((name) => name === prefix) ?? WORKLOAD_NAMES.find((name) => name.startsWith(prefix));
    if (found === undefined) throw new Error(`--workload has "${prefix}", expected one of: ${WORKLOAD_NAMES.join('; ')}`);
    return found;
  });
}

export type Order =
  | { readonly kind: 'prepare'; readonly port: number }
  | { readonly kind: 'fill'; readonly port: number; readonly before: number; readonly count: number }
  | ({ readonly kind: 'run' } & DriveOptions);

/** `measured` comes when the clock has stopped, `done` when all is put away. */
export type Report = { readonly kind: 'measured'; readonly sample: Sample } | { readonly kind: 'done' } | { readonly kind: 'failed'; readonly message: string };

function report(message: Report): void {
  process.send!(message);
}

function measure({ ports, workload, depth, durationMs, run }: DriveOptions): Promise<Measured> {
  if (workload === SESSIONS) return driveSessions(ports, depth, durationMs);
  if (workload === WATCHES) return driveWatches(ports, durationMs);
  return drive({ ports, workload, depth, durationMs, run });
}

async function carryOut(order: Order): Promise<void> {
  switch (order.kind) {
    case 'prepare': {
      const connection = await Connection.open(order.port);
      await prepareTree(connection);
      return connection.close();
    }
    case 'fill':
      return fill(order.port, order.before, order.count);
    case 'run': {
      const { after, ...sample } = await measure(order);
      report({ kind: 'measured', sample });
      return after();
    }
  }
}

if (process.send !== undefined) {
  process.on('message', (order: Order) => {
    carryOut(order).then(
      () => report({ kind: 'done' }),
      (error: Error) => report({ kind: 'failed', message: error.stack ?? error.message }),
    );
  });
}
