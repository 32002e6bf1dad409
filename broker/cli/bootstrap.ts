/** Reads `--bootstrap-server` and client property files: the part of a tool's configuration that all tools share. */
import { readFileSync } from 'node:fs';
import { parseProperties } from '../../shared/settings/properties.ts';
import { JavaError } from './java-exception.ts';

/** An address list that Java's clients would refuse, in their words. */
export class BootstrapError extends Error {
  override readonly name = 'BootstrapError';
}

export function parseBootstrap(list: string): { host: string; port: number }[] {
  const addresses = list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (addresses.length === 0) throw new BootstrapError('No resolvable bootstrap urls given in bootstrap.servers');
  return addresses.map((address) => {
    const match = /^(?:[a-zA-Z][\w+.-]*:\/\/)?\[?([0-9a-zA-Z\-%._:]*?)\]?:(\d+)$/.exec(address);
    if (match === null || match[1] === '' || Number(match[2]) > 65535) {
      throw new BootstrapError(`Invalid url in bootstrap.servers: ${address}`);
    }
    return { host: match[1]!, port: Number(match[2]) };
  });
}

export function readPropertyFile(path: string): Map<string, string> {
  try {
    return parseProperties(readFileSync(path, 'latin1'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new JavaError('java.nio.file.NoSuchFileException', path, { cause: error });
  }
}

/** `key=value` arguments; a key alone has an empty value. */
export function parseKeyValues(args: readonly string[]): Map<string, string> {
  const properties = new Map<string, string>();
  for (const arg of args) {
    const equals = arg.indexOf('=');
    if (equals < 0) properties.set(arg, '');
    else properties.set(arg.slice(0, equals), arg.slice(equals + 1));
  }
  return properties;
}
