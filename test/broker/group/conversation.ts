/**
 * Plays conversations with one group, written down as text. A file in `testdata/` is a story: commands, `----`, and what came of
 * them, blank lines between the steps. `REWRITE=1` rewrites the expectations; the diff is what to review.
 *
 *     config delay=3000 max=2             settings, before anything else
 *     join A [static=i] [anew] [id=x] [v=0..9] [protocols=range,roundrobin] [type=consumer] [meta=t1] [session=] [rebalance=]
 *     sync A [gen=1] [id=x] [static=i] [A=one B=two] [protocol=range] [type=consumer]
 *     heartbeat A [gen=] [id=x] [static=i]     commit A [gen=] …     commit - (a consumer without a group)
 *     leave A [static=i]…                 leave -/i (an administrator, by instance id)
 *     stored [error]                      the oldest write ends
 *     wait 3000                           time passes; what falls due happens on the way
 *     unload      show
 *
 * A name stands for a client: it remembers the member id and generation it was told last. Its ids are `A-1`, `A-2` …
 */
import { ErrorCode, errorName } from '../../../broker/protocol/error-codes.ts';
import { encodeSubscription } from '../../../broker/protocol/consumer-protocol.ts';
import { defaultGroupConfig } from '../../../broker/group/group-config.ts';
import type { GroupConfig } from '../../../broker/group/group-config.ts';
import type { Effect, GroupWrite, MemberClaim } from '../../../broker/group/group-messages.ts';
import { Group } from '../../../broker/group/group.ts';

interface Client {
  memberId: string;
  generationId: number;
  ids: number;
}

type Options = ReadonlyMap<string, string>;

export class Conversation {
  private config: GroupConfig = { ...defaultGroupConfig };
  private nowMs = 0;
  private nextReply = 1;
  private readonly clients = new Map<string, Client>();
  private readonly asked = new Map<number, string>();
  private readonly writes: GroupWrite[] = [];
  private made: Group | null = null;

  get group(): Group {
    this.made ??= new Group('g', this.config, this.now());
    return this.made;
  }

  run(line: string): string[] {
    const [command = '', ...words] = line.split(/\s+/);
    const name = words[0] !== undefined && !words[0].includes('=') ? words[0] : '';
    const pairs = words.filter((word) => word.includes('=')).map((word): [string, string] => {
      const at = word.indexOf('=');
      return [word.slice(0, at), word.slice(at + 1)];
    });
    const options = new Map(pairs);
    if (words.includes('anew')) options.set('anew', '');
    switch (command) {
      case 'config':
        return this.configure(options);
      case 'join':
        return this.join(name, options);
      case 'sync':
        return this.sync(name, options);
      case 'heartbeat':
        return [`${name}: ${errorName(this.group.heartbeat(this.claim(name, options), this.now()))}`];
      case 'commit':
        return [`${name}: ${errorName(this.group.admitCommit(this.claim(name, options), this.now()))}`];
      case 'leave':
        return this.leave(words);
      case 'stored':
        return this.stored(name);
      case 'wait':
        return this.wait(Number(name));
      case 'unload':
        return this.tell(this.group.unload(this.now()));
      case 'show':
        return this.show();
      default:
        throw new Error(`Unknown command "${line}"`);
    }
  }

  /** Requests that nobody has answered yet. */
  get unanswered(): number {
    return this.asked.size;
  }

  private configure(options: Options): string[] {
    this.config = {
      ...this.config,
      groupInitialRebalanceDelayMs: Number(options.get('delay') ?? this.config.groupInitialRebalanceDelayMs),
      groupMaxSize: Number(options.get('max') ?? this.config.groupMaxSize),
    };
    return [];
  }

  private now(): { wallMs: number; monotonicMs: number } {
    return { wallMs: 1_000_000 + this.nowMs, monotonicMs: this.nowMs };
  }

  private client(name: string): Client {
    let client = this.clients.get(name);
    if (client === undefined) this.clients.set(name, (client = { memberId: '', generationId: -1, ids: 0 }));
    return client;
  }

  private ask(name: string): number {
    const replyTo = this.nextReply++;
    this.asked.set(replyTo, name);
    return replyTo;
  }

  private join(name: string, options: Options): string[] {
    const client = this.client(name);
    const version = Number(options.get('v') ?? 9);
    const instance = options.get('static') ?? null;
    const metadata = encodeSubscription({ topics: (options.get('meta') ?? 't1').split(',') });
    const protocols = (options.get('protocols') ?? 'range').split(',').filter((protocol) => protocol !== '');
    const sessionTimeoutMs = Number(options.get('session') ?? 10_000);
    const memberId = options.get('id') ?? (options.has('anew') ? '' : client.memberId);
    if (memberId === '') client.ids += 1;
    return this.tell(
      this.group.join(
        {
          replyTo: this.ask(name),
          memberId,
          newMemberId: `${name}-${client.ids}`,
          groupInstanceId: instance,
          requireKnownMemberId: version >= 4 && instance === null,
          supportSkippingAssignment: version >= 9,
          clientId: name,
          clientHost: '/127.0.0.1',
          rebalanceTimeoutMs: Number(options.get('rebalance') ?? 60_000),
          sessionTimeoutMs,
          protocolType: options.get('type') ?? 'consumer',
          protocols: protocols.map((protocol) => ({ name: protocol, metadata })),
          reason: null,
        },
        this.now(),
      ),
    );
  }

