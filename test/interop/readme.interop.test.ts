/** What the README tells people to type works, in a fresh clone on a machine of its own, and prints what the page shows. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runOk } from './support/process.ts';
import { blockFailure, readmeBlocks, type ReadmeBlock } from './support/readme.ts';
import { repository } from './support/servers.ts';
import { play, playInSandbox, type Outcome } from './support/terminals.ts';

const page = `
# A page
\`\`\`sh background until=ready
echo ready; sleep 300
\`\`\`
Then, in another window:
\`\`\`sh input="one\\ntwo\\n"
grep -c .
\`\`\`
which prints
\`\`\`text
2
\`\`\`
\`\`\`sh elsewhere
make test
\`\`\`
   \`\`\`bash until="is 4"
   for i in 1 2 3 4; do echo "this is $i"; done
   sleep 300
   \`\`\`
   \`\`\`text
   this … 2
   this is 4
   \`\`\`
\`\`\`sh fails
false
\`\`\`
\`\`\`ts
not(a).command
\`\`\`
`;

describe('the README runner', () => {
  it('finds the windows, what they wait for and what they show', () => {
    const blocks = readmeBlocks(page);
    expect(blocks.map(({ line, elsewhere, fails, shown }) => ({ line, elsewhere, fails, shown }))).to.deep.equal([
      { line: 3, elsewhere: false, fails: false, shown: [] },
      { line: 7, elsewhere: false, fails: false, shown: ['2'] },
      { line: 14, elsewhere: true, fails: false, shown: [] },
      { line: 17, elsewhere: false, fails: false, shown: ['this … 2', 'this is 4'] },
      { line: 25, elsewhere: false, fails: true, shown: [] },
    ]);
    expect(blocks[1]?.step.input).to.equal('one\ntwo\n');
    expect(blocks[3]?.step).to.include({ until: 'is 4', commands: 'set -e\nfor i in 1 2 3 4; do echo "this is $i"; done\nsleep 300' });
  });

  it('refuses words it does not know and fences that are not closed', () => {
    expect(() => readmeBlocks('```sh backgruond\n```\n')).to.throw('Line 1: "backgruond" after sh means nothing');
    expect(() => readmeBlocks('```sh\nls\n')).to.throw('Line 1: the fence is not closed');
  });

  it('types the windows and compares what they print', async () => {
    const blocks = readmeBlocks(page).filter((block) => !block.elsewhere);
    const outcomes = await play({ directory: tmpdir(), steps: blocks.map(({ step }) => step) });
    expect(blocks.map((block, index) => blockFailure(block, outcomes[index] as Outcome))).to.deep.equal(blocks.map(() => undefined));
    const [, counting] = blocks as [ReadmeBlock, ReadmeBlock];
    expect(blockFailure(counting, { stdout: '3\n', stderr: '', code: 0 })).to.match(/^did not print "2" where the page shows it/);
    expect(blockFailure(counting, { stdout: '', stderr: 'no grep', code: 127 })).to.match(/^ended with code 127:\nno grep/);
  });
});

describe('README.md', () => {
  const blocks = readmeBlocks(readFileSync(join(repository, 'README.md'), 'utf8')).filter((block) => !block.elsewhere);
  let clone: string;
  let outcomes: Outcome[];

  before(async function () {
    this.timeout(600_000);
    clone = mkdtempSync(join(tmpdir(), 'interop-readme-'));
    await runOk('git', ['clone', '--quiet', repository, clone]);
    // The set-up needs the npm registry, which the sandbox's network does not reach; in there it finds everything in place.
    await runOk('make', ['setup'], { cwd: clone, timeoutMs: 300_000 });
    outcomes = await playInSandbox({ directory: clone, steps: blocks.map(({ step }) => step) });
  });

  after(() => {
    rmSync(clone, { recursive: true, force: true });
  });

  blocks.forEach((block, index) => {
    const [firstCommand] = block.step.commands.replace(/^set -e\n/, '').split('\n');
    it(`line ${block.line}: ${firstCommand}`, () => {
      const failure = blockFailure(block, outcomes[index] as Outcome);
      expect(failure, failure).to.equal(undefined);
    });
  });
});
