/**
 * One object per znode: its path, and what its bytes say. No other file spells these paths or reads this JSON
 * (`kafka.zk.ZkData`). Keys are written in the order in which Kafka 3.4 writes them, because tools show them; read in any.
 *
 * Decoders throw `ZnodeError` for bytes that are no such znode: anybody may write to the coordinator.
 */
import type { Data } from '../../shared/znode/operations.ts';
import { isTopicId, randomId } from './ids.ts';

export class ZnodeError extends Error {
  override readonly name = 'ZnodeError';
  constructor(path: string, why: string, options?: { cause?: unknown }) {
    super(`Cannot read znode ${path}: ${why}`, options);
  }
}

const encodeJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

type JsonObject = Record<string, unknown>;

function decodeJson(path: string, data: Data): JsonObject {
  if (data === null || data.length === 0) throw new ZnodeError(path, 'it is empty, a JSON object was expected');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString());
  } catch (error) {
    throw new ZnodeError(path, 'it is not JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ZnodeError(path, 'a JSON object was expected');
  return value as JsonObject;
}

function intOf(path: string, object: JsonObject, key: string, byDefault?: number): number {
  const value = object[key] ?? byDefault;
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new ZnodeError(path, `"${key}" is ${JSON.stringify(value)}, a whole number was expected`);
  return value;
}

function idsOf(path: string, what: string, value: unknown): number[] {
  if (!Array.isArray(value) || !value.every((id) => Number.isSafeInteger(id))) {
    throw new ZnodeError(path, `${what} is ${JSON.stringify(value)}, a list of broker ids was expected`);
  }
  return value as number[];
}

/** `/controller`: the broker that controls, ephemeral. */
export const controllerZnode = {
  path: '/controller',
  encode: (brokerId: number, timestampMs: number): Buffer =>
    encodeJson({ version: 2, brokerid: brokerId, timestamp: String(timestampMs), kraftControllerEpoch: -1 }),
  /** The broker's id. */
  decode: (data: Data): number => intOf('/controller', decodeJson('/controller', data), 'brokerid'),
};

/** `/controller_epoch`: how many controllers there were. Its znode version fences their writes. */
export const controllerEpochZnode = {
  path: '/controller_epoch',
  encode: (controllerEpoch: number): Buffer => Buffer.from(String(controllerEpoch)),
  decode: (data: Data): number => {
    const text = data === null ? '' : Buffer.from(data).toString();
    if (!/^\d+$/.test(text)) throw new ZnodeError('/controller_epoch', `"${text}" is not a number`);
    return Number(text);
  },
};

export interface BrokerEndPoint {
  listenerName: string;
  host: string;
  port: number;
  securityProtocol: string;
}

export interface BrokerRegistration {
  id: number;
  endpoints: readonly BrokerEndPoint[];
  rack: string | null;
}

export const brokerIdsZnode = { path: '/brokers/ids' };

const REGISTERED_END_POINT = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)$/;

/** `/brokers/ids/<id>`: a living broker, ephemeral. The czxid is its broker epoch. */
export const brokerIdZnode = {
  path: (brokerId: number): string => `/brokers/ids/${brokerId}`,
  encode: (registration: BrokerRegistration, timestampMs: number): Buffer => {
    const plain = registration.endpoints.find((endpoint) => endpoint.securityProtocol === 'PLAINTEXT');
    return encodeJson({
      features: {},
      listener_security_protocol_map: Object.fromEntries(
        registration.endpoints.map((endpoint) => [endpoint.listenerName, endpoint.securityProtocol]),
      ),
      endpoints: registration.endpoints.map(
        ({ listenerName, host, port }) => `${listenerName}://${host.includes(':') ? `[${host}]` : host}:${port}`,
      ),
      jmx_port: -1,
      ...(registration.rack === null ? {} : { rack: registration.rack }),
      port: plain?.port ?? -1,
      host: plain?.host ?? null,
      version: 5,
      timestamp: String(timestampMs),
    });
  },
  decode: (brokerId: number, data: Data): BrokerRegistration => {
    const path = `/brokers/ids/${brokerId}`;
    const json = decodeJson(path, data);
    const rack = typeof json['rack'] === 'string' ? json['rack'] : null;
    const protocols = (json['listener_security_protocol_map'] ?? {}) as JsonObject;
    // Version 1 had host and port only, version 2 and 3 endpoints without a protocol map (listener name = protocol).
    const texts = json['endpoints'] ?? [`PLAINTEXT://${String(json['host'])}:${String(json['port'])}`];
    if (!Array.isArray(texts)) throw new ZnodeError(path, '"endpoints" is not a list');
    const endpoints = texts.map((text: unknown) => {
      const match = REGISTERED_END_POINT.exec(String(text));
      if (match === null) throw new ZnodeError(path, `cannot parse the endpoint ${JSON.stringify(text)}`);
      const listenerName = match[1]!;
      return {
        listenerName,
        host: match[2]!,
        port: Number(match[3]),
        securityProtocol: String(protocols[listenerName] ?? listenerName),
      };
    });
    return { id: brokerId, endpoints, rack };
  },
};

