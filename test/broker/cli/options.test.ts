import { expect } from 'chai';
import { options as apiVersionsOptions } from '../../../broker/cli/commands/broker-api-versions-options.ts';
import { formatUsage, HELP, OptionError, parseOptions, type OptionSpec } from '../../../broker/cli/options.ts';

const specs: readonly OptionSpec[] = [
  { name: 'topic', description: 'The topic to consume on.', argument: { type: 'String', shown: 'topic' } },
  { name: 'partitions', description: 'How many.', argument: { type: 'Integer', default: '1' } },
  { name: 'codec', description: 'A codec.', argument: { type: 'String', optional: true } },
  { name: 'sync', description: 'Wait (see the-long-documentation-of-this.option for details of it).' },
  HELP,
];

function refusal(args: string[]): OptionError {
  try {
    parseOptions(specs, args).number('partitions');
  } catch (error) {
    return error as OptionError;
  }
  throw new Error('nothing was refused');
}

describe('parseOptions', () => {
  it('takes --name value, --name=value and -name value', () => {
    for (const args of [['--topic', 't'], ['--topic=t'], ['-topic', 't']])
      expect(parseOptions(specs, args).one('topic')).to.equal('t');
  });

  it('takes what follows a required argument for its value, whatever it looks like', () => {
    expect(parseOptions(specs, ['--topic', '--sync']).one('topic')).to.equal('--sync');
  });

  it('leaves an optional argument out when an option follows', () => {
    const options = parseOptions(specs, ['--codec', '--sync']);
    expect([options.has('codec'), options.one('codec'), options.has('sync')]).to.deep.equal([true, null, true]);
    expect(parseOptions(specs, ['--codec', 'lz4']).one('codec')).to.equal('lz4');
  });

  it('knows defaults, and whether an option was given', () => {
    const options = parseOptions(specs, []);
    expect([options.has('partitions'), options.number('partitions')]).to.deep.equal([false, 1]);
  });

  it("refuses in Kafka's words", () => {
    expect(refusal(['--bogus']).message).to.equal('bogus is not a recognized option');
    expect(refusal(['--topi', 't']).message).to.equal('topi is not a recognized option');
    expect(refusal(['--topic']).message).to.equal('Option topic requires an argument');
    expect(refusal(['--partitions', 'x']).message).to.equal("Cannot parse argument 'x' of option partitions");
    expect(refusal(['--partitions', '2147483648']).exception).to.equal('joptsimple.OptionArgumentConversionException');
    expect(refusal(['--partitions', '1', '--partitions', '2']).message).to.include(
      'Found multiple arguments for option partitions',
    );
  });
});

describe('formatUsage', () => {
  it('prints the usage of kafka-broker-api-versions as Kafka 3.4 does', () => {
    const expected = [
      'Option                                 Description                          ',
      '------                                 -----------                          ',
      '--bootstrap-server <String: server(s)  REQUIRED: The server to connect to.  ',
      '  to use for bootstrapping>                                                 ',
      '--command-config <String: command      A property file containing configs to',
      '  config property file>                  be passed to Admin Client.         ',
      '--help                                 Print usage information.             ',
      '--version                              Display Kafka version.               ',
      '',
    ];
    expect(formatUsage(apiVersionsOptions).split('\n')).to.deep.equal(expected);
  });

  it('breaks lines after hyphens and punctuation inside words, and before brackets', () => {
    const description =
      'REQUIRED unless --broker-list(deprecated) is specified. The server(s) to connect to, as HOST1:PORT1,HOST2:PORT2.';
    const lines = formatUsage([
      { name: 'bootstrap-server', description, argument: { type: 'String', shown: 'server to connect to' } },
    ]);
    expect(lines.split('\n').slice(2, 5)).to.deep.equal([
      '--bootstrap-server <String: server to  REQUIRED unless --broker-list          ',
      '  connect to>                            (deprecated) is specified. The server',
      '                                         (s) to connect to, as HOST1:PORT1,   ',
    ]);
  });
});
