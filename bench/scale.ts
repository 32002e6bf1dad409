/**
 * The controller of large clusters: the real one (its decisions, its orders encoded as they go out) between a coordinator in memory and
 * simulated brokers that answer at once. Measured are processor time and memory of
 *
 * - a start: everything is read, everybody is told everything;
 * - the death of brokers that together lead 1,000 partitions;
 * - one change of an ISR, as leaders ask for by the thousand.
 *
 * Each size runs in a process of its own. Time near-linear in the number of partitions is the aim, and 1,000 leaders in less than a
 * second of processor time. What the coordinator, the network and the brokers add in earnest is not in it.
 */
import { fileURLToPath } from 'node:url';
import type { BrokerChannels, ControllerResponse } from '../broker/controller/broker-channels.ts';
import { Controller } from '../broker/controller/controller.ts';
import type { ControllerRequest } from '../broker/controller/orders.ts';
import { brokerIdZnode, partitionStateZnode, topicZnode } from '../broker/controller/znodes.ts';
import { systemScheduler } from '../broker/log/scheduler.ts';
import { leaderAndIsr } from '../broker/protocol/messages/04-leader-and-isr.ts';
import { stopReplica } from '../broker/protocol/messages/05-stop-replica.ts';
import { updateMetadata } from '../broker/protocol/messages/06-update-metadata.ts';
import { sharedUpdateMetadata } from '../broker/server/shared-update-metadata.ts';
import { Writer } from '../shared/bytes/writer.ts';
import type { Logger } from '../shared/telemetry/logger.ts';
import { MemoryCoordinator } from '../test/broker/controller/memory-coordinator.ts';
import { runOk } from '../test/interop/support/process.ts';
import { machine } from './report.ts';

const SIZES = [
  [100, 10_000],
  [500, 100_000],
  [1000, 200_000],
] as const;
const PARTITIONS_PER_TOPIC = 100;
const REPLICATION_FACTOR = 3;
const LEADERS_TO_LOSE = 1000;
const ISR_CHANGES = 1000;
/** Far more than any size takes. */
const MEASURE_TIMEOUT_MS = 600_000;

interface Measured {
  brokers: number;
  partitions: number;
  startCpuMs: number;
  startMiB: number;
  ordersMiB: number;
  lost: number;
  lostBrokers: number;
  failureCpuMs: number;
  isrChangeCpuMs: number;
  peakMiB: number;
}

