/**
 * Every message between members, declared once: the types, the positional form in which a message travels, and the check of
 * what arrives all follow from `SHAPES`. The names are the original's (`Leader.FOLLOWERINFO` and so on); what it spreads
 * over two ports (election, quorum) goes over one link here, in the order in which it was sent.
 *
 *     on the link: [index of the type, field, field, …] in the order of its shape, as msgpack
 *
 * `attempt` numbers a learner's attempts to follow: the leader repeats it, so that neither side takes a message of an earlier
 * attempt, still on its way, for one of this.
 */

/** What a member believes about itself. The index is also what NOTIFICATION carries. */
const PEER_STATES = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'] as const;
export type PeerState = (typeof PEER_STATES)[number];

/** Who belongs to the ensemble and how votes count. `version` is the zxid of the reconfig txn that made it, 0 for the file's. */
export interface EnsembleConfig {
  version: number;
  voters: readonly number[];
  observers: readonly number[];
  /** Hierarchical quorums: a voter's group, 0 where none is named; all voters in one group is the plain majority of weights. */
  groups: Readonly<Record<number, number>>;
  /** 1 where none is named. */
  weights: Readonly<Record<number, number>>;
  /** The lines of `/zookeeper/config`, for the shell: addresses and ports. */
  text: string;
}

interface FieldTypes {
  /** A whole number from 0 on: zxids, epochs, ids, sizes. */
  uint: number;
  bool: boolean;
  text: string;
  bytes: Uint8Array;
  state: PeerState;
  config: EnsembleConfig;
  configOrNull: EnsembleConfig | null;
  /** Opaque to the core: the shell's own messages. The shell checks them. */
  app: unknown;
}

const SHAPES = {
  /** Election: the sender's vote, for `leader`. Sent by a LOOKING member to all, and as the answer to one. */
  NOTIFICATION: {
    state: 'state',
    leader: 'uint',
    zxid: 'uint',
    peerEpoch: 'uint',
    /** The round of the election, the original's logical clock. */
    electionEpoch: 'uint',
    /** The sender's disk is empty: it can't know what it may have acknowledged before (see `vote.ts`). */
    fresh: 'bool',
    /** True for a leader whose NEWLEADER a quorum has acknowledged, and for those who follow one. */
    established: 'bool',
    /** The sender's ensemble, where a reconfig made it: who was away finds the others by it. */
    config: 'configOrNull',
  },
  /** Discovery, learner to leader: I want to follow you, and have promised not to follow an older epoch than this. */
  FOLLOWERINFO: {
    attempt: 'uint',
    acceptedEpoch: 'uint',
    observer: 'bool',
    fresh: 'bool',
    configVersion: 'uint',
  },
  /** The new epoch, greater than any that a quorum has accepted. */
  LEADERINFO: { attempt: 'uint', epoch: 'uint' },
  /** The learner has it on the disk. What follows is its history's state; `repeated` when it had accepted this epoch before. */
  ACKEPOCH: {
    attempt: 'uint',
    currentEpoch: 'uint',
    lastZxid: 'uint',
    repeated: 'bool',
    /** It can shorten its history down to this zxid and no further. */
    truncateFloorZxid: 'uint',
  },
  /** The leader will not have this learner: it is no leader, or the learner is ahead of it. */
  REFUSED: { attempt: 'uint', reason: 'text' },
  /** Synchronization begins with the ensemble in force and the one proposed, before any txn that could have made them. */
  CONFIG: { attempt: 'uint', config: 'config', pendingConfig: 'configOrNull' },
  /** What the learner has is a prefix of the leader's history; what is missing follows as PROPOSALs. */
  DIFF: { attempt: 'uint', zxid: 'uint' },
  /** What the learner has after `zxid` nobody committed: forget it. What is missing follows as PROPOSALs. */
  TRUNC: { attempt: 'uint', zxid: 'uint' },
  /** The whole tree, as of `zxid`, follows in chunks; then PROPOSALs. */
  SNAP: { attempt: 'uint', zxid: 'uint' },
  SNAPCHUNK: { attempt: 'uint', position: 'uint', bytes: 'bytes', last: 'bool' },
  /** So many bytes of the snapshot are in the learner's file: there is room for more on the way. */
  SNAPACK: { attempt: 'uint', position: 'uint' },
  /** The learner has the leader's history up to `zxid`, of this and earlier epochs: make `epoch` its current one. */
  NEWLEADER: { attempt: 'uint', epoch: 'uint', zxid: 'uint' },
  /** All before `zxid`, and the epoch of NEWLEADER, are on the learner's disk. */
  ACKNEWLEADER: { attempt: 'uint', epoch: 'uint', zxid: 'uint' },
  /** A quorum has acknowledged NEWLEADER: serve. */
  UPTODATE: { attempt: 'uint', zxid: 'uint' },
  /** Broadcast: log this batch. All up to `committedZxid` is committed. For observers it holds committed batches only. */
  PROPOSAL: {
    attempt: 'uint',
    firstZxid: 'uint',
    lastZxid: 'uint',
    body: 'bytes',
    committedZxid: 'uint',
    /** The batch is a reconfig txn: the ensemble that it proposes. */
    config: 'configOrNull',
  },
  /** Everything up to `zxid` is on the learner's disk. */
  ACK: { attempt: 'uint', zxid: 'uint' },
  /** Everything up to `zxid` is committed. */
  COMMIT: { attempt: 'uint', zxid: 'uint' },
  /** Leader to learner, every half tick; it comes back. */
  PING: { attempt: 'uint', zxid: 'uint' },
  PONG: { attempt: 'uint' },
  /** The shell's message, delivered in order, and not before the receiver has delivered everything up to `afterZxid`. */
  APP: { attempt: 'uint', afterZxid: 'uint', payload: 'app' },
} as const satisfies Record<string, Record<string, keyof FieldTypes>>;

