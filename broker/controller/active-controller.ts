/**
 * One term of office: what this broker does from the moment it won `/controller` until it resigns. It reads the cluster once and then
 * follows its watches:
 *
 *     watch fires → event → read znodes → decide → multi[check epoch, writes] → state → LeaderAndIsr, UpdateMetadata, StopReplica
 *
 * All methods run as events of the controller's queue, one after the other. One that throws leaves the state doubtful: the term
 * is over then, and whoever is elected next (perhaps this broker) reads everything again. A znode that makes no sense is not
 * such a failure: it is logged and left out.
 */
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/messages/56-alter-partition.ts';
import type { ControlledShutdownRequest, ControlledShutdownResponse } from '../protocol/messages/07-controlled-shutdown.ts';
import type { LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest, StopReplicaResponse } from '../protocol/messages/05-stop-replica.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { alterPartition } from './alter-partition.ts';
import { failedReplicas, stoppedReplicas } from './answers.ts';
import { askAboutReplicas, moveLeadersAway, stopFollowing, takeReplicasOffline } from './broker-loss.ts';
import type { ClusterState, LiveBroker, PartitionState, StateChange, TopicPartition } from './cluster-state.ts';
import { absorbChanges, emptyClusterState, partitionKey, partitionOf } from './cluster-state.ts';
import type { ControllerOptions } from './controller.ts';
import * as decide from './decide.ts';
import type { Decision } from './decision.ts';
import { replicasStopped, requestDeletions } from './delete-topics.ts';
import type { ElectionResult } from './elect-leaders.ts';
import { electLeaders, ElectionType, partitionsToRebalance } from './elect-leaders.ts';
import { updateFeatures } from './features.ts';
import type { FeatureUpdate } from './features.ts';
import type { Fence } from './fenced-writes.ts';
import { FencedWriter } from './fenced-writes.ts';
import { randomId } from './ids.ts';
import type { TriggeredController } from './legacy-triggers.ts';
import { LegacyTriggers } from './legacy-triggers.ts';
import { requestsFor } from './orders.ts';
import type { ControllerClient } from './read-state.ts';
import { childrenOf, getDataOrNull, readLiveBrokers, readPartitionStates, readTopics, watchData } from './read-state.ts';
import type { ReassignmentPlan, ReassignmentRequest, TopicVersions } from './reassign.ts';
import * as reassign from './reassign.ts';
import type { TopicRecord } from './znodes.ts';
import {
  deleteTopicsZnode,
  featureZnode,
  isrChangeZnode,
  logDirEventZnode,
  partitionStateZnode,
  topicsZnode,
  topicZnode,
} from './znodes.ts';

export interface TermOptions {
  client: ControllerClient;
  fence: Fence;
  /** Queues an event of this term; of several waiting with one key only the first is kept. */
  put: (key: string | null, run: () => Promise<void>) => void;
}

/** First look for imbalance after a take-over: leaders that just failed over get a moment to come back. */
export const FIRST_REBALANCE_MS = 5000;
const NO_UNCLEAN: decide.Policy = { allowUnclean: () => false };

export class ActiveController implements TriggeredController {
  readonly fence: Fence;
  readonly options: ControllerOptions;
  readonly client: ControllerClient;
  readonly writer: FencedWriter;
  readonly put: TermOptions['put'];
  private readonly legacy = new LegacyTriggers(this);
  private current: ClusterState;
  private isOver = false;
  private cancelRebalance: (() => void) | null = null;

  constructor(options: ControllerOptions, { client, fence, put }: TermOptions) {
    this.options = options;
    this.client = client;
    this.fence = fence;
    this.put = put;
    this.writer = new FencedWriter(client, fence);
    this.current = emptyClusterState(options.brokerId, fence.controllerEpoch);
  }

  get state(): ClusterState {
    return this.current;
  }

  /** The term is over; what is in flight has no consequence any more. */
  end(): void {
    this.isOver = true;
    this.cancelRebalance?.();
    this.options.channels.setBrokers(new Map());
  }

  // Taking office

