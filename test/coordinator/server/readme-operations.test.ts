import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { Reader } from '../../../shared/bytes/reader.ts';
import { JuteError, readRequest } from '../../../shared/jute/codec.ts';
import { OpCode } from '../../../shared/znode/operations.ts';

/** Does the native door know requests of that type? What they contain doesn't matter here. */
function isServed(type: number): boolean {
  try {
    return readRequest(type, new Reader(Buffer.alloc(0))) !== null;
  } catch (error) {
    if (!(error instanceof JuteError)) throw error;
    return true;
  }
}

describe('the README', () => {
  it("names the coordinator's operations that are served, with their numbers", () => {
    const served = Object.entries(OpCode).filter(([, code]) => isServed(code)).map(([op, code]) => `${op} (${code})`);
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const named = [...readme.matchAll(/\| ([a-z]\w+ \(-?\d+\)) (?=\|)/g)].map(([, text]) => text);
    expect(named).to.have.members(served);
  });
});
