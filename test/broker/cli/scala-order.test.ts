import { expect } from 'chai';
import { scalaMapOrder, topicPartitionHash } from '../../../broker/cli/scala-order.ts';

const partitions = (topic: string, ...ids: number[]): { topic: string; partition: number }[] =>
  ids.map((partition) => ({ topic, partition }));
const shown = (entries: readonly { topic: string; partition: number }[]): string[] =>
  scalaMapOrder(entries, topicPartitionHash).map(({ topic, partition }) => `${topic}-${partition}`);

describe('scalaMapOrder()', () => {
  it('keeps the order of up to four', () => {
    expect(shown(partitions('b', 3, 1, 2, 0))).to.deep.equal(['b-3', 'b-1', 'b-2', 'b-0']);
  });

  it("is the order that Kafka's own tool printed for more", () => {
    const assigned = [...partitions('t', 0), ...partitions('wide', 0, 1, 2, 3, 4, 5, 6)];
    const seen = ['wide-2', 'wide-5', 'wide-1', 'wide-4', 'wide-0', 'wide-3', 't-0', 'wide-6'];
    expect(shown(assigned)).to.deep.equal(seen);
  });

  it('keeps entries whose hashes are equal', () => {
    expect(scalaMapOrder([1, 2, 3, 4, 5], () => 7)).to.deep.equal([1, 2, 3, 4, 5]);
  });
});
