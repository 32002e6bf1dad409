/**
 * A broker: all rooms wired together, started and stopped in Kafka's order (`kafka.server.KafkaServer`).
 *
 *     session with the coordinator → cluster id → broker id → logs → ports (no traffic yet) → registration →
 *     controller → group coordinator → traffic
 *
 * `startBroker` is what the command line runs and what a test can call: nothing here is global, and port 0 picks a free one.
 */
import { randomInt } from 'node:crypto';
import { systemClock } from '../../shared/base/clock.ts';
import { SettingError } from '../../shared/settings/schema.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { loadClientTls } from '../../shared/tls/client-tls.ts';
import type { Controller } from '../controller/controller.ts';
import { allocateProducerIdBlock } from '../controller/producer-id-blocks.ts';
import type { BrokerRegistration } from '../controller/znodes.ts';
import { logDirEventZnode } from '../controller/znodes.ts';
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { LogConfig } from '../log/log-config.ts';
import { logConfigFrom } from '../log/log-config.ts';
import { LogManager, readMetaProperties } from '../log/log-manager.ts';
import { nodeFileSystem } from '../log/node-file-system.ts';
import { ProducerIds } from '../replication/producer-ids.ts';
import type { ReplicaManager } from '../replication/replica-manager.ts';
import { CreateMode } from '../../shared/znode/create-mode.ts';
import type { CoordinatorClient } from '../../shared/client/client.ts';
import { AutoTopics } from './auto-topics.ts';
import { BrokerConfigs } from './broker-configs.ts';
import { ConfigChanges } from './config-changes.ts';
import { logDefaults } from '../settings/config-entries.ts';
import { handOver } from './controlled-shutdown.ts';
import { ControllerChannel } from './controller-channel.ts';
import { ControllerOrders } from './controller-orders.ts';
import { createController } from './controller-wiring.ts';
import { CoordinatorLink } from './coordinator-link.ts';
import { DynamicSettings } from '../settings/dynamic-settings.ts';
import { describeFatal } from '../settings/fatal-error.ts';
import { formatEndPoint } from '../settings/listeners.ts';
import { createGroups } from './group-wiring.ts';
import { createHandlers } from './handlers.ts';
import { cleanerConfig, logManagerOptions } from './log-options.ts';
import { MetadataCache } from './metadata-cache.ts';
import { PeerAddresses } from './peer-addresses.ts';
import { registrationOf } from './registration.ts';
import { connectionLimits, createQuotas, type Quotas } from './quota-wiring.ts';
import type { RemoteBrokers } from './remote-brokers.ts';
import { createReplicaManager } from './replication.ts';
import { RequestRouter } from './request-router.ts';
import { SelfFence } from './self-fence.ts';
import { SessionKeeper } from './session-keeper.ts';
import type { BrokerSettings } from '../settings/settings.ts';
import type { BoundListener } from './socket-server.ts';
import { SocketServer } from './socket-server.ts';
import { TopicAdmin } from './topic-admin.ts';
import { TopicConfigs } from './topic-configs.ts';

/** How long a controller that stops waits for the brokers it gave orders to; they answer in milliseconds, or hang. */
const ORDERS_TIMEOUT_MS = 1000;

export interface BrokerOptions {
  /** The broker cannot go on (no log directory left, its id taken by another): whoever started it has to stop it. */
  onFatal?: (error: unknown) => void;
}

export interface Broker {
  readonly brokerId: number;
  readonly clusterId: string;
  /** With the real ports. */
  readonly listeners: readonly BoundListener[];
  /** Port of the first listener. */
  readonly port: number;
  readonly cache: MetadataCache;
  readonly controller: Controller;
  readonly link: CoordinatorLink;
  /** Hands its partitions over, ends its session, writes everything down. Calling it again returns the same promise. */
  close(): Promise<void>;
}

/** Starts a broker; resolves when it serves. Throws what explains why it cannot, with nothing left open. */
export async function startBroker(settings: BrokerSettings, options: BrokerOptions = {}): Promise<Broker> {
  const broker = new BrokerProcess(settings, options);
  try {
    await broker.start();
    return broker;
  } catch (error) {
    broker.startFailed(error);
    await broker.close();
    throw error;
  }
}