  /** Reads everything and begins to act on it. */
  async takeOver(): Promise<void> {
    const { client, writer } = this;
    const { logger, channels } = this.options;
    await this.writeFeatures();
    // What was reported to the controller before is part of what is read now.
    for (const { parentPath } of [logDirEventZnode, isrChangeZnode]) {
      await this.deleteNotifications(parentPath, await childrenOf(client, parentPath));
    }
    const [liveBrokers, topics] = await Promise.all([
      readLiveBrokers(client, this.unreadable, this.onBrokerIds, this.onBrokerData),
      childrenOf(client, topicsZnode.path, this.onTopics),
    ]);
    this.current = absorbChanges(this.current, [{ kind: 'brokers', liveBrokers, shuttingDown: new Set() }]);
    await this.loadTopics(topics);
    channels.setBrokers(liveBrokers);
    const deletions = await childrenOf(client, deleteTopicsZnode.parentPath, this.onDeleteTopics);
    // They begin with the first decision, after everybody was told of the brokers.
    const { isTopicDeletionEnabled: isEnabled } = this.options;
    const requested = requestDeletions(this.current, deletions, { isEnabled, begin: false });
    await writer.write(requested.writes);
    this.current = absorbChanges(this.current, requested.changes);
    await this.perform(decide.takeOver(this.current, await this.policyFor(this.current)));
    await this.resumeReassignments();
    await this.legacy.reassignmentsRequested();
    await this.legacy.electionsRequested();
    // What happened since the notifications were read.
    await this.logDirsFailed();
    await this.isrsChanged();
    this.scheduleRebalance(FIRST_REBALANCE_MS);
    logger.info(`Ready to serve as the new controller with epoch ${this.fence.controllerEpoch}`);
  }

  private async loadTopics(names: readonly string[]): Promise<void> {
    const { records } = await readTopics(this.client, names, this.unreadable, this.onTopicData);
    const changes: StateChange[] = [];
    const partitions: TopicPartition[] = [];
    for (const [topic, record] of records) {
      const topicId = record.topicId ?? randomId();
      changes.push({ kind: 'topic', topic, topicId });
      for (const [partition, assignment] of record.partitions) {
        changes.push({ kind: 'assignment', topic, partition, assignment });
        partitions.push({ topic, partition });
      }
      if (record.topicId !== null) continue;
      const data = topicZnode.encode({ ...record, topicId });
      await this.writer.write([{ op: 'set', path: topicZnode.path(topic), data, version: -1 }]);
    }
    const states = await readPartitionStates(this.client, partitions, this.unreadable);
    for (const [index, state] of states.entries()) {
      const at = partitions[index]!;
      if (state === 'unreadable') {
        changes.push({ kind: 'unreadable', ...at });
        await this.watchUnreadable(at);
      } else if (state !== null) changes.push({ kind: 'partitionState', ...at, state });
    }
    this.current = absorbChanges(this.current, changes);
  }

  private async writeFeatures(): Promise<void> {
    const znode = await getDataOrNull(this.client, featureZnode.path);
    if (znode === null) {
      await this.writer.write([{ op: 'create', path: featureZnode.path, data: featureZnode.encode() }]);
      return;
    }
    const known = this.decoded(featureZnode.path, () => featureZnode.decode(znode.data));
    if (known?.isEnabled === true) return;
    const data = featureZnode.encode(known?.features);
    await this.writer.write([{ op: 'set', path: featureZnode.path, data, version: znode.stat.version }]);
  }

  // Requests

  async alterPartition(request: AlterPartitionRequest, apiVersion: number): Promise<AlterPartitionResponse> {
    const { decision, response } = alterPartition(this.current, request, apiVersion);
    const moved = decision.changes.flatMap((change) =>
      change.kind === 'partitionState' ? [{ topic: change.topic, partition: change.partition }] : [],
    );
    await this.perform(decision);
    // The leader need not wait for what follows from its change.
    if (reassign.reassignmentsUnderWay(this.current, moved).length > 0) {
      this.put(null, () => this.completeReassignments(moved));
    }
    return response;
  }

  /** A broker asks to stop: its leaders move first, and their new ones are told, before what it follows. */
  async controlledShutdown(request: ControlledShutdownRequest): Promise<ControlledShutdownResponse> {
    const broker = this.current.liveBrokers.get(request.brokerId);
    if (broker === undefined) return { errorCode: ErrorCode.BROKER_NOT_AVAILABLE, remainingPartitions: [] };
    if (request.brokerEpoch !== -1 && request.brokerEpoch < broker.brokerEpoch) {
      return { errorCode: ErrorCode.STALE_BROKER_EPOCH, remainingPartitions: [] };
    }
    this.options.logger.info(`Shutting down broker ${request.brokerId}`);
    const { decision, remaining, followed } = moveLeadersAway(this.current, request.brokerId);
    await this.perform(decision);
    await this.perform(stopFollowing(this.current, request.brokerId, followed));
    const remainingPartitions = remaining.map(({ topic, partition }) => ({ topicName: topic, partitionIndex: partition }));
    return { errorCode: ErrorCode.NONE, remainingPartitions };
  }

