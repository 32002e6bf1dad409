/**
 * Asks a port whether the server behind it serves, in its own protocol: an open port alone says little, since servers bind
 * before they are ready.
 */
import { connect } from 'node:net';

/** Sends `question` and resolves with the first bytes that come back, or null: no listener, no answer within `timeoutMs`. */
function ask(host: string, port: number, question: Buffer, answerBytes: number, timeoutMs: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (answer: Buffer | null): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => finish(null));
    socket.on('error', () => finish(null));
    socket.on('close', () => finish(size > 0 ? Buffer.concat(chunks) : null));
    socket.on('connect', () => socket.write(question));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= answerBytes) finish(Buffer.concat(chunks));
    });
  });
}

/** True when the coordinator at `port` answers the four-letter word `srvr` with its mode. */
export async function coordinatorServes(host: string, port: number, timeoutMs = 500): Promise<boolean> {
  const answer = await ask(host, port, Buffer.from('srvr'), Number.POSITIVE_INFINITY, timeoutMs);
  return answer !== null && answer.includes('Mode: ');
}

/** ApiVersions v0: size 10, api key 18, version 0, correlation id 1, null client id. */
const API_VERSIONS_V0 = Buffer.from('0000000a0012000000000001ffff', 'hex');

/** True when the broker at `port` answers ApiVersions without an error. */
export async function brokerServes(host: string, port: number, timeoutMs = 500): Promise<boolean> {
  const answer = await ask(host, port, API_VERSIONS_V0, 10, timeoutMs);
  return answer !== null && answer.length >= 10 && answer.readInt32BE(4) === 1 && answer.readInt16BE(8) === 0;
}
