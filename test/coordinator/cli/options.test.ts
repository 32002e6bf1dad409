import { expect } from 'chai';
import { CliError } from '../../../coordinator/cli/cli-error.ts';
import { parseInt32, parseOptions } from '../../../coordinator/cli/options.ts';

describe('parseOptions()', () => {
  const rules = { flags: 'sw', valued: 'v' };

  it('finds options anywhere, bundled or with an attached value', () => {
    for (const argv of [['set', '-s', '-v', '3', '/a'], ['set', '/a', '-sv', '3'], ['set', '-v3', '/a', '-s'], ['set', '-v=3', '-s', '/a']]) {
      const options = parseOptions(argv, rules);
      expect([options.has('s'), options.has('w'), options.value('v'), options.args]).to.deep.equal([true, false, '3', ['set', '/a']]);
    }
  });

  it('takes everything after -- and a lone - as arguments', () => {
    expect(parseOptions(['set', '-', '--', '-s'], rules).args).to.deep.equal(['set', '-', '-s']);
  });

  it('refuses unknown options and missing values in the words of the original', () => {
    expect(() => parseOptions(['ls', '-x'], rules)).to.throw(CliError, 'org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -x');
    expect(() => parseOptions(['ls', '-v'], rules)).to.throw(CliError, 'org.apache.commons.cli.MissingArgumentException: Missing argument for option: v');
  });
});

describe('parseInt32()', () => {
  it('refuses what is no int', () => {
    expect(parseInt32('v', '-1')).to.equal(-1);
    for (const text of ['x', '', '1.5', '2147483648']) expect(() => parseInt32('v', text)).to.throw(CliError, '-v argument must be an int value');
  });
});