  private sync(name: string, options: Options): string[] {
    const known = ['gen', 'id', 'static', 'protocol', 'type'];
    const assignments = new Map<string, Buffer>();
    for (const [key, value] of options) {
      if (!known.includes(key)) assignments.set(this.clients.get(key)?.memberId ?? key, Buffer.from(value));
    }
    const claim = this.claim(name, options);
    const protocolType = options.get('type') ?? null;
    const protocolName = options.get('protocol') ?? null;
    return this.tell(this.group.sync({ ...claim, replyTo: this.ask(name), protocolType, protocolName, assignments }, this.now()));
  }

  private claim(name: string, options: Options): MemberClaim {
    if (name === '-') return { memberId: '', generationId: Number(options.get('gen') ?? -1), groupInstanceId: null };
    const client = this.client(name);
    return {
      memberId: options.get('id') ?? client.memberId,
      generationId: Number(options.get('gen') ?? client.generationId),
      groupInstanceId: options.get('static') ?? null,
    };
  }

  private leave(words: readonly string[]): string[] {
    const leaving = words.map((word) => {
      const [name = '', instance] = word.split('/');
      const memberId = name === '-' ? '' : (this.clients.get(name)?.memberId ?? name);
      return { memberId, groupInstanceId: instance ?? null, reason: null };
    });
    const { left, effects } = this.group.leave(leaving, this.now());
    const answers = left?.map(({ errorCode }, i) => `${words[i]}: ${errorName(errorCode)}`) ?? ['refused'];
    return [...answers, ...this.tell(effects)];
  }

  private stored(error: string): string[] {
    const write = this.writes.shift();
    if (write === undefined) throw new Error('nothing is being written');
    const errorCode = error === '' ? ErrorCode.NONE : ErrorCode[error as keyof typeof ErrorCode];
    return this.tell(this.group.stored(write, errorCode, this.now()));
  }

  private wait(ms: number): string[] {
    const lines: string[] = [];
    const untilMs = this.nowMs + ms;
    while (this.group.wakeAtMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.group.wakeAtMs);
      lines.push(...this.tell(this.group.expire(this.now())).map((line) => `@${this.nowMs} ${line}`));
    }
    this.nowMs = untilMs;
    return lines;
  }

  private show(): string[] {
    const { group } = this;
    const lines = [`${group.state} gen=${group.generationId} protocol=${group.protocolName} leader=${group.members.leaderId}`];
    for (const member of group.members.all()) {
      const waits = `${member.awaitingJoin === null ? '' : ' joining'}${member.awaitingSync === null ? '' : ' syncing'}`;
      const instance = member.groupInstanceId === null ? '' : ` static=${member.groupInstanceId}`;
      lines.push(`  ${member.memberId}${instance} assignment=${member.assignment.toString()}${waits}`);
    }
    return lines;
  }

  private tell(effects: readonly Effect[]): string[] {
    return effects.flatMap((effect) => {
      switch (effect.kind) {
        case 'joinReply': {
          const name = this.answered(effect.to);
          const { errorCode, generationId, protocolName, leader, memberId, members, skipAssignment } = effect.result;
          const client = this.client(name);
          if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.MEMBER_ID_REQUIRED) client.memberId = memberId;
          if (errorCode === ErrorCode.NONE) client.generationId = generationId;
          if (errorCode !== ErrorCode.NONE) return [`join ${name}: ${errorName(errorCode)} id=${memberId}`];
          const everyone = members.length > 0 ? ` members=${members.map((member) => member.memberId).join(',')}` : '';
          const skip = skipAssignment ? ' skipAssignment' : '';
          return [`join ${name}: gen=${generationId} ${protocolName} id=${memberId} leader=${leader}${everyone}${skip}`];
        }
        case 'syncReply': {
          const name = this.answered(effect.to);
          const { errorCode, assignment } = effect.result;
          return [`sync ${name}: ${errorCode === ErrorCode.NONE ? `"${assignment.toString()}"` : errorName(errorCode)}`];
        }
        case 'store': {
          this.writes.push(effect.write);
          const members = effect.value.members.map((member) => `${member.memberId}="${member.assignment.toString()}"`);
          return [`store ${effect.write.purpose} gen=${effect.value.generation} ${members.join(' ')}`.trimEnd()];
        }
        case 'log':
          return [];
      }
    });
  }

  private answered(to: number): string {
    const name = this.asked.get(to);
    if (name === undefined) throw new Error(`request ${to} is answered twice, or was never asked`);
    this.asked.delete(to);
    return name;
  }
}
