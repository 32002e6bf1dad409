/**
 * How two members make sure whom they talk to: the first frame of either side on the quorum port. It is checked field by field, so a
 * foreign protocol, another ensemble's member and a configuration that sends members to the wrong place are each told apart.
 */
const PEER_PROTOCOL = 'vivarium-peer';
const PEER_PROTOCOL_VERSION = 1;

export interface Hello {
  /** Who speaks. */
  serverId: number;
  /** Who is expected at the other end. */
  to: number;
  /** Made anew by each process: tells a restarted member from a second one with its id. */
  incarnation: string;
  /** The speaker's own `server.N=` value: where it can be reached. */
  address: string;
  /** The members as the speaker's configuration has them, and its version. */
  configVersion: number;
  members: string;
  /** The speaker is the one who waits to be dialled: `dial me`. */
  knock: boolean;
}

/** Fields longer than this are nobody's honest configuration. */
const TEXT_MAX = 64 * 1024;

export function packHello(hello: Hello): unknown[] {
  const { serverId, to, incarnation, address, configVersion, members, knock } = hello;
  return [PEER_PROTOCOL, PEER_PROTOCOL_VERSION, serverId, to, incarnation, address, configVersion, members, knock];
}

/** The hello, or what is wrong with it. */
export function unpackHello(value: unknown): Hello | string {
  if (!Array.isArray(value) || value[0] !== PEER_PROTOCOL) return 'it does not speak the protocol of members';
  const [, version, serverId, to, incarnation, address, configVersion, members, knock] = value as unknown[];
  if (version !== PEER_PROTOCOL_VERSION) return `it speaks version ${String(version)} of the members' protocol, this server ${PEER_PROTOCOL_VERSION}`;
  const isId = (id: unknown): id is number => Number.isSafeInteger(id) && (id as number) >= 0;
  const isText = (text: unknown): text is string => typeof text === 'string' && text.length <= TEXT_MAX;
  if (!isId(serverId) || !isId(to) || !isId(configVersion) || !isText(incarnation) || !isText(address) || !isText(members) || typeof knock !== 'boolean') {
    return 'its hello is malformed';
  }
  return { serverId, to, incarnation, address, configVersion, members, knock };
}
