/** Brokers, a coordinator, producers, and what goes wrong with them: one seed, one history. */
import { defaultLogConfig, logConfigFrom, type LogConfig } from '../../../broker/log/log-config.ts';
import type { LiveBroker } from '../../../broker/controller/cluster-state.ts';
import { partitionStateZnode } from '../../../broker/controller/znodes.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import type { Prng } from '../../../shared/base/prng.ts';
import { SimBroker } from './broker.ts';
import { SimCoordinator } from './coordinator.ts';
import type { DiskContent } from './disk-log.ts';
import { Invariants } from './invariants.ts';
import { COORDINATOR, Process, World } from './world.ts';

export interface SimPartition {
  readonly name: string;
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly replicas: readonly number[];
  readonly config: LogConfig;
}

export const BROKER_IDS = [1, 2, 3];
const PARTITION_COUNT = 2;
const TOPIC_ID = 'simulationTopicIdAAAAA';

export class Cluster {
  readonly world: World;
  readonly coordinator: SimCoordinator;
  readonly coordinatorProcess: Process;
  /** The last life of each. */
  readonly brokers = new Map<number, SimBroker>();
  readonly partitions: SimPartition[] = [];
  readonly invariants: Invariants;
  private readonly disks = new Map<string, DiskContent>();
  private readonly prng: Prng;
  private nextIdentity = 1;
  ackedCount = 0;

  constructor(prng: Prng) {
    this.prng = prng;
    this.world = new World(prng.fork());
    this.coordinator = new SimCoordinator(this.world);
    this.coordinatorProcess = new Process(this.world, COORDINATOR);
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      const replicas = BROKER_IDS.map((_, at) => BROKER_IDS[(at + partition) % BROKER_IDS.length]!);
      // One needs two of three, the other is content with its leader alone.
      const config = logConfigFrom(defaultLogConfig, new Map([['min.insync.replicas', partition === 0 ? '2' : '1']]));
      this.partitions.push({ name: `t-${partition}`, topic: 't', topicId: TOPIC_ID, partition, replicas, config });
      const state = { controllerEpoch: 0, leader: replicas[0]!, leaderEpoch: 0, isr: replicas, recovering: false };
      this.coordinator.create(partitionStateZnode.path('t', partition), partitionStateZnode.encode(state));
    }
    this.invariants = new Invariants(this);
    this.coordinator.onChange = () => {
      for (const broker of this.brokers.values()) {
        this.world.schedule.after(this.world.delayMs(), () => {
          if (!this.world.isCut(broker.id, COORDINATOR)) broker.process.run(() => broker.notified());
        });
      }
    };
    this.coordinator.onExpiry = (brokerId, byGrace) => this.invariants.sessionExpired(brokerId, byGrace);
    for (const id of BROKER_IDS) this.startBroker(id);
  }

  startBroker(id: number): void {
    const broker = new SimBroker(this, id);
    this.brokers.set(id, broker);
    broker.start();
  }

  kill(id: number): void {
    this.brokers.get(id)!.process.kill();
    this.world.schedule.after(this.world.delayMs(), () => this.coordinator.connectionBroke(id));
  }

  processOf(id: number): Process | null {
    const process = this.brokers.get(id)?.process;
    return process?.isAlive === true ? process : null;
  }

  disk(brokerId: number, name: string): DiskContent {
    const key = `${brokerId} ${name}`;
    let content = this.disks.get(key);
    if (content === undefined) this.disks.set(key, (content = { batches: [], highWatermark: 0 }));
    return content;
  }

  topicId(name: string): string {
    return this.partitions.find((partition) => partition.name === name)!.topicId;
  }

  configOf(name: string): LogConfig {
    return this.partitions.find((partition) => partition.name === name)!.config;
  }

  liveBrokers(): Map<number, LiveBroker> {
    const endpoints = [{ listenerName: 'L', host: 'h', port: 1, securityProtocol: 'PLAINTEXT' }];
    return new Map(
      [...this.coordinator.sessions].map(([id, { brokerEpoch }]) => [
        id,
        { registration: { id, endpoints, rack: null }, brokerEpoch },
      ]),
    );
  }

  // Producers

  /** A producer sends one batch to whoever a broker says is the leader. */
  produce(acks: number): void {
    const partition = this.partitions[this.prng.int(this.partitions.length)]!;
    const alive = [...this.brokers.values()].filter(({ process }) => process.isAlive);
    if (alive.length === 0) return;
    const leader = alive[this.prng.int(alive.length)]!.cache.getPartition('t', partition.partition)?.leader ?? -1;
    const identity = this.nextIdentity++;
    const count = 1 + this.prng.int(3);
    const records = buildBatch({
      records: Array.from({ length: count }, () => ({ key: null, value: Buffer.alloc(20), timestamp: identity })),
    });
    const client = new Process(this.world, -1);
    this.world
      .request(
        client,
        () => this.processOf(leader),
        leader,
        () =>
          this.brokers.get(leader)!.replicas.append({
            acks,
            timeoutMs: 1_000,
            origin: 'client',
            internalTopicsAllowed: false,
            entries: [{ topic: 't', partition: partition.partition, records }],
          }),
      )
      .then(
        ([result]) => {
          if (result === undefined || result.errorCode !== ErrorCode.NONE || acks !== -1) return;
          this.ackedCount += 1;
          this.invariants.acknowledged(partition, identity, result.baseOffset, count);
        },
        () => undefined, // a producer would try again; here it is another batch's turn
      );
  }

  /** Lets everything happen that is due in the next `ms`, and looks at the invariants after each step. */
  async run(ms: number): Promise<void> {
    const untilMs = this.world.nowMs + ms;
    while (this.world.schedule.step(untilMs)) {
      await new Promise(setImmediate);
      this.invariants.check();
    }
  }
}