class BrokerProcess implements Broker {
  readonly cache = new MetadataCache();
  private readonly settings: BrokerSettings;
  private readonly options: BrokerOptions;
  private readonly clock = systemClock;
  private logger: Logger = createLogger('kafka.server.KafkaServer');
  private readonly topicConfigs = new TopicConfigs(
    () => this.link.client,
    createLogger('kafka.server.DynamicConfigManager'),
  );
  private readonly dynamicSettings: DynamicSettings;
  private readonly brokerConfigs: BrokerConfigs;
  private readonly configChanges: ConfigChanges;
  private readonly quotas: Quotas;
  private logDefaults: LogConfig;
  private readonly peers: PeerAddresses;
  private brokerEpoch = -1;
  private closing: Promise<void> | null = null;

  // In the order in which they come to be; what is undefined was not reached.
  private sessionKeeper?: SessionKeeper;
  private openLink?: CoordinatorLink;
  private id = -1;
  private cluster = '';
  private logs?: LogManager;
  private channel?: ControllerChannel;
  private replicas?: ReplicaManager;
  private fence?: SelfFence;
  private socketServer?: SocketServer;
  private bound: readonly BoundListener[] = [];
  private listenerChanges: Promise<void> = Promise.resolve();
  private remote?: RemoteBrokers;
  private openController?: Controller;
  private groups?: GroupCoordinator;

  constructor(settings: BrokerSettings, options: BrokerOptions) {
    this.settings = settings;
    this.options = options;
    this.logDefaults = logDefaults(settings);
    const logger = createLogger('kafka.server.DynamicBrokerConfig');
    this.dynamicSettings = new DynamicSettings(settings, logger);
    const client = (): CoordinatorClient => this.link.client;
    this.brokerConfigs = new BrokerConfigs({ client, brokerId: () => this.id, settings: this.dynamicSettings, logger });
    this.quotas = createQuotas({ client, settings, dynamicSettings: this.dynamicSettings, clock: this.clock });
    this.configChanges = new ConfigChanges({
      client,
      keepers: {
        topics: {
          readAgain: (topic) => this.topicConfigAnnounced(topic),
          readAllAgain: () => this.topicConfigs.readAllAgain(),
        },
        brokers: this.brokerConfigs,
        ...this.quotas.keepers,
      },
      wallMs: () => this.clock.wallMs(),
      logger: createLogger('kafka.server.ZkConfigManager'),
    });
    this.peers = new PeerAddresses(this.cache, settings.interBrokerListener);
  }

  get brokerId(): number {
    return this.id;
  }
  get clusterId(): string {
    return this.cluster;
  }
  get listeners(): readonly BoundListener[] {
    return this.bound;
  }
  get port(): number {
    return this.bound[0]!.port;
  }
  get link(): CoordinatorLink {
    return this.openLink!;
  }
  get controller(): Controller {
    return this.openController!;
  }

