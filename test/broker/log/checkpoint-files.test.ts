import { expect } from 'chai';
import {
  CheckpointError,
  decodeEpochs,
  decodeMetaProperties,
  decodeOffsets,
  decodePartitionMetadata,
  encodeEpochs,
  encodeMetaProperties,
  encodeOffsets,
  encodePartitionMetadata,
} from '../../../broker/log/checkpoint-files.ts';

describe('checkpoint files', () => {
  it("has offset checkpoints in Kafka's layout, for topics with dashes too", () => {
    const offsets = new Map([
      ['t-1', 0],
      ['t-0', 1000],
      ['a-b.c_d-12', 2 ** 40],
    ]);
    const text = '0\n3\nt 1 0\nt 0 1000\na-b.c_d 12 1099511627776\n';
    expect(encodeOffsets(offsets).toString()).to.equal(text);
    expect(decodeOffsets(Buffer.from(text), 'f')).to.deep.equal(offsets);
  });

  it('takes an empty file, as Kafka makes it, for no entries', () => {
    expect(decodeOffsets(Buffer.alloc(0), 'f').size).to.equal(0);
    expect(decodeEpochs(Buffer.from('0\n0\n'), 'f')).to.deep.equal([]);
    expect(encodeOffsets(new Map()).toString()).to.equal('0\n0\n');
  });

  it('has leader epochs with their start offsets', () => {
    const entries = [
      { leaderEpoch: 0, startOffset: 0 },
      { leaderEpoch: 3, startOffset: 17 },
    ];
    expect(encodeEpochs(entries).toString()).to.equal('0\n2\n0 0\n3 17\n');
    expect(decodeEpochs(Buffer.from('0\n2\n0 0\n3 17\n'), 'f')).to.deep.equal(entries);
  });

  for (const [what, text] of [
    ['another version', '1\n0\n'],
    ['a count that is no number', '0\nx\n'],
    ['fewer entries than announced', '0\n2\nt 0 1\n'],
    ['more entries than announced', '0\n0\nt 0 1\n'],
    ['a line with a word missing', '0\n1\nt 0\n'],
    ['a negative offset', '0\n1\nt 0 -4\n'],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => decodeOffsets(Buffer.from(text), 'f')).to.throw(CheckpointError);
    });
  }

  it('has the topic id in partition.metadata, without a last newline', () => {
    const bytes = encodePartitionMetadata('z1kEJjtzQFGK8QGLdNU5yA');
    expect(bytes.toString()).to.equal('version: 0\ntopic_id: z1kEJjtzQFGK8QGLdNU5yA');
    expect(decodePartitionMetadata(bytes, 'f')).to.equal('z1kEJjtzQFGK8QGLdNU5yA');
    expect(() => decodePartitionMetadata(Buffer.from('version: 1\ntopic_id: z1kEJjtzQFGK8QGLdNU5yA'), 'f')).to.throw(
      CheckpointError,
    );
    expect(() => decodePartitionMetadata(Buffer.from('topic_id: x'), 'f')).to.throw(CheckpointError);
  });

  it('has meta.properties as java.util.Properties stores it', () => {
    const text = '#\n#Sun Nov 22 18:15:41 UTC 2026\nbroker.id=1\nversion=0\ncluster.id=HOWCuJCmTT2ZBfLYIpsOtQ\n';
    const meta = { brokerId: 1, clusterId: 'HOWCuJCmTT2ZBfLYIpsOtQ' };
    expect(encodeMetaProperties(meta, Date.UTC(2026, 10, 22, 18, 15, 41)).toString()).to.equal(text);
    expect(decodeMetaProperties(Buffer.from(text), 'f')).to.deep.equal(meta);
    expect(decodeMetaProperties(Buffer.from('version = 0\ncluster.id : x\n'), 'f')).to.deep.equal({
      brokerId: null,
      clusterId: 'x',
    });
    expect(() => decodeMetaProperties(Buffer.from('version=1\nnode.id=1\n'), 'f')).to.throw(CheckpointError);
    expect(() => decodeMetaProperties(Buffer.from('broker.id=one\n'), 'f')).to.throw(CheckpointError);
  });
});
