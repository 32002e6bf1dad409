/**
 * The controller: the thin loop around `decide.ts`. Watches put events into one queue; each event reads what changed, decides, writes
 * (fenced), applies the changes and sends the orders. Every broker runs one; at most one is active, the others wait for /controller
 * to go away.
 *
 *     watch fires → event → read znodes → decide → multi[check epoch, writes] → state → LeaderAndIsr, UpdateMetadata, StopReplica
 *
 * Whatever goes wrong between a decision and its writes, the way out is the same: read everything again and decide anew.
 */
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode as ZnodeErrorCode } from '../../shared/znode/error-code.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest, StopReplicaResponse } from '../protocol/messages/05-stop-replica.ts';
import type { ControlledShutdownRequest, ControlledShutdownResponse } from '../protocol/messages/07-controlled-shutdown.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/messages/56-alter-partition.ts';
import { alterPartition } from './alter-partition.ts';
import type { BrokerChannels } from './broker-channels.ts';
import type { ClusterState, LiveBroker, TopicPartition } from './cluster-state.ts';
import { applyChanges, emptyClusterState } from './cluster-state.ts';
import * as decide from './decide.ts';
import type { Decision } from './decision.ts';
import { replicasStopped, requestDeletions } from './delete-topics.ts';
import { currentFence, tryBecomeController } from './election.ts';
import { EventQueue } from './event-queue.ts';
import type { Fence } from './fenced-writes.ts';
import { ControllerMovedError, FencedWriter } from './fenced-writes.ts';
import { randomId } from './ids.ts';
import { requestsFor } from './orders.ts';
import { getDataOrNull, readLiveBrokers, readPartitions, readTopics } from './read-state.ts';
import {
  controllerZnode,
  deleteTopicsZnode,
  featureZnode,
  isrChangeZnode,
  logDirEventZnode,
  topicsZnode,
  topicZnode,
} from './znodes.ts';

export interface ControllerOptions {
  brokerId: number;
  channels: BrokerChannels;
  interBrokerListener: string;
  isTopicDeletionEnabled: boolean;
  /** Null: leaders stay where they are. */
  rebalance: { checkIntervalMs: number; imbalancePercentage: number } | null;
  /** `unclean.leader.election.enable` of a topic, its own or the broker's default. */
  isUncleanElectionAllowed: (topic: string) => Promise<boolean>;
  wallMs: () => number;
  logger: Logger;
}

/** What exists only while this broker is the active controller. */
interface Active {
  client: CoordinatorClient;
  fence: Fence;
  writer: FencedWriter;
  state: ClusterState;
}

/** First look for imbalance after a take-over: leaders that just failed over get a moment to come back. */
const FIRST_REBALANCE_MS = 5000;
const NO_UNCLEAN: decide.Policy = { allowUnclean: () => false };

export class Controller {
  private readonly options: ControllerOptions;
  private readonly logger: Logger;
  private readonly queue: EventQueue;
  private client: CoordinatorClient | null = null;
  private active: Active | null = null;
  private rebalanceTimer: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(options: ControllerOptions) {
    this.options = options;
    this.logger = options.logger;
    this.queue = new EventQueue((error, key) => this.eventFailed(error, key));
  }

  get isActive(): boolean {
    return this.active !== null;
  }

  /** The cluster as the active controller sees it, else null. */
  get state(): ClusterState | null {
    return this.active?.state ?? null;
  }

  /** Begins (again) with a session whose broker is registered: watches /controller and takes part in its election. */
  start(client: CoordinatorClient): void {
    this.client = client;
    this.queue.put('elect', () => this.elect());
  }

  /** The session is over: whatever waits is meaningless. */
  sessionExpired(): void {
    this.queue.clear();
    this.client = null;
    this.resign('its session expired');
  }

  async close(): Promise<void> {
    this.closed = true;
    this.queue.clear();
    this.resign('the broker shuts down');
    this.client = null;
    await this.queue.idle();
  }

  /** Resolves when the events so far were dealt with. */
  idle(): Promise<void> {
    return this.queue.idle();
  }