export const brokerSequenceZnode = { path: '/brokers/seqid' };

export const topicsZnode = { path: '/brokers/topics' };

export interface ReplicaAssignment {
  replicas: readonly number[];
  addingReplicas: readonly number[];
  removingReplicas: readonly number[];
}

export interface TopicRecord {
  /** Null in a znode that something older than 2.8 wrote. */
  topicId: string | null;
  partitions: ReadonlyMap<number, ReplicaAssignment>;
}

/** `/brokers/topics/<t>`: id and assignment of a topic. */
export const topicZnode = {
  path: (topic: string): string => `/brokers/topics/${topic}`,
  encode: (record: TopicRecord): Buffer => {
    const partitions: Record<string, readonly number[]> = {};
    const adding: Record<string, readonly number[]> = {};
    const removing: Record<string, readonly number[]> = {};
    for (const [partition, assignment] of record.partitions) {
      partitions[partition] = assignment.replicas;
      if (assignment.addingReplicas.length > 0) adding[partition] = assignment.addingReplicas;
      if (assignment.removingReplicas.length > 0) removing[partition] = assignment.removingReplicas;
    }
    return encodeJson({
      partitions,
      ...(record.topicId === null ? {} : { topic_id: record.topicId }),
      adding_replicas: adding,
      removing_replicas: removing,
      version: 3,
    });
  },
  decode: (topic: string, data: Data): TopicRecord => {
    const path = `/brokers/topics/${topic}`;
    const json = decodeJson(path, data);
    const partitionsJson = json['partitions'];
    if (typeof partitionsJson !== 'object' || partitionsJson === null) throw new ZnodeError(path, '"partitions" is missing');
    const adding = (json['adding_replicas'] ?? {}) as JsonObject;
    const removing = (json['removing_replicas'] ?? {}) as JsonObject;
    const partitions = new Map<number, ReplicaAssignment>();
    for (const [key, replicas] of Object.entries(partitionsJson)) {
      if (!/^\d{1,9}$/.test(key)) throw new ZnodeError(path, `"${key}" is not a partition number`);
      partitions.set(Number(key), {
        replicas: idsOf(path, `partition ${key}`, replicas),
        addingReplicas: idsOf(path, `adding_replicas ${key}`, adding[key] ?? []),
        removingReplicas: idsOf(path, `removing_replicas ${key}`, removing[key] ?? []),
      });
    }
    const topicId = json['topic_id'];
    return { topicId: typeof topicId === 'string' && isTopicId(topicId) ? topicId : null, partitions };
  },
};

export const topicPartitionsZnode = { path: (topic: string): string => `/brokers/topics/${topic}/partitions` };

export const topicPartitionZnode = {
  path: (topic: string, partition: number): string => `/brokers/topics/${topic}/partitions/${partition}`,
};

export interface LeaderAndIsr {
  /** -1: none. */
  leader: number;
  leaderEpoch: number;
  isr: readonly number[];
  /** True while the leader of an unclean election has not caught up with what it may have lost. */
  recovering: boolean;
}

export interface PartitionStateRecord extends LeaderAndIsr {
  controllerEpoch: number;
}