type Shapes = typeof SHAPES;
export type MessageType = keyof Shapes;
export type MessageOf<T extends MessageType> = { type: T } & {
  -readonly [F in keyof Shapes[T]]: Shapes[T][F] extends keyof FieldTypes ? FieldTypes[Shapes[T][F]] : never;
};
/** Any of the messages, told apart by `type`. */
export type PeerMessage = { [T in MessageType]: MessageOf<T> }[MessageType];

const TYPES = Object.keys(SHAPES) as MessageType[];
const INDEX_OF = new Map<MessageType, number>(TYPES.map((type, index) => [type, index]));
const FIELDS_OF: readonly (readonly [name: string, kind: keyof FieldTypes])[][] = TYPES.map((type) => Object.entries(SHAPES[type]));

/** `message` in the form in which it travels. */
export function packMessage(message: PeerMessage): unknown[] {
  const index = INDEX_OF.get(message.type)!;
  const packed: unknown[] = [index];
  const record = message as unknown as Record<string, unknown>;
  for (const [name, kind] of FIELDS_OF[index]!) {
    const value = record[name];
    packed.push(kind === 'state' ? PEER_STATES.indexOf(value as PeerState) : value);
  }
  return packed;
}

/** What `packMessage` made, checked field by field; or what is wrong with it. */
export function unpackMessage(packed: unknown): PeerMessage | { type: 'invalid'; reason: string } {
  if (!Array.isArray(packed)) return { type: 'invalid', reason: 'a peer message is an array' };
  const index: unknown = packed[0];
  const fields = typeof index === 'number' ? FIELDS_OF[index] : undefined;
  if (fields === undefined) return { type: 'invalid', reason: `no peer message has the type ${String(index)}` };
  const type = TYPES[index as number]!;
  if (packed.length !== fields.length + 1) {
    return { type: 'invalid', reason: `${type} has ${fields.length} fields, not ${packed.length - 1}` };
  }
  const message: Record<string, unknown> = { type };
  for (const [at, [name, kind]] of fields.entries()) {
    const value: unknown = packed[at + 1];
    if (!isOfKind(value, kind)) return { type: 'invalid', reason: `${type}.${name} is not ${kind}` };
    message[name] = kind === 'state' ? PEER_STATES[value as number] : value;
  }
  return message as unknown as PeerMessage;
}

function isOfKind(value: unknown, kind: keyof FieldTypes): boolean {
  switch (kind) {
    case 'uint':
      return isUint(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'text':
      return typeof value === 'string';
    case 'bytes':
      return value instanceof Uint8Array;
    case 'state':
      return isUint(value) && value < PEER_STATES.length;
    case 'config':
      return isConfig(value);
    case 'configOrNull':
      return value === null || isConfig(value);
    case 'app':
      return true;
  }
}

function isUint(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Is it a config whose numbers make sense? Also for what the shell reads from its own disk. */
export function isConfig(value: unknown): value is EnsembleConfig {
  if (typeof value !== 'object' || value === null) return false;
  const { version, voters, observers, groups, weights, text } = value as Record<string, unknown>;
  return (
    isUint(version) &&
    isIds(voters) &&
    isIds(observers) &&
    isNumbersById(groups) &&
    isNumbersById(weights) &&
    typeof text === 'string'
  );
}

function isIds(value: unknown): boolean {
  return Array.isArray(value) && value.every(isUint) && new Set(value).size === value.length;
}

function isNumbersById(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(isUint);
}
