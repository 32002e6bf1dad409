/**
 * What a client knows of a cluster: brokers, leaders, coordinators; and one connection to each broker it talks to.
 *
 * A connection is made on first use, asks the broker for its API versions, and is made anew when it broke, with a pause that
 * doubles from `reconnectBackoffMs` up to a second. Losses are told through `log` in the words of Kafka's NetworkClient,
 * which people search for.
 */
import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, errorName } from '../protocol/error-codes.ts';
import { apiVersions, type ApiVersionsResponse } from '../protocol/messages/18-api-versions.ts';
import { findCoordinator } from '../protocol/messages/10-find-coordinator.ts';
import { metadata, type MetadataResponse } from '../protocol/messages/03-metadata.ts';
import type { Api } from '../protocol/schema.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { ConnectionError, KafkaError, TimeoutError } from './errors.ts';

export interface Node {
  /** Negative for a bootstrap address whose broker id is not known yet. */
  id: number;
  host: string;
  port: number;
  rack: string | null;
}

export type ClientLog = (level: 'WARN' | 'ERROR', text: string, logger: string) => void;

export interface ClusterOptions {
  bootstrap: readonly { host: string; port: number }[];
  clientId: string | null;
  /** How log lines name this client, as `AdminClient clientId=adminclient-1`. */
  label?: string;
  log?: ClientLog;
  requestTimeoutMs?: number;
  /** What the pauses between retries come from. */
  random?: () => number;
}

const NETWORK_CLIENT = 'org.apache.kafka.clients.NetworkClient';
const RECONNECT_BACKOFF_MS = 50;
const RECONNECT_BACKOFF_MAX_MS = 1000;
export const RETRY_BACKOFF_MS = 100;

/** An ApiVersions answer to a version that the broker does not know comes in version 0, with error 35. */
const probe: typeof apiVersions = {
  ...apiVersions,
  response: {
    ...apiVersions.response,
    decode(reader, version): ApiVersionsResponse {
      const known = reader.remaining < 2 || reader.buffer.readInt16BE(reader.position) !== ErrorCode.UNSUPPORTED_VERSION;
      return apiVersions.response.decode(reader, known ? version : 0);
    },
  },
};

/** Asks a broker which versions it speaks, and notes them on the connection. */
export async function negotiate(connection: Connection): Promise<ApiVersionsResponse> {
  const request = { clientSoftwareName: 'vivarium', clientSoftwareVersion: '3.4.0' };
  let response = await connection.request(probe, request, { version: apiVersions.versionMax });
  if (response.errorCode === ErrorCode.UNSUPPORTED_VERSION) {
    const offered = response.apiKeys.find(({ apiKey }) => apiKey === apiVersions.key);
    const version = Math.min(offered?.maxVersion ?? 0, apiVersions.versionMax);
    response = await connection.request(probe, request, { version });
  }
  if (response.errorCode !== ErrorCode.NONE) throw new KafkaError(response.errorCode);
  connection.versions = new Map(
    response.apiKeys.map((range) => [range.apiKey, [range.minVersion, range.maxVersion] as const]),
  );
  return response;
}