/** `…/partitions/<p>/state`: leader and ISR. The znode's version is the partition epoch. */
export const partitionStateZnode = {
  path: (topic: string, partition: number): string => `/brokers/topics/${topic}/partitions/${partition}/state`,
  encode: (record: PartitionStateRecord): Buffer =>
    encodeJson({
      controller_epoch: record.controllerEpoch,
      leader: record.leader,
      version: 1,
      leader_epoch: record.leaderEpoch,
      isr: record.isr,
      ...(record.recovering ? { leader_recovery_state: 1 } : {}),
    }),
  decode: (topic: string, partition: number, data: Data): PartitionStateRecord => {
    const path = partitionStateZnode.path(topic, partition);
    const json = decodeJson(path, data);
    return {
      controllerEpoch: intOf(path, json, 'controller_epoch'),
      leader: intOf(path, json, 'leader'),
      leaderEpoch: intOf(path, json, 'leader_epoch'),
      isr: idsOf(path, '"isr"', json['isr']),
      recovering: json['leader_recovery_state'] === 1,
    };
  },
};

/** Name of what holds for all that have no entry of their own. */
export const DEFAULT_ENTITY = '<default>';

export type ConfigEntityType = 'topics' | 'brokers' | 'clients' | 'users' | 'ips';

/** `/config/<type>/<name>`: dynamic configuration of an entity, its values as text. */
export const configZnode = {
  path: (type: ConfigEntityType, name: string): string => `/config/${type}/${name}`,
  encode: (config: ReadonlyMap<string, string>): Buffer => encodeJson({ version: 1, config: Object.fromEntries(config) }),
  decode: (path: string, data: Data): Map<string, string> => {
    // Old tools left such znodes empty.
    if (data === null || data.length === 0) return new Map();
    const config = decodeJson(path, data)['config'];
    if (typeof config !== 'object' || config === null) throw new ZnodeError(path, '"config" is missing');
    return new Map(Object.entries(config).map(([key, value]) => [key, String(value)]));
  },
};

/** `/config/changes/config_change_<n>`: says whose configuration changed; persistent sequential. */
export const configChangeZnode = {
  parentPath: '/config/changes',
  prefix: 'config_change_',
  encode: (type: ConfigEntityType, name: string): Buffer => encodeJson({ version: 2, entity_path: `${type}/${name}` }),
  /** `topics/t`. */
  decode: (path: string, data: Data): string => {
    const entityPath = decodeJson(path, data)['entity_path'];
    if (typeof entityPath !== 'string') throw new ZnodeError(path, '"entity_path" is missing');
    return entityPath;
  },
};

/** `/admin/delete_topics/<t>`: a request to delete. */
export const deleteTopicsZnode = {
  parentPath: '/admin/delete_topics',
  path: (topic: string): string => `/admin/delete_topics/${topic}`,
};

/** `/cluster/id`. */
export const clusterIdZnode = {
  path: '/cluster/id',
  encode: (clusterId: string): Buffer => encodeJson({ version: '1', id: clusterId }),
  decode: (data: Data): string => {
    const id = decodeJson('/cluster/id', data)['id'];
    if (typeof id !== 'string') throw new ZnodeError('/cluster/id', '"id" is missing');
    return id;
  },
  random: randomId,
};

/** `/feature`: versions of finalized features by name; enabled, and none of them until somebody finalizes one. */
export const featureZnode = {
  path: '/feature',
  encode: (features: ReadonlyMap<string, number> = new Map()): Buffer =>
    encodeJson({ features: Object.fromEntries(features), version: 2, status: 1 }),
  decode: (data: Data): { isEnabled: boolean; features: Map<string, number> } => {
    const { path } = featureZnode;
    const json = decodeJson(path, data);
    const features = json['features'] ?? {};
    if (typeof features !== 'object' || features === null) throw new ZnodeError(path, '"features" is not an object');
    const versions = Object.keys(features).map((name) => [name, intOf(path, features as JsonObject, name)] as const);
    return { isEnabled: json['status'] === 1, features: new Map(versions) };
  },
};

