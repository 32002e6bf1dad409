/**
 * One coordinator: recovers tree and sessions from snapshot and log, opens the client port, and joins the pipeline to
 * network, disk and clock. Alone, it commits what its own log holds; in an ensemble that decision moves to the quorum.
 */
import { systemClock } from '../../shared/base/clock.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { Gatekeeper } from '../net/door.ts';
import { FourLetterWords } from '../net/four-letter-words.ts';
import { sessionMint } from '../session/session-minting.ts';
import type { Client } from './client.ts';
import type { GateContext } from './client-gate.ts';
import { ClientGate } from './client-gate.ts';
import type { ClientPorts } from './client-ports.ts';
import { openClientPorts } from './client-ports.ts';
import { assertLimits } from './limits.ts';
import type { Member, MemberDeps } from './member-parts.ts';
import { accessRulesOf, authenticatorOf, doorCountsOf, openStore, sessionSecret } from './member-parts.ts';
import { OwnOrder } from './own-order.ts';
import { Proposals } from './proposals.ts';
import { RateLog } from './rate-log.ts';
import { recover } from './recovery.ts';
import { RequestPipeline } from './request-pipeline.ts';
import { ServerStats } from './server-stats.ts';
import { openLookIns } from './look-ins.ts';
import { MemberView } from './server-view.ts';
import { Sessions } from './sessions.ts';
import type { ServerSettings } from './settings.ts';
import { Snapshotter } from './snapshotter.ts';
import { connectionThrottleOf, requestThrottlerOf } from './throttles.ts';
import { ZnodeSweeper } from './znode-sweeper.ts';

export type { Member, MemberDeps } from './member-parts.ts';

/** Starts a member. Resolves when it serves; rejects with a `StoreError` or the system's error for the port. */
export async function startMember(settings: ServerSettings, deps: MemberDeps = {}): Promise<Member> {
  // What only an ensemble needs is loaded where there is one.
  if (settings.ensemble !== null) return (await import('./ensemble-member.ts')).startEnsembleMember(settings, settings.ensemble, deps);
  assertLimits();
  const clock = deps.clock ?? systemClock;
  const log = createLogger('org.apache.zookeeper.server.ZooKeeperServer');
  const stats = new ServerStats(clock.monotonicMs());
  const { summaries } = stats.metrics;

  // The log exists before what its news concern: until then there is none.
  let onDurable = (_lastZxid: number): void => undefined;
  const { files, txnLog } = await openStore(settings, deps, { log, stats, onDurable: (lastZxid) => onDurable(lastZxid) });
  try {
    const tree = await recover(files, txnLog, createLogger('org.apache.zookeeper.server.persistence.FileTxnSnapLog'), stats.metrics);
    const secret = await sessionSecret(txnLog);
    const rules = accessRulesOf(settings);
    const snapshotter = new Snapshotter({
      tree,
      txnLog,
      files,
      snapCount: settings.snapCount,
      retainCount: settings.snapRetainCount,
      log,
      random: Math.random,
      took: (ms) => summaries.snapshottime.add(ms),
    });
    const sessions = new Sessions({
      clock,
      log,
      tickTimeMs: settings.tickTime,
      minSessionTimeoutMs: settings.minSessionTimeoutMs,
      maxSessionTimeoutMs: settings.maxSessionTimeoutMs,
      mintId: sessionMint(settings.serverId, clock.wallMs()),
      secret,
      metrics: stats.metrics,
    });
    const quotaLog = new RateLog((line) => log.warn(line), clock);
    const proposals = new Proposals(txnLog, clock, stats);
    const order = new OwnOrder({
      tree,
      proposals,
      rules,
      ttlsEnabled: settings.extendedTypesEnabled,
      ...(settings.enforceQuota ? { quotaExceeded: ({ line }) => quotaLog.once(line) } : {}),
      // Alone there is no ensemble to change.
      ...(settings.reconfigEnabled ? { reconfigure: () => ErrorCode.UNIMPLEMENTED } : {}),
      clock,
      lastZxid: tree.lastZxid,
    });
    const pipeline = new RequestPipeline({
      tree,
      order,
      rules,
      authenticator: authenticatorOf(settings, rules, log),
      globalOutstandingLimit: settings.globalOutstandingLimit,
      clock,
      stats,
      sessionCreated: (client, sessionId) => sessions.created(client, sessionId),
      sessionClosed: (_client, sessionId) => sessions.closed(sessionId),
      applied: (count) => {
        snapshotter.applied(count);
        requestThrottler?.finished();
      },
    });
    onDurable = (lastZxid) => {
      // The disk first: it works on the next batch while this one is applied.
      proposals.batchDurable();
      order.committed(lastZxid);
    };
    sessions.restore(tree.sessions);

    const requestThrottler = requestThrottlerOf(settings, clock, stats, pipeline);
    const connectionThrottle = connectionThrottleOf(settings, clock);
    const clients = new Set<Client>();
    const context: GateContext = {
      pipeline, sessions, clients, stats, clock, requestThrottler, connectionThrottle, log,
      localSessions: settings.localSessionsEnabled,
    };
    const gatekeeper: Gatekeeper = { open: (door) => new ClientGate(door, context) };
    const view: MemberView = new MemberView({
      settings,
      stats,
      pipeline,
      sessions,
      ensemble: null,
      txnLog,
      files,
      clock,
      clients,
      connectionThrottle,
      ports: () => clientPorts,
    });
    const clientPorts: ClientPorts = await openClientPorts(settings, {
      gatekeeper,
      words: new FourLetterWords(view, settings.fourLetterWords),
      counts: doorCountsOf(stats),
    });
    const sweeper = new ZnodeSweeper({
      tree,
      clock,
      remove: (path) => order.deleteContainer(path),
      intervalMs: settings.containerCheckIntervalMs,
      maxPerMinute: settings.containerMaxPerMinute,
      maxNeverUsedIntervalMs: settings.containerMaxNeverUsedIntervalMs,
    });
    const lookIns = await openLookIns(settings, view, stats);
    sessions.start(pipeline);
    sweeper.start();

    return {
      port: clientPorts.port,
      securePort: clientPorts.securePort,
      adminPort: lookIns.adminPort,
      metricsPort: lookIns.metricsPort,
      lookInFailure: lookIns.failure,
      tree,
      view,
      snapshot: () => snapshotter.take(),
      close: async () => {
        sessions.stop();
        requestThrottler?.stop();
        sweeper.stop();
        await lookIns.close();
        await clientPorts.close();
        await snapshotter.close();
        onDurable = () => undefined;
        await txnLog.close();
      },
    };
  } catch (error) {
    await txnLog.close();
    throw error;
  }
}
