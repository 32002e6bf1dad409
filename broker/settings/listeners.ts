/**
 * Listeners: `NAME://host:port` lists, their security protocols, and which of them clients are told (`kafka.cluster.EndPoint`).
 * An empty host stands for all interfaces when listening, and for this machine's name when advertised.
 */
import { FatalError, requirement } from './fatal-error.ts';
import { SettingError } from '../../shared/settings/schema.ts';

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

export const SECURITY_PROTOCOL_IDS: Readonly<Record<SecurityProtocol, number>> = {
  PLAINTEXT: 0,
  SSL: 1,
  SASL_PLAINTEXT: 2,
  SASL_SSL: 3,
};

export interface EndPoint {
  /** Upper case. */
  listenerName: string;
  securityProtocol: SecurityProtocol;
  /** Null where none was given. */
  host: string | null;
  port: number;
}

const END_POINT = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)$/;

function isSecurityProtocol(name: string): name is SecurityProtocol {
  return Object.hasOwn(SECURITY_PROTOCOL_IDS, name);
}

/** Reads `listener.security.protocol.map`. Throws `SettingError` for a protocol that doesn't exist. */
export function parseSecurityProtocolMap(text: string): Map<string, SecurityProtocol> {
  const map = new Map<string, SecurityProtocol>();
  for (const entry of splitList(text)) {
    const at = entry.lastIndexOf(':');
    if (at < 0) {
      throw new FatalError(
        'java.lang.IllegalArgumentException',
        `Error parsing configuration property 'listener.security.protocol.map': ${entry}`,
      );
    }
    const protocol = entry
      .slice(at + 1)
      .trim()
      .toUpperCase();
    if (!isSecurityProtocol(protocol)) {
      throw new SettingError(`Invalid security protocol \`${protocol}\` defined in listener.security.protocol.map`);
    }
    map.set(entry.slice(0, at).trim().toUpperCase(), protocol);
  }
  return map;
}

/** Reads a list of listeners. Throws what Kafka throws for one that can't be read, has no protocol, or comes twice. */
export function parseEndPoints(
  text: string,
  protocols: ReadonlyMap<string, SecurityProtocol>,
  { distinctPorts }: { distinctPorts: boolean },
): EndPoint[] {
  const endPoints = splitList(text).map((entry) => {
    const refuse = (why: string): never => {
      throw new FatalError('java.lang.IllegalArgumentException', `Error creating broker listeners from '${text}': ${why}`);
    };
    const match = END_POINT.exec(entry);
    if (match === null) return refuse(`Unable to parse ${entry} to a broker endpoint`);
    const listenerName = match[1]!.toUpperCase();
    const securityProtocol = protocols.get(listenerName);
    if (securityProtocol === undefined) return refuse(`No security protocol defined for listener ${listenerName}`);
    return { listenerName, securityProtocol, host: match[2] === '' ? null : match[2]!, port: Number(match[3]) };
  });
  const names = new Set(endPoints.map((endPoint) => endPoint.listenerName));
  requirement(names.size === endPoints.length, `Each listener must have a different name, listeners: ${text}`);
  if (distinctPorts) {
    const ports = endPoints.map((endPoint) => endPoint.port).filter((port) => port !== 0);
    requirement(new Set(ports).size === ports.length, `Each listener must have a different port, listeners: ${text}`);
  }
  return endPoints;
}

/** How settings of one listener begin. */
export function listenerPrefix(listenerName: string): string {
  return `listener.name.${listenerName.toLowerCase()}.`;
}

/** `NAME://host:port`, IPv6 hosts in brackets, as the registration znode has it. */
export function formatEndPoint({ listenerName, host, port }: EndPoint): string {
  return `${listenerName}://${formatHost(host ?? '')}:${port}`;
}

export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** A comma-separated list without its blanks and empty entries. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
