/**
 * This broker's way to whoever is the controller: itself without a socket, else over one connection, made when first needed and
 * dropped when the metadata names another controller. What is asked on it is asked again by whoever asked, if it matters.
 */
import { openConnection } from '../client/cluster.ts';
import type { Connection } from '../client/connection.ts';
import type { Controller } from '../controller/controller.ts';
import {
  controlledShutdown,
  type ControlledShutdownRequest,
  type ControlledShutdownResponse,
} from '../protocol/messages/07-controlled-shutdown.ts';
import {
  alterPartition,
  type AlterPartitionRequest,
  type AlterPartitionResponse,
} from '../protocol/messages/56-alter-partition.ts';
import type { MetadataCache } from './metadata-cache.ts';

export interface ControllerChannelOptions {
  readonly brokerId: number;
  readonly cache: MetadataCache;
  readonly interBrokerListener: string;
  readonly requestTimeoutMs: number;
  /** This broker's own, active or not; undefined before it is made. */
  readonly ownController: () => Controller | undefined;
}

/** Nobody is known to be the controller, or this broker that isn't one any more. */
export class NoControllerError extends Error {
  override readonly name = 'NoControllerError';
}

export class ControllerChannel {
  private readonly options: ControllerChannelOptions;
  private open: { readonly address: string; readonly connection: Promise<Connection> } | null = null;
  private closed = false;
  private readonly stopListening: () => void;

  constructor(options: ControllerChannelOptions) {
    this.options = options;
    this.stopListening = options.cache.onUpdate(() => {
      // Who waits for a controller that is not one any more shall ask the next.
      if (this.open !== null && this.open.address !== this.address()?.key) this.drop();
    });
  }

  async alterPartition(request: AlterPartitionRequest, versionMax: number): Promise<AlterPartitionResponse> {
    const own = this.options.ownController();
    if (own?.isActive === true) return await own.alterPartition(request, versionMax);
    const connection = await this.connection();
    return await connection.request(alterPartition, request, {
      version: connection.versionOf(alterPartition, versionMax),
    });
  }

  async controlledShutdown(request: ControlledShutdownRequest): Promise<ControlledShutdownResponse> {
    const own = this.options.ownController();
    if (own?.isActive === true) return await own.controlledShutdown(request);
    const connection = await this.connection();
    return await connection.request(controlledShutdown, request);
  }

  private address(): { readonly key: string; readonly host: string; readonly port: number } | null {
    const { cache, brokerId, interBrokerListener } = this.options;
    const { controllerId } = cache;
    const endpoint = cache.endpoint(controllerId, interBrokerListener);
    if (endpoint === null || controllerId === brokerId) return null;
    const { host, port } = endpoint;
    return { key: `${controllerId} ${host}:${port}`, host, port };
  }

  private connection(): Promise<Connection> {
    const address = this.closed ? null : this.address();
    if (address === null) return Promise.reject(new NoControllerError('No controller is known at the moment'));
    if (this.open?.address === address.key) return this.open.connection;
    this.drop();
    const { host, port } = address;
    const { brokerId, requestTimeoutMs } = this.options;
    const connection = openConnection({ host, port, clientId: String(brokerId), requestTimeoutMs });
    const opened = { address: address.key, connection };
    this.open = opened;
    const forget = (): void => {
      if (this.open === opened) this.open = null;
    };
    connection.then((made) => made.onClose(forget), forget);
    return connection;
  }

  private drop(): void {
    const { open } = this;
    this.open = null;
    open?.connection.then(
      (connection) => connection.close(),
      () => undefined, // it was never open
    );
  }

  close(): void {
    this.closed = true;
    this.stopListening();
    this.drop();
  }
}
