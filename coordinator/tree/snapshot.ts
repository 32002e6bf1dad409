/**
 * The tree as bytes, in pieces: a snapshot is taken while transactions go on, so it is fuzzy, and replaying the log from
 * the zxid at which it was begun makes it exact (`apply.ts` is idempotent for that).
 *
 *     sessions:  | count: i32 | sessionId: i64, timeoutMs: i32 | ...
 *     znodes:    | path | data | acl | kind | czxid mzxid pzxid ctime mtime: i64 | version aversion creations: i32 | ...
 *
 * Parents come before their children. Each piece holds whole records; the first one also holds the sessions.
 */
import { Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { DataTree } from './data-tree.ts';
import { joinPath } from './path.ts';
import { readAcl, readData, readKind, readText, TxnFormatError, writeAcl, writeData, writeKind, writeText } from './txn-codec.ts';
import type { Znode } from './znode.ts';

/** Bytes after which a piece is handed out: a few ms of work, so that serving goes on between pieces. */
const PIECE_BYTES = 256 * 1024;

/** Pieces of `tree`, each of which holds until the next is asked for. Between two pieces transactions may be applied. */
export function* encodeSnapshot(tree: DataTree, pieceBytes = PIECE_BYTES): IterableIterator<Buffer> {
  const out = new Writer(pieceBytes + 1024);
  out.i32(tree.sessions.size);
  for (const [sessionId, timeoutMs] of tree.sessions) {
    out.i64Big(sessionId);
    out.i32(timeoutMs);
  }
  writeNode(out, '/', tree.root);
  const stack: { path: string; children: IterableIterator<[string, Znode]> }[] = [];
  const descend = (path: string, node: Znode): void => {
    if (node.children !== null) stack.push({ path, children: node.children.entries() });
  };
  descend('/', tree.root);
  for (;;) {
    const top = stack.at(-1);
    if (top === undefined) break;
    const next = top.children.next();
    if (next.done === true) {
      stack.pop();
      continue;
    }
    const [name, node] = next.value;
    const path = joinPath(top.path, name);
    writeNode(out, path, node);
    descend(path, node);
    if (out.size >= pieceBytes) {
      yield out.finish();
      // In the same memory: pieces of their own would be some hundred megabytes of garbage that no collection hurries to find.
      out.restart();
    }
  }
  if (out.size > 0) yield out.finish();
}

function writeNode(out: Writer, path: string, node: Znode): void {
  writeText(out, path);
  writeData(out, node.data);
  writeAcl(out, node.acl.list);
  writeKind(out, node.kind);
  out.i64(node.czxid);
  out.i64(node.mzxid);
  out.i64(node.pzxid);
  out.i64(node.ctime);
  out.i64(node.mtime);
  out.i32(node.version);
  out.i32(node.aversion);
  out.i32(node.creations);
}

/** Builds a tree from pieces in their order. */
export class SnapshotDecoder {
  readonly tree = new DataTree();
  private started = false;

  push(piece: Buffer): void {
    const input = new Reader(piece);
    if (!this.started) this.readSessions(input);
    this.started = true;
    while (input.remaining > 0) {
      this.readNode(input);
      if (!input.complete) throw new TxnFormatError(`The snapshot is damaged: ${input.failure}`);
    }
  }

  private readSessions(input: Reader): void {
    const count = input.i32();
    for (let i = 0; i < count && input.complete; i++) this.tree.sessions.set(input.i64Big(), input.i32());
  }

  private readNode(input: Reader): void {
    const { tree } = this;
    const path = readText(input);
    const data = readData(input);
    const acl = readAcl(input);
    const kind = readKind(input);
    const known = tree.get(path);
    let node = known;
    if (node === undefined) {
      node = tree.makeNode(data, acl, kind, 0, 0);
    } else {
      tree.setData(node, data);
      tree.setAcl(node, acl);
    }
    node.czxid = input.i64();
    node.mzxid = input.i64();
    node.pzxid = input.i64();
    node.ctime = input.i64();
    node.mtime = input.i64();
    node.version = input.i32();
    node.aversion = input.i32();
    node.creations = input.i32();
    if (known !== undefined) return;
    // A parent deleted while the snapshot was taken: its children are deleted in the log that follows.
    if (tree.get(path.slice(0, path.lastIndexOf('/'))) !== undefined) tree.insert(path, node);
    else tree.discard(node);
  }
}