/** A connection to a broker whose versions are known. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const connection = await Connection.connect(options);
  try {
    await negotiate(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

export class Cluster {
  readonly options: ClusterOptions;
  private readonly bootstrap: readonly Node[];
  /** Brokers by id, as the last metadata had them. */
  brokers: ReadonlyMap<number, Node> = new Map();
  controllerId = -1;
  clusterId: string | null = null;
  private readonly connections = new Map<string, Promise<Connection>>();
  private readonly failures = new Map<string, { count: number; notBefore: number }>();
  private bootstrapAt = 0;
  private closed = false;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.bootstrap = options.bootstrap.map(({ host, port }, index) => ({ id: -1 - index, host, port, rack: null }));
  }

  /** Java's admin client is silent about some things that its producer and consumer tell. */
  private get isAdmin(): boolean {
    return this.options.label?.startsWith('AdminClient') ?? false;
  }

  private warn(text: string): void {
    const { label } = this.options;
    this.options.log?.('WARN', label === undefined ? text : `[${label}] ${text}`, NETWORK_CLIENT);
  }

  /**
   * The connection to a broker, made if need be. One attempt: `retry` is for trying again. A `lane` of its own keeps
   * requests from waiting behind others: a broker answers in order, and a group's join or a long poll may take its time.
   */
  connect(node: Node, lane = ''): Promise<Connection> {
    const key = `${node.host}:${node.port}${lane}`;
    const known = this.connections.get(key);
    if (known !== undefined) return known;
    const connecting = this.open(node, key);
    this.connections.set(key, connecting);
    connecting.then(
      (connection) => connection.onClose(() => this.forget(key, connecting)),
      () => this.connections.delete(key),
    );
    return connecting;
  }

  private async open(node: Node, key: string): Promise<Connection> {
    const failed = this.failures.get(key);
    const waitMs = failed === undefined ? 0 : failed.notBefore - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    if (this.closed) throw new ConnectionError('CLOSED', 'The client was closed');
    const { host, port } = node;
    try {
      const { clientId, requestTimeoutMs } = this.options;
      const connection = await openConnection({ host, port, clientId, requestTimeoutMs });
      this.failures.delete(key);
      return connection;
    } catch (error) {
      const count = (failed?.count ?? 0) + 1;
      const jitter = 0.8 + 0.4 * (this.options.random ?? Math.random)();
      const backoffMs = Math.min(RECONNECT_BACKOFF_MAX_MS, RECONNECT_BACKOFF_MS * 2 ** (count - 1)) * jitter;
      this.failures.set(key, { count, notBefore: performance.now() + backoffMs });
      await this.tellFailure(node);
      throw error;
    }
  }

  private async tellFailure(node: Node): Promise<void> {
    if (this.options.log === undefined || this.closed) return;
    const address = await lookup(node.host).then(
      (found) => found.address,
      () => '<unresolved>',
    );
    const shown = node.host === address ? `/${address}` : `${node.host}/${address}`;
    this.warn(
      `Connection to node ${node.id} (${shown}:${node.port}) could not be established. Broker may not be available.`,
    );
    if (node.id < 0 && !this.isAdmin) {
      this.warn(`Bootstrap broker ${node.host}:${node.port} (id: ${node.id} rack: null) disconnected`);
    }
  }

  private forget(key: string, connecting: Promise<Connection>): void {
    if (this.connections.get(key) === connecting) this.connections.delete(key);
  }

  /** A connection to some broker: one that is known, else the bootstrap addresses in turn. */
  any(): Promise<Connection> {
    for (const node of this.brokers.values()) {
      if (this.connections.has(`${node.host}:${node.port}`)) return this.connect(node);
    }
    const all = [...this.brokers.values(), ...this.bootstrap];
    return this.connect(all[this.bootstrapAt++ % all.length]!);
  }

  /** The connection to the broker with that id; metadata must have named it. */
  async broker(id: number): Promise<Connection> {
    const node = this.brokers.get(id);
    if (node === undefined) throw new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, `Broker ${id} is not known`);
    return this.connect(node);
  }

  async controller(): Promise<Connection> {
    if (this.controllerId < 0) await this.refresh([]);
    if (this.controllerId < 0) throw new KafkaError(ErrorCode.NOT_CONTROLLER, 'There is no controller at the moment');
    return this.broker(this.controllerId);
  }

  /** Fetches metadata of `topics` (null: of all) and notes brokers and controller. */
  async refresh(topics: readonly string[] | null, allowAutoTopicCreation = false): Promise<MetadataResponse> {
    const connection = await this.any();
    const version = connection.versionOf(metadata);
    const all = version === 0 ? [] : null; // version 0 has no other way to say "all"
    const wanted = topics === null ? all : topics.map((name) => ({ name }));
    const response = await connection.request(metadata, { topics: wanted, allowAutoTopicCreation }, { version });
    this.note(response);
    this.tellMetadataErrors(response, connection.correlationId);
    return response;
  }

  private tellMetadataErrors({ topics }: MetadataResponse, correlationId: number): void {
    const failed = topics.filter(({ errorCode }) => errorCode !== ErrorCode.NONE);
    if (failed.length === 0 || this.isAdmin) return;
    const list = failed.map(({ name, errorCode }) => `${name}=${errorName(errorCode)}`).join(', ');
    this.warn(`Error while fetching metadata with correlation id ${correlationId} : {${list}}`);
    const invalid = failed
      .filter(({ errorCode }) => errorCode === ErrorCode.INVALID_TOPIC_EXCEPTION)
      .map(({ name }) => name);
    if (invalid.length === 0) return;
    const text = `[${this.options.label}] Metadata response reported invalid topics [${invalid.join(', ')}]`;
    this.options.log?.('ERROR', text, 'org.apache.kafka.clients.Metadata');
  }

  private note(response: MetadataResponse): void {
    this.brokers = new Map(
      response.brokers.map(({ nodeId, host, port, rack }) => [nodeId, { id: nodeId, host, port, rack }]),
    );
    this.controllerId = response.controllerId;
    this.clusterId = response.clusterId;
  }

  /** The broker that coordinates a group (or a transactional id). */
  async coordinator(key: string, keyType: 0 | 1 = 0): Promise<Node> {
    const connection = await this.any();
    const version = connection.versionOf(findCoordinator);
    const response = await connection.request(findCoordinator, { key, keyType, coordinatorKeys: [key] }, { version });
    const found = version >= 4 ? response.coordinators[0] : response;
    if (found === undefined) throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    if (found.errorCode !== ErrorCode.NONE) throw new KafkaError(found.errorCode, found.errorMessage || null);
    return { id: found.nodeId, host: found.host, port: found.port, rack: null };
  }

  /** Sends `request` to some broker. */
  async request<Req, Res, ReqDraft>(api: Api<Req, Res, ReqDraft, never>, request: ReqDraft): Promise<Res> {
    return (await this.any()).request(api, request);
  }

  close(): void {
    this.closed = true;
    for (const connecting of this.connections.values()) {
      connecting.then(
        (connection) => connection.close(),
        () => undefined, // it never opened: nothing to close
      );
    }
    this.connections.clear();
  }
}

/** Whether trying again (after a pause, maybe elsewhere) can help. */
export type RetryCheck = (error: unknown) => boolean;

/** Repeats `attempt` while it fails in a way that `isTransient` takes for passing, until `timeoutMs` is over. */
export async function retry<T>(
  attempt: () => Promise<T>,
  isTransient: RetryCheck,
  timeoutMs: number,
  onTimeout: () => Error,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(onTimeout()), timeoutMs);
  });
  expired.catch(() => undefined); // raced below; without a race it must not count as unhandled
  try {
    for (;;) {
      try {
        return await Promise.race([attempt(), expired]);
      } catch (error) {
        if (error instanceof TimeoutError || !isTransient(error)) throw error;
        if (performance.now() + RETRY_BACKOFF_MS >= deadline) await expired;
        await sleep(RETRY_BACKOFF_MS);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