  async electLeaders(
    partitions: readonly TopicPartition[],
    electionType: ElectionType,
  ): Promise<Map<string, ElectionResult>> {
    const { decision, results } = electLeaders(this.current, partitions, electionType);
    await this.perform(decision);
    return results;
  }

  /** What has no leader gets one, where it may now be one that is not in sync. */
  async electUnclean(): Promise<void> {
    await this.perform(decide.electOffline(this.current, await this.policyFor(this.current)));
  }

  /** Refusals by `partitionKey`; the other reassignments are under way. */
  async alterReassignments(requests: readonly ReassignmentRequest[]): Promise<ReassignmentPlan['refusals']> {
    // First the partitions that were added meanwhile: the topics' znodes are about to be written.
    const versions = await this.refreshTopics(requests.map(({ topic }) => topic));
    const plan = reassign.planReassignments(this.current, requests, { checkReplicas: true });
    await this.reassign(plan, versions);
    return plan.refusals;
  }

  async reassign(plan: ReassignmentPlan, versions: TopicVersions): Promise<void> {
    if (plan.moves.length === 0) return;
    await this.perform(reassign.beginReassignments(this.current, plan, versions));
    await this.completeReassignments(plan.moves);
    await this.legacy.pruneReassignments();
  }

  /** Why each update was refused, null for those done. */
  async updateFeatures(updates: readonly FeatureUpdate[], validateOnly: boolean): Promise<Map<string, string | null>> {
    const znode = await getDataOrNull(this.client, featureZnode.path);
    const existing = znode === null ? null : this.decoded(featureZnode.path, () => featureZnode.decode(znode.data));
    const { target, refusals } = updateFeatures(existing?.features ?? new Map(), updates);
    if (!validateOnly && znode !== null && target.size !== (existing?.features.size ?? 0)) {
      const data = featureZnode.encode(target);
      await this.writer.write([{ op: 'set', path: featureZnode.path, data, version: znode.stat.version }]);
    }
    return refusals;
  }

  // Carrying decisions out

  /** Writes, applies and sends. The promise is for the writes; answers of brokers come back as events. */
  private async perform(decision: Decision): Promise<void> {
    if (decision.writes.length > 0) await this.writer.write(decision.writes);
    if (this.isOver) return; // the session ended meanwhile: who comes next reads what was written
    this.current = absorbChanges(this.current, decision.changes);
    const { logger, channels, interBrokerListener } = this.options;
    for (const request of requestsFor(this.current, decision.orders, interBrokerListener)) {
      void channels.send(request).then((answer) => {
        if (answer === null || this.isOver) return;
        if (answer.response.errorCode !== ErrorCode.NONE) {
          logger.error(`Broker ${request.brokerId} answered ${request.kind} with error ${answer.response.errorCode}`);
        }
        if (answer.kind === 'leaderAndIsr') this.leaderAndIsrAnswered(request.brokerId, answer.response);
        if (answer.kind === 'stopReplica' && request.kind === 'stopReplica')
          this.stopReplicaAnswered(request.brokerId, request.request, answer.response);
      });
    }
  }

  private leaderAndIsrAnswered(brokerId: number, response: LeaderAndIsrResponse): void {
    const failed = failedReplicas(response);
    if (failed.length === 0) return;
    this.put(null, async () => {
      const replicas = failed.flatMap(({ topicId, partition }) => {
        const topic = this.current.topicNames.get(topicId);
        return topic === undefined ? [] : [{ topic, partition }];
      });
      const policy = await this.policyFor(this.current);
      await this.perform(takeReplicasOffline(this.current, brokerId, replicas, policy));
    });
  }

  private stopReplicaAnswered(brokerId: number, request: StopReplicaRequest, response: StopReplicaResponse): void {
    if (!request.topicStates.some(({ topicName }) => this.current.deletions.has(topicName))) return;
    const replicas = stoppedReplicas(request, response);
    this.put(null, () => this.perform(replicasStopped(this.current, brokerId, replicas)));
  }

  // Watches

