/** Requests to other brokers: one connection each, opened when first needed, and opened again when it broke. */
import { openConnection } from '../client/cluster.ts';
import type { Connection } from '../client/connection.ts';
import type { LiveBroker } from '../controller/cluster-state.ts';
import type { ControllerResponse } from '../controller/broker-channels.ts';
import type { ControllerRequest } from '../controller/orders.ts';
import { leaderAndIsr } from '../protocol/messages/04-leader-and-isr.ts';
import { stopReplica } from '../protocol/messages/05-stop-replica.ts';
import { sharedUpdateMetadata } from './shared-update-metadata.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface RemoteBrokersOptions {
  listenerName: string;
  clientId: string;
  requestTimeoutMs: number;
  /** Whether a broker of this registration is still there to be asked. */
  isAlive: (broker: LiveBroker) => boolean;
  logger: Logger;
}

/** Pause before a broker that could not be reached is tried again. */
const RETRY_MS = 100;

export class RemoteBrokers {
  private readonly options: RemoteBrokersOptions;
  private readonly connections = new Map<number, Promise<Connection>>();
  /** What was sent to a broker so far: requests to one follow each other. */
  private readonly last = new Map<number, Promise<unknown>>();
  private closed = false;

  constructor(options: RemoteBrokersOptions) {
    this.options = options;
  }

  /** Sends until the broker has answered or is gone (null): orders to it must not be lost while it lives. */
  send(broker: LiveBroker, request: ControllerRequest): Promise<ControllerResponse | null> {
    const before = this.last.get(request.brokerId) ?? Promise.resolve();
    const result = before.then(() => this.sendUntilAnswered(broker, request));
    this.last.set(
      request.brokerId,
      result.catch(() => undefined),
    );
    return result;
  }

  /** Waits until what was sent so far is answered, at most `timeoutMs`: who cannot be reached hears of it from the next controller. */
  async settled(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([Promise.all(this.last.values()), tooLong]);
    clearTimeout(timer);
  }

  private async sendUntilAnswered(broker: LiveBroker, request: ControllerRequest): Promise<ControllerResponse | null> {
    while (!this.closed && this.options.isAlive(broker)) {
      try {
        const connection = await this.connectionTo(broker);
        switch (request.kind) {
          case 'leaderAndIsr':
            return { kind: 'leaderAndIsr', response: await connection.request(leaderAndIsr, request.request) };
          case 'updateMetadata':
            return { kind: 'updateMetadata', response: await connection.request(sharedUpdateMetadata, request.request) };
          case 'stopReplica':
            return { kind: 'stopReplica', response: await connection.request(stopReplica, request.request) };
        }
      } catch (error) {
        this.options.logger.warn(`Broker ${request.brokerId} could not be sent ${request.kind}: trying again`, { error });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    return null;
  }

  private connectionTo(broker: LiveBroker): Promise<Connection> {
    const { id, endpoints } = broker.registration;
    const known = this.connections.get(id);
    if (known !== undefined) return known;
    const opening = this.open(endpoints);
    this.connections.set(id, opening);
    const forget = (): void => {
      if (this.connections.get(id) === opening) this.connections.delete(id);
    };
    opening.then((connection) => connection.onClose(forget), forget);
    return opening;
  }

  private async open(endpoints: LiveBroker['registration']['endpoints']): Promise<Connection> {
    const { listenerName, clientId, requestTimeoutMs } = this.options;
    const endpoint = endpoints.find((candidate) => candidate.listenerName === listenerName) ?? endpoints[0];
    if (endpoint === undefined) throw new Error('The broker registered no endpoint');
    const { host, port } = endpoint;
    return await openConnection({ host, port, clientId, requestTimeoutMs });
  }

  close(): void {
    this.closed = true;
    for (const opening of this.connections.values()) {
      opening.then(
        (connection) => connection.close(),
        () => undefined, // it was never open
      );
    }
  }
}
