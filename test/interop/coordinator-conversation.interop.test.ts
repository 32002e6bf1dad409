/**
 * One suite of conversations through both doors of our coordinator, and with the original, compared line by line with what Apache
 * ZooKeeper 3.8.3 said when they were written down (`testdata/conversations.txt`).
 *
 *     ZK_CONNECT=host:port   the original runs there, set as `support/conversations.ts` says; else one is started
 *     REWRITE=1              writes what the original says down as what is expected
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Member } from '../../coordinator/server/member.ts';
import { startMember } from '../../coordinator/server/member.ts';
import { loadServerSettings } from '../../coordinator/server/settings.ts';
import { MemoryDisk, MemoryTxnLog } from '../../coordinator/store/memory-txn-log.ts';
import { juteTransport } from '../../shared/client/jute-transport.ts';
import { nodeWsTransport } from '../../shared/client/node-transport.ts';
import type { Transport } from '../../shared/client/transport.ts';
import { OPEN_ACL_UNSAFE } from '../../shared/znode/acl.ts';
import { ErrorCode } from '../../shared/znode/error-code.ts';
import { OpCode } from '../../shared/znode/operations.ts';
import { removeTempDirs, tempDir } from '../coordinator/temp-dir.ts';
import type { Address } from './support/conversation.ts';
import { Conversation } from './support/conversation.ts';
import type { Script } from './support/conversations.ts';
import { SCRIPTS, SETTINGS, SUPER } from './support/conversations.ts';
import type { RealZooKeeper } from './support/real-zookeeper.ts';
import { startZooKeeper } from './support/real-zookeeper.ts';

const FILE = join(import.meta.dirname, 'testdata/conversations.txt');
const { ZK_CONNECT, REWRITE } = process.env;
const rewriting = REWRITE === '1';

/** Transcripts by title: `# title`, then lines. */
function readExpected(): Map<string, string> {
  const parts = readFileSync(FILE, 'utf8').split(/^# (.*)\n/m).slice(1);
  const expected = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 2) expected.set(parts[i]!, parts[i + 1]!.trim());
  return expected;
}

async function transcript(script: Script, transport: Transport, server: Address): Promise<string> {
  const tidy = new Conversation(transport, server);
  await tidy.open('A');
  await tidy.quietly('A', { op: 'auth', scheme: 'digest', auth: Buffer.from(SUPER) });
  await removeAll(tidy, '/c');
  await tidy.quietly('A', { op: 'create', path: '/c', data: null, acl: OPEN_ACL_UNSAFE, mode: 0 });
  await tidy.close();

  const talk = new Conversation(transport, server);
  try {
    await talk.open('A');
    await talk.begin('A');
    await script.play(talk);
    return talk.lines.join('\n');
  } finally {
    await talk.close();
  }
}

async function removeAll(talk: Conversation, path: string): Promise<void> {
  const reply = await talk.quietly('A', { op: 'getChildren', path, watch: false });
  if (reply === undefined || reply.error === ErrorCode.NONODE) return;
  const { children } = reply.response as { children: readonly string[] };
  for (const child of children) await removeAll(talk, `${path}/${child}`);
  await talk.quietly('A', { op: 'delete', path, version: -1 });
}

describe('conversations with a coordinator', () => {
  const expected = rewriting ? new Map<string, string>() : readExpected();

  const suite = (name: string, transport: Transport, server: () => Address, scripts = SCRIPTS): void => {
    describe(name, () => {
      for (const script of scripts) {
        it(script.title, async () => {
          const said = (await transcript(script, transport, server())).split('\n');
          const wanted = (expected.get(script.title) ?? '').split('\n');
          const first = wanted.findIndex((line, i) => line !== said[i]);
          // The first difference and what led to it: all that follows may be its consequence.
          if (first >= 0) expect(said.slice(Math.max(0, first - 8), first + 1)).to.deep.equal(wanted.slice(Math.max(0, first - 8), first + 1));
          expect(said).to.have.length(wanted.length);
        });
      }
    });
  };

  describe('with Apache ZooKeeper 3.8', () => {
    let original: RealZooKeeper | null = null;
    let address: Address;
    before(async () => {
      if (ZK_CONNECT === undefined) original = await startZooKeeper(SETTINGS);
      const [host = '127.0.0.1', port] = ZK_CONNECT?.split(':') ?? [];
      address = { host, port: original?.port ?? Number(port) };
    });
    after(() => original?.close());
    if (rewriting) {
      it('are written down', async () => {
        for (const script of SCRIPTS) expected.set(script.title, await transcript(script, juteTransport(), address));
        writeFileSync(FILE, [...expected].map(([title, text]) => `# ${title}\n${text}\n`).join('\n'));
        expect(expected.size).to.equal(SCRIPTS.length);
      });
    }
    suite('by the native protocol', juteTransport(), () => address);
  });

  it('leave out no operation', () => {
    const text = [...readExpected().values()].join('\n');
    // Opening a session, what no client asks for, and what is written down by the kinds of watches that it sets again.
    const silent = new Set(['createSession', 'deleteContainer', 'setWatches', 'setWatches2']);
    expect(text).to.contain('persistentRecursiveWatches').and.to.contain('childWatches');
    const missing = Object.keys(OpCode).filter((op) => !silent.has(op) && !text.includes(`"op":"${op}"`));
    expect(missing).to.deep.equal([]);
  });

  describe('with ours', () => {
    let member: Member;
    before(async () => {
      const properties = { dataDir: tempDir(), clientPort: '0', clientPortAddress: '127.0.0.1', 'admin.enableServer': 'false', ...SETTINGS };
      const { settings } = loadServerSettings(new Map(Object.entries(properties)));
      member = await startMember(settings, { openLog: async (events) => new MemoryTxnLog(new MemoryDisk(), events) });
    });
    after(async () => {
      await member.close();
      removeTempDirs();
    });
    suite('through the native door', juteTransport(), () => ({ host: '127.0.0.1', port: member.port }));
    suite(
      'through the WebSocket door',
      nodeWsTransport(),
      () => ({ host: '127.0.0.1', port: member.port }),
      SCRIPTS.filter(({ native }) => native !== true),
    );
  });
});
