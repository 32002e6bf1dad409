/**
 * One member of an ensemble: where the Zab core meets disk, links and clients. It starts by looking for a leader, serves clients exactly
 * while it is a synchronized member of a quorum, and logs each change of its role with the reason.
 *
 *     clients → service (order, sessions) → core → disk and links → core: committed → service → clients
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/base/clock.ts';
import { systemClock } from '../../shared/base/clock.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { formatZxid } from '../../shared/znode/zxid.ts';
import { WsProtocolError } from '../../shared/ws-protocol/messages.ts';
import type { Door, Gate, Gatekeeper } from '../net/door.ts';
import { FourLetterWords } from '../net/four-letter-words.ts';
import { PeerLinks } from '../net/peer-links.ts';
import { sessionMint } from '../session/session-minting.ts';
import { finishInstallation } from '../store/incoming-snapshot.ts';
import { applyTxn } from '../tree/apply.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { readTxns } from '../tree/txn-codec.ts';
import type { EnsembleConfig } from '../zab/messages.ts';
import { Peer } from '../zab/peer.ts';
import type { PeerEvent, ProposedBatch, Role } from '../zab/peer-types.ts';
import { Quorum } from '../zab/quorum.ts';
import type { ClientPorts } from './client-ports.ts';
import { openClientPorts } from './client-ports.ts';
import { ClientGate, ClosedGate } from './client-gate.ts';
import { writeConfigFiles } from './config-files.ts';
import { DiskQueue } from './disk-queue.ts';
import { membersLine, peersOf, showConfig, toEnsembleConfig } from './ensemble-config.ts';
import type { EnsembleSettings } from './ensemble-settings.ts';
import { EnsembleStatus } from './ensemble-status.ts';
import { HistoryReader } from './history-reader.ts';
import { assertLimits, COMMIT_LOG_BYTES_MAX } from './limits.ts';
import type { LookIns } from './look-ins.ts';
import { openLookIns } from './look-ins.ts';
import { MemberDisk, peerStartOf } from './member-disk.ts';
import { unpackFromLeader } from './member-messages.ts';
import type { Member, MemberDeps, Store } from './member-parts.ts';
import { accessRulesOf, doorCountsOf, keepSecret, knownSecret, openStore, sessionSecret } from './member-parts.ts';
import { formatMember, parseMember } from './quorum-config.ts';
import { ReadOnlyService } from './read-only-service.ts';
import { reconfigure } from './reconfigure.ts';
import { recover } from './recovery.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import { RoleMetrics } from './role-metrics.ts';
import { ServerStats } from './server-stats.ts';
import { MemberView } from './server-view.ts';
import type { Service, ServiceParts } from './services.ts';
import { idlePipeline, LeaderService, LearnerService } from './services.ts';
import type { ServerSettings } from './settings.ts';
import { Snapshotter } from './snapshotter.ts';
import { ZabDriver } from './zab-driver.ts';

/** An election under way is no lost quorum yet (`QuorumPeer`, state LOOKING). */
const READ_ONLY_AFTER_MS_MIN = 2000;

/** Starts a member. Resolves when its ports are open: it serves once it has found a quorum. */
export async function startEnsembleMember(settings: ServerSettings, ensemble: EnsembleSettings, deps: MemberDeps): Promise<Member> {
  assertLimits();
  const member = new EnsembleMember(settings, ensemble, deps);
  await member.start();
  return member;
}

