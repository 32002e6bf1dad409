/**
 * The recipes of our client with a real ZooKeeper 3.8: the tests that `make test` runs with our coordinator, all of them.
 * TEST_COORDINATOR=HOST:PORT takes a server that runs already.
 */
import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { RealZooKeeper } from './support/real-zookeeper.ts';
import { startZooKeeper } from './support/real-zookeeper.ts';

const folder = resolve(import.meta.dirname, '../shared/client/recipes');
const require = createRequire(import.meta.url);

describe('recipes on Apache ZooKeeper 3.8', () => {
  const given = process.env['TEST_COORDINATOR'];
  let zookeeper: RealZooKeeper | undefined;

  before(async () => {
    if (given !== undefined) return;
    zookeeper = await startZooKeeper({ tickTime: 100, minSessionTimeout: 200 });
    process.env['TEST_COORDINATOR'] = `127.0.0.1:${zookeeper.port}`;
  });
  after(async () => {
    if (given === undefined) delete process.env['TEST_COORDINATOR'];
    await zookeeper?.close();
  });

  // A test file declares its suites when it is loaded, so here: inside this one.
  const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  for (const name of files) require(join(folder, name));

  it('are all here', () => expect(files).to.include.members(['lock.test.ts', 'leader-election.test.ts', 'tree-cache.test.ts']));
});
