/** `host:port,host:port/chroot`: the servers of an ensemble, and the part of the tree that a client sees (`ConnectStringParser`). */
import { badArguments } from './errors.ts';
import { validatePath } from './path.ts';

export interface ServerAddress {
  host: string;
  port: number;
}

export interface ConnectString {
  servers: readonly ServerAddress[];
  /** '' or a path like `/kafka`. */
  chroot: string;
}

const PORT_DEFAULT = 2181;

/** Throws `CoordinatorError` (BADARGUMENTS) that shows what is wrong. IPv6 addresses stand in brackets: `[::1]:2181`. */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf('/');
  let chroot = slash < 0 ? '' : text.slice(slash).trim();
  if (chroot === '/') chroot = '';
  if (chroot !== '') validatePath(chroot);

  const servers = (slash < 0 ? text : text.slice(0, slash))
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseServer);
  if (servers.length === 0) throw badArguments(`A HostProvider may not be empty: no server in "${text}", expected host:port[,host:port…][/chroot]`);
  return { servers, chroot };
}

function parseServer(text: string): ServerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:]+|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? PORT_DEFAULT : Number(match[3]);
  if (host === undefined || port < 1 || port > 65_535) throw badArguments(`"${text}" is not an address: expected host:port with a port of 1 to 65535`);
  return { host, port };
}

export function formatServer({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
