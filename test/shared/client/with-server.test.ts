/** The client with a coordinator, over each transport; and with none. */
import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMember } from '../../../coordinator/server/member.ts';
import { loadServerSettings } from '../../../coordinator/server/settings.ts';
import { CoordinatorClient } from '../../../shared/client/client.ts';
import type { CoordinatorError } from '../../../shared/client/errors.ts';
import { juteTransport } from '../../../shared/client/jute-transport.ts';
import { nodeTransport, nodeWsTransport } from '../../../shared/client/node-transport.ts';
import { wsTransport } from '../../../shared/client/ws-transport.ts';
import { setLogLevel } from '../../../shared/telemetry/logger.ts';
import type { SuiteServer } from './server-suite.ts';
import { describeWithServer } from './server-suite.ts';
import { TcpProxy } from './tcp-proxy.ts';

async function startCoordinator(): Promise<SuiteServer> {
  const levelBefore = setLogLevel('silent');
  const dataDir = await mkdtemp(join(tmpdir(), 'client-test-'));
  const properties = { dataDir, clientPort: '0', clientPortAddress: '127.0.0.1', 'admin.enableServer': 'false', tickTime: '100', minSessionTimeout: '200', extendedTypesEnabled: 'true' };
  const member = await startMember(loadServerSettings(new Map(Object.entries(properties))).settings);
  return {
    port: member.port,
    async close() {
      await member.close();
      await rm(dataDir, { recursive: true, force: true });
      setLogLevel(levelBefore);
    },
  };
}

for (const [name, transport] of [
  ['ws', () => nodeWsTransport()],
  ['the built-in WebSocket', wsTransport],
  ['the native protocol', juteTransport],
] as const) {
  describeWithServer(`a coordinator, over ${name}`, startCoordinator, transport);
}

describe('CoordinatorClient without a coordinator', () => {
  it('says what it could not reach', async () => {
    const proxy = await TcpProxy.open(1);
    const { port } = proxy;
    await proxy.close();
    const error = await CoordinatorClient.connect({ servers: `127.0.0.1:${port}`, connectTimeoutMs: 200, transport: nodeTransport() }).then(
      () => null,
      (failure: CoordinatorError) => failure,
    );
    expect(error!.message).to.match(new RegExp(`while in state: CONNECTING \\(127\\.0\\.0\\.1:${port}: connect ECONNREFUSED 127\\.0\\.0\\.1:${port}\\)$`));
  });
});
