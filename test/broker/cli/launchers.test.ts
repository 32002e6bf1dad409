import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '../../..');

describe('bin/ of the Kafka tools', () => {
  const tools = readdirSync(join(root, 'broker/cli'))
    .filter((name) => /^kafka-.*\.ts$/.test(name))
    .map((name) => name.replace(/\.ts$/, ''));

  it('has an executable launcher for each tool', () => {
    expect(tools).to.include.members(['kafka-topics', 'kafka-broker-api-versions', 'kafka-get-offsets']);
    for (const tool of tools) {
      const launcher = join(root, 'bin', `${tool}.sh`);
      expect(existsSync(launcher), launcher).to.equal(true);
      expect(statSync(launcher).mode & 0o111, launcher).to.equal(0o111);
      expect(readFileSync(launcher, 'utf8'), launcher).to.contain(`\nrun_node broker/cli/${tool} "$@"\n`);
    }
  });

  it('runs a tool from anywhere', () => {
    const launcher = join(root, 'bin/kafka-broker-api-versions.sh');
    expect(execFileSync(launcher, ['--version'], { cwd: '/', encoding: 'utf8' })).to.match(/^3\.4\.0 \(Commit:/);
  });
});
