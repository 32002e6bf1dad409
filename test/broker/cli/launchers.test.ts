import { execFileSync, spawnSync } from 'node:child_process';
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

  it('knows each tool by the class that it is in the original', () => {
    const runClass = readFileSync(join(root, 'bin/kafka-run-class.sh'), 'utf8');
    for (const tool of [...tools, 'kafka-server-start', 'zookeeper-server-start']) {
      expect(runClass).to.match(new RegExp(String.raw`^  (kafka|org\.apache)\.[\w.]+\) script=${tool} ;;$`, 'm'));
    }
    const said = (...args: string[]) => spawnSync(join(root, 'bin/kafka-run-class.sh'), args, { cwd: '/', encoding: 'utf8' });
    expect(said('-name', 'x', '-loggc', 'kafka.admin.TopicCommand', '--version').stdout).to.match(/^3\.4\.0 \(Commit:/);
    expect(said('kafka.tools.MirrorMaker')).to.include({ status: 1, stdout: '' });
    expect(said('kafka.tools.MirrorMaker').stderr).to.match(/^Error: Could not find or load main class kafka\.tools\.MirrorMaker: /);
    expect(said()).to.include({ status: 1 });
    expect(said().stdout).to.match(/^USAGE: .*kafka-run-class\.sh \[-daemon\] \[-name servicename\] \[-loggc\] classname \[opts\]\n$/);
  });

  it('runs a tool from anywhere', () => {
    const launcher = join(root, 'bin/kafka-broker-api-versions.sh');
    expect(execFileSync(launcher, ['--version'], { cwd: '/', encoding: 'utf8' })).to.match(/^3\.4\.0 \(Commit:/);
  });
});
