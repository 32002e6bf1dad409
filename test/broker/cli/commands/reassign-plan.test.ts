import { expect } from 'chai';
import {
  checkExecutable,
  describeProgress,
  describeReassignments,
  parseGenerateInput,
  parsePlan,
  throttlesFor,
  toReassignmentJson,
} from '../../../../broker/cli/commands/reassign-plan.ts';

const partition = (topic: string, number: number, replicas: readonly unknown[], more: object = {}): object => ({
  topic,
  partition: number,
  replicas,
  ...more,
});
const file = (...partitions: readonly object[]): string => JSON.stringify({ version: 1, partitions });

describe('parsePlan()', () => {
  it('reads targets, and the directories that replicas are to go to', () => {
    expect(parsePlan(file(partition('t', 0, [1, 2], { log_dirs: ['any', '/d'] })))).to.deep.equal({
      targets: [{ topic: 't', partition: 0, replicas: [1, 2] }],
      moves: [{ topic: 't', partition: 0, broker: 2, logDir: '/d' }],
    });
  });

  for (const [name, text, message] of [
    ['no JSON', '{', 'is not a valid JSON'],
    ['another version', '{"version":2}', 'Not supported version field value 2'],
    ['a partition without replicas', file({ topic: 't', partition: 0 }), 'needs a topic, a partition and replicas'],
    ['too few directories', file(partition('t', 0, [1, 2], { log_dirs: ['any'] })), 'is different from size of log dirs list'],
  ] as const) {
    it(`refuses ${name}`, () => {
      expect(() => parsePlan(text)).to.throw(message);
    });
  }
});

describe('checkExecutable()', () => {
  for (const [name, text, message] of [
    ['nothing', file(), 'Partition reassignment list cannot be empty'],
    ['no replicas', file(partition('t', 0, [])), 'Partition replica list cannot be empty'],
    ['a partition twice', file(partition('t', 0, [1]), partition('t', 0, [2])), 'contains duplicate topic partitions: t-0'],
    ['a broker twice', file(partition('t', 0, [1, 1])), 't-0 contains multiple entries for 1'],
  ] as const) {
    it(`refuses ${name}`, () => {
      expect(() => checkExecutable(parsePlan(text))).to.throw(message);
    });
  }
});

describe('parseGenerateInput()', () => {
  it('reads topics and brokers, and refuses what is there twice', () => {
    const text = '{"topics":[{"topic":"a"},{"topic":"b"}],"version":1}';
    expect(parseGenerateInput(text, '0,2')).to.deep.equal({ topics: ['a', 'b'], brokers: [0, 2] });
    expect(() => parseGenerateInput(text, '0,0')).to.throw('Broker list contains duplicate entries: 0');
    expect(() => parseGenerateInput(text, 'x')).to.throw('For input string: "x"');
    expect(() => parseGenerateInput('{"topics":[{"topic":"a"},{"topic":"a"}]}', '0')).to.throw('contains duplicate entries: a');
  });
});

describe('what the tool shows', () => {
  const moving = { topic: 't', partition: 1, replicas: [1, 2, 3], adding: [3], removing: [1] };

  it('lists reassignments by partition', () => {
    expect(describeReassignments([])).to.equal('No partition reassignments found.');
    expect(describeReassignments([moving])).to.equal(
      'Current partition reassignments:\nt-1: replicas: 1,2,3. adding: 3. removing: 1.',
    );
  });

  it('tells how each target stands', () => {
    const target = (number: number, replicas: number[]): { topic: string; partition: number; replicas: number[] } => ({
      topic: 't',
      partition: number,
      replicas,
    });
    const current = new Map([
      ['t-0', [1, 2]],
      ['t-2', [4]],
    ]);
    expect(describeProgress([target(2, [5]), target(1, [2, 3]), target(0, [1, 2])], [moving], current).split('\n')).to.deep.equal([
      'Status of partition reassignment:',
      'Reassignment of partition t-0 is completed.',
      'Reassignment of partition t-1 is still in progress.',
      'There is no active reassignment of partition t-2, but replica set is 4 rather than 5.',
    ]);
  });

  it('writes the form that it reads', () => {
    const targets = [{ topic: 't', partition: 0, replicas: [2, 1] }];
    expect(parsePlan(toReassignmentJson(targets)).targets).to.deep.equal(targets);
  });
});

describe('throttlesFor()', () => {
  it('throttles where partitions come from and where they go to, those under way too', () => {
    const ongoing = [{ topic: 't', partition: 1, replicas: [1, 2, 3], adding: [3], removing: [1] }];
    const targets = [{ topic: 't', partition: 0, replicas: [2, 4] }];
    const { leaders, followers, brokers } = throttlesFor(ongoing, targets, new Map([['t-0', [1, 2]]]));
    expect([...leaders]).to.deep.equal([['t', '0:1,0:2,1:1,1:2']]);
    expect([...followers]).to.deep.equal([['t', '0:4,1:3']]);
    expect(brokers).to.deep.equal([1, 2, 3, 4]);
  });
});
