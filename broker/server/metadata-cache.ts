/**
 * What this broker knows of the cluster: living brokers, topics, leaders. The controller's UpdateMetadata requests are its only
 * source, so it may lag, and clients that hit the lag ask again. Everything that answers Metadata reads it from memory.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { UpdateMetadataRequest } from '../protocol/messages/06-update-metadata.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { SecurityProtocol } from '../settings/listeners.ts';

export interface Node {
  id: number;
  host: string;
  port: number;
  rack: string | null;
}

export interface PartitionInfo {
  leader: number;
  leaderEpoch: number;
  isr: readonly number[];
  replicas: readonly number[];
  offlineReplicas: readonly number[];
  partitionEpoch: number;
}

interface TopicInfo {
  topicId: string;
  /** By partition number; dense once the controller has told all. */
  partitions: Map<number, PartitionInfo>;
}

interface BrokerInfo {
  id: number;
  rack: string | null;
  endpoints: ReadonlyMap<string, { host: string; port: number }>;
}

/** A leader that stands for "the topic is being deleted". */
const LEADER_DURING_DELETE = -2;
const SECURITY_PROTOCOLS: readonly SecurityProtocol[] = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];

export class MetadataCache {
  private brokersById = new Map<number, BrokerInfo>();
  private readonly topicsByName = new Map<string, TopicInfo>();
  private readonly namesById = new Map<string, string>();
  private readonly listeners = new Set<() => void>();
  private highestControllerEpoch = 0;
  private knownControllerId = -1;

  /** -1 while no controller has been heard of. */
  get controllerId(): number {
    return this.controllerIsAlive() ? this.knownControllerId : -1;
  }

  /** Whether a controller has said anything yet: brokers and topics come by its word alone. */
  get hasBeenTold(): boolean {
    return this.highestControllerEpoch > 0;
  }

  /** Applies the controller's word. Returns 11 STALE_CONTROLLER_EPOCH when it comes from an older controller, else 0. */
  update(request: UpdateMetadataRequest): number {
    if (request.controllerEpoch < this.highestControllerEpoch) return ErrorCode.STALE_CONTROLLER_EPOCH;
    this.highestControllerEpoch = request.controllerEpoch;
    this.knownControllerId = request.controllerId;
    this.brokersById = new Map(request.liveBrokers.map((broker) => [broker.id, brokerInfo(broker)]));
    for (const state of request.ungroupedPartitionStates) this.updatePartition(state.topicName, ZERO_UUID, { ...state });
    for (const { topicName, topicId, partitionStates } of request.topicStates) {
      for (const state of partitionStates) this.updatePartition(topicName, topicId, state);
    }
    for (const listener of [...this.listeners]) listener();
    return ErrorCode.NONE;
  }

  private updatePartition(
    name: string,
    topicId: string,
    state: Omit<UpdateMetadataRequest['topicStates'][number]['partitionStates'][number], 'controllerEpoch'>,
  ): void {
    let topic = this.topicsByName.get(name);
    if (state.leader === LEADER_DURING_DELETE) {
      topic?.partitions.delete(state.partitionIndex);
      if (topic?.partitions.size === 0) this.forget(name, topic);
      return;
    }
    if (topic !== undefined && topicId !== ZERO_UUID && topic.topicId !== topicId) {
      this.forget(name, topic); // deleted and created anew
      topic = undefined;
    }
    if (topic === undefined) {
      topic = { topicId, partitions: new Map() };
      this.topicsByName.set(name, topic);
      if (topicId !== ZERO_UUID) this.namesById.set(topicId, name);
    }
    topic.partitions.set(state.partitionIndex, {
      leader: state.leader,
      leaderEpoch: state.leaderEpoch,
      isr: state.isr,
      replicas: state.replicas,
      offlineReplicas: state.offlineReplicas,
      partitionEpoch: state.zkVersion,
    });
  }

  private forget(name: string, topic: TopicInfo): void {
    this.topicsByName.delete(name);
    this.namesById.delete(topic.topicId);
  }

