import { expect } from 'chai';
import {
  deletedDirectoryName,
  offsetFileName,
  parseOffsetFileName,
  parsePartitionDirectory,
} from '../../../broker/log/names.ts';

describe('names in a log directory', () => {
  it('writes offsets with twenty digits and reads them back', () => {
    expect(offsetFileName(42, '.log')).to.equal('00000000000000000042.log');
    expect(parseOffsetFileName('00000000000000000042.index.deleted')).to.deep.equal({
      offset: 42,
      suffix: '.index.deleted',
    });
    expect(parseOffsetFileName('leader-epoch-checkpoint')).to.equal(null);
  });

  for (const [name, expected] of [
    ['t-0', { topic: 't', partition: 0, kind: 'current' }],
    ['a-b-12', { topic: 'a-b', partition: 12, kind: 'current' }],
    ['x-delete-0', { topic: 'x-delete', partition: 0, kind: 'current' }],
    ['t-3.0123456789abcdef0123456789abcdef-delete', { topic: 't', partition: 3, kind: 'deleted' }],
    ['a.b-3.0123456789abcdef0123456789abcdef-future', { topic: 'a.b', partition: 3, kind: 'future' }],
    ['lost+found', null],
    ['t-', null],
    ['x-delete', null],
  ] as const) {
    it(`reads ${name}`, () => {
      expect(parsePartitionDirectory(name)).to.deep.equal(expected);
    });
  }

  it('keeps the name of a deleted directory within what a file system takes', () => {
    const name = deletedDirectoryName('t'.repeat(249), 11);
    expect(name.length).to.equal(255);
    expect(parsePartitionDirectory(name)).to.include({ partition: 11, kind: 'deleted' });
    expect(parsePartitionDirectory(deletedDirectoryName('short', 1))).to.include({ topic: 'short', kind: 'deleted' });
  });
});