class EnsembleMember implements Member {
  tree!: DataTree;
  view!: MemberView;
  private readonly settings: ServerSettings;
  private readonly ensemble: EnsembleSettings;
  private readonly deps: MemberDeps;
  private readonly clock: Clock;
  private readonly log = createLogger('org.apache.zookeeper.server.quorum.QuorumPeer');
  private readonly storeLog = createLogger('org.apache.zookeeper.server.persistence.FileTxnSnapLog');
  private readonly stats: ServerStats;
  private readonly roleMetrics: RoleMetrics;
  private readonly mintId: () => bigint;
  private store!: Store;
  private snapshotter!: Snapshotter;
  private peer!: Peer;
  private links!: PeerLinks;
  private disk!: DiskQueue;
  private history!: HistoryReader;
  private driver!: ZabDriver;
  private status!: EnsembleStatus;
  private clientPorts: ClientPorts | null = null;
  private lookIns: LookIns | null = null;
  private service: Service | null = null;
  /** Shown while nothing is served. */
  private idle!: RequestPipeline;
  private memberDisk!: MemberDisk;
  private readOnlyTimer: NodeJS.Timeout | null = null;
  private closing = false;
  /** Learners whose process ended the link itself: their clients' connections have broken too. */
  private readonly died = new Set<number>();

  constructor(settings: ServerSettings, ensemble: EnsembleSettings, deps: MemberDeps) {
    this.settings = settings;
    this.ensemble = ensemble;
    this.deps = deps;
    this.clock = deps.clock ?? systemClock;
    this.stats = new ServerStats(this.clock.monotonicMs());
    this.roleMetrics = new RoleMetrics(this.stats.metrics);
    this.mintId = sessionMint(ensemble.myId, this.clock.wallMs());
  }

  get port(): number {
    return this.clientPorts?.port ?? 0;
  }

  get securePort(): number | null {
    return this.clientPorts?.securePort ?? null;
  }

  get adminPort(): number | null {
    return this.lookIns?.adminPort ?? null;
  }

  get metricsPort(): number | null {
    return this.lookIns?.metricsPort ?? null;
  }

  get lookInFailure(): LookIns['failure'] {
    return this.lookIns?.failure ?? null;
  }

  get role(): Role {
    return this.peer.role;
  }

  async start(): Promise<void> {
    const { settings, deps, stats } = this;
    this.store = await openStore(settings, deps, { log: this.log, stats, onDurable: (lastZxid) => this.disk.durable(lastZxid) });
    try {
      const { files, txnLog } = this.store;
      await finishInstallation(files, txnLog);
      this.tree = await recover(files, txnLog, this.storeLog, stats.metrics);
      this.buildCore();
      await this.openPorts();
    } catch (error) {
      await this.links?.close();
      await this.store.txnLog.close();
      throw error;
    }
    this.links.keep(peersOf(this.peer.config));
    this.driver.start();
  }

