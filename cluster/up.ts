/**
 * `vivarium up`: a coordinator and a broker from their property files, in the foreground. Says when they serve and what to
 * try, and stops them in the order that lets everyone say goodbye (brokers first) on Ctrl-C.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseProperties } from '../shared/settings/properties.ts';
import { brokerServes, coordinatorServes } from './probe.ts';
import { ServerProcess, untilServes } from './server-process.ts';

/** Long enough for the recovery of a large log on a slow disk; a server that fails ends before. */
const START_PATIENCE_MS = 120_000;
/** A broker flushes its logs when it stops. */
const STOP_PATIENCE_MS = 30_000;

export interface UpOptions {
  /** The installation: holds `bin`, `config`, `logs`. */
  root: string;
  coordinatorConfig: string;
  brokerConfig: string;
  print: (line: string) => void;
  /** Resolves when the user wants everything stopped. */
  stopRequested: Promise<void>;
}

/** Port of the first listener: `PLAINTEXT://:9092` and `PLAINTEXT://host:9092` give 9092. */
function brokerPort(properties: ReadonlyMap<string, string>): number {
  const listeners = properties.get('listeners') ?? 'PLAINTEXT://:9092';
  const match = /:(\d+)\s*(,|$)/.exec(listeners);
  if (match === null) throw new Error(`Cannot read a port from listeners=${listeners}: expected NAME://host:port`);
  return Number(match[1]);
}

/** Runs until `stopRequested`, or until a server ends by itself. Returns the exit code. */
export async function up(options: UpOptions): Promise<number> {
  const { root, print } = options;
  const started = performance.now();
  const zooCfg = parseProperties(readFileSync(options.coordinatorConfig, 'utf8'));
  const serverProperties = parseProperties(readFileSync(options.brokerConfig, 'utf8'));
  const clientPort = Number(zooCfg.get('clientPort') ?? 2181);
  const kafkaPort = brokerPort(serverProperties);
  const servers: ServerProcess[] = [];
  const launch = (name: string, script: string, config: string, logName: string): ServerProcess => {
    const logFile = join(root, 'logs', logName);
    const server = new ServerProcess({ name, command: join(root, 'bin', script), args: [config], logFile });
    servers.push(server);
    return server;
  };
  const stopAll = async (): Promise<void> => {
    for (const server of servers.toReversed()) await server.stop(STOP_PATIENCE_MS);
  };

  try {
    // The broker waits for its coordinator by itself, so both can start at once.
    const coordinator = launch('coordinator', 'zookeeper-server-start.sh', options.coordinatorConfig, 'coordinator.log');
    const broker = launch('broker', 'kafka-server-start.sh', options.brokerConfig, 'broker.log');
    const serving = Promise.all([
      untilServes(coordinator, () => coordinatorServes('127.0.0.1', clientPort), START_PATIENCE_MS),
      untilServes(broker, () => brokerServes('127.0.0.1', kafkaPort), START_PATIENCE_MS),
    ]);
    if ((await Promise.race([serving, options.stopRequested.then(() => 'stop' as const)])) !== 'stop') {
      print(guide(clientPort, kafkaPort, Math.round(performance.now() - started)));
      const ended = servers.map(async (server) => `${server.name} ended with ${await server.ended}; see ${server.logFile}`);
      const reason = await Promise.race([options.stopRequested.then(() => null), ...ended]);
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

function guide(clientPort: number, kafkaPort: number, startMs: number): string {
  const bootstrap = `--bootstrap-server localhost:${kafkaPort}`;
  return `
One coordinator and one broker serve after ${startMs} ms.

  coordinator   localhost:${clientPort}   WebSocket, four-letter words       logs/coordinator.log
  broker        localhost:${kafkaPort}   Kafka's protocol                   logs/broker.log

Try, in another terminal:

  bin/kafka-topics.sh --create --topic quickstart-events ${bootstrap}
  bin/kafka-topics.sh --describe --topic quickstart-events ${bootstrap}
  bin/kafka-console-producer.sh --topic quickstart-events ${bootstrap}
  bin/kafka-console-consumer.sh --topic quickstart-events --from-beginning ${bootstrap}
  bin/zookeeper-shell.sh localhost:${clientPort} ls /brokers/ids

Ctrl-C stops both.`;
}
