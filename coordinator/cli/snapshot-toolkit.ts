/** zkSnapShotToolkit: prints the znodes of a snapshot, with (-d) their data, or (-json) their sizes for tree viewers. */
import { basename } from 'node:path';
import { isProgram, runProgram } from '../../shared/runtime/program.ts';
import { readSnapshotFile } from '../store/snapshot-file.ts';
import { joinPath } from '../tree/path.ts';
import { SnapshotDecoder } from '../tree/snapshot.ts';
import type { Znode } from '../tree/znode.ts';
import { statOf } from '../tree/znode.ts';
import { formatJavaDate } from './format.ts';

const USAGE = `USAGE: SnapshotFormatter [-d|-json] snapshot_file
       -d dump the data for each znode
       -json dump znode info in json format
`;

const hex14 = (value: number | bigint): string => `0x${BigInt.asUintN(64, BigInt(value)).toString(16).padStart(14, '0')}`;

/** Nested lists, each a znode and then its children: what the original writes for d3 and ncdu. */
function asJson(path: string, node: Znode, nextInode: () => number): unknown {
  const size = node.dataSize;
  const name = path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1);
  const self = { name, asize: size, dsize: size, dev: 0, ino: nextInode() };
  if (node.children === null || node.children.size === 0) return self;
  return [self, ...[...node.children].map(([child, each]) => asJson(joinPath(path, child), each, nextInode))];
}

function format(file: string, mode: 'sizes' | 'data' | 'json', print: (text: string) => void): void {
  const zxid = Number.parseInt(/^snapshot-([0-9a-f]+)$/.exec(basename(file))?.[1] ?? '', 16);
  if (Number.isNaN(zxid)) throw new Error(`"${file}" is not a snapshot: expected a file named snapshot-<hex zxid>`);
  const decoder = new SnapshotDecoder();
  readSnapshotFile(file, zxid, (piece) => decoder.push(piece));
  const { tree } = decoder;
  if (mode === 'json') {
    let inode = 1000;
    const head = { progname: 'SnapshotFormatter', progver: '0.01', timestamp: Date.now() };
    print(JSON.stringify([1, 0, head, asJson('/', tree.root, () => ++inode)]));
    return;
  }
  let count = 0;
  const lines: string[] = [];
  const ephemerals = new Map<bigint, number>();
  const visit = (path: string, node: Znode): void => {
    count++;
    const data = node.data;
    const stat = statOf(node);
    if (stat.ephemeralOwner !== 0n) ephemerals.set(stat.ephemeralOwner, (ephemerals.get(stat.ephemeralOwner) ?? 0) + 1);
    lines.push(
      path,
      `  cZxid = ${hex14(stat.czxid)}`,
      `  ctime = ${formatJavaDate(stat.ctime)}`,
      `  mZxid = ${hex14(stat.mzxid)}`,
      `  mtime = ${formatJavaDate(stat.mtime)}`,
      `  pZxid = ${hex14(stat.pzxid)}`,
      `  cversion = ${stat.cversion}`,
      `  dataVersion = ${stat.version}`,
      `  aclVersion = ${stat.aversion}`,
      `  ephemeralOwner = ${hex14(stat.ephemeralOwner)}`,
      mode === 'data' ? `  data = ${(data ?? Buffer.alloc(0)).toString('base64')}` : `  dataLength = ${data?.length ?? 0}`,
      '----',
    );
    if (node.children !== null) for (const [name, child] of node.children) visit(joinPath(path, name), child);
  };
  visit('/', tree.root);
  print(`ZNode Details (count=${count}):\n----\n${lines.join('\n')}\nSession Details (sid, timeout, ephemeralCount):\n`);
  for (const [sessionId, timeoutMs] of tree.sessions) {
    print(`0x${BigInt.asUintN(64, sessionId).toString(16)}, ${timeoutMs}, ${ephemerals.get(sessionId) ?? 0}\n`);
  }
  print(`----\nLast zxid: 0x${zxid.toString(16)}\n`);
}

function main(argv: readonly string[]): number {
  const file = argv.find((word) => !word.startsWith('-'));
  if (file === undefined) {
    process.stderr.write(USAGE);
    return 1;
  }
  try {
    format(file, argv.includes('-json') ? 'json' : argv.includes('-d') ? 'data' : 'sizes', (text) => process.stdout.write(text));
    return 0;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
}

if (isProgram('coordinator/cli/snapshot-toolkit')) void runProgram(main);