  alterPartition(request: AlterPartitionRequest, apiVersion: number): Promise<AlterPartitionResponse> {
    return this.ask<AlterPartitionResponse>(
      { throttleTimeMs: 0, errorCode: ErrorCode.NOT_CONTROLLER, topics: [] },
      async (active) => {
        const { decision, response } = alterPartition(active.state, request, apiVersion);
        await this.perform(active, decision);
        return response;
      },
    );
  }

  /** A broker asks to stop: see `decide.shutDownBroker`. */
  controlledShutdown(request: ControlledShutdownRequest): Promise<ControlledShutdownResponse> {
    return this.ask<ControlledShutdownResponse>(
      { errorCode: ErrorCode.NOT_CONTROLLER, remainingPartitions: [] },
      async (active) => {
        const broker = active.state.liveBrokers.get(request.brokerId);
        if (broker === undefined) return { errorCode: ErrorCode.BROKER_NOT_AVAILABLE, remainingPartitions: [] };
        if (request.brokerEpoch !== -1 && request.brokerEpoch < broker.brokerEpoch) {
          return { errorCode: ErrorCode.STALE_BROKER_EPOCH, remainingPartitions: [] };
        }
        this.logger.info(`Shutting down broker ${request.brokerId}`);
        const { decision, remaining } = decide.shutDownBroker(active.state, request.brokerId);
        await this.perform(active, decision);
        const remainingPartitions = remaining.map(({ topic, partition }) => ({
          topicName: topic,
          partitionIndex: partition,
        }));
        return { errorCode: ErrorCode.NONE, remainingPartitions };
      },
    );
  }

