/** A tree with its write path, without log or network: what most tests of the tree talk to. */
import type { Id } from '../../../shared/znode/acl.ts';
import { OPEN_ACL_UNSAFE } from '../../../shared/znode/acl.ts';
import type { CreateRequest, WriteRequest } from '../../../shared/znode/operations.ts';
import { DEFAULT_ACCESS_RULES } from '../../../coordinator/tree/acl-check.ts';
import type { ChangeListener } from '../../../coordinator/tree/apply.ts';
import { applyTxn } from '../../../coordinator/tree/apply.ts';
import { DataTree } from '../../../coordinator/tree/data-tree.ts';
import { Outstanding } from '../../../coordinator/tree/outstanding.ts';
import { prepare, prepareCloseSession } from '../../../coordinator/tree/prepare.ts';
import type { PrepareContext } from '../../../coordinator/tree/prepare.ts';
import type { QuotaExcess } from '../../../coordinator/tree/quota.ts';
import type { Txn, TxnBody } from '../../../coordinator/tree/txn.ts';
import type { Znode } from '../../../coordinator/tree/znode.ts';
import { statOf } from '../../../coordinator/tree/znode.ts';

export class TreeDriver {
  readonly tree: DataTree;
  readonly outstanding: Outstanding;
  readonly log: Txn[] = [];
  readonly inFlight: Txn[] = [];
  listener: ChangeListener | null = null;
  sessionId = 1n;
  ids: Id[] = [{ scheme: 'ip', id: '127.0.0.1' }];
  ttlsEnabled = true;
  /** What went over a quota; null: quotas are not enforced. */
  excesses: QuotaExcess[] | null = null;

  constructor(tree = new DataTree()) {
    this.tree = tree;
    this.outstanding = new Outstanding(tree);
  }

  private get nextZxid(): number {
    return (this.log.at(-1)?.zxid ?? this.tree.lastZxid) + 1;
  }

  private context(): PrepareContext {
    const { excesses } = this;
    const quota = excesses === null ? {} : { quotaExceeded: (excess: QuotaExcess) => void excesses.push(excess) };
    return { sessionId: this.sessionId, ids: this.ids, rules: DEFAULT_ACCESS_RULES, ttlsEnabled: this.ttlsEnabled, ...quota };
  }

  private keep(zxid: number, body: TxnBody): TxnBody {
    const txn: Txn = { zxid, timeMs: 1_000_000 + zxid, sessionId: this.sessionId, cxid: zxid, body };
    this.log.push(txn);
    this.inFlight.push(txn);
    return body;
  }

  /** Prepares, and leaves the transaction in flight. */
  propose(request: WriteRequest): TxnBody {
    const zxid = this.nextZxid;
    return this.keep(zxid, prepare(this.outstanding, request, this.context(), zxid));
  }

  proposeClose(sessionId: bigint): TxnBody {
    const zxid = this.nextZxid;
    return this.keep(zxid, prepareCloseSession(this.outstanding, sessionId, zxid));
  }

  /** Applies what is in flight, or its first `count`. */
  commit(count = this.inFlight.length): void {
    for (const txn of this.inFlight.splice(0, count)) {
      applyTxn(this.tree, txn, this.listener);
      this.outstanding.applied(txn.zxid);
    }
  }

  run(request: WriteRequest): TxnBody {
    const body = this.propose(request);
    this.commit();
    return body;
  }

  /** The code of the error that `request` meets, 0 when it is carried out. */
  codeOf(request: WriteRequest): number {
    const body = this.run(request);
    return body.type === 'error' ? body.error : 0;
  }
}

export const create = (path: string, more: Partial<CreateRequest> = {}): CreateRequest => ({
  op: 'create',
  path,
  data: null,
  acl: OPEN_ACL_UNSAFE,
  mode: 0,
  ...more,
});

/** All of a tree that clients can see, as plain data. */
export function contentOf(tree: DataTree): Record<string, unknown> {
  const content: Record<string, unknown> = {};
  const visit = (path: string, node: Znode): void => {
    content[path] = { ...statOf(node), data: node.data?.toString('hex') ?? null, acl: node.acl.list, kind: node.kind };
    const names = node.children === null ? [] : [...node.children.keys()].sort();
    for (const name of names) visit(path === '/' ? `/${name}` : `${path}/${name}`, node.children!.get(name)!);
  };
  visit('/', tree.root);
  content['sessions'] = [...tree.sessions].sort();
  content['counts'] = [tree.nodeCount, tree.ephemeralCount, tree.approximateDataSize, tree.containers.size, tree.ttls.size];
  content['ephemerals'] = [...tree.ephemerals].map(([id, paths]) => [id, [...paths].sort()]).sort();
  return content;
}