  async start(): Promise<void> {
    const { settings } = this;
    this.logger.info('starting');
    this.logger.info(`Connecting to zookeeper on ${settings.zookeeperConnect}`);
    await this.connect();
    this.cluster = await this.link.clusterId();
    this.logger.info(`Cluster ID = ${this.cluster}`);
    await this.findId();
    this.dynamicSettings.onChange((current, before) => this.settingsChanged(current, before));
    await this.brokerConfigs.readAllAgain();
    this.logs = await this.openLogs();
    this.channel = this.createControllerChannel();
    this.replicas = this.createReplicas(this.logs);
    this.fence = this.createFence(this.replicas);
    this.socketServer = this.createSocketServer();
    this.bound = await this.socketServer.bind();
    const orders = this.createOrders(this.replicas);
    const { controller, remote } = createController({
      brokerId: this.id,
      settings,
      clock: this.clock,
      orders,
      isUncleanElectionAllowed: async (topic) => {
        await this.topicConfigs.get(topic);
        return this.logConfig(topic).uncleanLeaderElectionEnable;
      },
    });
    this.openController = controller;
    this.remote = remote;
    const admin = this.createTopicAdmin();
    const autoTopics = new AutoTopics({
      admin,
      cache: this.cache,
      settings,
      logger: createLogger('kafka.server.DefaultAutoTopicCreationManager'),
    });
    const client = (): CoordinatorClient => this.link.client;
    const { groups, finder, legacyOffsets } = await createGroups({
      brokerId: this.id,
      settings,
      clock: this.clock,
      replicas: this.replicas,
      cache: this.cache,
      autoTopics,
      client,
    });
    this.groups = groups;
    const handlers = createHandlers({
      brokerId: this.id,
      clusterId: this.cluster,
      settings,
      dynamicSettings: this.dynamicSettings,
      clock: this.clock,
      client,
      cache: this.cache,
      topicConfigs: this.topicConfigs,
      logs: this.logs,
      admin,
      autoTopics,
      controller,
      orders,
      replicas: this.replicas,
      producerIds: new ProducerIds(() => allocateProducerIdBlock(this.link.client, this.id)),
      allocateProducerIdBlock: (brokerId) => allocateProducerIdBlock(this.link.client, brokerId),
      groups,
      coordinatorFinder: finder,
      legacyOffsets,
      quotaStore: this.quotas.store,
      randomInt: (below) => randomInt(below),
      logger: createLogger('kafka.server.KafkaApis', `[KafkaApi-${this.id}] `),
    });
    await this.configChanges.watch();
    await this.register();
    this.openController.start(this.link.client);
    // Clients that connect at once find a broker that knows the cluster, when it is the controller itself.
    await this.openController.idle();
    this.socketServer.serve(new RequestRouter(handlers, this.quotas.clients));
    this.logger.info('started');
  }

  startFailed(error: unknown): void {
    const logger = this.logger;
    logger.error('Fatal error during KafkaServer startup. Prepare to shutdown', { error: describeFatal(error) });
  }

  private async connect(): Promise<void> {
    const { settings } = this;
    const servers = settings.zookeeperConnect ?? '';
    const keeper = await SessionKeeper.open(settings.logDirList[0]!, servers, this.logger);
    this.sessionKeeper = keeper;
    this.openLink = new CoordinatorLink({
      servers,
      tls: loadClientTls(settings.properties),
      sessionTimeoutMs: settings.zookeeperSessionTimeoutMs,
      disconnectGraceMs: settings.zookeeperDisconnectGraceMs,
      connectionTimeoutMs: settings.effectiveConnectionTimeoutMs,
      session: await keeper.read(),
      onSession: (session) => keeper.write(session),
      wallMs: () => this.clock.wallMs(),
      logger: createLogger('kafka.zookeeper.ZooKeeperClient', '[ZooKeeperClient Kafka server] '),
      ephemeralLogger: createLogger('kafka.zk.KafkaZkClient$CheckedEphemeral'),
      registrationLogger: createLogger('kafka.zk.KafkaZkClient'),
    });
    await this.openLink.connect();
  }

  /** The configured id, the one the log directories remember, or a new one. */
  private async findId(): Promise<void> {
    const { settings } = this;
    const logger = createLogger('kafka.server.BrokerMetadataCheckpoint');
    const stored = await readMetaProperties(settings.logDirList, nodeFileSystem, logger);
    if (settings.brokerId >= 0) this.id = settings.brokerId;
    else this.id = stored?.brokerId ?? (await this.link.generateBrokerId(settings.reservedBrokerMaxId));
    this.logger = createLogger('kafka.server.KafkaServer', `[KafkaServer id=${this.id}] `);
  }

  private async openLogs(): Promise<LogManager> {
    const { settings } = this;
    await this.topicConfigs.readAll();
    const logs = await LogManager.open({
      ...logManagerOptions(settings),
      moveBytesPerSecondMax: () => this.dynamicSettings.rate('replica.alter.log.dirs.io.max.bytes.per.second'),
      brokerId: this.id,
      clusterId: this.cluster,
      defaults: this.logDefaults,
      configOf: (topic) => this.logConfig(topic),
      clock: this.clock,
    });
    logs.onDirFailure(({ logDir, error, othersLeft }) => {
      this.replicas?.logDirFailed(logDir, error);
      if (othersLeft) this.reportDirFailure();
      else this.options.onFatal?.(error);
    });
    this.topicConfigs.onChange((topic) => logs.updateConfig(topic, this.logConfig(topic)));
    return logs;
  }

