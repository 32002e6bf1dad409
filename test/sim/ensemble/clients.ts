/**
 * Simulated clients: each connects to some member, sends writes in order, several at a time, remembers what was acknowledged, and goes
 * elsewhere when its connection ends. What was not acknowledged by then has an unknown outcome and is not sent again.
 */
import { assert } from '../../../shared/base/assert.ts';
import type { Prng } from '../../../shared/base/prng.ts';
import type { HistoryOfAll, Operation } from './invariants.ts';
import { InvariantBroken } from './invariants.ts';
import type { Member } from './member.ts';
import type { Schedule } from '../schedule.ts';

const OUTSTANDING_MAX = 8;

interface Client {
  /** A new one for each session. */
  id: number;
  member: Member | null;
  connection: number;
  isAttached: boolean;
  seq: number;
  outstanding: number[];
  /** The latest zxid whose effect it has seen: it never goes back behind it. */
  seenZxid: number;
  isStopped: boolean;
}

export class Clients {
  private readonly schedule: Schedule;
  private readonly prng: Prng;
  private readonly all: HistoryOfAll;
  private readonly members: () => readonly Member[];
  private readonly clients: Client[] = [];
  private lastId = 0;
  private readonly meanPauseMs: number;
  private isStopped = false;

  constructor(
    schedule: Schedule,
    prng: Prng,
    all: HistoryOfAll,
    members: () => readonly Member[],
    { count, meanPauseMs, touchMs }: { count: number; meanPauseMs: number; touchMs: number },
  ) {
    this.schedule = schedule;
    this.prng = prng;
    this.all = all;
    this.members = members;
    this.meanPauseMs = meanPauseMs;
    for (let at = 0; at < count; at++) {
      const client = this.newClient();
      this.clients.push(client);
      this.plan(client);
    }
    this.planTouch(touchMs);
  }

  private newClient(): Client {
    this.lastId++;
    return {
      id: this.lastId,
      member: null,
      connection: 0,
      isAttached: false,
      seq: 0,
      outstanding: [],
      seenZxid: 0,
      isStopped: false,
    };
  }

  /** No more requests: what is on its way comes to its end. */
  stop(): void {
    this.isStopped = true;
  }

  private plan(client: Client): void {
    this.schedule.after(this.prng.next() * 2 * this.meanPauseMs, () => {
      if (this.isStopped) return;
      this.act(client);
      this.plan(client);
    });
  }

  private planTouch(touchMs: number): void {
    this.schedule.after(touchMs, () => {
      if (this.isStopped) return;
      const byMember = new Map<Member, number[]>();
      for (const { member, id, isAttached, isStopped } of this.clients) {
        if (member === null || !isAttached || isStopped) continue;
        byMember.set(member, [...(byMember.get(member) ?? []), id]);
      }
      for (const [member, ids] of byMember) member.touch(ids);
      this.planTouch(touchMs);
    });
  }

  private act(client: Client): void {
    const { prng } = this;
    // A client that is silent for long loses its session.
    if (client.isStopped) {
      if (prng.int(20) === 0) client.isStopped = false;
      else return;
    } else if (prng.int(100) === 0) {
      client.isStopped = true;
    }
    if (client.member === null) return this.connect(client);
    if (client.member.hasEnded(client.id)) {
      this.all.sawExpired(client.member.name, client.id);
      Object.assign(client, this.newClient());
      return;
    }
    if (!client.isAttached) {
      if (prng.int(10) === 0) this.disconnect(client);
      return;
    }
    if (prng.int(60) === 0) return this.disconnect(client);
    const kind = prng.int(40) === 0 ? 'close' : 'write';
    for (let count = 1 + prng.int(3); count > 0 && client.outstanding.length < OUTSTANDING_MAX; count--) {
      const { member, id, connection } = client;
      // It may have answered at once, and more than that.
      if (member === null) return;
      const operation: Operation = { kind, client: id, connection, seq: client.seq++, member: member.id, life: member.life };
      client.outstanding.push(operation.seq);
      member.request(operation);
      if (kind === 'close') return this.disconnect(client);
    }
  }

  private connect(client: Client): void {
    const members = this.members().filter(({ isServing }) => isServing);
    const member = members[this.prng.int(Math.max(members.length, 1))];
    if (member === undefined || (member.tree.at(-1)?.zxid ?? 0) < client.seenZxid) return;
    client.member = member;
    client.connection++;
    client.isAttached = false;
    member.attach(client.id, client.connection);
  }

  private disconnect(client: Client): void {
    client.member = null;
    client.isAttached = false;
    client.outstanding = [];
  }

  attached(member: Member, id: number, connection: number): void {
    for (const client of this.clients) {
      if (client.id === id && client.member === member && client.connection === connection) client.isAttached = true;
    }
  }

  disconnectFrom(member: Member): void {
    for (const client of this.clients) if (client.member === member) this.disconnect(client);
  }

  acknowledged(member: Member, operation: Operation, batchId: number): void {
    const client = this.clients.find(({ id }) => id === operation.client);
    if (client === undefined || client.member !== member || client.connection !== operation.connection) return;
    assert(operation.kind === 'write', 'a client that closed its session hears no more');
    const expected = client.outstanding.shift();
    if (expected !== operation.seq) {
      throw new InvariantBroken('ClientFifo', `client ${client.id} got the answer to ${operation.seq}, expected that to ${expected}`);
    }
    client.seenZxid = member.tree.at(-1)!.zxid;
    this.all.acknowledge(operation, batchId);
  }
}
