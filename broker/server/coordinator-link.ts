/**
 * The broker's session with the coordinator: opens it (or resumes the one a crashed predecessor left), makes sure of the paths
 * that everything else expects, registers the broker, and does all of that again when the session expires.
 */
import type { ConnectionOptions } from 'node:tls';
import type { SessionIdentity } from '../../shared/client/client.ts';
import { CoordinatorClient } from '../../shared/client/client.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import { parseConnectString } from '../../shared/client/connect-string.ts';
import { nodeTransport } from '../../shared/client/node-transport.ts';
import { createRequest, deleteOp } from '../../shared/client/ops.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { CreateMode } from '../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { MultiOp } from '../../shared/znode/operations.ts';
import { ensurePaths } from '../controller/ensure-paths.ts';
import { randomId } from '../controller/ids.ts';
import { getDataOrNull } from '../controller/read-state.ts';
import type { BrokerRegistration } from '../controller/znodes.ts';
import {
  brokerIdZnode,
  brokerSequenceZnode,
  clusterIdZnode,
  controllerZnode,
  PERSISTENT_PATHS,
} from '../controller/znodes.ts';
import { FatalError } from '../settings/fatal-error.ts';

export interface CoordinatorLinkOptions {
  /** `zookeeper.connect`. */
  servers: string;
  /** Null: no TLS. */
  tls: ConnectionOptions | null;
  sessionTimeoutMs: number;
  /** Has the session ended this long after its connection broke; 0: only its timeout ends it. */
  disconnectGraceMs: number;
  connectionTimeoutMs: number;
  /** A session to resume, if it still stands. */
  session: SessionIdentity | null;
  /** A session was opened: keep it for a successor. */
  onSession: (session: SessionIdentity) => Promise<void>;
  wallMs: () => number;
  logger: Logger;
  /** Loggers of registrations, under the original's class names: of refusals, and of what was registered. */
  ephemeralLogger: Logger;
  registrationLogger: Logger;
}

/** What happens to the session after the start. */
export interface SessionListener {
  /** It is over, and everything ephemeral with it. */
  expired(): void;
  /** A new one stands, and the broker is registered in it with a new epoch. */
  renewed(client: CoordinatorClient, brokerEpoch: number): void;
  /** It cannot be renewed: another broker took this one's id. */
  failed(error: unknown): void;
}

export class CoordinatorLink {
  private readonly options: CoordinatorLinkOptions;
  private current: CoordinatorClient | null = null;
  private registration: BrokerRegistration | null = null;
  private listener: SessionListener | null = null;
  private closed = false;
  private wasConnected = false;

  constructor(options: CoordinatorLinkOptions) {
    this.options = options;
  }

  /** The client of the session that stands, or of the one being opened. */
  get client(): CoordinatorClient {
    if (this.current === null) throw new Error('The coordinator link is used before connect()');
    return this.current;
  }

  /**
   * Whether the session may be over without our having been told: it was granted a disconnect grace, and that long nobody answered.
   * By our own clock, from the sending of what was answered last: the coordinator cannot have counted from earlier.
   */
  get isOutOfTouch(): boolean {
    const { current } = this;
    if (current === null) return false;
    // Between two sessions everything ephemeral is gone for sure.
    if (current.state === 'EXPIRED' || (this.wasConnected && current.sessionId === 0n)) return true;
    return current.disconnectGraceMs > 0 && current.outOfTouchMs >= current.disconnectGraceMs;
  }

  /** Opens the session and creates the chroot and the persistent paths. Throws `FatalError` when nobody can be reached in time. */
  async connect(): Promise<void> {
    const chroot = this.checkServers();
    const { session, connectionTimeoutMs } = this.options;
    this.options.logger.info(`Waiting until connected.`);
    let client = this.openClient(session);
    if (session !== null && !(await this.resumes(client))) client = this.openClient(null);
    this.current = client;
    await this.whenConnected(client, connectionTimeoutMs);
    this.options.logger.info('Connected.');
    this.wasConnected = true;
    await this.options.onSession({ sessionId: client.sessionId, password: client.password });
    if (chroot !== '') await this.ensureChroot(client, chroot);
    await ensurePaths(client, PERSISTENT_PATHS);
  }

