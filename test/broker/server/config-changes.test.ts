import { expect } from 'chai';
import { ConfigChanges } from '../../../broker/server/config-changes.ts';
import type { CoordinatorClient } from '../../../shared/client/client.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { MemoryCoordinator } from '../controller/memory-coordinator.ts';

describe('ConfigChanges', () => {
  let coordinator: MemoryCoordinator;
  let read: string[];
  let errors: string[];
  let wallMs: number;
  let changes: ConfigChanges;
  beforeEach(() => {
    coordinator = new MemoryCoordinator();
    coordinator.put('/config/changes');
    [read, errors, wallMs] = [[], [], 0];
    const ignore = (): void => undefined;
    const logger: Logger = { error: (message) => errors.push(message), warn: ignore, info: ignore, debug: ignore };
    const keeper = (kind: string) => ({
      readAgain: async (rest: string) => void read.push(`${kind} ${rest}`),
      readAllAgain: async () => void read.push(`all ${kind}`),
    });
    // All that it uses: reading, and the removal below.
    const client = Object.assign(coordinator, { delete: async (path: string) => coordinator.remove(path) });
    changes = new ConfigChanges({
      client: () => client as unknown as CoordinatorClient,
      keepers: { topics: keeper('topics'), brokers: keeper('brokers') },
      wallMs: () => wallMs,
      logger,
    });
  });
  const announce = async (n: number, entityPath: string): Promise<void> => {
    coordinator.put(`/config/changes/config_change_${String(n).padStart(10, '0')}`, JSON.stringify({ version: 2, entity_path: entityPath }));
    await new Promise((resolve) => setImmediate(resolve));
  };

  it('reads everything when it begins, then what each announcement names, once', async () => {
    await announce(0, 'topics/old');
    await changes.watch();
    expect(read).to.deep.equal(['all topics', 'all brokers']);
    read.length = 0;
    await announce(1, 'topics/t');
    await announce(2, 'brokers/<default>');
    await announce(3, 'users/bob/clients/c'); // nobody here keeps those
    expect(read).to.deep.equal(['topics t', 'brokers <default>']);
  });

  it('goes on after an announcement of nonsense', async () => {
    await changes.watch();
    read.length = 0;
    coordinator.put('/config/changes/config_change_0000000001', 'nonsense');
    coordinator.put('/config/changes/what-is-this', 'nonsense');
    await announce(2, 'topics/t');
    expect(read).to.deep.equal(['topics t']);
    expect(errors).to.deep.equal(['Announcement /config/changes/config_change_0000000001 is left out']);
  });

  it('removes announcements that all have read, after a quarter of an hour', async () => {
    await announce(0, 'topics/old');
    await changes.watch();
    wallMs = 15 * 60 * 1000 + 1;
    await announce(1, 'topics/t');
    await announce(2, 'topics/u');
    const left = [...coordinator.znodes.keys()].filter((path) => path.startsWith('/config/changes/'));
    expect(left).to.deep.equal([]);
    expect(read.slice(2)).to.deep.equal(['topics t', 'topics u']);
  });
});
