import { expect } from 'chai';
import { parseOverride, parseProperties } from '../../../shared/settings/properties.ts';
import { SettingError } from '../../../shared/settings/schema.ts';

const parse = (text: string): Record<string, string> => Object.fromEntries(parseProperties(text));

describe('parseProperties()', () => {
  it('takes =, : and blanks as the separator', () => {
    expect(parse('a=1\nb: 2\nc 3\nd\t=\t4\ne   :   5\nf')).to.deep.equal({ a: '1', b: '2', c: '3', d: '4', e: '5', f: '' });
  });

  it('keeps separators inside the value', () => {
    expect(parse('listeners=PLAINTEXT://:9092\nx = a=b:c d')).to.deep.equal({ listeners: 'PLAINTEXT://:9092', x: 'a=b:c d' });
  });

  it('takes the second of two separators as value', () => {
    expect(parse('a == b\nc :: d\ne =: f')).to.deep.equal({ a: '= b', c: ': d', e: ': f' });
  });

  it('skips comments and blank lines, whatever ends them', () => {
    expect(parse('# a=1\r\n! b=2\r   \t\n  # c=3\n d=4 # not a comment')).to.deep.equal({ d: '4 # not a comment' });
  });

  it('keeps blanks at the end of a value and drops those before it', () => {
    expect(parse('  a =  x  ')).to.deep.equal({ a: 'x  ' });
  });

  it('joins continued lines and drops their indentation', () => {
    expect(parse('zookeeper.connect=a:2181,\\\n    b:2181,\\\r\n\tc:2181\nnext=1')).to.deep.equal({
      'zookeeper.connect': 'a:2181,b:2181,c:2181',
      next: '1',
    });
  });

  it('does not join after an even number of backslashes', () => {
    expect(parse('dir=C:\\\\\nnext=1')).to.deep.equal({ dir: 'C:\\', next: '1' });
  });

  it('takes # inside a continuation as text, and a backslash at the end of the file as nothing', () => {
    expect(parse('a=1\\\n#2\nb=3\\')).to.deep.equal({ a: '1#2', b: '3' });
  });

  it('does not continue a comment', () => {
    expect(parse('# comment \\\na=1')).to.deep.equal({ a: '1' });
  });

  it('reads escapes in keys and values', () => {
    expect(parse('a\\=b\\:c\\ d=\\t\\n\\r\\f\\u00e9\\x\\"')).to.deep.equal({ 'a=b:c d': '\t\n\r\fé' + 'x"' });
  });

  it('lets the last of two equal keys win, at the first one\'s place', () => {
    expect([...parseProperties('a=1\nb=2\na=3')]).to.deep.equal([['a', '3'], ['b', '2']]);
  });

  it('refuses a broken unicode escape', () => {
    expect(() => parse('a=\\u12g4')).to.throw(SettingError, 'Malformed \\uxxxx encoding: "\\u12g4"');
  });
});

describe('parseOverride()', () => {
  it('cuts at the first = and trims', () => {
    expect(parseOverride('listeners = PLAINTEXT://:1?a=b')).to.deep.equal(['listeners', 'PLAINTEXT://:1?a=b']);
    expect(parseOverride('log.dirs=')).to.deep.equal(['log.dirs', '']);
  });

  it('refuses text without a key or =', () => {
    expect(() => parseOverride('broker.id')).to.throw(SettingError, 'Invalid command line properties: broker.id (expected key=value)');
    expect(() => parseOverride('=1')).to.throw(SettingError, 'expected key=value');
  });
});
