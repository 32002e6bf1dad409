import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

const support = join(import.meta.dirname, '../interop/support');

/** A launcher that stays beside what it launches; that connects to the test and says in which directory the run keeps its files. */
const run = (port: number, then: string): string => `
import { temporaryDirectory } from ${JSON.stringify(join(support, 'leftovers.ts'))};
import { Program } from ${JSON.stringify(join(support, 'process.ts'))};
process.env.DIRECTORY = temporaryDirectory('leftovers-');
process.env.SERVER = "require('node:net').connect(${port}, '127.0.0.1').write(process.env.DIRECTORY)";
new Program('bash', ['-c', '"${process.execPath}" -e "$SERVER" & wait']);
process.stdin.on('data', () => { ${then} });
`;

describe('a run that is ended early', () => {
  let server: Server;
  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => server.close());

  async function end(how: (child: ReturnType<typeof spawn>) => void, then = ''): Promise<number | null> {
    const program = run((server.address() as AddressInfo).port, then);
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'inherit', 'ignore'] });
    const exited = once(child, 'exit');
    const [launched] = (await once(server, 'connection')) as [Socket];
    const closed = once(launched, 'close');
    const directory = String((await once(launched, 'data'))[0]);
    expect(existsSync(directory)).to.equal(true);
    how(child);
    const [code] = (await exited) as [number | null];
    // Its connection closes when the process ends.
    await closed;
    expect(existsSync(directory)).to.equal(false);
    return code;
  }

  for (const [signal, code] of [['SIGTERM', 143], ['SIGINT', 130], ['SIGHUP', 129]] as const) {
    it(`by ${signal} leaves neither what its launchers started nor its directories`, async () => {
      expect(await end((child) => child.kill(signal))).to.equal(code);
    });
  }

  it('by an exception likewise', async () => {
    expect(await end((child) => child.stdin!.write('go'), "throw new Error('broken')")).to.equal(1);
  });
});
