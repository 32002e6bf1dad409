/** What the tree knows of a znode (`Stat` in zookeeper.jute), as clients see it. */
export interface Stat {
  /** zxid that created the znode. */
  czxid: number;
  /** zxid of the last setData. */
  mzxid: number;
  /** Leader's wall clock at creation, ms. */
  ctime: number;
  /** Leader's wall clock at the last setData, ms. */
  mtime: number;
  /** Number of setData so far. */
  version: number;
  /** Creations plus deletions of children. */
  cversion: number;
  /** Number of setACL so far. */
  aversion: number;
  /** Session id of an ephemeral's owner, else 0n. */
  ephemeralOwner: bigint;
  /** Size of the data in bytes; 0 for null too. */
  dataLength: number;
  numChildren: number;
  /** zxid of the last creation or deletion of a child. */
  pzxid: number;
}
