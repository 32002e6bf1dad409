/**
 * A simulated broker: the real replica manager (partitions, fetchers, ISR changes) with a disk, a clock, a network and a
 * controller of the real decisions. What is thin in the real broker (sockets, the coordinator's client, the controller's
 * loop) is thin here, too.
 */
import { alterPartition } from '../../../broker/controller/alter-partition.ts';
import { moveLeadersAway, stopFollowing } from '../../../broker/controller/broker-loss.ts';
import { applyChanges, emptyClusterState, type ClusterState } from '../../../broker/controller/cluster-state.ts';
import * as decide from '../../../broker/controller/decide.ts';
import type { Decision } from '../../../broker/controller/decision.ts';
import { FencedWriter } from '../../../broker/controller/fenced-writes.ts';
import { type ControllerRequest, requestsFor } from '../../../broker/controller/orders.ts';
import { partitionStateZnode } from '../../../broker/controller/znodes.ts';
import { FetchHandler } from '../../../broker/handlers/01-fetch.ts';
import type { FetchResponse } from '../../../broker/protocol/messages/01-fetch.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../../../broker/protocol/messages/56-alter-partition.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { FetchSessionCache } from '../../../broker/replication/fetch-session.ts';
import type { LeaderConnection } from '../../../broker/replication/leader-connection.ts';
import { ReplicaManager } from '../../../broker/replication/replica-manager.ts';
import type { RequestContext } from '../../../broker/server/handler.ts';
import { MetadataCache } from '../../../broker/server/metadata-cache.ts';
import type { Cluster } from './cluster.ts';
import { GRACE_MS } from './coordinator.ts';
import { type DiskContent, DiskLog } from './disk-log.ts';
import { COORDINATOR, Process } from './world.ts';

const LAG_TIME_MAX_MS = 500;
const PING_MS = 80;
const CLOSE_LISTENER = (): void => undefined;

export class SimBroker {
  readonly id: number;
  readonly process: Process;
  readonly replicas: ReplicaManager;
  readonly logs = new Map<string, DiskLog>();
  readonly cache = new MetadataCache();
  brokerEpoch = -1;
  private readonly cluster: Cluster;
  private readonly fetchHandler: FetchHandler;
  private contactMs = Number.NEGATIVE_INFINITY;
  private controllerEpochSeen = 0;
  private changesSeen = -1;
  private term: Term | null = null;

  constructor(cluster: Cluster, id: number) {
    this.cluster = cluster;
    this.id = id;
    const { world } = cluster;
    this.process = new Process(world, id);
    const { process } = this;
    this.replicas = new ReplicaManager({
      brokerId: id,
      logs: {
        getOrCreate: (topic, partition) => Promise.resolve(this.openLog(`${topic}-${partition}`)),
        delete: () => Promise.resolve(),
        checkpointedHighWatermark: (topic, partition) => this.disk(`${topic}-${partition}`).highWatermark,
        checkpointHighWatermarks: (watermarks) => {
          for (const { topic, partition, highWatermark } of watermarks)
            this.disk(`${topic}-${partition}`).highWatermark = highWatermark;
          return Promise.resolve();
        },
      },
      cluster: this.cache,
      clock: process,
      scheduler: process,
      replicaLagTimeMaxMs: LAG_TIME_MAX_MS,
      highWatermarkCheckpointIntervalMs: 300,
      isFenced: () => this.isFenced,
      replication: {
        fetchersPerLeader: 1,
        limits: { maxWaitMs: 100, minBytes: 1, maxBytes: 10_000, partitionMaxBytes: 600, backoffMs: 200 },
        connect: (leaderId) => Promise.resolve(this.connectTo(leaderId)),
        alterPartition: (request) => this.askController(request),
        brokerEpoch: () => this.brokerEpoch,
      },
    });
    this.fetchHandler = new FetchHandler({
      replicas: this.replicas,
      sessions: new FetchSessionCache({
        slots: 100,
        evictionMs: 10_000,
        randomSessionId: () => 1 + world.prng.int(1_000_000),
      }),
      topicName: (topicId) => this.cache.topicName(topicId) ?? this.replicas.topicName(topicId),
      clock: process,
      fetchMaxBytes: 50_000,
    });
  }

