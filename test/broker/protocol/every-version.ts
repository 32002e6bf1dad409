/**
 * Asks a running broker every API that changes nothing, in every version that both sides speak, and checks that each answer
 * is decoded to its last byte. Meant for the real Kafka 3.4 as well as for ours:
 *
 *     node test/broker/protocol/every-version.ts 127.0.0.1:9092
 *
 * Prints one line per API; status 1 if any answer could not be read or had bytes left over.
 */
import { apisByKey } from '../../../broker/protocol/api-keys.ts';
import { negotiate } from '../../../broker/client/cluster.ts';
import { Connection } from '../../../broker/client/connection.ts';
import { ZERO_UUID, type Api, type AnyApi } from '../../../broker/protocol/schema.ts';

const topic = process.argv[3] ?? 'quickstart-events';
const groupId = 'every-version';
const topicRequest = { name: topic, partitionIndexes: [0], partitions: [0] };

/** Requests by API key: fields that a version does not carry are ignored. */
const requests: Readonly<Record<number, unknown>> = {
  1: {
    replicaId: -1,
    maxWaitMs: 10,
    minBytes: 0,
    topics: [{ topic, topicId: ZERO_UUID, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 65536 }] }],
  },
  2: { replicaId: -1, topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }] },
  3: { topics: [{ name: topic }], includeTopicAuthorizedOperations: true, includeClusterAuthorizedOperations: true },
  9: { groupId, topics: [topicRequest], groups: [{ groupId, topics: [topicRequest] }] },
  10: { key: groupId, coordinatorKeys: [groupId, 'other'] },
  12: { groupId, generationId: 1, memberId: 'nobody' },
  13: { groupId, memberId: 'nobody', members: [{ memberId: 'nobody' }] },
  14: { groupId, generationId: 1, memberId: 'nobody', protocolType: 'consumer', protocolName: 'range', assignments: [] },
  15: { groups: [groupId, 'unknown'], includeAuthorizedOperations: true },
  16: {},
  18: { clientSoftwareName: 'every-version', clientSoftwareVersion: '1' },
  19: {
    topics: [{ name: 'every-version-dry-run', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    validateOnly: true,
  },
  20: {
    topics: [{ name: 'every-version-unknown', topicId: ZERO_UUID }],
    topicNames: ['every-version-unknown'],
    timeoutMs: 1000,
  },
  22: { transactionalId: null, transactionTimeoutMs: 1000 },
  23: { topics: [{ topic, partitions: [{ partition: 0, leaderEpoch: 0 }] }] },
  29: {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    patternTypeFilter: 1,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  },
  32: {
    resources: [{ resourceType: 2, resourceName: topic, configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  },
  35: { topics: null },
  37: { topics: [{ name: topic, count: 1000, assignments: null }], timeoutMs: 1000, validateOnly: true },
  42: { groupsNames: ['every-version-unknown'] },
  43: { topicPartitions: [{ topic, partitions: [0] }], timeoutMs: 1000 },
  44: { resources: [], validateOnly: true },
  46: { topics: null },
  47: { groupId: 'every-version-unknown', topics: [{ name: topic, partitions: [{ partitionIndex: 0 }] }] },
  48: { components: [], strict: false },
  50: { users: null },
  60: { includeClusterAuthorizedOperations: true },
  61: { topics: [topicRequest] },
  65: { transactionalIds: ['every-version-unknown'] },
  66: { stateFilters: [], producerIdFilters: [] },
};

/** The API with a response that also checks that nothing is left over. */
function strict(api: AnyApi): Api<unknown, unknown, unknown, never> {
  const decode = (...args: Parameters<AnyApi['response']['decode']>): unknown => {
    const value = api.response.decode(...args);
    if (args[0].remaining > 0) args[0].fail(`${args[0].remaining} bytes are left over`);
    return value;
  };
  return { ...api, response: { ...api.response, decode } } as unknown as Api<unknown, unknown, unknown, never>;
}

const [host, port] = (process.argv[2] ?? '127.0.0.1:9092').split(':');
const open = async (): Promise<Connection> => {
  const connection = await Connection.connect({ host: host!, port: Number(port), clientId: 'every-version' });
  await negotiate(connection);
  return connection;
};
let connection = await open();
let failures = 0;
for (const [key, request] of Object.entries(requests)) {
  const api = apisByKey.get(Number(key))!;
  const offered = connection.versions.get(api.key);
  if (offered === undefined) {
    console.log(`${api.name}: not offered`);
    continue;
  }
  const read: number[] = [];
  for (let version = Math.max(api.versionMin, offered[0]); version <= Math.min(api.versionMax, offered[1]); version++) {
    try {
      await connection.request(strict(api), request, { version });
      read.push(version);
    } catch (error) {
      failures++;
      console.log(`${api.name} v${version}: ${(error as Error).message}`);
      connection.close();
      connection = await open();
    }
  }
  console.log(`${api.name}: ${read.join(' ')}`);
}
connection.close();
process.exitCode = failures === 0 ? 0 : 1;
