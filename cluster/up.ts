/**
 * `vivarium up`: coordinators and a broker from their property files, in the foreground. Says when they serve and what to try, and stops
 * them in the order that lets everyone say goodbye (brokers first) on Ctrl-C.
 */
import { join } from 'node:path';
import type { PlannedServer } from './plan.ts';
import { brokerServes, coordinatorServes } from './probe.ts';
import { ServerProcess, untilServes } from './server-process.ts';

/** Long enough for the recovery of a large log on a slow disk; a server that fails ends before. */
const START_PATIENCE_MS = 120_000;
/** A broker flushes its logs when it stops. */
const STOP_PATIENCE_MS = 30_000;

const KINDS = {
  coordinator: { script: 'zookeeper-server-start.sh', serves: coordinatorServes, speaks: 'WebSocket, native, four-letter words' },
  broker: { script: 'kafka-server-start.sh', serves: brokerServes, speaks: "Kafka's protocol" },
} as const;

export interface UpOptions {
  /** The installation: holds `bin`, `logs`. */
  root: string;
  /** Coordinators first. */
  servers: readonly PlannedServer[];
  print: (line: string) => void;
  /** Resolves when the user wants everything stopped. */
  stopRequested: Promise<void>;
}

/** Runs until `stopRequested`, or until a server ends by itself. Returns the exit code. */
export async function up({ root, servers: planned, print, stopRequested }: UpOptions): Promise<number> {
  const started = performance.now();
  const running: ServerProcess[] = [];
  const stopAll = async (): Promise<void> => {
    // Those of one kind together: an ensemble that loses one member after the other would hold elections meanwhile.
    for (const kind of ['broker', 'coordinator'] as const) {
      await Promise.all(running.filter((_, i) => planned[i]!.kind === kind).map((server) => server.stop(STOP_PATIENCE_MS)));
    }
  };

  try {
    // Whoever needs another waits for it by itself, so all can start at once.
    const serving = planned.map(({ kind, name, config, overrides, port }) => {
      const { script, serves } = KINDS[kind];
      const args = [config, ...overrides.flatMap(([key, value]) => ['--override', `${key}=${value}`])];
      const server = new ServerProcess({ name, command: join(root, 'bin', script), args, logFile: join(root, 'logs', `${name}.log`) });
      running.push(server);
      return untilServes(server, () => serves('127.0.0.1', port), START_PATIENCE_MS);
    });
    if ((await Promise.race([Promise.all(serving), stopRequested.then(() => 'stop' as const)])) !== 'stop') {
      print(guide(planned, Math.round(performance.now() - started)));
      const ended = running.map(async (server) => `${server.name} ended with ${await server.ended}; see ${server.logFile}`);
      const reason = await Promise.race([stopRequested.then(() => null), ...ended]);
      if (reason !== null) throw new Error(reason);
    }
    print('Stopping.');
    await stopAll();
    print('Stopped.');
    return 0;
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    await stopAll();
    return 1;
  }
}

const COUNTS = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven'] as const;

function counted(servers: readonly PlannedServer[], kind: PlannedServer['kind']): string {
  const count = servers.filter((server) => server.kind === kind).length;
  return `${COUNTS[count] ?? count} ${kind}${count === 1 ? '' : 's'}`;
}

function guide(servers: readonly PlannedServer[], startMs: number): string {
  const ports = (kind: PlannedServer['kind']): string => servers.filter((server) => server.kind === kind).map(({ port }) => `localhost:${port}`).join(',');
  const bootstrap = `--bootstrap-server ${ports('broker')}`;
  const rows = servers.map(({ kind, name, port }) => `  ${name.padEnd(14)}localhost:${String(port).padEnd(7)}${KINDS[kind].speaks.padEnd(39)}logs/${name}.log`);
  return `
${counted(servers, 'coordinator')} and ${counted(servers, 'broker').toLowerCase()} serve after ${startMs} ms.

${rows.join('\n')}

Try, in another terminal:

  bin/kafka-topics.sh --create --topic quickstart-events ${bootstrap}
  bin/kafka-topics.sh --describe --topic quickstart-events ${bootstrap}
  bin/kafka-console-producer.sh --topic quickstart-events ${bootstrap}
  bin/kafka-console-consumer.sh --topic quickstart-events --from-beginning ${bootstrap}
  bin/zookeeper-shell.sh ${ports('coordinator')} ls /brokers/ids

Ctrl-C stops all.`;
}
