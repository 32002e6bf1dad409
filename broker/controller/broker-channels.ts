/** How the controller reaches brokers: in order per broker, answers by promise. The broker itself is reached without a socket. */
import type { LeaderAndIsrResponse } from '../protocol/messages/04-leader-and-isr.ts';
import type { StopReplicaResponse } from '../protocol/messages/05-stop-replica.ts';
import type { UpdateMetadataResponse } from '../protocol/messages/06-update-metadata.ts';
import type { LiveBroker } from './cluster-state.ts';
import type { ControllerRequest } from './orders.ts';

export type ControllerResponse =
  | { kind: 'leaderAndIsr'; response: LeaderAndIsrResponse }
  | { kind: 'updateMetadata'; response: UpdateMetadataResponse }
  | { kind: 'stopReplica'; response: StopReplicaResponse };

export interface BrokerChannels {
  /** Who may be sent to from now on, and where they are. Requests to others, waiting or in flight, are given up. */
  setBrokers(brokers: ReadonlyMap<number, LiveBroker>): void;
  /** Requests to one broker arrive in the order of these calls. Null: given up, the broker is gone or the controller resigned. */
  send(request: ControllerRequest): Promise<ControllerResponse | null>;
  close(): void;
}