  private checkServers(): string {
    try {
      return parseConnectString(this.options.servers).chroot;
    } catch (error) {
      throw new FatalError('java.lang.IllegalArgumentException', (error as Error).message, { cause: undefined });
    }
  }

  private openClient(session: SessionIdentity | null): CoordinatorClient {
    const { tls } = this.options;
    const client = CoordinatorClient.open({
      servers: this.options.servers,
      sessionTimeoutMs: this.options.sessionTimeoutMs,
      disconnectGraceMs: this.options.disconnectGraceMs,
      transport: nodeTransport(tls === null ? {} : { tls }),
      ...(session === null ? {} : { session }),
    });
    const { logger } = this.options;
    let lastWarning = -Infinity;
    client.on('attemptFailed', ({ server, reason }) => {
      // The client tries several times a second: one line a second is enough to see what is wrong.
      const now = performance.now();
      if (now - lastWarning < 1000) return;
      lastWarning = now;
      logger.warn(
        `Session 0x${BigInt.asUintN(64, client.sessionId).toString(16)} for server ${server}, Closing socket connection. Attempting reconnect. ${reason}`,
      );
    });
    client.on('disconnected', ({ reason }) => {
      if (!this.closed) logger.info(`Disconnected from the coordinator (${reason}): looking for another connection`);
    });
    client.on('expired', () => {
      if (client === this.current) this.sessionExpired();
    });
    return client;
  }

