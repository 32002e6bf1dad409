/** The package as a program that installs it sees it: built into a folder named `vivarium` in somebody else's node_modules. */
import { expect } from 'chai';
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LogLevel } from '../../../shared/telemetry/logger.ts';
import { setLogLevel } from '../../../shared/telemetry/logger.ts';
import { closeMembers, testMember } from '../../coordinator/server/test-member.ts';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '../../..');

/** What package.json says of the entries; `make build` puts the files there. */
const EXPORTS = {
  '.': {
    browser: { types: './dist/types/shared/client/browser.d.ts', default: './dist/shared/client/browser.js' },
    types: './dist/types/shared/client/index.d.ts',
    default: './dist/shared/client/index.js',
  },
  './package.json': './package.json',
};

describe('the package', function () {
  this.timeout(120_000);
  let directory: string;
  let port: number;

  let levelBefore: LogLevel;
  before(async () => {
    levelBefore = setLogLevel('silent');
    directory = await mkdtemp(join(tmpdir(), 'package-test-'));
    const home = join(directory, 'node_modules/vivarium');
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'package.json'), JSON.stringify({ name: 'vivarium', version: '0.0.0', type: 'module', exports: EXPORTS }));
    await build({
      entryPoints: [join(repository, 'shared/client/index.ts')],
      outfile: join(home, 'dist/shared/client/index.js'),
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    });
    await build({
      entryPoints: [join(repository, 'shared/client/browser.ts')],
      outfile: join(home, 'dist/shared/client/browser.js'),
      bundle: true,
      platform: 'browser',
      format: 'esm',
      logLevel: 'silent',
    });
    await run(process.execPath, [
      join(repository, 'node_modules/typescript/bin/tsc'),
      ...['-p', join(repository, 'tsconfig.types.json'), '--outDir', join(home, 'dist/types')],
    ]);
    await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
    ({ port } = (await testMember()).member);
  });
  after(async () => {
    await closeMembers();
    setLogLevel(levelBefore);
    await rm(directory, { recursive: true, force: true });
  });

  it('is what package.json declares', async () => {
    const declared = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { exports?: unknown };
    expect(declared.exports).to.deep.equal(EXPORTS);
  });

  it('works in Node', async () => {
    await writeFile(
      join(directory, 'program.mjs'),
      `import { CoordinatorClient, CreateMode, recipes } from 'vivarium';
       const client = await CoordinatorClient.connect({ servers: process.argv[2] });
       await client.create('/node-', 'x', { mode: CreateMode.EPHEMERAL_SEQUENTIAL });
       console.log(await new recipes.Lock(client, '/lock').run(async () => (await client.getChildren('/')).children.length));
       await client.close();`,
    );
    const { stdout } = await run(process.execPath, [join(directory, 'program.mjs'), `127.0.0.1:${port}`]);
    expect(stdout).to.equal('3\n');
  });

  it('works with what browsers have, and nothing else', async () => {
    await writeFile(
      join(directory, 'page.js'),
      `import { CoordinatorClient, recipes } from 'vivarium';
       globalThis.page = async (servers) => {
         const client = await CoordinatorClient.connect({ servers });
         await client.create('/page', 'from a page');
         const sum = await new recipes.Counter(client, '/count').add(2);
         const data = new TextDecoder().decode((await client.getData('/page')).data);
         await client.close();
         return data + ' ' + sum;
       };`,
    );
    const { outputFiles } = await build({
      entryPoints: [join(directory, 'page.js')],
      bundle: true,
      platform: 'browser',
      format: 'iife',
      write: false,
      logLevel: 'silent',
    });
    await writeFile(join(directory, 'page-bundle.js'), outputFiles[0]!.text);
    // A page's globals: no process, no Buffer, no require.
    await writeFile(
      join(directory, 'browser.mjs'),
      `import { readFileSync } from 'node:fs';
       import { createContext, runInContext } from 'node:vm';
       const names = ['WebSocket', 'TextDecoder', 'TextEncoder', 'setTimeout', 'clearTimeout', 'queueMicrotask', 'performance', 'crypto',
         'AbortController', 'AbortSignal', 'ArrayBuffer', 'Uint8Array', 'DataView', 'console'];
       const page = createContext(Object.fromEntries(names.map((name) => [name, globalThis[name]])));
       runInContext(readFileSync(process.argv[2], 'utf8'), page);
       console.log(await page.page(process.argv[3]));`,
    );
    const { stdout } = await run(process.execPath, [join(directory, 'browser.mjs'), join(directory, 'page-bundle.js'), `127.0.0.1:${port}`]);
    expect(stdout).to.equal('from a page 2\n');
  });

  for (const [where, conditions] of [['Node', []], ['browsers', ['--customConditions', 'browser', '--lib', 'es2024,dom']]] as const) {
    it(`has types for ${where}`, async () => {
      await writeFile(
        join(directory, 'typed.ts'),
        `import { CoordinatorClient, recipes, type Stat } from 'vivarium';
         export async function lead(client: CoordinatorClient): Promise<Stat | null> {
           const held = await new recipes.LeaderElection(client, '/e', { data: 'me' }).campaign();
           // @ts-expect-error: a path is a string
           void client.exists(5);
           return held.use(() => client.exists(held.path));
         }`,
      );
      const args = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext', '--moduleResolution', 'nodenext', '--skipLibCheck', 'false'];
      const types = where === 'Node' ? ['--types', 'node', '--typeRoots', join(repository, 'node_modules/@types')] : ['--types', ''];
      await writeFile(join(directory, 'package.json'), '{"type":"module"}');
      await run(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), ...args, ...types, ...conditions, join(directory, 'typed.ts')], { cwd: directory }).catch(
        (error: { stdout?: string }) => expect.fail(error.stdout ?? String(error)),
      );
    });
  }
});
