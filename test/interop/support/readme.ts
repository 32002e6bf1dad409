/**
 * Reads a Markdown file as a script of terminal windows, so that a test can type what it tells people to type.
 *
 * A block fenced as `sh` (or `bash`) is one window, opened after the ones above it, in the folder of the checkout. Words
 * after `sh` in the fence's first line, which readers of the rendered page don't see, say how it goes on:
 *
 *   background                     it stays open, as a server's window does, until the end or until its servers were stopped
 *   serves=coordinator|broker|both the next window opens when these answer on the stock ports
 *   until=TEXT                     the window is done when its output contains TEXT; without `background`, Ctrl-C ends it
 *   input=TEXT                     what is typed into it; \n ends a line
 *   ends-all                       after it the windows in the background have to close by themselves
 *   fails                          its last command is meant to fail
 *   elsewhere                      not run here, because something else runs it: `make test`, `git clone` …
 *
 * Values with spaces stand in double quotes. A block fenced as `text` right after one is (part of) its output: its lines
 * have to occur in this order; `…` in a line stands for anything.
 */
import type { Outcome, Step } from './terminals.ts';

export interface ReadmeBlock {
  /** Number of the fence's line, for messages. */
  readonly line: number;
  readonly step: Step;
  readonly elsewhere: boolean;
  readonly fails: boolean;
  /** Lines of output that the page shows, if it shows any. */
  readonly shown: readonly string[];
}

const knownWords = ['background', 'serves', 'until', 'input', 'ends-all', 'fails', 'elsewhere'];

export function readmeBlocks(markdown: string): ReadmeBlock[] {
  const blocks: ReadmeBlock[] = [];
  const lines = markdown.split('\n');
  let textBelongsToLast = false;
  for (let index = 0; index < lines.length; index++) {
    const fence = lines[index]?.match(/^(\s*)(```+)\s*(\S*)\s*(.*)$/);
    if (fence === null || fence === undefined) {
      // Only blank lines and a short remark may stand between a command and its output, not another heading.
      if (lines[index]?.startsWith('#') === true) textBelongsToLast = false;
      continue;
    }
    const [, indent = '', ticks = '', language = '', info = ''] = fence;
    const first = index + 1;
    do index++;
    while (index < lines.length && lines[index]?.trim() !== ticks);
    if (index === lines.length) throw new Error(`Line ${first}: the fence is not closed`);
    const content = lines.slice(first, index).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    if (language === 'sh' || language === 'bash') {
      blocks.push(readBlock(first, content.join('\n'), readWords(info, first)));
      textBelongsToLast = true;
    } else {
      const last = blocks.at(-1);
      if (language === 'text' && textBelongsToLast && last !== undefined) blocks[blocks.length - 1] = { ...last, shown: content };
      textBelongsToLast = false;
    }
  }
  return blocks;
}

function readWords(info: string, line: number): Map<string, string> {
  const words = new Map<string, string>();
  for (const [, name = '', quoted, plain] of info.matchAll(/([^\s=]+)(?:=(?:"((?:[^"\\]|\\.)*)"|(\S*)))?/g)) {
    if (!knownWords.includes(name)) throw new Error(`Line ${line}: "${name}" after sh means nothing; known are ${knownWords.join(', ')}`);
    words.set(name, quoted === undefined ? (plain ?? '') : (JSON.parse(`"${quoted}"`) as string));
  }
  return words;
}

function readBlock(line: number, commands: string, words: ReadonlyMap<string, string>): ReadmeBlock {
  const serves = words.get('serves');
  if (serves !== undefined && serves !== 'coordinator' && serves !== 'broker' && serves !== 'both') {
    throw new Error(`Line ${line}: serves=${serves}, expected coordinator, broker or both`);
  }
  const until = words.get('until');
  const input = words.get('input');
  return {
    line,
    elsewhere: words.has('elsewhere'),
    fails: words.has('fails'),
    shown: [],
    step: {
      // A block fails with its first command that fails, as a reader would stop there; servers keep the window's last word.
      commands: words.has('fails') ? commands : `set -e\n${commands}`,
      background: words.has('background'),
      endsAll: words.has('ends-all'),
      ...(serves === undefined ? {} : { serves }),
      ...(until === undefined ? {} : { until: until.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&') }),
      ...(input === undefined ? {} : { input }),
    },
  };
}

/** Says what is wrong with a block's outcome, or undefined where it did what the page says. */
export function blockFailure(block: ReadmeBlock, outcome: Outcome): string | undefined {
  const output = outcome.stdout + outcome.stderr;
  const { background, until } = block.step;
  if (background !== true && until === undefined && (outcome.code !== 0) !== block.fails) {
    return `ended with code ${outcome.code}${block.fails ? ', though it is meant to fail' : ''}:\n${output}`;
  }
  const lines = output.split(/\r?\n/);
  let from = 0;
  for (const shown of block.shown) {
    if (shown.trim() === '' || shown.trim() === '…') continue;
    const pattern = new RegExp(`^${shown.trim().split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\s+/g, '\\s+')).join('.*')}$`);
    const found = lines.findIndex((line, index) => index >= from && pattern.test(line.trim()));
    if (found < 0) return `did not print "${shown.trim()}" where the page shows it:\n${output}`;
    from = found + 1;
  }
  return undefined;
}
