import { expect } from 'chai';
import { ArgumentError, HelpWanted, justified, readArguments, type ArgumentSpec } from '../../../broker/cli/argparse.ts';

const specs: readonly ArgumentSpec[] = [
  { flag: '--topic', required: true },
  { flag: '--count', type: 'Integer', default: '3' },
  { flag: '--verbose', type: 'flag' },
  { flag: '--props', type: 'list' },
  { flag: '--feature', type: 'appended' },
  { flag: '--acks', choices: ['0', '1', '-1'] },
  { flag: '--size', group: 'payload' },
  { flag: '--file', group: 'payload' },
];

describe('readArguments()', () => {
  it('takes values behind the flag or an equals sign, lists, repeated flags and negative numbers', () => {
    const line = '--topic=t --acks -1 --props a=b c=d --feature x --feature y --size 1 --verbose';
    const given = readArguments(specs, line.split(' '));
    expect(given.one('--topic')).to.equal('t');
    expect(given.one('--acks')).to.equal('-1');
    expect(given.all('--props')).to.deep.equal(['a=b', 'c=d']);
    expect(given.all('--feature')).to.deep.equal(['x', 'y']);
    expect(given.has('--verbose')).to.equal(true);
    expect(given.number('--count')).to.equal(3);
    expect(given.has('--file')).to.equal(false);
  });

  for (const [line, message] of [
    ['--bogus', "unrecognized arguments: '--bogus'"],
    ['--size 1', 'argument --topic is required'],
    ['--topic', 'argument --topic: expected one argument'],
    ['--topic t', 'one of the arguments --size --file is required'],
    ['--topic t --size 1 --file f', 'argument --file: not allowed with argument --size'],
    ['--topic t --size 1 --count x', 'argument --count: could not convert \'x\' to Integer (For input string: "x")'],
    ['--topic t --size 1 --acks 7', "argument --acks: invalid choice: '7' (choose from {0,1,-1})"],
  ] as const) {
    it(`refuses ${line}`, () => {
      expect(() => readArguments(specs, line.split(' '))).to.throw(ArgumentError, message);
    });
  }

  it('wants help wherever -h stands', () => {
    expect(() => readArguments(specs, ['--topic', 't', '-h'])).to.throw(HelpWanted);
  });
});

describe('justified()', () => {
  it('fills lines as the original does: surplus spaces go into the middle', () => {
    expect(justified("producer-performance: error: argument --num-records: could not convert 'x' to Long (For input string: \"x\")")).to.equal(
      "producer-performance: error: argument --num-records:  could not convert 'x'\nto Long (For input string: \"x\")",
    );
    expect(justified('verifiable-consumer: error: one of the arguments --bootstrap-server --broker-list is required')).to.equal(
      'verifiable-consumer: error:  one  of  the  arguments  --bootstrap-server --\nbroker-list is required',
    );
    expect(justified('producer-performance: error: Either --producer-props or --producer.config must be specified.')).to.equal(
      'producer-performance: error: Either  --producer-props  or --producer.config\nmust be specified.',
    );
  });
});