const MIB = 2 ** 20;
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const heapMiB = (): number => {
  if (globalThis.gc === undefined) throw new Error('The measuring process needs --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed / MIB;
};
const quiet: Logger = { error: (message, fields) => console.error(message, fields?.error), warn: () => undefined, info: () => undefined, debug: () => undefined };

function topicId(topic: number): string {
  const bytes = Buffer.alloc(16, 1);
  bytes.writeUInt32BE(topic, 12);
  return bytes.toString('base64url');
}

/** Leaders go round the brokers; followers are far away, so that neighbours can die together, and spread over several brokers. */
function replicasOf(partition: number, brokers: number): number[] {
  const stride = Math.floor(brokers / REPLICATION_FACTOR) - (partition % 7);
  return Array.from({ length: REPLICATION_FACTOR }, (_, j) => (partition + j * stride) % brokers);
}

function fill(brokers: number, partitions: number): MemoryCoordinator {
  const coordinator = new MemoryCoordinator();
  for (const path of ['/admin/delete_topics', '/isr_change_notification', '/log_dir_event_notification', '/brokers/ids', '/brokers/topics']) {
    coordinator.put(path);
  }
  for (let id = 0; id < brokers; id++) {
    const endpoints = [{ listenerName: 'PLAINTEXT', host: `broker-${id}.example.org`, port: 9092, securityProtocol: 'PLAINTEXT' }];
    coordinator.put(brokerIdZnode.path(id), brokerIdZnode.encode({ id, endpoints, rack: null }, 0));
  }
  for (let first = 0, n = 0; first < partitions; first += PARTITIONS_PER_TOPIC, n++) {
    const topic = `topic-${n}`;
    const record = new Map<number, { replicas: number[]; addingReplicas: number[]; removingReplicas: number[] }>();
    for (let p = 0; p < PARTITIONS_PER_TOPIC; p++) {
      record.set(p, { replicas: replicasOf(first + p, brokers), addingReplicas: [], removingReplicas: [] });
    }
    coordinator.put(topicZnode.path(topic), topicZnode.encode({ topicId: topicId(n), partitions: record }));
    for (const [p, { replicas }] of record) {
      const state = { controllerEpoch: 1, leader: replicas[0]!, leaderEpoch: 0, isr: replicas, recovering: false };
      coordinator.put(partitionStateZnode.path(topic, p), partitionStateZnode.encode(state));
    }
  }
  return coordinator;
}

/** Brokers that carry out everything at once. Requests are encoded as for the wire. */
class SimulatedBrokers implements BrokerChannels {
  bytes = 0;

  setBrokers(): void {}
  close(): void {}

  private count(writer: Writer): void {
    this.bytes += writer.size;
  }

  async send({ kind, request }: ControllerRequest): Promise<ControllerResponse> {
    const writer = new Writer();
    if (kind === 'updateMetadata') {
      sharedUpdateMetadata.request.encode(writer, request, updateMetadata.versionMax);
      this.count(writer);
      return { kind, response: { errorCode: 0 } };
    }
    if (kind === 'stopReplica') {
      stopReplica.request.encode(writer, request, stopReplica.versionMax);
      this.count(writer);
      return { kind, response: { errorCode: 0, partitionErrors: [] } };
    }
    leaderAndIsr.request.encode(writer, request, leaderAndIsr.versionMax);
    this.count(writer);
    const topics = request.topicStates.map(({ topicId: id, partitionStates }) => ({
      topicId: id,
      partitionErrors: partitionStates.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
    }));
    return { kind, response: { errorCode: 0, partitionErrors: [], topics } };
  }
}

async function measure(brokers: number, partitions: number): Promise<Measured> {
  const coordinator = fill(brokers, partitions);
  const channels = new SimulatedBrokers();
  const controller = new Controller({
    brokerId: brokers, // an observer of the others: it holds no replicas
    channels,
    interBrokerListener: 'PLAINTEXT',
    isTopicDeletionEnabled: true,
    rebalance: null,
    isUncleanElectionAllowed: async () => false,
    wallMs: () => 0,
    timers: systemScheduler,
    logger: quiet,
  });
  const heapBefore = heapMiB();
  const settle = async (): Promise<void> => {
    await controller.idle();
    await new Promise((resolve) => setImmediate(resolve)); // answers of brokers, and what they set off
    await controller.idle();
  };
  const costOf = async (run: () => unknown): Promise<number> => {
    const before = cpuMs();
    await run();
    await settle();
    return cpuMs() - before;
  };

  const startCpuMs = await costOf(() => controller.start(coordinator));
  if (!controller.isActive || controller.state?.topics.size !== partitions / PARTITIONS_PER_TOPIC) throw new Error('The controller did not take over');
  const startMiB = heapMiB() - heapBefore;
  const ordersMiB = channels.bytes / MIB;

  const lostBrokers = Math.ceil(LEADERS_TO_LOSE / (partitions / brokers));
  const failureCpuMs = await costOf(() => {
    for (let id = 0; id < lostBrokers; id++) coordinator.remove(brokerIdZnode.path(id));
  });
  let lost = 0;
  for (let partition = 0; partition < partitions; partition++) if (replicasOf(partition, brokers)[0]! < lostBrokers) lost++;
  for (const { partitions: ofTopic } of controller.state.topics.values()) {
    for (const { state } of ofTopic.values()) {
      if (state === null || state.leader < lostBrokers || state.isr.some((id) => id < lostBrokers)) throw new Error('A partition kept a dead leader or ISR member');
    }
  }

  const isrChangeCpuMs = await costOf(async () => {
    const topics = [...controller.state!.topics].slice(0, ISR_CHANGES);
    for (let n = 0; n < ISR_CHANGES; n++) {
      const [name, { topicId: id }] = topics[n % topics.length]!;
      const partitionIndex = Math.floor(n / topics.length);
      const { state } = controller.state!.topics.get(name)!.partitions.get(partitionIndex)!;
      const { brokerEpoch } = controller.state!.liveBrokers.get(state!.leader)!;
      const change = { partitionIndex, leaderEpoch: state!.leaderEpoch, newIsr: [state!.leader], leaderRecoveryState: 0, partitionEpoch: state!.partitionEpoch };
      const request = { brokerId: state!.leader, brokerEpoch, topics: [{ topicName: '', topicId: id, partitions: [change] }] };
      const { topics: answers } = await controller.alterPartition(request, 2);
      if (answers[0]!.partitions[0]!.errorCode !== 0) throw new Error(`The ISR of ${name}-${partitionIndex} could not be changed`);
    }
  });
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  await controller.close();
  const perChange = isrChangeCpuMs / ISR_CHANGES;
  return { brokers, partitions, startCpuMs, startMiB, ordersMiB, lost, lostBrokers, failureCpuMs, isrChangeCpuMs: perChange, peakMiB };
}

function report(rows: readonly Measured[]): string {
  const cells = rows.map((row) =>
    [
      row.brokers,
      row.partitions,
      `${(row.startCpuMs / 1000).toFixed(2)} s`,
      `${((row.startCpuMs * 1000) / row.partitions).toFixed(1)} µs`,
      `${row.startMiB.toFixed(0)} MiB`,
      `${row.ordersMiB.toFixed(0)} MiB`,
      `${row.lost} of ${row.lostBrokers} brokers`,
      `${(row.failureCpuMs / 1000).toFixed(2)} s`,
      `${row.isrChangeCpuMs.toFixed(2)} ms`,
      `${row.peakMiB.toFixed(0)} MiB`,
    ].join(' | '),
  );
  return [
    '| brokers | partitions | start, CPU | per partition | state | orders at start | leaders lost | fail-over, CPU | an ISR change, CPU | peak of the process |',
    '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...cells.map((row) => `| ${row} |`),
  ].join('\n');
}

const [command, ...sizes] = process.argv.slice(2);
if (command === '--measure') {
  process.stdout.write(JSON.stringify(await measure(Number(sizes[0]), Number(sizes[1]))));
} else {
  const rows: Measured[] = [];
  for (const [brokers, partitions] of command === '--quick' ? SIZES.slice(0, 1) : SIZES) {
    const argv = ['--expose-gc', '--max-old-space-size=8192', fileURLToPath(import.meta.url), '--measure', String(brokers), String(partitions)];
    const { stdout, stderr } = await runOk(process.execPath, argv, { timeoutMs: MEASURE_TIMEOUT_MS });
    process.stderr.write(stderr);
    rows.push(JSON.parse(stdout) as Measured);
  }
  process.stdout.write(`${report(rows)}\n\n${machine()}\n`);
}
