/** What the examples share: sessions on the coordinator named by `--servers host:port[,host:port…][/chroot]` (localhost:2181). */
import { parseArgs } from 'node:util';
// In a program of your own: import { CoordinatorClient } from 'vivarium'
import { CoordinatorClient } from '../shared/client/index.ts';

const { values } = parseArgs({ options: { servers: { type: 'string', default: 'localhost:2181' } } });

export function connect(): Promise<CoordinatorClient> {
  return CoordinatorClient.connect({ servers: values.servers, sessionTimeoutMs: 4_000, connectTimeoutMs: 10_000 });
}

/** Deletes what an earlier run has left. */
export async function clear(client: CoordinatorClient, path: string): Promise<void> {
  if ((await client.exists(path)) === null) return;
  const { children } = await client.getChildren(path);
  await Promise.all(children.map((child) => clear(client, `${path}/${child}`)));
  await client.delete(path);
}

export const text = (data: Uint8Array | null): string => (data === null ? 'nothing' : new TextDecoder().decode(data));