  private controllerIsAlive(): boolean {
    return this.brokersById.has(this.knownControllerId);
  }

  /** Calls back after each update. Returns a function that stops that. */
  onUpdate(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Resolves with true once `holds` is true, which is looked at now and after each update, or with false after `timeoutMs`.
   */
  waitUntil(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    if (timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (result: boolean): void => {
        clearTimeout(timer);
        stop();
        resolve(result);
      };
      const stop = this.onUpdate(() => {
        if (holds()) settle(true);
      });
      const timer = setTimeout(() => settle(false), timeoutMs);
      timer.unref();
    });
  }

  // Brokers

  /** The living brokers that a client of `listenerName` can reach. */
  brokers(listenerName: string): Node[] {
    const nodes: Node[] = [];
    for (const { id, rack, endpoints } of this.brokersById.values()) {
      const endpoint = endpoints.get(listenerName);
      if (endpoint !== undefined) nodes.push({ id, host: endpoint.host, port: endpoint.port, rack });
    }
    return nodes;
  }

  /** Ids and racks of all living brokers, in ascending order. */
  brokerRacks(): { id: number; rack: string | null }[] {
    return [...this.brokersById.values()].map(({ id, rack }) => ({ id, rack })).sort((a, b) => a.id - b.id);
  }

  isAlive(brokerId: number): boolean {
    return this.brokersById.has(brokerId);
  }

  /** Where a living broker is for clients of `listenerName`. */
  endpoint(brokerId: number, listenerName: string): Node | null {
    const broker = this.brokersById.get(brokerId);
    const endpoint = broker?.endpoints.get(listenerName);
    return broker === undefined || endpoint === undefined ? null : { id: brokerId, rack: broker.rack, ...endpoint };
  }

  // Topics

  topicNames(): IterableIterator<string> {
    return this.topicsByName.keys();
  }

  hasTopic(topic: string): boolean {
    return this.topicsByName.has(topic);
  }

  hasPartition(topic: string, partition: number): boolean {
    return this.topicsByName.get(topic)?.partitions.has(partition) ?? false;
  }

  getPartition(topic: string, partition: number): PartitionInfo | undefined {
    return this.topicsByName.get(topic)?.partitions.get(partition);
  }

  /** Partitions of a topic by number, in ascending order; empty for an unknown topic. */
  partitionsOf(topic: string): [index: number, info: PartitionInfo][] {
    return [...(this.topicsByName.get(topic)?.partitions ?? [])].sort(([a], [b]) => a - b);
  }

  partitionCount(topic: string): number {
    return this.topicsByName.get(topic)?.partitions.size ?? 0;
  }

  /** All zero when there is no such topic, or it has no id. */
  topicId(topic: string): string {
    return this.topicsByName.get(topic)?.topicId ?? ZERO_UUID;
  }

  topicName(topicId: string): string | undefined {
    return this.namesById.get(topicId);
  }

  /** The living leader of a partition as clients of `listenerName` reach it, or null while there is none. */
  leaderEndpoint(topic: string, partition: number, listenerName: string): Node | null {
    const info = this.getPartition(topic, partition);
    return info === undefined ? null : this.endpoint(info.leader, listenerName);
  }
}

function brokerInfo(broker: UpdateMetadataRequest['liveBrokers'][number]): BrokerInfo {
  // v0 knew one plaintext address, v1 and v2 a protocol per endpoint, v3 a listener name.
  if (broker.endpoints.length === 0) {
    const endpoints = new Map([['PLAINTEXT', { host: broker.v0Host, port: broker.v0Port }]]);
    return { id: broker.id, rack: broker.rack, endpoints };
  }
  const endpoints = new Map(
    broker.endpoints.map(({ listener, securityProtocol, host, port }) => [
      listener === '' ? (SECURITY_PROTOCOLS[securityProtocol] ?? 'PLAINTEXT') : listener,
      { host, port },
    ]),
  );
  return { id: broker.id, rack: broker.rack === '' ? null : broker.rack, endpoints };
}