  /** By its own clock: nobody has answered for a grace. */
  get isFenced(): boolean {
    return this.cluster.world.nowMs - this.contactMs >= GRACE_MS;
  }

  get isController(): boolean {
    return this.term !== null;
  }

  start(): void {
    this.register();
    const look = (): void => {
      this.replicas.fencingChanged();
      this.process.after(GRACE_MS / 4, look);
    };
    look();
  }

  // Disk

  private disk(name: string): DiskContent {
    return this.cluster.disk(this.id, name);
  }

  private openLog(name: string): DiskLog {
    const known = this.logs.get(name);
    if (known !== undefined) return known;
    const disk = this.disk(name);
    const log = new DiskLog({
      topicId: this.cluster.topicId(name),
      config: this.cluster.configOf(name),
      content: disk,
      afterWrite: (done) => void this.process.after(this.cluster.world.prng.next() * 2, done),
      saved: (batches) => {
        disk.batches = batches;
      },
    });
    this.logs.set(name, log);
    return log;
  }

  // Session

  private coordinator<T>(serve: () => T | Promise<T>): Promise<T> {
    const { world, coordinatorProcess } = this.cluster;
    return world.request(this.process, () => coordinatorProcess, COORDINATOR, serve);
  }

  private register(): void {
    const sentMs = this.cluster.world.nowMs;
    this.coordinator(() => this.cluster.coordinator.register(this.id)).then(
      (brokerEpoch) => {
        this.brokerEpoch = brokerEpoch;
        this.contactMs = sentMs;
        this.replicas.fencingChanged();
        this.ping();
        this.tryToLead();
      },
      () => this.process.after(PING_MS, () => this.register()),
    );
  }

  private ping(): void {
    const sentMs = this.cluster.world.nowMs;
    const { brokerEpoch } = this;
    this.coordinator(() => this.cluster.coordinator.touch(this.id, brokerEpoch)).then(
      (stands) => {
        if (!stands) {
          this.term = null;
          this.register();
          return;
        }
        this.contactMs = sentMs;
        // A watch that fired while there was no connection is told of by the next one.
        this.notified();
        this.process.after(PING_MS, () => this.ping());
      },
      () => this.process.after(PING_MS, () => this.ping()),
    );
  }

  // Talking to other brokers

