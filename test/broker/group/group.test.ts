import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { Conversation } from './conversation.ts';

const testdata = new URL('./testdata/', import.meta.url);

interface Step {
  readonly comment: string;
  readonly commands: readonly string[];
  readonly expected: string;
}

function readSteps(text: string): Step[] {
  return text
    .split(/\n\n+/)
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n');
      const comment = lines.filter((line) => line.startsWith('#')).join('\n');
      const rest = lines.filter((line) => !line.startsWith('#'));
      const cut = rest.indexOf('----');
      const commands = cut < 0 ? rest : rest.slice(0, cut);
      return { comment, commands, expected: cut < 0 ? '' : rest.slice(cut + 1).join('\n') };
    });
}

describe('Group', () => {
  for (const file of readdirSync(testdata).sort()) {
    describe(file.replace(/\.txt$/, '').replaceAll('-', ' '), () => {
      const url = new URL(file, testdata);
      const steps = readSteps(readFileSync(url, 'utf8'));
      if (process.env['REWRITE'] !== undefined) {
        const conversation = new Conversation();
        const rewritten = steps.map(({ comment, commands }) => {
          const answers = commands.flatMap((command) => conversation.run(command));
          return [...(comment === '' ? [] : [comment]), ...commands, ...(commands.length > 0 ? ['----', ...answers] : [])].join('\n');
        });
        writeFileSync(url, `${rewritten.join('\n\n')}\n`);
        return;
      }
      it('goes as written', () => {
        const conversation = new Conversation();
        for (const { comment, commands, expected } of steps) {
          const answers = commands.flatMap((command) => conversation.run(command));
          expect(answers.join('\n'), `${comment}\n${commands.join('\n')}`).to.equal(expected);
        }
        conversation.run('unload');
        expect(conversation.unanswered, 'requests that were never answered').to.equal(0);
      });
    });
  }
});