/** `/latest_producer_id_block`: the last block of producer ids handed to a broker. */
export const producerIdBlockZnode = {
  path: '/latest_producer_id_block',
  encode: (block: { brokerId: number; firstProducerId: number; lastProducerId: number }): Buffer =>
    encodeJson({
      version: 1,
      broker: block.brokerId,
      block_start: String(block.firstProducerId),
      block_end: String(block.lastProducerId),
    }),
  /** Null when none was handed out yet. */
  decode: (data: Data): { brokerId: number; firstProducerId: number; lastProducerId: number } | null => {
    if (data === null || data.length === 0) return null;
    const json = decodeJson('/latest_producer_id_block', data);
    return {
      brokerId: intOf('/latest_producer_id_block', json, 'broker'),
      firstProducerId: Number(json['block_start']),
      lastProducerId: Number(json['block_end']),
    };
  },
};

/** `/isr_change_notification/isr_change_<n>`: a broker older than 2.7 wrote ISRs itself, of these partitions; persistent sequential. */
export const isrChangeZnode = {
  parentPath: '/isr_change_notification',
  prefix: 'isr_change_',
  decode: (path: string, data: Data): { topic: string; partition: number }[] =>
    partitionEntries(path, decodeJson(path, data)).map(({ topic, partition }) => ({ topic, partition })),
};

/** `/log_dir_event_notification/log_dir_event_<n>`: a broker lost a log directory; persistent sequential. */
export const logDirEventZnode = {
  parentPath: '/log_dir_event_notification',
  prefix: 'log_dir_event_',
  encode: (brokerId: number): Buffer => encodeJson({ version: 1, broker: brokerId, event: 1 }),
  /** The broker's id. */
  decode: (path: string, data: Data): number => intOf(path, decodeJson(path, data), 'broker'),
};

/** `/admin/preferred_replica_election`: old tools ask for elections here; removed when done. */
export const preferredElectionZnode = {
  path: '/admin/preferred_replica_election',
  decode: (data: Data): { topic: string; partition: number }[] => {
    const { path } = preferredElectionZnode;
    return partitionEntries(path, decodeJson(path, data)).map(({ topic, partition }) => ({ topic, partition }));
  },
};

/** `/admin/reassign_partitions`: old tools ask for reassignments here; each stays until it is over. */
export const reassignPartitionsZnode = {
  path: '/admin/reassign_partitions',
  encode: (entries: readonly { topic: string; partition: number; replicas: readonly number[] }[]): Buffer =>
    encodeJson({ version: 1, partitions: entries }),
  decode: (data: Data): { topic: string; partition: number; replicas: number[] }[] => {
    const { path } = reassignPartitionsZnode;
    return partitionEntries(path, decodeJson(path, data)).map(({ topic, partition, entry }) => ({
      topic,
      partition,
      replicas: idsOf(path, `"replicas" of ${topic}-${partition}`, entry['replicas']),
    }));
  },
};

/** The form that several znodes share: `{"version":1,"partitions":[{"topic":"t","partition":0}]}`. */
function partitionEntries(path: string, json: JsonObject): { topic: string; partition: number; entry: JsonObject }[] {
  const list = json['partitions'];
  if (!Array.isArray(list)) throw new ZnodeError(path, '"partitions" is not a list');
  return list.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) throw new ZnodeError(path, `${JSON.stringify(entry)} names no partition`);
    const { topic } = entry as { topic?: unknown };
    if (typeof topic !== 'string') throw new ZnodeError(path, `"topic" is ${JSON.stringify(topic)}, a name was expected`);
    return { topic, partition: intOf(path, entry as JsonObject, 'partition'), entry: entry as JsonObject };
  });
}

/** What every broker makes sure of at its start, in this order. */
export const PERSISTENT_PATHS: readonly string[] = [
  '/consumers',
  brokerIdsZnode.path,
  topicsZnode.path,
  configChangeZnode.parentPath,
  deleteTopicsZnode.parentPath,
  brokerSequenceZnode.path,
  isrChangeZnode.parentPath,
  producerIdBlockZnode.path,
  logDirEventZnode.parentPath,
  '/config/topics',
  '/config/clients',
  '/config/users',
  '/config/brokers',
  '/config/ips',
];