  private connectTo(leaderId: number): LeaderConnection {
    const { world } = this.cluster;
    let closeAtLeader = CLOSE_LISTENER;
    let isClosed = false;
    let abandon: (error: Error) => void = () => undefined;
    const ask = <T>(serve: (leader: SimBroker) => T | Promise<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        abandon = reject;
        if (isClosed) return reject(new Error('closed'));
        world
          .request(
            this.process,
            () => this.cluster.processOf(leaderId),
            leaderId,
            () => serve(this.cluster.brokers.get(leaderId)!),
          )
          .then(resolve, reject);
      });
    return {
      fetch: (request) => {
        let onClose: (() => void) | null = null;
        closeAtLeader = () => onClose?.();
        return ask((leader) => {
          const context = {
            apiVersion: 13,
            listenerName: 'L',
            onClose: (listener: () => void) => ((onClose = listener), CLOSE_LISTENER),
          };
          const full = { ...request, isolationLevel: 0, rackId: '', forgottenTopicsData: request.forgottenTopicsData ?? [] };
          const answer = leader.fetchHandler.handle(full as never, context as unknown as RequestContext);
          return answer as unknown as FetchResponse | Promise<FetchResponse>;
        });
      },
      endOffset: (at, end) =>
        ask((leader) => {
          const partition = leader.replicas.partition(at.topic, at.partition);
          const refusal = partition?.checkAccess(at.currentLeaderEpoch, true) ?? ErrorCode.NOT_LEADER_OR_FOLLOWER;
          if (refusal !== ErrorCode.NONE) throw new Error(`error ${refusal}`);
          return end === 'latest' ? partition!.log!.logEndOffset : partition!.log!.logStartOffset;
        }),
      close: () => {
        isClosed = true;
        abandon(new Error('closed'));
        world.schedule.after(world.delayMs(), closeAtLeader);
      },
    };
  }

  private askController(request: AlterPartitionRequest): Promise<AlterPartitionResponse> {
    const { controllerId } = this.cache;
    const serve = (): Promise<AlterPartitionResponse> => this.cluster.brokers.get(controllerId)!.alterPartition(request);
    if (controllerId === this.id) return this.alterPartition(request);
    return this.cluster.world.request(this.process, () => this.cluster.processOf(controllerId), controllerId, serve);
  }

  private async alterPartition(request: AlterPartitionRequest): Promise<AlterPartitionResponse> {
    const { term } = this;
    return (await term?.alterPartition(request)) ?? { throttleTimeMs: 0, errorCode: ErrorCode.NOT_CONTROLLER, topics: [] };
  }

  /** An order of a controller, as `ControllerOrders` takes it. */
  async obey(order: ControllerRequest): Promise<number> {
    const { request } = order;
    if (request.brokerEpoch < this.brokerEpoch) return ErrorCode.STALE_BROKER_EPOCH;
    if (order.kind === 'updateMetadata') return this.cache.update(order.request);
    if (order.kind === 'stopReplica') return (await this.replicas.stopReplicas(order.request)).errorCode;
    return (await this.replicas.becomeLeaderOrFollower(order.request)).errorCode;
  }

  // The controller

  /** Who is registered, or the controller, may have changed. */
  notified(): void {
    const { changeCount } = this.cluster.coordinator;
    if (changeCount === this.changesSeen) return;
    this.changesSeen = changeCount;
    if (this.term !== null) this.term.brokersChanged();
    else this.tryToLead();
  }

  private tryToLead(): void {
    this.coordinator(() => this.cluster.coordinator.elect(this.id)).then(
      (fence) => {
        if (fence === null || this.term !== null || fence.controllerEpoch < this.controllerEpochSeen) return;
        this.controllerEpochSeen = fence.controllerEpoch;
        this.term = new Term(this.cluster, this, fence, (serve) => this.coordinator(serve));
      },
      () => {
        this.changesSeen = -1; // contact brings another try
      },
    );
  }

  /** The term ended by itself: a write was refused, or nobody knows what became of it. */
  termOver(term: Term): void {
    if (this.term !== term) return;
    this.term = null;
    this.process.after(50, () => this.tryToLead());
  }

  isInOffice(term: Term): boolean {
    return this.term === term;
  }

  shutDown(brokerId: number): void {
    this.term?.shutDown(brokerId);
  }
}

type Ask = <T>(serve: () => T | Promise<T>) => Promise<T>;

/** The controller's loop around the real decisions: one event at a time; orders are repeated until they are answered. */
class Term {
  private state: ClusterState;
  private readonly cluster: Cluster;
  private readonly broker: SimBroker;
  private readonly ask: Ask;
  private readonly writer: FencedWriter;
  private events: Promise<unknown> = Promise.resolve();
  private readonly outbox = new Map<number, Promise<unknown>>();

  constructor(cluster: Cluster, broker: SimBroker, fence: { controllerEpoch: number; zkVersion: number }, ask: Ask) {
    this.cluster = cluster;
    this.broker = broker;
    this.ask = ask;
    this.state = emptyClusterState(broker.id, fence.controllerEpoch);
    const { client } = cluster.coordinator;
    this.writer = new FencedWriter(
      {
        ...client,
        multi: (ops) => ask(() => (this.hasSession ? client.multi(ops) : Promise.reject(new Error('session expired')))),
      },
      fence,
    );
    this.event(() => this.takeOver());
  }

  private get hasSession(): boolean {
    return this.cluster.coordinator.sessions.get(this.broker.id)?.brokerEpoch === this.broker.brokerEpoch;
  }

  /** `dropped` is called instead of `run` when the term is over before. */
  private event(run: () => Promise<void>, dropped?: () => void): void {
    this.events = this.events.then(async () => {
      if (!this.broker.isInOffice(this)) return dropped?.();
      try {
        await run();
      } catch {
        this.broker.termOver(this); // whatever it was, the next term reads everything again
      }
    });
  }