  private buildCore(): void {
    const { settings, ensemble, clock, store } = this;
    const { files, txnLog } = store;
    const member = this;
    this.snapshotter = new Snapshotter({
      get tree() {
        return member.tree;
      },
      txnLog,
      files,
      snapCount: settings.snapCount,
      retainCount: settings.snapRetainCount,
      log: this.storeLog,
      random: Math.random,
      keepFromZxid: () => this.history.keepFromZxid,
      pruned: (zxid) => this.peer.pruned(zxid),
      took: (ms) => this.stats.metrics.summaries.snapshottime.add(ms),
    });
    this.peer = new Peer(
      {
        serverId: ensemble.myId,
        tickTimeMs: settings.tickTime,
        initLimitTicks: settings.initLimit,
        syncLimitTicks: settings.syncLimit,
        peerType: ensemble.self.role,
        commitLogCount: settings.commitLogCount,
        commitLogBytesMax: COMMIT_LOG_BYTES_MAX,
      },
      peerStartOf(store, this.tree.lastZxid, toEnsembleConfig(ensemble.quorum)),
      clock.monotonicMs(),
    );
    const linkLog = createLogger('org.apache.zookeeper.server.quorum.QuorumCnxManager');
    this.links = new PeerLinks({
      serverId: ensemble.myId,
      address: formatMember(ensemble.self),
      listen: ensemble.self.addresses.map(({ host, quorumPort }) => ({ host: settings.quorumListenOnAllIps ? null : host, port: quorumPort })),
      connectTimeoutMs: settings.cnxTimeout * 1000,
      config: () => ({ version: this.peer.config.version, members: membersLine(this.peer.config) }),
      parseAddress: (id, address) => {
        try {
          return parseMember(id, address);
        } catch (error) {
          linkLog.debug(`The address of server ${id}: ${(error as Error).message}`);
          return null;
        }
      },
      log: linkLog,
      linkUp: (id) => {
        this.died.delete(id);
        this.driver.linkUp(id);
      },
      linkDown: (id, byPeer) => {
        if (byPeer) this.died.add(id);
        this.driver.linkDown(id);
      },
      messages: (id, messages) => this.driver.messages(id, messages),
    });
    this.memberDisk = new MemberDisk({
      ...store,
      snapshotter: this.snapshotter,
      log: this.log,
      treeZxid: () => this.tree.lastZxid,
      reload: async () => {
        this.tree = await recover(files, txnLog, this.storeLog, this.stats.metrics);
        this.idle = this.idlePipeline();
      },
    });
    this.disk = new DiskQueue({
      log: txnLog,
      persisted: (seq) => this.driver.persisted(seq),
      perform: (work) => this.memberDisk.perform(work),
      failed: (error) => this.fail(error),
    });
    this.history = new HistoryReader({
      log: txnLog,
      files,
      takeSnapshot: () => this.snapshotter.take(),
      batches: (readId, answer) => this.driver.historyRead(readId, answer),
      snapshot: (readId, answer) => this.driver.snapshotRead(readId, answer),
      logger: this.log,
    });
    const { peer, links, disk, history } = this;
    this.driver = new ZabDriver({ peer, links, disk, history, clock, event: (event) => this.happened(event) });
    this.status = new EnsembleStatus({
      peer,
      settings,
      ensemble,
      stats: this.stats,
      nowMs: () => clock.monotonicMs(),
      isServing: () => this.service !== null,
      isReadOnly: () => this.service instanceof ReadOnlyService,
      localSessionCount: () => this.service?.local?.size ?? 0,
      port: () => this.port,
    });
    this.idle = this.idlePipeline();
  }

  private async openPorts(): Promise<void> {
    const { settings, ensemble, stats, store } = this;
    const { addresses } = ensemble.self;
    try {
      await this.links.open();
    } catch (cause) {
      const where = addresses.map(({ host, quorumPort }) => `${host}:${quorumPort}`).join(', ');
      throw new Error(`Cannot listen at ${where}, which server.${ensemble.myId} names: ${(cause as Error).message} (quorumListenOnAllIPs=true listens at all addresses)`, { cause });
    }
    const electionPorts = addresses.map(({ electionPort }) => electionPort).join(', ');
    this.log.info(`Members link up on port ${this.links.port}; elections travel over the same links, the election port (${electionPorts}) stays unused`);
    const member = this;
    this.view = new MemberView({
      settings,
      stats,
      get pipeline() {
        return member.service?.pipeline ?? member.idle;
      },
      get sessions() {
        return member.service?.tracked ?? null;
      },
      ensemble: this.status,
      ...store,
      clock: this.clock,
      get clients() {
        return member.service?.context.clients ?? new Set<never>();
      },
      get connectionThrottle() {
        return member.service?.context.connectionThrottle ?? null;
      },
      ports: () => this.clientPorts!,
    });
    const gatekeeper: Gatekeeper = { open: (door) => this.admit(door) };
    this.clientPorts = await openClientPorts(settings, {
      gatekeeper,
      words: new FourLetterWords(this.view, settings.fourLetterWords),
      counts: doorCountsOf(stats),
    });
    this.lookIns = await openLookIns(settings, this.view, stats);
  }

