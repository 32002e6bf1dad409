/**
 * Sends one four-letter word and prints the answer, as ZooKeeper's `FourLetterWordMain host port word [secure]`: what zkServer.sh asks a
 * server with that has only a secure port. Keys and authorities come from `-Dzookeeper.ssl.…` in CLIENT_JVMFLAGS, as for the shell.
 */
import { connect as connectPlain } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { runProgram } from '../../shared/runtime/program.ts';
import { SettingError } from '../../shared/settings/schema.ts';
import { systemProperties } from '../../shared/settings/system-properties.ts';
import { loadClientTls } from '../../shared/tls/client-tls.ts';

const USAGE = 'Usage: FourLetterWordMain <host> <port> <cmd> <secure(optional)>\n';
const TIMEOUT_MS = 5000;

/** The whole answer. Rejects when there is none in time. */
function ask(host: string, port: number, word: string, tls: ConnectionOptions | null): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const send = (): void => void socket.write(word);
    const socket = tls === null ? connectPlain({ host, port }, send) : connectTls({ ...tls, host, port }, send);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

async function main([host, port, word, secure]: readonly string[]): Promise<number> {
  if (host === undefined || word === undefined || !/^\d+$/.test(port ?? '')) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    const properties = systemProperties(process.env, ['CLIENT_JVMFLAGS', 'JVMFLAGS'], /^zookeeper\./);
    if (secure === 'true') properties.set('zookeeper.client.secure', 'true');
    process.stdout.write(await ask(host, Number(port), word, loadClientTls(properties)));
    return 0;
  } catch (error) {
    if (!(error instanceof SettingError) && (error as NodeJS.ErrnoException).code === undefined && !/no answer/.test((error as Error).message)) throw error;
    process.stderr.write(`${host}:${port}: ${(error as Error).message}\n`);
    return 1;
  }
}

void runProgram(main);
