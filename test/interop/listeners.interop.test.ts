/**
 * Listeners, and limits on connections, changed while a broker runs: by Kafka's own kafka-configs, and seen by kcat. The refusals are the
 * original's words.
 */
import { expect } from 'chai';
import { Program, runOk } from './support/process.ts';
import { freePort, kafkaTool, ServerPair } from './support/servers.ts';
import { maker } from './support/shared-pair.ts';

describe('listeners at run time', () => {
  let pair: ServerPair;
  let outside: string;
  before(async () => {
    outside = `127.0.0.1:${await freePort()}`;
    pair = await ServerPair.start({ maker, broker: { 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT' } });
  });
  after(() => pair.close());

  const own = ['--entity-type', 'brokers', '--entity-name', '0'];
  const all = ['--entity-type', 'brokers', '--entity-default'];
  const run = (...args: string[]) =>
    new Program(kafkaTool, ['kafka-configs', '--bootstrap-server', pair.bootstrap, '--alter', ...args]).finish();
  const alter = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run(...args);
    expect(stderr, stdout).to.equal('');
    return stdout.trim();
  };
  /** Lists the cluster by the outside listener; whether that worked. */
  const canList = async (): Promise<boolean> => (await new Program('kcat', ['-L', '-b', outside, '-m', '2']).finish()).code === 0;
  const both = (): string => `listeners=[PLAINTEXT://${pair.bootstrap},OUTSIDE://${outside}]`;

  it('are opened, told to clients by their own addresses, limited, and closed', async () => {
    expect(await alter(...own, '--add-config', `${both()},listener.name.outside.max.connections=50`)).to.equal('Completed updating config for broker 0.');
    while (!(await canList()));
    expect((await runOk('kcat', ['-L', '-b', outside])).stdout).to.include(`broker 0 at ${outside}`);
    expect((await runOk('kcat', ['-L', '-b', pair.bootstrap])).stdout).to.include(`broker 0 at ${pair.bootstrap}`);

    expect(await alter('--entity-type', 'ips', '--entity-name', '127.0.0.1', '--add-config', 'connection_creation_rate=1000')).to.equal(
      'Completed updating config for ip 127.0.0.1.',
    );
    expect(await alter(...all, '--add-config', 'max.connection.creation.rate=1000')).to.equal(
      'Completed updating default config for brokers in the cluster.',
    );
    expect(await canList()).to.equal(true);

    await alter(...own, '--delete-config', 'listeners,listener.name.outside.max.connections');
    while (await canList());
    expect((await runOk('kcat', ['-L', '-b', pair.bootstrap])).stdout).to.include(`broker 0 at ${pair.bootstrap}`);
  });

  const refusals: [what: string, args: () => string[], message: () => string][] = [
    [
      'without the one by which brokers talk',
      () => [...own, '--add-config', `listeners=[OUTSIDE://${outside}]`],
      () =>
        'requirement failed: inter.broker.listener.name must be a listener name defined in advertised.listeners. ' +
        'The valid options based on currently configured listeners are OUTSIDE',
    ],
    [
      'that are only advertised',
      () => [...own, '--add-config', `advertised.${both()}`],
      () =>
        'requirement failed: advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. ' +
        'Found PLAINTEXT,OUTSIDE. The valid options based on the current configuration are PLAINTEXT',
    ],
    [
      'that have no protocol',
      () => [...own, '--add-config', `listeners=[PLAINTEXT://${pair.bootstrap},NEW://${outside}]`],
      () => `Error creating broker listeners from 'PLAINTEXT://${pair.bootstrap},NEW://${outside}': No security protocol defined for listener NEW`,
    ],
    [
      'of one port',
      () => [...own, '--add-config', `listeners=[PLAINTEXT://${pair.bootstrap},OUTSIDE://${pair.bootstrap}]`],
      () => `requirement failed: Each listener must have a different port, listeners: PLAINTEXT://${pair.bootstrap},OUTSIDE://${pair.bootstrap}`,
    ],
    [
      'of all brokers at once',
      () => [...all, '--add-config', both()],
      () => 'Cannot update these configs at default cluster level, broker id must be specified: Set(listeners)',
    ],
    [
      'that nobody may use',
      () => [...own, '--add-config', 'listener.name.plaintext.max.connections=0'],
      () => 'Invalid value org.apache.kafka.common.config.ConfigException: Invalid max.connections 0 for configuration Invalid dynamic configuration',
    ],
    [
      'to which nobody may come',
      () => [...all, '--add-config', 'max.connection.creation.rate=0'],
      () =>
        'Invalid value org.apache.kafka.common.config.ConfigException: Invalid max.connection.creation.rate 0 for configuration Invalid dynamic configuration',
    ],
  ];
  for (const [what, args, message] of refusals) {
    it(`are refused ${what}`, async () => {
      const { code, stdout, stderr } = await run(...args());
      expect(stdout + stderr).to.include(`org.apache.kafka.common.errors.InvalidRequestException: ${message()}\n`);
      expect(code).to.equal(1);
    });
  }
});