  /** Runs `answer` as an event of the active controller; `refusal` when it is (or becomes) another one's business. */
  private ask<T>(refusal: T, answer: (active: Active) => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      if (this.active === null) return resolve(refusal);
      this.queue.put(null, async () => {
        if (this.active === null) return resolve(refusal);
        try {
          resolve(await answer(this.active));
        } catch (error) {
          resolve(refusal);
          throw error;
        }
      });
    });
  }

  private async elect(): Promise<void> {
    const { client } = this;
    if (client === null || this.closed) return;
    const { brokerId, wallMs } = this.options;
    // Armed before the look, so that no change between the two is missed.
    const there = await client.exists(controllerZnode.path, { watch: this.onController });
    if (there !== null && there.ephemeralOwner !== client.sessionId) {
      if (this.active !== null) this.resign('another broker is the controller');
      const holder = await getDataOrNull(client, controllerZnode.path);
      if (holder === null) return; // gone again: the watch has fired
      this.logger.debug(
        `Broker ${controllerZnode.decode(holder.data)} has been elected as the controller, so stopping the election process.`,
      );
      return;
    }
    if (there !== null && this.active !== null) return;
    const fence =
      there === null ? await tryBecomeController(client, brokerId, wallMs()) : await currentFence(client, brokerId);
    if (fence === null) return; // somebody was faster, and the watch tells when they go
    this.logger.info(
      `${brokerId} successfully elected as the controller. Epoch incremented to ${fence.controllerEpoch} and epoch zk version is now ${fence.zkVersion}`,
    );
    await this.takeOver(client, fence);
  }

  /** Reads everything and begins to act on it. */
  private async takeOver(client: CoordinatorClient, fence: Fence): Promise<void> {
    const { brokerId, channels } = this.options;
    const writer = new FencedWriter(client, fence);
    await this.writeFeatures(client);
    await this.dropNotifications(client);
    let state = emptyClusterState(brokerId, fence.controllerEpoch);
    const [liveBrokers, { children: topics }] = await Promise.all([
      readLiveBrokers(client, this.onBrokerIds, this.onBrokerData),
      client.getChildren(topicsZnode.path, { watch: this.onTopics }),
    ]);
    state = { ...state, liveBrokers, topics: await this.loadTopics(client, writer, topics) };
    const active: Active = { client, fence, writer, state };
    this.active = active;
    channels.setBrokers(liveBrokers);
    const { children: deletions } = await client.getChildren(deleteTopicsZnode.parentPath, { watch: this.onDeleteTopics });
    // They begin with the first decision, after everybody was told of the brokers.
    const requested = requestDeletions(state, deletions, { isEnabled: this.options.isTopicDeletionEnabled, begin: false });
    await writer.write(requested.writes);
    active.state = applyChanges(state, requested.changes);
    await this.perform(active, decide.takeOver(active.state, await this.policyFor(active.state)));
    await this.logDirsFailed(active);
    this.scheduleRebalance(FIRST_REBALANCE_MS);
    this.logger.info(`Ready to serve as the new controller with epoch ${fence.controllerEpoch}`);
  }

  private async loadTopics(
    client: CoordinatorClient,
    writer: FencedWriter,
    names: readonly string[],
  ): Promise<ClusterState['topics']> {
    const { records, unreadable } = await readTopics(client, names, this.onTopicData);
    for (const [topic, error] of unreadable) this.logger.error(`Topic ${topic} is left alone`, { error });
    const topics = new Map<string, ClusterState['topics'] extends ReadonlyMap<string, infer T> ? T : never>();
    const partitions = await Promise.all([...records].map(([topic, record]) => readPartitions(client, topic, record)));
    let index = 0;
    for (const [topic, record] of records) {
      const topicId = record.topicId ?? randomId();
      if (record.topicId === null) {
        await writer.write([
          { op: 'set', path: topicZnode.path(topic), data: topicZnode.encode({ ...record, topicId }), version: -1 },
        ]);
      }
      topics.set(topic, { topicId, partitions: partitions[index++]! });
    }
    return topics;
  }

  private resign(why: string): void {
    if (this.rebalanceTimer !== null) clearTimeout(this.rebalanceTimer);
    this.rebalanceTimer = null;
    if (this.active === null) return;
    this.active = null;
    this.options.channels.setBrokers(new Map());
    this.logger.info(`Resigned: ${why}`);
  }

  /** Writes, applies and sends. The promise is for the writes; answers of brokers come back as events. */
  private async perform(active: Active, decision: Decision): Promise<void> {
    if (decision.writes.length > 0) await active.writer.write(decision.writes);
    if (this.active !== active) return; // the session ended meanwhile: who comes next reads what was written
    active.state = applyChanges(active.state, decision.changes);
    for (const request of requestsFor(active.state, decision.orders, this.options.interBrokerListener)) {
      void this.options.channels.send(request).then((answer) => {
        if (answer === null || this.active !== active) return;
        if (answer.response.errorCode !== ErrorCode.NONE) {
          this.logger.error(`Broker ${request.brokerId} answered ${request.kind} with error ${answer.response.errorCode}`);
        }
        if (answer.kind === 'leaderAndIsr') this.leaderAndIsrAnswered(request.brokerId, answer.response);
        if (answer.kind === 'stopReplica' && request.kind === 'stopReplica')
          this.stopReplicaAnswered(request.brokerId, request.request, answer.response);
      });
    }
  }

  private leaderAndIsrAnswered(brokerId: number, response: LeaderAndIsrResponse): void {
    const failed = response.topics.flatMap(({ topicId, partitionErrors }) =>
      partitionErrors
        .filter(({ errorCode }) => errorCode === ErrorCode.KAFKA_STORAGE_ERROR)
        .map(({ partitionIndex }) => ({ topicId, partition: partitionIndex })),
    );
    if (failed.length === 0) return;
    this.whenActive(null, async (active) => {
      const names = new Map([...active.state.topics].map(([name, { topicId }]) => [topicId, name]));
      const replicas = failed.flatMap(({ topicId, partition }) => {
        const topic = names.get(topicId);
        return topic === undefined ? [] : [{ topic, partition }];
      });
      await this.perform(
        active,
        decide.takeReplicasOffline(active.state, brokerId, replicas, await this.policyFor(active.state)),
      );
    });
  }

  private stopReplicaAnswered(brokerId: number, request: StopReplicaRequest, response: StopReplicaResponse): void {
    if (!request.topicStates.some(({ partitionStates }) => partitionStates.some(({ deletePartition }) => deletePartition)))
      return;
    const errors = new Map(
      response.partitionErrors.map((entry) => [`${entry.topicName}-${entry.partitionIndex}`, entry.errorCode]),
    );
    const replicas = request.topicStates.flatMap(({ topicName, partitionStates }) =>
      partitionStates.map(({ partitionIndex }) => ({
        topic: topicName,
        partition: partitionIndex,
        errorCode: response.errorCode !== 0 ? response.errorCode : (errors.get(`${topicName}-${partitionIndex}`) ?? 0),
      })),
    );
    this.whenActive(null, (active) => this.perform(active, replicasStopped(active.state, brokerId, replicas)));
  }

  private whenActive(key: string | null, run: (active: Active) => Promise<void>): void {
    this.queue.put(key, async () => {
      if (this.active !== null) await run(this.active);
    });
  }

  private readonly onController = (): void => this.queue.put('elect', () => this.elect());
  private readonly onBrokerIds = (): void => this.whenActive('brokers', (active) => this.brokersChanged(active));
  private readonly onBrokerData = (): void => this.whenActive('brokers', (active) => this.brokersChanged(active));
  private readonly onTopics = (): void => this.whenActive('topics', (active) => this.topicsChanged(active));
  private readonly onDeleteTopics = (): void => this.whenActive('deleteTopics', (active) => this.deletionsRequested(active));
  private readonly onLogDirEvents = (): void => this.whenActive('logDirs', (active) => this.logDirsFailed(active));
  private readonly onTopicData = (event: { path: string }): void => {
    const topic = event.path.slice(topicsZnode.path.length + 1);
    this.whenActive(`topic ${topic}`, (active) => this.topicChanged(active, topic));
  };

  private async brokersChanged(active: Active): Promise<void> {
    const live = await readLiveBrokers(active.client, this.onBrokerIds, this.onBrokerData);
    const known = active.state.liveBrokers;
    const bounced = new Set(
      [...live]
        .filter(([id, broker]) => (known.get(id)?.brokerEpoch ?? broker.brokerEpoch) !== broker.brokerEpoch)
        .map(([id]) => id),
    );
    const added = [...live.keys()].filter((id) => !known.has(id));
    const gone = [...known.keys()].filter((id) => !live.has(id));
    this.logger.info(
      `Newly added brokers: ${added.join(',')}, deleted brokers: ${gone.join(',')}, bounced brokers: ${[...bounced].join(',')}, all live brokers: ${[...live.keys()].join(',')}`,
    );
    // A broker that came back before it was missed has lost what it was told: it is first gone, then new.
    if (bounced.size > 0) await this.setBrokers(active, new Map([...live].filter(([id]) => !bounced.has(id))));
    await this.setBrokers(active, live);
  }

  private async setBrokers(active: Active, live: ReadonlyMap<number, LiveBroker>): Promise<void> {
    this.options.channels.setBrokers(live);
    const policy = await this.policyFor({ ...active.state, liveBrokers: live });
    await this.perform(active, decide.changeBrokers(active.state, live, policy));
  }

  private async topicsChanged(active: Active): Promise<void> {
    const { children } = await active.client.getChildren(topicsZnode.path, { watch: this.onTopics });
    const present = new Set(children);
    const gone = [...active.state.topics.keys()].filter(
      (topic) => !present.has(topic) && !active.state.deletions.has(topic),
    );
    if (gone.length > 0) await this.perform(active, decide.forgetTopics(active.state, gone));
    const added = children.filter((topic) => !active.state.topics.has(topic));
    if (added.length === 0) return;
    const { records, unreadable } = await readTopics(active.client, added, this.onTopicData);
    for (const [topic, error] of unreadable) this.logger.error(`Topic ${topic} is left alone`, { error });
    this.logger.info(`New topics: [${[...records.keys()].join(', ')}]`);
    await this.perform(active, decide.addTopics(active.state, records, randomId));
  }

  private async topicChanged(active: Active, topic: string): Promise<void> {
    const { records, unreadable } = await readTopics(active.client, [topic], this.onTopicData);
    for (const [name, error] of unreadable) this.logger.error(`Topic ${name} is left alone`, { error });
    if (active.state.topics.has(topic)) await this.perform(active, decide.addTopics(active.state, records, randomId));
  }

  private async deletionsRequested(active: Active): Promise<void> {
    const { children } = await active.client.getChildren(deleteTopicsZnode.parentPath, { watch: this.onDeleteTopics });
    if (children.length === 0) return;
    this.logger.info(`Topic deletion for topics ${children.join(',')}`);
    await this.perform(
      active,
      requestDeletions(active.state, children, { isEnabled: this.options.isTopicDeletionEnabled, begin: true }),
    );
  }

  private async logDirsFailed(active: Active): Promise<void> {
    const { client } = active;
    const { children } = await client.getChildren(logDirEventZnode.parentPath, { watch: this.onLogDirEvents });
    const paths = children.map((name) => `${logDirEventZnode.parentPath}/${name}`);
    const events = await Promise.all(paths.map((path) => getDataOrNull(client, path)));
    const brokerIds = events.flatMap((event, index) =>
      event === null ? [] : [logDirEventZnode.decode(paths[index]!, event.data)],
    );
    if (brokerIds.length === 0) return;
    await this.perform(active, decide.askAboutReplicas(active.state, brokerIds));
    await active.writer.write(paths.map((path) => ({ op: 'deleteTree', path })));
  }

  /** Looks the setting up for the few topics on which it could matter. */
  private async policyFor(state: ClusterState): Promise<decide.Policy> {
    const topics = [...decide.topicsWithoutCleanLeader(state)];
    if (topics.length === 0) return NO_UNCLEAN;
    const allowed = await Promise.all(topics.map((topic) => this.options.isUncleanElectionAllowed(topic)));
    const unclean = new Set(topics.filter((_, index) => allowed[index]));
    return { allowUnclean: (topic) => unclean.has(topic) };
  }

  private scheduleRebalance(delayMs: number): void {
    const { rebalance } = this.options;
    if (rebalance === null || this.closed) return;
    this.rebalanceTimer = setTimeout(() => {
      this.whenActive('rebalance', async (active) => {
        const partitions: TopicPartition[] = decide.partitionsToRebalance(active.state, rebalance.imbalancePercentage);
        if (partitions.length > 0) await this.perform(active, decide.electPreferredLeaders(active.state, partitions));
      });
      this.scheduleRebalance(rebalance.checkIntervalMs);
    }, delayMs);
    this.rebalanceTimer.unref();
  }

  private async writeFeatures(client: CoordinatorClient): Promise<void> {
    if ((await client.exists(featureZnode.path)) !== null) return;
    try {
      await client.create(featureZnode.path, featureZnode.encode());
    } catch (error) {
      if (!(error instanceof CoordinatorError) || error.code !== ZnodeErrorCode.NODEEXISTS) throw error;
    }
  }

  /** What old brokers reported to the controller before is part of what is read now. */
  private async dropNotifications(client: CoordinatorClient): Promise<void> {
    for (const { parentPath } of [logDirEventZnode, isrChangeZnode]) {
      const { children } = await client.getChildren(parentPath);
      await Promise.all(
        children.map(async (name) => {
          try {
            await client.delete(`${parentPath}/${name}`);
          } catch (error) {
            if (!(error instanceof CoordinatorError) || error.code !== ZnodeErrorCode.NONODE) throw error;
          }
        }),
      );
    }
  }

  private eventFailed(error: unknown, key: string | null): void {
    if (this.closed || this.client === null) return; // the session went away under the event
    if (error instanceof ControllerMovedError) {
      this.resign(error.message);
      this.queue.put('elect', () => this.elect());
      return;
    }
    const { client } = this;
    const isOver = error instanceof CoordinatorError && error.code === ZnodeErrorCode.SESSIONEXPIRED;
    if (isOver) return; // the link makes a new session and starts us again
    this.logger.error(`Error while handling ${key ?? 'a request'}: everything is read again`, { error });
    // Which writes took effect is unknown (a lost connection), or the znodes are not what we thought.
    this.active = null;
    if (this.rebalanceTimer !== null) clearTimeout(this.rebalanceTimer);
    this.retry(client);
  }

  private retry(client: CoordinatorClient): void {
    const again = setTimeout(() => {
      client.whenConnected().then(
        () => {
          if (this.client === client) this.queue.put('elect', () => this.elect());
        },
        (error: unknown) => this.logger.warn('The session ended while the controller waited for it', { error }),
      );
    }, RETRY_MS);
    again.unref();
  }
}

/** A failure that stays must not fill the log. */
const RETRY_MS = 1000;