  private admit(door: Door): Gate {
    if (this.service === null || (this.settings.leaderServes === 'no' && this.role.state === 'LEADING')) {
      this.stats.metrics.counters.cnxn_closed_without_zk_server_running.add();
      return new ClosedGate(door);
    }
    return new ClientGate(door, this.service.context);
  }

  // --- What the core says ---

  private happened(event: PeerEvent): void {
    switch (event.kind) {
      case 'role':
        return this.becomes(event.role, event.reason);
      case 'committed':
        return this.committed(event.batch);
      case 'app':
        return this.receive(event.from, event.payload);
      case 'config':
        return this.reconfigured(event.config);
      case 'learner': {
        const who = `${event.observer ? 'observer' : 'follower'} ${event.id}`;
        this.log.info(`${event.synced ? 'Synchronized' : 'Lost'} ${who}: ${event.reason}`);
        if (!(this.service instanceof LeaderService)) return;
        if (event.synced) this.service.desk.arrived(event.id);
        else this.service.desk.departed(event.id, this.died.has(event.id));
        return;
      }
      case 'notice':
        this.log.warn(event.text);
    }
  }

  /** Another ensemble is in force. */
  private reconfigured(config: EnsembleConfig): void {
    const { settings, deps, ensemble } = this;
    this.links.keep(peersOf(config));
    showConfig(this.tree, config);
    this.log.info(`The ensemble is now ${membersLine(config)} (version ${config.version.toString(16)})`);
    if (!settings.reconfigEnabled || deps.configFile === undefined || config.version === 0) return;
    try {
      const path = writeConfigFiles(deps.configFile, config, ensemble.myId);
      this.log.info(`Wrote the configuration to ${path}, which ${deps.configFile} names now`);
    } catch (error) {
      // The data directory has it too, and wins at the next start because it is later.
      this.log.error(`Cannot write the new configuration beside ${deps.configFile}`, { error });
    }
  }

  private becomes(role: Role, reason: string): void {
    const what = role.state === 'LOOKING' ? 'LOOKING' : `${role.state} - ${role.phase}${role.state === 'LEADING' ? '' : `, leader is ${role.leader}`}`;
    this.log.info(`${what}: ${reason}`);
    this.roleMetrics.becomes(role, this.clock.monotonicMs());
    this.awaitQuorum(role);
    if (role.phase !== 'BROADCAST') {
      if (role.state !== 'LOOKING' || !(this.service instanceof ReadOnlyService)) this.stopService();
    } else if (role.state === 'LEADING' && !(this.service instanceof LeaderService)) {
      this.lead(role.epoch);
    } // A learner serves from when the leader has told it the key of the sessions.
    this.deps.onRole?.(role, reason);
  }

  /** Where that is wanted, reads are served once no quorum was found for a while. */
  private awaitQuorum({ state }: Role): void {
    if (!this.settings.readonlyModeEnabled) return;
    if (state !== 'LOOKING') {
      if (this.readOnlyTimer !== null) clearTimeout(this.readOnlyTimer);
      this.readOnlyTimer = null;
      return;
    }
    this.readOnlyTimer ??= setTimeout(() => {
      this.readOnlyTimer = null;
      if (this.closing || this.role.state !== 'LOOKING') return;
      this.log.info('No quorum was found: serving reads to those who want no more (readonlymode.enabled)');
      this.serve(new ReadOnlyService(this.serviceParts(knownSecret(this.store.txnLog) ?? randomBytes(32))));
    }, Math.max(READ_ONLY_AFTER_MS_MIN, this.settings.tickTime));
  }

  private lead(epoch: number): void {
    const secret = knownSecret(this.store.txnLog);
    if (secret !== null) return this.serve(new LeaderService(this.serviceParts(secret), epoch));
    // The first leader of all makes it.
    sessionSecret(this.store.txnLog).then(
      (made) => {
        const { role } = this;
        if (role.state === 'LEADING' && role.phase === 'BROADCAST' && role.epoch === epoch) this.serve(new LeaderService(this.serviceParts(made), epoch));
      },
      (error: unknown) => this.fail(error),
    );
  }