  /** The controller acts on topics that it holds no replica of, too. */
  private async topicConfigAnnounced(topic: string): Promise<void> {
    await this.topicConfigs.readAgain(topic);
    if (this.openController?.isActive !== true) return;
    await this.topicConfigs.get(topic);
    if (this.logConfig(topic).uncleanLeaderElectionEnable) this.openController.uncleanElectionsAllowed();
  }

  /** Acts on settings that were changed at run time. */
  private settingsChanged(current: BrokerSettings, before: BrokerSettings): void {
    this.logDefaults = logDefaults(current);
    this.logs?.updateDefaults(this.logDefaults);
    this.logs?.cleaner.reconfigure(cleanerConfig(current));
    for (const topic of this.logs?.topics() ?? []) this.logs!.updateConfig(topic, this.logConfig(topic));
    this.quotas.connections.setLimits(connectionLimits(current));
    this.socketServer?.limitsChanged();
    this.listenersChanged(current, before);
    if (current.uncleanLeaderElectionEnable && !before.uncleanLeaderElectionEnable) this.openController?.uncleanElectionsAllowed();
  }

  /** Opens and closes listeners, then registers what clients are told: one change after the other. */
  private listenersChanged(current: BrokerSettings, before: BrokerSettings): void {
    const { socketServer } = this;
    const told = ({ advertisedEndPoints }: BrokerSettings): string => advertisedEndPoints.map(formatEndPoint).join();
    if (socketServer === undefined || (current.listeners === before.listeners && told(current) === told(before))) return;
    this.listenerChanges = this.listenerChanges.then(async () => {
      try {
        await socketServer.changeListeners(current.listenerEndPoints);
        this.bound = socketServer.listeners;
        await this.link.updateRegistration(this.registration());
      } catch (error) {
        this.logger.error(`The listeners could not be changed from ${before.listeners} to ${current.listeners}`, { error });
      }
    });
  }

  /** The topic's config as far as it was read; what cannot be read is worth the defaults, so that the records stay reachable. */
  private logConfig(topic: string): LogConfig {
    try {
      return logConfigFrom(this.logDefaults, this.topicConfigs.getKnown(topic));
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      this.logger.error(`The configuration of topic ${topic} is invalid: its logs use the broker's defaults`, { error });
      return this.logDefaults;
    }
  }

  private createReplicas(logs: LogManager): ReplicaManager {
    return createReplicaManager({
      brokerId: this.id,
      brokerEpoch: () => this.brokerEpoch,
      settings: this.settings,
      dynamicSettings: this.dynamicSettings,
      topicConfigs: this.topicConfigs,
      clock: this.clock,
      logs,
      cache: this.cache,
      peers: this.peers,
      controller: this.channel!,
      isFenced: () => this.link.isOutOfTouch,
    });
  }

  private createFence(replicas: ReplicaManager): SelfFence {
    return new SelfFence({
      graceMs: this.settings.zookeeperDisconnectGraceMs,
      isFenced: () => this.link.isOutOfTouch,
      onChange: () => replicas.fencingChanged(),
      logger: this.logger,
    });
  }

  /** The controller asks, and so learns which replicas are gone. */
  private reportDirFailure(): void {
    const path = `${logDirEventZnode.parentPath}/${logDirEventZnode.prefix}`;
    this.link.client.create(path, logDirEventZnode.encode(this.id), { mode: CreateMode.PERSISTENT_SEQUENTIAL }).then(
      () => undefined,
      (error: unknown) => this.logger.error('The controller could not be told of the failed log directory', { error }),
    );
  }

  private createSocketServer(): SocketServer {
    const { current: settings } = this.dynamicSettings;
    return new SocketServer({
      listeners: settings.listenerEndPoints,
      requestBytesMax: settings.socketRequestMaxBytes,
      idleMsMax: settings.connectionsMaxIdleMs,
      backlogSize: settings.socketListenBacklogSize,
      quotas: this.quotas.connections,
      nowMs: () => this.clock.monotonicMs(),
      logger: createLogger('kafka.network.SocketServer', `[SocketServer listenerType=ZK_BROKER, nodeId=${this.id}] `),
      acceptorLogger: createLogger('kafka.network.DataPlaneAcceptor'),
    });
  }

