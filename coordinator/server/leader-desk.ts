/**
 * Where a leader serves its learners' clients: it orders what they forward, knows on which connection each session lives, and tells them
 * which places their writes got.
 */
import { ErrorCode } from '../../shared/znode/error-code.ts';
import type { Id } from '../../shared/znode/acl.ts';
import type { ServerId } from '../zab/peer-types.ts';
import type { ClientSession, SessionHolder } from './client.ts';
import type { LeadershipProbe } from './leadership-probe.ts';
import type { Forwarded, FromLeader } from './member-messages.ts';
import { packFromLeader, unpackToLeader } from './member-messages.ts';
import type { OwnOrder } from './own-order.ts';
import type { RequestPipeline } from './request-pipeline.ts';
import type { Sessions } from './sessions.ts';

export interface LeaderDeskOptions {
  order: OwnOrder;
  sessions: Sessions;
  pipeline: RequestPipeline;
  secret: Uint8Array;
  probe: LeadershipProbe;
  send(to: ServerId, payload: unknown): void;
}

/** A connection at a learner, as its leader knows it. */
class RemoteClient implements SessionHolder {
  ids: readonly Id[];
  session: ClientSession | null = null;
  /** Tells its member that the session has left this connection. */
  readonly supersede: () => void;

  constructor(ids: readonly Id[], supersede: () => void) {
    this.ids = ids;
    this.supersede = supersede;
  }

  ended(): void {
    // Its member sees the end when it applies it.
  }
}

export class LeaderDesk {
  private readonly options: LeaderDeskOptions;
  private readonly learners = new Map<ServerId, Map<number, RemoteClient>>();

  constructor(options: LeaderDeskOptions) {
    this.options = options;
  }

  /** A learner is synchronized. */
  arrived(learner: ServerId): void {
    if (this.learners.has(learner)) return;
    this.learners.set(learner, new Map());
    this.say(learner, { kind: 'secret', secret: this.options.secret });
    const round = this.options.probe.openRound;
    if (round !== null) this.say(learner, { kind: 'probe', round });
  }

  /** A learner is gone. `died`: and its process with it, so that its clients' connections have broken. */
  departed(learner: ServerId, died: boolean): void {
    const clients = this.learners.get(learner);
    this.learners.delete(learner);
    for (const client of clients?.values() ?? []) this.release(client, died);
  }

  /** Asks all learners whether they still follow. */
  askAll(round: number): void {
    for (const learner of this.learners.keys()) this.say(learner, { kind: 'probe', round });
  }

  /** A learner's message. Throws `WsProtocolError` if it is none. */
  receive(from: ServerId, payload: unknown): void {
    const message = unpackToLeader(payload);
    if (message.kind === 'touch') return this.options.sessions.touchAll(message.sessionIds);
    if (message.kind === 'probed') return this.options.probe.answer(from, message.round);
    const clients = this.learners.get(from);
    if (clients === undefined) return;
    const runs: number[] = [];
    let syncCount = 0;
    for (const item of message.items) {
      const zxid = this.take(from, clients, item);
      if (zxid === null) continue;
      const end = runs.length - 2;
      if (item.kind === 'sync') {
        syncCount++;
        runs.push(0, zxid);
      } else if (end >= 0 && runs[end]! > 0 && runs[end + 1]! + runs[end]! === zxid) runs[end]!++;
      else runs.push(1, zxid);
    }
    if (runs.length > 0) this.say(from, { kind: 'ordered', runs });
    if (syncCount === 0) return;
    this.options.probe.confirm(() => {
      if (this.learners.get(from) === clients) this.say(from, { kind: 'confirmed', count: syncCount });
    });
  }

  /** Returns the place that the item got, or null for what gets none. */
  private take(from: ServerId, clients: Map<number, RemoteClient>, item: Forwarded): number | null {
    const { order, sessions } = this.options;
    switch (item.kind) {
      case 'createSession': {
        const client = this.open(from, clients, item);
        client.session = sessions.createRemote(item.sessionId, item.timeoutMs, item.graceMs, client);
        return client.session === null ? order.refuseRemote(item.sessionId, 0, ErrorCode.SESSIONEXPIRED) : order.createSessionRemote(client.session);
      }
      case 'revalidate': {
        const client = this.open(from, clients, item);
        client.session = sessions.resumeRemote(item.sessionId, item.timeoutMs, item.graceMs, client);
        const { connection, timeoutMs, graceMs } = item;
        this.say(from, { kind: 'revalidated', connection, valid: client.session !== null, timeoutMs, graceMs });
        return null;
      }
      case 'localSession': {
        const client = this.open(from, clients, item);
        client.session = {
          id: item.sessionId, timeoutMs: 0, deadlineMs: 0, closing: false, client, disconnectGraceMs: 0, graceTimer: null,
        };
        return null;
      }
      case 'ids': {
        const client = clients.get(item.connection);
        if (client !== undefined) client.ids = item.ids;
        return null;
      }
      case 'write': {
        const client = clients.get(item.connection);
        if (client === undefined || client.session === null) return order.refuseRemote(0n, item.xid, ErrorCode.SESSIONEXPIRED);
        return order.writeRemote(client, client.session, client.ids, item.xid, item.request);
      }
      case 'closeSession': {
        const session = clients.get(item.connection)?.session ?? null;
        if (session === null || session.closing) return order.refuseRemote(session?.id ?? 0n, item.xid, ErrorCode.SESSIONEXPIRED);
        return order.closeSessionRemote(session, item.xid);
      }
      case 'sync':
        // What was committed so far is applied there before the answer comes; only what is in flight has to be waited for.
        return order.syncZxid;
      case 'gone': {
        const client = clients.get(item.connection);
        clients.delete(item.connection);
        if (client !== undefined) this.release(client, item.broken);
        return null;
      }
    }
  }

  private open(from: ServerId, clients: Map<number, RemoteClient>, { connection, ids }: { connection: number; ids: readonly Id[] }): RemoteClient {
    const client = new RemoteClient(ids, () => this.say(from, { kind: 'superseded', connection }));
    clients.set(connection, client);
    return client;
  }

  /** The session has no connection any more; where that broke, its grace begins. */
  private release(client: RemoteClient, broken: boolean): void {
    const { session } = client;
    if (session === null || session.client !== client) return;
    if (broken) this.options.sessions.disconnected(this.options.pipeline, session);
    else session.client = null;
  }

  private say(to: ServerId, message: FromLeader): void {
    this.options.send(to, packFromLeader(message));
  }
}