  private serviceParts(secret: Uint8Array): ServiceParts {
    const { settings, clock, stats, tree, driver } = this;
    return {
      settings,
      clock,
      stats,
      rules: accessRulesOf(settings),
      log: this.log,
      tree,
      secret,
      mintId: this.mintId,
      propose: (batch) => driver.propose(batch),
      send: (to, payload) => void driver.sendApp(to, payload),
      isQuorum: (has) => new Quorum(this.peer.config).contains((id) => id === this.ensemble.myId || has(id)),
      reconfigure: (request, zxid) =>
        reconfigure(request, zxid, {
          current: this.peer.config,
          isPending: this.peer.pendingConfig !== null || (this.service instanceof LeaderService && this.service.isReconfiguring),
          standaloneEnabled: settings.standaloneEnabled,
          isQuorumSynced: (next) => this.peer.isQuorumSynced(next),
        }),
      resign: (reason) => driver.resign(reason),
      applied: (count) => this.applied(count),
    };
  }

  private serve(service: Service): void {
    this.stopService();
    showConfig(this.tree, this.peer.config);
    this.service = service;
    if (service instanceof LeaderService) {
      this.status.leadingSinceMs = this.clock.monotonicMs();
      for (const { id, synced } of this.peer.status().learners) if (synced) service.desk.arrived(id);
    }
    this.log.info(`Serving clients on port ${this.port} as ${this.status.mode}, last zxid ${formatZxid(this.tree.lastZxid)}`);
  }

  private stopService(): void {
    const { service } = this;
    if (service === null) return;
    this.service = null;
    this.idle = this.idlePipeline();
    service.stop();
  }

  private committed(batch: ProposedBatch): void {
    if (this.service !== null) return this.service.committed(batch);
    let count = 0;
    for (const txn of readTxns(Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.byteLength))) {
      applyTxn(this.tree, txn, null);
      count++;
    }
    this.applied(count);
  }

  private applied(count: number): void {
    this.roleMetrics.committed(count);
    this.snapshotter.applied(count);
  }

  private receive(from: number, payload: unknown): void {
    try {
      if (this.service !== null) return this.service.receive(from, payload);
      const { role } = this;
      if (role.state !== 'FOLLOWING' && role.state !== 'OBSERVING') return;
      const message = unpackFromLeader(payload);
      if (message.kind !== 'secret') return;
      const { txnLog } = this.store;
      // Noted before whatever is acknowledged from now on.
      if (knownSecret(txnLog)?.equals(message.secret) !== true) void keepSecret(txnLog, message.secret);
      this.serve(new LearnerService(this.serviceParts(Buffer.from(message.secret)), role.leader));
    } catch (error) {
      if (!(error instanceof WsProtocolError)) throw error;
      this.log.error(`Ending the link to server ${from}: ${error.message}`);
      this.links.end(from, error.message);
    }
  }

  private fail(error: unknown): void {
    if (this.closing) return;
    this.log.error('Severe unrecoverable error, exiting', { error });
    this.deps.onFailure?.(error instanceof Error ? error : new Error(String(error)));
  }

  private idlePipeline(): RequestPipeline {
    const { settings, clock, stats, log, tree } = this;
    return idlePipeline({ settings, clock, stats, log, tree, rules: accessRulesOf(settings) });
  }

  snapshot(): Promise<void> {
    return this.snapshotter.take();
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    if (this.readOnlyTimer !== null) clearTimeout(this.readOnlyTimer);
    this.driver.stop();
    this.disk.stop();
    this.stopService();
    await this.lookIns?.close();
    await this.clientPorts?.close();
    await this.links.close();
    await this.history.close();
    await this.snapshotter.close();
    await this.memberDisk.close();
    await this.store.txnLog.close();
  }
}
