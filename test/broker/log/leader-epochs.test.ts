import { expect } from 'chai';
import { LeaderEpochs } from '../../../broker/log/leader-epochs.ts';

const pairs = (epochs: LeaderEpochs): [number, number][] =>
  epochs.entries.map(({ leaderEpoch, startOffset }) => [leaderEpoch, startOffset]);

function epochsOf(...entries: [number, number][]): LeaderEpochs {
  return new LeaderEpochs(entries.map(([leaderEpoch, startOffset]) => ({ leaderEpoch, startOffset })));
}

describe('LeaderEpochs', () => {
  it('notes an epoch once and tells that it changed', () => {
    let changes = 0;
    const epochs = new LeaderEpochs([], () => changes++);
    epochs.assign(0, 0);
    epochs.assign(0, 5);
    epochs.assign(2, 10);
    epochs.assign(2, 10);
    expect(pairs(epochs)).to.deep.equal([
      [0, 0],
      [2, 10],
    ]);
    expect(changes).to.equal(2);
    expect(epochs.latest).to.equal(2);
    expect(epochs.epochOf(9)).to.equal(0);
    expect(epochs.epochOf(10)).to.equal(2);
  });

  it('lets a contradicting assignment win over what was noted before', () => {
    const epochs = epochsOf([1, 0], [2, 10], [4, 20]);
    epochs.assign(5, 15);
    expect(pairs(epochs)).to.deep.equal([
      [1, 0],
      [2, 10],
      [5, 15],
    ]);
    epochs.assign(2, 12);
    expect(pairs(epochs)).to.deep.equal([
      [1, 0],
      [2, 12],
    ]);
    epochs.assign(2, 3);
    expect(pairs(epochs)).to.deep.equal([
      [1, 0],
      [2, 3],
    ]);
  });

  // KIP-101 and LeaderEpochFileCache: epoch asked for, epoch and end offset answered, in a log that ends at 30.
  const answers: [number, number, number][] = [
    [-1, -1, -1],
    [0, 0, 5], // older than all we know: itself, up to where the oldest begins
    [1, 1, 10],
    [2, 2, 20],
    [3, 2, 20], // never ours: the one below
    [4, 4, 30], // the newest ends with the log
    [5, -1, -1], // newer than all we know
  ];
  for (const [asked, leaderEpoch, endOffset] of answers) {
    it(`answers epoch ${asked} with epoch ${leaderEpoch} ending at ${endOffset}`, () => {
      expect(epochsOf([1, 5], [2, 10], [4, 20]).endOffsetFor(asked, 30)).to.deep.equal({ leaderEpoch, endOffset });
    });
  }

  it('answers unknown when it knows nothing', () => {
    expect(epochsOf().endOffsetFor(3, 30)).to.deep.equal({ leaderEpoch: -1, endOffset: -1 });
    expect(epochsOf().latest).to.equal(-1);
    expect(epochsOf().epochOf(3)).to.equal(-1);
  });

  it('forgets epochs that began behind a cut', () => {
    const epochs = epochsOf([1, 0], [2, 10], [4, 20]);
    epochs.truncateFromEnd(20);
    expect(pairs(epochs)).to.deep.equal([
      [1, 0],
      [2, 10],
    ]);
    epochs.truncateFromEnd(11);
    expect(pairs(epochs)).to.deep.equal([
      [1, 0],
      [2, 10],
    ]);
    epochs.truncateFromEnd(0);
    expect(pairs(epochs)).to.deep.equal([]);
  });

  it('moves the start of the epoch that the log now starts in', () => {
    const epochs = epochsOf([1, 0], [2, 10], [4, 20]);
    epochs.truncateFromStart(15);
    expect(pairs(epochs)).to.deep.equal([
      [2, 15],
      [4, 20],
    ]);
    epochs.truncateFromStart(20);
    expect(pairs(epochs)).to.deep.equal([[4, 20]]);
    epochs.truncateFromStart(3);
    expect(pairs(epochs)).to.deep.equal([[4, 20]]);
  });
});
