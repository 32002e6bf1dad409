import { expect } from 'chai';
import { LineSplitter } from '../../../broker/cli/line-splitter.ts';

function split(chunks: readonly Buffer[]): string[] {
  const splitter = new LineSplitter();
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  const rest = splitter.end();
  return [...lines, ...(rest === null ? [] : [rest])].map((line) => line.toString('latin1'));
}

describe('LineSplitter', () => {
  const text = Buffer.from('a\nb\r\n\r\rlast \xff line\nno end', 'latin1');
  const expected = ['a', 'b', '', '', 'last \xff line', 'no end'];

  it('cuts at every kind of line break, however the bytes arrive', () => {
    expect(split([text])).to.deep.equal(expected);
    for (let at = 0; at <= text.length; at++)
      expect(split([text.subarray(0, at), text.subarray(at)])).to.deep.equal(expected);
    expect(split([...text].map((byte) => Buffer.from([byte])))).to.deep.equal(expected);
  });

  it('has no last line after a line break', () => {
    expect(split([Buffer.from('a\n')])).to.deep.equal(['a']);
    expect(split([])).to.deep.equal([]);
  });
});