  private async takeOver(): Promise<void> {
    const { znodes } = this.cluster.coordinator;
    const [live, states] = await this.ask(() => [this.cluster.liveBrokers(), new Map(znodes)] as const);
    this.apply([{ kind: 'brokers', liveBrokers: live, shuttingDown: new Set() }]);
    for (const { topic, topicId, partition, replicas } of this.cluster.partitions) {
      const assignment = { replicas, addingReplicas: [], removingReplicas: [] };
      const znode = states.get(partitionStateZnode.path(topic, partition))!;
      const state = { ...partitionStateZnode.decode(topic, partition, znode.data), partitionEpoch: znode.version };
      if (!this.state.topics.has(topic)) this.apply([{ kind: 'topic', topic, topicId }]);
      this.apply([
        { kind: 'assignment', topic, partition, assignment },
        { kind: 'partitionState', topic, partition, state },
      ]);
    }
    await this.perform(decide.takeOver(this.state, electionPolicy));
  }

  brokersChanged(): void {
    this.event(async () => {
      const live = await this.ask(() => this.cluster.liveBrokers());
      const known = this.state.liveBrokers;
      const bounced = [...live].filter(
        ([id, { brokerEpoch }]) => (known.get(id)?.brokerEpoch ?? brokerEpoch) !== brokerEpoch,
      );
      if (bounced.length > 0) {
        const without = new Map([...live].filter(([id]) => !bounced.some(([other]) => other === id)));
        await this.perform(decide.changeBrokers(this.state, without, electionPolicy));
      }
      const isSame = known.size === live.size && [...live].every(([id]) => known.has(id));
      if (bounced.length > 0 || !isSame) await this.perform(decide.changeBrokers(this.state, live, electionPolicy));
    });
  }

  alterPartition(request: AlterPartitionRequest): Promise<AlterPartitionResponse | null> {
    return new Promise((resolve) => {
      this.event(
        async () => {
          const { decision, response } = alterPartition(this.state, request, 2);
          try {
            await this.perform(decision);
            resolve(response);
          } catch (error) {
            resolve(null);
            throw error;
          }
        },
        () => resolve(null),
      );
    });
  }

  shutDown(brokerId: number): void {
    this.event(async () => {
      const { decision, followed } = moveLeadersAway(this.state, brokerId);
      await this.perform(decision);
      await this.perform(stopFollowing(this.state, brokerId, followed));
    });
  }

  private apply(changes: Parameters<typeof applyChanges>[1]): void {
    this.state = applyChanges(this.state, changes);
  }

  private async perform(decision: Decision): Promise<void> {
    if (decision.writes.length > 0) await this.writer.write(decision.writes);
    this.apply(decision.changes);
    for (const request of requestsFor(this.state, decision.orders, 'L')) this.send(request);
  }

  private send(request: ControllerRequest): void {
    const { brokerId } = request;
    const before = this.outbox.get(brokerId) ?? Promise.resolve();
    const epoch = this.state.liveBrokers.get(brokerId)?.brokerEpoch;
    this.outbox.set(
      brokerId,
      before.then(() => this.sendUntilAnswered(request, epoch)),
    );
  }

  private async sendUntilAnswered(request: ControllerRequest, epoch: number | undefined): Promise<void> {
    const { world } = this.cluster;
    const { brokerId } = request;
    const { process } = this.broker;
    while (this.broker.isInOffice(this) && this.state.liveBrokers.get(brokerId)?.brokerEpoch === epoch) {
      try {
        if (brokerId === this.broker.id) await this.broker.obey(request);
        else {
          await world.request(
            process,
            () => this.cluster.processOf(brokerId),
            brokerId,
            () => this.cluster.brokers.get(brokerId)!.obey(request),
          );
        }
        return;
      } catch {
        await new Promise<void>((resolve) => process.after(50, resolve)); // it is asked again while it lives
      }
    }
  }
}

/** Elections are clean; a mutant makes them otherwise. */
export const electionPolicy: decide.Policy = { allowUnclean: () => false };
