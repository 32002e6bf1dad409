/**
 * What this broker does when the controller orders something, whether the order came over the wire or from the controller in this
 * very process: topics' configs are read before their logs open, and the metadata is updated after.
 */
import type { BrokerChannels, ControllerResponse } from '../controller/broker-channels.ts';
import type { LiveBroker } from '../controller/cluster-state.ts';
import type { ControllerRequest } from '../controller/orders.ts';
import type { LeaderAndIsrRequest, LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaRequest, StopReplicaResponse } from '../protocol/messages/05-stop-replica.ts';
import type { UpdateMetadataRequest, UpdateMetadataResponse } from '../protocol/messages/06-update-metadata.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { MetadataCache } from './metadata-cache.ts';
import type { PeerAddresses } from './peer-addresses.ts';
import type { TopicConfigs } from './topic-configs.ts';

/** The part of the replica manager that takes orders. */
export interface OrderedReplicas {
  becomeLeaderOrFollower(request: LeaderAndIsrRequest): Promise<LeaderAndIsrResponse>;
  stopReplicas(request: StopReplicaRequest): Promise<StopReplicaResponse>;
}

export interface ControllerOrdersOptions {
  replicas: OrderedReplicas;
  cache: MetadataCache;
  topicConfigs: TopicConfigs;
  /** Told where the leaders are. */
  peers: PeerAddresses;
  /** Of the registration that stands. */
  brokerEpoch: () => number;
  /** Topics that are gone from the metadata: what was kept about them can go. */
  onTopicsGone: (topics: ReadonlySet<string>) => void;
}

export class ControllerOrders {
  private readonly options: ControllerOrdersOptions;
  /** Orders are carried out one after the other: metadata must not overtake the leadership it tells of. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(options: ControllerOrdersOptions) {
    this.options = options;
  }

  /** Whether an order is meant for an earlier registration of this broker. -1 comes from controllers that don't know epochs. */
  isStale(brokerEpoch: number): boolean {
    return brokerEpoch !== -1 && brokerEpoch < this.options.brokerEpoch();
  }

  leaderAndIsr(request: LeaderAndIsrRequest): Promise<LeaderAndIsrResponse> {
    return this.inOrder(async () => {
      this.options.peers.note(request.liveLeaders);
      const topics = new Set(
        [...request.ungroupedPartitionStates, ...request.topicStates].map(({ topicName }) => topicName),
      );
      await Promise.all([...topics].map((topic) => this.options.topicConfigs.get(topic)));
      return await this.options.replicas.becomeLeaderOrFollower(request);
    });
  }

  stopReplica(request: StopReplicaRequest): Promise<StopReplicaResponse> {
    return this.inOrder(() => this.options.replicas.stopReplicas(request));
  }

  updateMetadata(request: UpdateMetadataRequest): Promise<UpdateMetadataResponse> {
    return this.inOrder(async () => {
      const { cache, topicConfigs, onTopicsGone } = this.options;
      const before = request.topicStates.map(({ topicName }) => topicName).filter((topic) => cache.hasTopic(topic));
      const errorCode = cache.update(request);
      const gone = new Set(before.filter((topic) => !cache.hasTopic(topic)));
      for (const topic of gone) topicConfigs.forget(topic);
      if (gone.size > 0) onTopicsGone(gone);
      return { errorCode };
    });
  }

  private inOrder<T>(order: () => Promise<T>): Promise<T> {
    const result = this.last.then(order);
    this.last = result.catch(() => undefined); // who gave the order hears of its failure; the next one is carried out
    return result;
  }
}

/** Sends a request to another broker over its connection; null when that broker is gone. */
export type RemoteSend = (broker: LiveBroker, request: ControllerRequest) => Promise<ControllerResponse | null>;

/** The controller's way to the brokers: to its own without a socket, to others through `remote`. */
export class Channels implements BrokerChannels {
  private readonly ownId: number;
  private readonly orders: ControllerOrders;
  private readonly remote: RemoteSend;
  private readonly logger: Logger;
  private brokers: ReadonlyMap<number, LiveBroker> = new Map();

  constructor(options: { ownId: number; orders: ControllerOrders; remote: RemoteSend; logger: Logger }) {
    this.ownId = options.ownId;
    this.orders = options.orders;
    this.remote = options.remote;
    this.logger = options.logger;
  }

  setBrokers(brokers: ReadonlyMap<number, LiveBroker>): void {
    this.brokers = brokers;
  }

  async send(request: ControllerRequest): Promise<ControllerResponse | null> {
    const broker = this.brokers.get(request.brokerId);
    if (broker === undefined) return null;
    try {
      return request.brokerId === this.ownId ? await this.sendToSelf(request) : await this.remote(broker, request);
    } catch (error) {
      this.logger.error(`Broker ${request.brokerId} did not carry out ${request.kind}`, { error });
      return null;
    }
  }

  private async sendToSelf(request: ControllerRequest): Promise<ControllerResponse> {
    switch (request.kind) {
      case 'leaderAndIsr':
        return { kind: 'leaderAndIsr', response: await this.orders.leaderAndIsr(request.request) };
      case 'updateMetadata':
        return { kind: 'updateMetadata', response: await this.orders.updateMetadata(request.request) };
      case 'stopReplica':
        return { kind: 'stopReplica', response: await this.orders.stopReplica(request.request) };
    }
  }

  close(): void {
    this.brokers = new Map();
  }
}