  private readonly onBrokerIds = (): void => this.put('brokers', () => this.brokersChanged());
  private readonly onBrokerData = this.onBrokerIds;
  private readonly onTopics = (): void => this.put('topics', () => this.topicsChanged());
  private readonly onDeleteTopics = (): void => this.put('deleteTopics', () => this.deletionsRequested());
  private readonly onLogDirEvents = (): void => this.put('logDirs', () => this.logDirsFailed());
  private readonly onIsrChanges = (): void => this.put('isrChanges', () => this.isrsChanged());
  private readonly onTopicData = (event: { path: string }): void => {
    const topic = event.path.slice(topicsZnode.path.length + 1);
    this.put(`topic ${topic}`, () => this.topicChanged(topic));
  };

  private async brokersChanged(): Promise<void> {
    const { logger } = this.options;
    const live = await readLiveBrokers(this.client, this.unreadable, this.onBrokerIds, this.onBrokerData);
    const known = this.current.liveBrokers;
    const epochOf = (id: number): number | undefined => known.get(id)?.brokerEpoch;
    const bounced = [...live].filter(([id, { brokerEpoch }]) => known.has(id) && epochOf(id) !== brokerEpoch).map(([id]) => id);
    const added = [...live.keys()].filter((id) => !known.has(id));
    const gone = [...known.keys()].filter((id) => !live.has(id));
    logger.info(
      `Newly added brokers: ${added.join(',')}, deleted brokers: ${gone.join(',')}, bounced brokers: ${bounced.join(',')}, ` +
        `all live brokers: ${[...live.keys()].join(',')}`,
    );
    // A broker that came back before it was missed has lost what it was told: it is first gone, then new.
    if (bounced.length > 0) await this.setBrokers(new Map([...live].filter(([id]) => !bounced.includes(id))));
    await this.setBrokers(live);
    if (added.length + bounced.length > 0) await this.resumeReassignments();
  }

  private async setBrokers(live: ReadonlyMap<number, LiveBroker>): Promise<void> {
    this.options.channels.setBrokers(live);
    const policy = await this.policyFor({ ...this.current, liveBrokers: live });
    await this.perform(decide.changeBrokers(this.current, live, policy));
  }

  private async topicsChanged(): Promise<void> {
    const present = new Set(await childrenOf(this.client, topicsZnode.path, this.onTopics));
    const { topics, deletions } = this.current;
    const gone = [...topics.keys()].filter((topic) => !present.has(topic) && !deletions.has(topic));
    if (gone.length > 0) await this.perform(decide.forgetTopics(this.current, gone));
    const added = [...present].filter((topic) => !topics.has(topic));
    if (added.length === 0) return;
    const { records } = await readTopics(this.client, added, this.unreadable, this.onTopicData);
    this.options.logger.info(`New topics: [${[...records.keys()].join(', ')}]`);
    await this.addTopics(records);
  }

  private async topicChanged(topic: string): Promise<void> {
    const isKnown = this.current.topics.has(topic);
    const { records } = await readTopics(this.client, [topic], this.unreadable, this.onTopicData);
    // One that could not be read before is new now.
    if (isKnown || records.size > 0) await this.addTopics(records);
  }

  private addTopics(records: ReadonlyMap<string, TopicRecord>): Promise<void> {
    return this.perform(decide.addTopics(this.current, records, randomId));
  }

  /** Versions of the topics' znodes, whose new partitions are known now. */
  async refreshTopics(topics: readonly string[]): Promise<TopicVersions> {
    const known = [...new Set(topics)].filter((topic) => this.current.topics.has(topic));
    const { records, versions } = await readTopics(this.client, known, this.unreadable);
    const grown = [...records].filter(([topic, { partitions }]) => partitions.size !== this.current.topics.get(topic)?.partitions.size);
    if (grown.length > 0) await this.addTopics(new Map(grown));
    return versions;
  }

  private async deletionsRequested(): Promise<void> {
    const topics = await childrenOf(this.client, deleteTopicsZnode.parentPath, this.onDeleteTopics);
    if (topics.length === 0) return;
    this.options.logger.info(`Topic deletion for topics ${topics.join(',')}`);
    const { isTopicDeletionEnabled: isEnabled } = this.options;
    await this.perform(requestDeletions(this.current, topics, { isEnabled, begin: true }));
  }

  private async logDirsFailed(): Promise<void> {
    const { parentPath } = logDirEventZnode;
    const names = await childrenOf(this.client, parentPath, this.onLogDirEvents);
    if (names.length === 0) return;
    const brokerIds = await this.readNotifications(parentPath, names, logDirEventZnode.decode);
    if (brokerIds.length > 0) await this.perform(askAboutReplicas(this.current, brokerIds));
    await this.deleteNotifications(parentPath, names);
  }

