/**
 * A folder that looks like an unpacked Kafka 3.4 (`bin/`, `config/`), made of the real programs: for typing the very
 * commands of a transcript at the original.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sandboxFiles } from './sandbox.ts';
import { kafkaTool } from './servers.ts';

const names = [
  ...['kafka-topics', 'kafka-console-producer', 'kafka-console-consumer', 'kafka-consumer-groups', 'kafka-configs'],
  ...['kafka-get-offsets', 'kafka-broker-api-versions', 'kafka-dump-log', 'zookeeper-shell', 'kafka-server-start', 'zookeeper-server-start'],
];

// The values of the configuration files that come with Kafka 3.4, without which its quick start would differ.
const zookeeperProperties = 'dataDir=/tmp/zookeeper\nclientPort=2181\nmaxClientCnxns=0\nadmin.enableServer=false\n';
const serverProperties = `broker.id=0
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kafka-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.retention.check.interval.ms=300000
zookeeper.connect=localhost:2181
zookeeper.connection.timeout.ms=18000
group.initial.rebalance.delay.ms=0
`;

export interface RealInstallation {
  readonly directory: string;
  remove(): void;
}

/** With `toolsFrom`, only the servers are the real ones: the tools of that installation are what is tried at them. */
export function makeRealInstallation({ toolsFrom }: { toolsFrom?: string } = {}): RealInstallation {
  mkdirSync(sandboxFiles, { recursive: true });
  const directory = mkdtempSync(join(sandboxFiles, 'real-'));
  mkdirSync(join(directory, 'bin'));
  mkdirSync(join(directory, 'config'));
  const script = (name: string, text: string) => {
    const path = join(directory, 'bin', `${name}.sh`);
    writeFileSync(path, `#!/usr/bin/env bash\n${text}`);
    chmodSync(path, 0o755);
  };
  for (const name of names) {
    if (toolsFrom !== undefined && name.startsWith('kafka-') && !name.endsWith('-start') && existsSync(join(toolsFrom, 'bin', `${name}.sh`))) {
      script(name, `exec "${join(toolsFrom, 'bin', `${name}.sh`)}" "$@"\n`);
      continue;
    }
    // A server leaves its pid where the script that stops it looks.
    const note = name.endsWith('-start') ? `echo $$ >"${join(directory, `${name}.pid`)}"\n` : '';
    script(name, `${note}exec "${kafkaTool}" ${name} "$@"\n`);
  }
  for (const server of ['kafka-server', 'zookeeper-server']) script(`${server}-stop`, `kill -TERM "$(<"${join(directory, `${server}-start.pid`)}")"\n`);
  writeFileSync(join(directory, 'config/zookeeper.properties'), zookeeperProperties);
  writeFileSync(join(directory, 'config/server.properties'), serverProperties);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