  private createOrders(replicas: ReplicaManager): ControllerOrders {
    return new ControllerOrders({
      replicas,
      cache: this.cache,
      topicConfigs: this.topicConfigs,
      peers: this.peers,
      brokerEpoch: () => this.brokerEpoch,
      onTopicsGone: (topics) => {
        this.groups
          ?.topicsDeleted(topics)
          .catch((error: unknown) => this.logger.error('Offsets of deleted topics could not be removed', { error }));
      },
    });
  }

  private createControllerChannel(): ControllerChannel {
    return new ControllerChannel({
      brokerId: this.id,
      cache: this.cache,
      interBrokerListener: this.settings.interBrokerListener,
      requestTimeoutMs: this.settings.controllerSocketTimeoutMs,
      ownController: () => this.openController,
    });
  }

  private createTopicAdmin(): TopicAdmin {
    return new TopicAdmin({
      client: () => this.link.client,
      cache: this.cache,
      topicConfigs: this.topicConfigs,
      settings: this.settings,
      dynamicSettings: this.dynamicSettings,
      randomInt: (below) => randomInt(below),
      logger: createLogger('kafka.zk.AdminZkClient'),
    });
  }

  private async register(): Promise<void> {
    this.brokerEpoch = await this.link.register(this.registration(), {
      expired: () => this.controller.sessionExpired(),
      renewed: (client, brokerEpoch) => {
        this.brokerEpoch = brokerEpoch;
        this.configChanges
          .watch()
          .catch((error: unknown) => this.logger.warn('Could not watch the configuration', { error }));
        this.controller.start(client);
      },
      failed: (error) => {
        this.logger.error('The broker could not be registered again', { error });
        this.options.onFatal?.(error);
      },
    });
  }

  private registration(): BrokerRegistration {
    return registrationOf({
      brokerId: this.id,
      advertised: this.dynamicSettings.current.advertisedEndPoints,
      bound: this.bound,
      rack: this.settings.brokerRack,
    });
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    this.logger.info('shutting down');
    if (this.brokerEpoch >= 0 && this.settings.controlledShutdownEnable)
      await this.step('partitions', () => this.whileInTouch(this.handOver()));
    // Of a controller that stops everybody shall have heard who leads now: the next one is not there at once.
    await this.step('orders', () => this.remote?.settled(ORDERS_TIMEOUT_MS));
    // One after the other, and each even if the one before could not: what is not written down is recovered at the next start.
    await this.step('socket server', () => this.socketServer?.close());
    await this.step('group coordinator', () => this.groups?.close());
    await this.step('controller', () => this.openController && this.whileInTouch(this.openController.close()));
    this.fence?.close();
    await this.step('replica manager', () => this.replicas?.close());
    await this.step('log manager', () => this.logs?.close());
    await this.step('channels to other brokers', () => {
      this.remote?.close();
      this.channel?.close();
    });
    await this.step('coordinator session', () => this.openLink?.close());
    await this.step('coordinator session file', () =>
      this.sessionKeeper?.close({ isOver: this.openLink?.isClosedCleanly ?? false }),
    );
    this.logger.info('shut down completed');
  }

  /** Waits for `work`, but not for a coordinator that cannot be reached: a broker can be stopped without one. */
  private async whileInTouch(work: Promise<void>): Promise<void> {
    const { client } = this.link;
    let stop = (): void => undefined;
    const lost = new Promise<void>((resolve) => {
      if (client.state === 'CONNECTED') stop = client.on('disconnected', () => resolve());
      else resolve();
    }).then(() => this.logger.warn('The coordinator cannot be reached: stopping without it'));
    await Promise.race([work, lost]);
    stop();
  }

  private handOver(): Promise<void> {
    const { settings } = this;
    this.replicas?.prepareToStop();
    return handOver({
      brokerId: this.id,
      brokerEpoch: this.brokerEpoch,
      retriesMax: settings.controlledShutdownMaxRetries,
      retryBackoffMs: settings.controlledShutdownRetryBackoffMs,
      controller: this.channel!,
      cache: this.cache,
      logger: this.logger,
    });
  }

  private async step(what: string, close: () => Promise<void> | void | undefined): Promise<void> {
    try {
      await close();
    } catch (error) {
      this.logger.error(`The ${what} could not be closed`, { error });
    }
  }
}