  /** Brokers older than 2.7 wrote state znodes and said of which partitions. */
  private async isrsChanged(): Promise<void> {
    const { parentPath } = isrChangeZnode;
    const names = await childrenOf(this.client, parentPath, this.onIsrChanges);
    if (names.length === 0) return;
    const partitions = (await this.readNotifications(parentPath, names, isrChangeZnode.decode)).flat();
    await this.adoptStates(partitions.filter((at) => partitionOf(this.current, at) !== undefined));
    await this.deleteNotifications(parentPath, names);
  }

  private async adoptStates(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    const states = await readPartitionStates(this.client, partitions, this.unreadable);
    const read: (TopicPartition & { state: PartitionState })[] = [];
    for (const [index, state] of states.entries()) {
      const at = partitions[index]!;
      if (state === 'unreadable') await this.watchUnreadable(at);
      else if (state !== null) read.push({ topic: at.topic, partition: at.partition, state });
    }
    await this.perform(decide.adoptStates(this.current, read, await this.policyFor(this.current)));
    await this.completeReassignments(partitions);
  }

  /** Somebody may repair it. */
  private async watchUnreadable(at: TopicPartition): Promise<void> {
    const path = partitionStateZnode.path(at.topic, at.partition);
    await watchData(this.client, path, () => this.put(path, () => this.adoptStates([at])));
  }

  /** What each notification says; those that make no sense are logged. */
  private async readNotifications<T>(
    parentPath: string,
    names: readonly string[],
    decode: (path: string, data: Buffer | Uint8Array | null) => T,
  ): Promise<T[]> {
    const paths = names.map((name) => `${parentPath}/${name}`);
    const znodes = await Promise.all(paths.map((path) => getDataOrNull(this.client, path)));
    return znodes.flatMap((znode, index) => {
      const path = paths[index]!;
      const value = znode === null ? undefined : this.decoded(path, () => decode(path, znode.data));
      return value === undefined ? [] : [value];
    });
  }

  private deleteNotifications(parentPath: string, names: readonly string[]): Promise<void> {
    return this.writer.write(names.map((name) => ({ op: 'deleteTree', path: `${parentPath}/${name}` })));
  }

  // Reassignments and elections

  private async resumeReassignments(): Promise<void> {
    const underWay = reassign.reassignmentsUnderWay(this.current);
    if (underWay.length === 0) return;
    await this.perform(reassign.resumeReassignments(this.current, underWay));
    await this.completeReassignments(underWay);
  }

  private async completeReassignments(partitions: readonly TopicPartition[]): Promise<void> {
    const ready = partitions.filter((at) => reassign.canComplete(this.current, at));
    if (ready.length === 0) return;
    const versions = await this.refreshTopics(ready.map(({ topic }) => topic));
    const names = ready.map(({ topic, partition }) => partitionKey(topic, partition)).join(', ');
    this.options.logger.info(`Target replicas have all caught up with the leader for reassigning partitions ${names}`);
    await this.perform(reassign.completeReassignments(this.current, ready, versions));
    await this.legacy.pruneReassignments();
  }

  private scheduleRebalance(delayMs: number): void {
    const { rebalance, timers } = this.options;
    if (rebalance === null || this.isOver) return;
    this.cancelRebalance = timers.after(delayMs, () => {
      this.put('rebalance', async () => {
        const partitions = partitionsToRebalance(this.current, rebalance.imbalancePercentage);
        if (partitions.length > 0) await this.electLeaders(partitions, ElectionType.PREFERRED);
      });
      this.scheduleRebalance(rebalance.checkIntervalMs);
    });
  }

  /** Looks the setting up for the few topics on which it could matter. */
  private async policyFor(state: ClusterState): Promise<decide.Policy> {
    const topics = [...decide.topicsWithoutCleanLeader(state)];
    if (topics.length === 0) return NO_UNCLEAN;
    const allowed = await Promise.all(topics.map((topic) => this.options.isUncleanElectionAllowed(topic)));
    const unclean = new Set(topics.filter((_, index) => allowed[index]));
    return { allowUnclean: (topic) => unclean.has(topic) };
  }

  // What makes no sense

  private readonly unreadable = (path: string, error: unknown): void => {
    this.options.logger.error(`Znode ${path} is left alone: ${error instanceof Error ? error.message : String(error)}`);
  };

  /** The outcome of `decode`, or undefined when it refuses, which is logged. */
  decoded<T>(path: string, decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      this.unreadable(path, error);
      return undefined;
    }
  }
}
