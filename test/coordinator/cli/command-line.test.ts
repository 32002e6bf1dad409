import { expect } from 'chai';
import { CliError } from '../../../coordinator/cli/cli-error.ts';
import { parseCommandLine, splitLine } from '../../../coordinator/cli/command-line.ts';

describe('parseCommandLine()', () => {
  it('takes the first word that is no option, and all after it, as the command', () => {
    expect(parseCommandLine(['-server', 'h:1/x', '-timeout', '5000', '-r', '-waitforconnection', 'ls', '-s', '/'])).to.deep.equal({
      server: 'h:1/x',
      timeoutMs: 5_000,
      readOnly: true,
      waitForConnection: true,
      configurationFiles: [],
      command: ['ls', '-s', '/'],
    });
  });

  it('has defaults, and passes over options it does not know', () => {
    expect(parseCommandLine(['-foo'])).to.deep.equal({
      server: 'localhost:2181',
      timeoutMs: 30_000,
      readOnly: false,
      waitForConnection: false,
      configurationFiles: [],
      command: null,
    });
  });

  it('takes files about the connection, under the names of both shells', () => {
    expect(parseCommandLine(['-client-configuration', 'a', '-zk-tls-config-file', 'b']).configurationFiles).to.deep.equal(['a', 'b']);
  });

  it('refuses an option without its value', () => {
    expect(() => parseCommandLine(['-server'])).to.throw(CliError, 'Error: no argument found for option -server');
    expect(() => parseCommandLine(['-timeout', 'soon'])).to.throw(CliError, '-timeout soon: expected milliseconds');
  });
});

describe('splitLine()', () => {
  it('cuts at blanks and keeps quoted words whole', () => {
    expect(splitLine('  create  "/a b"   \'x "y"\' z"z ')).to.deep.equal(['create', '/a b', 'x "y"', 'z"z']);
    expect(splitLine('set /a ""')).to.deep.equal(['set', '/a', '']);
    expect(splitLine('   ')).to.deep.equal([]);
  });
});
