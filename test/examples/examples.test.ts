/** Every example shows what its head says that you'll see, and leaves the tree as it found it. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LogLevel } from '../../shared/telemetry/logger.ts';
import { setLogLevel } from '../../shared/telemetry/logger.ts';
import { closeMembers, testMember } from '../coordinator/server/test-member.ts';

const run = promisify(execFile);
const directory = resolve(import.meta.dirname, '../../examples');
const names = readdirSync(directory).filter((name) => /^\d\d-.*\.ts$/.test(name));

/** The block of the docstring after "You'll see:". */
function promised(source: string): string {
  const head = source.slice(0, source.indexOf('*/'));
  const lines = head.slice(head.indexOf("You'll see:")).split('\n').slice(2);
  const end = lines.findIndex((line) => !line.startsWith(' *     '));
  return lines.slice(0, end < 0 ? undefined : end).map((line) => `${line.slice(7)}\n`).join('');
}

describe('examples', () => {
  let port: number;

  let levelBefore: LogLevel;
  before(async () => {
    levelBefore = setLogLevel('silent');
    ({ port } = (await testMember({ tickTime: '200' })).member);
  });
  after(async () => {
    await closeMembers();
    setLogLevel(levelBefore);
  });

  it('are there', () => {
    expect(names).to.have.length.greaterThan(8);
  });

  for (const name of names.filter((each) => readFileSync(join(directory, each), 'utf8').includes("from './connect.ts'"))) {
    it(name, async () => {
      const expected = promised(readFileSync(join(directory, name), 'utf8'));
      expect(expected).to.match(/\w/);
      const { stdout, stderr } = await run(process.execPath, [join(directory, name), '--servers', `127.0.0.1:${port}`]);
      expect(stderr).to.equal('');
      expect(stdout).to.equal(expected);
    });
  }
});
