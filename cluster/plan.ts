/**
 * What `vivarium up` starts: each server with its property file, what is overridden in it, and the port it serves. The stock numbers use the
 * stock files as they are; any other number of coordinators or brokers gets what it needs by overrides.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseProperties } from '../shared/settings/properties.ts';

export interface PlannedServer {
  kind: 'coordinator' | 'broker';
  /** What people call it. */
  name: string;
  config: string;
  overrides: readonly (readonly [key: string, value: string])[];
  /** Where it serves clients. */
  port: number;
}

export interface ClusterWishes {
  /** The installation: holds `config`. */
  root: string;
  coordinators: number;
  brokers: number;
  /** Files given by hand; null: those of the installation. */
  coordinatorConfig: string | null;
  brokerConfig: string | null;
}

/** More on one machine only cost time: each write waits for a majority. */
const COORDINATORS_MAX = 7;

/** Each is a process of some 100 MB. */
const BROKERS_MAX = 9;

const BROKER_PORT = 9092;
const CLIENT_PORT = 2181;
const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;

/** Throws where the wishes don't fit together. */
export function planCluster(wishes: ClusterWishes): PlannedServer[] {
  const coordinators = planCoordinators(wishes);
  return [...coordinators, ...planBrokers(wishes, coordinators)];
}

function planCoordinators({ root, coordinators: count, coordinatorConfig }: ClusterWishes): PlannedServer[] {
  if (!Number.isInteger(count) || count < 1 || count > COORDINATORS_MAX) throw new Error(`--coordinators takes a number of 1 to ${COORDINATORS_MAX}, not ${count}`);
  const alone = join(root, 'config', 'zookeeper.properties');
  if (coordinatorConfig !== null || count === 1) {
    const config = coordinatorConfig ?? alone;
    return [{ kind: 'coordinator', name: 'coordinator', config, overrides: [], port: Number(readProperties(config).get('clientPort') ?? CLIENT_PORT) }];
  }
  const ids = Array.from({ length: count }, (_, i) => i + 1);
  return ids.map((id): PlannedServer => {
    const server = { kind: 'coordinator', name: `coordinator-${id}`, port: CLIENT_PORT + id - 1 } as const;
    if (count === 3) return { ...server, config: join(root, 'config', 'ensemble', `zookeeper-${id}.properties`), overrides: [] };
    return {
      ...server,
      config: alone,
      overrides: [
        ['myid', String(id)],
        ['dataDir', `/tmp/zookeeper-ensemble-of-${count}/${id}`],
        ['clientPort', String(server.port)],
        ['initLimit', '10'],
        ['syncLimit', '5'],
        ...ids.map((other) => [`server.${other}`, `localhost:${QUORUM_PORT + other - 1}:${ELECTION_PORT + other - 1}`] as const),
      ],
    };
  });
}

function planBrokers(wishes: ClusterWishes, coordinators: readonly PlannedServer[]): PlannedServer[] {
  const { root, brokers: count, brokerConfig } = wishes;
  if (!Number.isInteger(count) || count < 1 || count > BROKERS_MAX)
    throw new Error(`--brokers takes a number of 1 to ${BROKERS_MAX}, not ${count}`);
  if (brokerConfig !== null || count === 1) return [planBroker(wishes, coordinators)];
  return Array.from({ length: count }, (_, id): PlannedServer => {
    const isStock = count === 3;
    const config = join(root, 'config', 'cluster', `server-${isStock ? id : 0}.properties`);
    const port = BROKER_PORT + id;
    const overrides: [string, string][] = [];
    if (!isStock) {
      const [replicas, inSync] = [String(Math.min(3, count)), String(Math.min(2, count - 1))];
      overrides.push(
        ['broker.id', String(id)],
        ['broker.rack', `rack-${id}`],
        ['listeners', `PLAINTEXT://:${port}`],
        ['advertised.listeners', `PLAINTEXT://localhost:${port}`],
        ['default.replication.factor', replicas],
        ['min.insync.replicas', inSync],
        ['offsets.topic.replication.factor', replicas],
        ['transaction.state.log.replication.factor', replicas],
        ['transaction.state.log.min.isr', inSync],
      );
    }
    // As below: data of their own for each cluster.
    if (coordinators.length !== 3) overrides.push(['zookeeper.connect', connectString(coordinators)]);
    if (coordinators.length !== 3 || !isStock)
      overrides.push(['log.dirs', `/tmp/kafka-logs-${count}-brokers-ensemble-of-${coordinators.length}/${id}`]);
    return { kind: 'broker', name: `broker-${id}`, config, overrides, port };
  });
}

function connectString(coordinators: readonly PlannedServer[]): string {
  return coordinators.map(({ port }) => `localhost:${port}`).join(',');
}

function planBroker({ root, brokerConfig }: ClusterWishes, coordinators: readonly PlannedServer[]): PlannedServer {
  const config = brokerConfig ?? join(root, 'config', 'server.properties');
  const overrides: [string, string][] = [];
  // A broker's data belongs to one cluster: that of the ensemble is another one than that of a coordinator alone.
  if (brokerConfig === null && coordinators.length > 1) {
    overrides.push(
      ['zookeeper.connect', connectString(coordinators)],
      ['log.dirs', `/tmp/kafka-logs-ensemble-of-${coordinators.length}`],
    );
  }
  return { kind: 'broker', name: 'broker', config, overrides, port: brokerPort(readProperties(config)) };
}

function readProperties(path: string): Map<string, string> {
  return parseProperties(readFileSync(path, 'utf8'));
}

/** Port of the first listener: `PLAINTEXT://:9092` and `PLAINTEXT://host:9092` give 9092. */
function brokerPort(properties: ReadonlyMap<string, string>): number {
  const listeners = properties.get('listeners') ?? 'PLAINTEXT://:9092';
  const match = /:(\d+)\s*(,|$)/.exec(listeners);
  if (match === null) throw new Error(`Cannot read a port from listeners=${listeners}: expected NAME://host:port`);
  return Number(match[1]);
}