  /** Whether the old session still stands. Not knowing in time counts as yes: the wait for a connection goes on with it. */
  private resumes(client: CoordinatorClient): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (resumed: boolean): void => {
        clearTimeout(timer);
        for (const stop of stops) stop();
        if (!resumed) client.close().then(undefined, () => undefined);
        resolve(resumed);
      };
      const stops = [client.on('connected', () => settle(true)), client.on('expired', () => settle(false))];
      const timer = setTimeout(() => settle(true), this.options.connectionTimeoutMs);
    });
  }

  private async whenConnected(client: CoordinatorClient, timeoutMs: number): Promise<void> {
    try {
      await client.whenConnected(timeoutMs);
    } catch (error) {
      await client.close();
      if (error instanceof CoordinatorError && error.code === ErrorCode.CONNECTIONLOSS) {
        const message = `Timed out waiting for connection while in state: CONNECTING`;
        throw new FatalError('kafka.zookeeper.ZooKeeperClientTimeoutException', message, {
          cause: new FatalError(
            'org.apache.zookeeper.KeeperException$ConnectionLossException',
            `cannot reach ${this.options.servers}: ${error.message}`,
          ),
        });
      }
      throw error;
    }
  }

  private async ensureChroot(client: CoordinatorClient, chroot: string): Promise<void> {
    if ((await client.exists('/')) !== null) return;
    this.options.logger.info(`Creating zookeeper path ${chroot}`);
    const { servers, tls } = this.options;
    const outside = await CoordinatorClient.connect({
      servers: servers.slice(0, servers.indexOf('/')),
      sessionTimeoutMs: this.options.sessionTimeoutMs,
      transport: nodeTransport(tls === null ? {} : { tls }),
      connectTimeoutMs: this.options.connectionTimeoutMs,
    });
    try {
      await ensurePaths(outside, [chroot]);
    } finally {
      await outside.close();
    }
  }

  /** `/cluster/id`, made up by the first broker of a cluster. */
  async clusterId(): Promise<string> {
    const { client } = this;
    const known = await getDataOrNull(client, clusterIdZnode.path);
    if (known !== null) return clusterIdZnode.decode(known.data);
    await ensurePaths(client, ['/cluster']);
    const clusterId = randomId();
    try {
      await client.create(clusterIdZnode.path, clusterIdZnode.encode(clusterId));
      return clusterId;
    } catch (error) {
      if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.NODEEXISTS) throw error;
      return clusterIdZnode.decode((await client.getData(clusterIdZnode.path)).data);
    }
  }

  /** The next id above `reserved.broker.max.id`. */
  async generateBrokerId(reservedBrokerMaxId: number): Promise<number> {
    const stat = await this.client.setData(brokerSequenceZnode.path, '');
    return reservedBrokerMaxId + stat.version;
  }

  /**
   * Registers the broker and returns its epoch. A registration of this very session (a predecessor's) is replaced, and its
   * controllership given up, in one step. Throws `FatalError` when a different living broker has the id.
   */
  async register(registration: BrokerRegistration, listener: SessionListener): Promise<number> {
    this.registration = registration;
    this.listener = listener;
    return await this.registerIn(this.client, registration);
  }

  /** The broker's addresses changed: in its znode now, and in those of later sessions. */
  async updateRegistration(registration: BrokerRegistration): Promise<void> {
    if (this.registration === null) return; // not registered yet: it will be with these
    this.registration = registration;
    const data = brokerIdZnode.encode(registration, this.options.wallMs());
    const { client } = this;
    for (;;) {
      try {
        await client.setData(brokerIdZnode.path(registration.id), data);
        break;
      } catch (error) {
        if (!(error instanceof CoordinatorError) || error.code !== ErrorCode.CONNECTIONLOSS) throw error;
        await client.whenConnected();
      }
    }
    this.options.registrationLogger.info(`Updated broker ${registration.id} with addresses: ${describeAddresses(registration)}`);
  }

  private async registerIn(client: CoordinatorClient, registration: BrokerRegistration): Promise<number> {
    const path = brokerIdZnode.path(registration.id);
    for (;;) {
      const [own, controller] = await Promise.all([client.exists(path), client.exists(controllerZnode.path)]);
      const ops: MultiOp[] = [];
      if (own !== null && own.ephemeralOwner !== client.sessionId)
        throw this.idInUse(path, own.ephemeralOwner, client.sessionId);
      if (own !== null) ops.push(deleteOp(path));
      if (controller !== null && controller.ephemeralOwner === client.sessionId) ops.push(deleteOp(controllerZnode.path));
      const data = brokerIdZnode.encode(registration, this.options.wallMs());
      ops.push(createRequest(path, data, { mode: CreateMode.EPHEMERAL }, 'create2'));
      this.options.ephemeralLogger.info(`Creating ${path} (is it secure? false)`);
      try {
        const results = await client.multi(ops);
        const created = results[results.length - 1];
        const czxid = created?.op === 'create2' ? created.stat.czxid : (await client.getData(path)).stat.czxid;
        this.options.registrationLogger.info(
          `Registered broker ${registration.id} at path ${path} with addresses: ${describeAddresses(registration)}, czxid (broker epoch): ${czxid}`,
        );
        return czxid;
      } catch (error) {
        // A lost reply, or an old ephemeral that went away at this moment: the next look tells.
        const again = [ErrorCode.CONNECTIONLOSS, ErrorCode.NODEEXISTS, ErrorCode.NONODE] as readonly number[];
        if (!(error instanceof CoordinatorError) || !again.includes(error.code)) throw error;
        await client.whenConnected();
      }
    }
  }

  private idInUse(path: string, owner: bigint, sessionId: bigint): FatalError {
    this.options.ephemeralLogger.error(
      `Error while creating ephemeral at ${path}, node already exists and owner '${owner}' does not match current session '${sessionId}'`,
    );
    return new FatalError('org.apache.zookeeper.KeeperException$NodeExistsException', 'KeeperErrorCode = NodeExists');
  }

  private sessionExpired(): void {
    if (this.closed || this.registration === null) return;
    this.options.logger.info('The session expired: opening a new one');
    this.listener?.expired();
    this.renew(this.registration).catch((error: unknown) => {
      if (!this.closed) this.listener?.failed(error);
    });
  }

  /** A new session, for as long as it takes. */
  private async renew(registration: BrokerRegistration): Promise<void> {
    const client = this.openClient(null);
    this.current = client;
    await client.whenConnected();
    await this.options.onSession({ sessionId: client.sessionId, password: client.password });
    const brokerEpoch = await this.registerIn(client, registration);
    if (this.closed || this.current !== client) return;
    this.listener?.renewed(client, brokerEpoch);
  }

  /** Whether the session was ended with the coordinator's knowledge: only then is it gone for sure. */
  isClosedCleanly = false;

  /** Ends the session: everything ephemeral goes at once. */
  async close(): Promise<void> {
    this.closed = true;
    const isConnected = this.current?.state === 'CONNECTED';
    await this.current?.close();
    this.isClosedCleanly = isConnected;
  }
}

function describeAddresses({ endpoints }: BrokerRegistration): string {
  return endpoints.map(({ listenerName, host, port }) => `${listenerName}://${host}:${port}`).join(',');
}
