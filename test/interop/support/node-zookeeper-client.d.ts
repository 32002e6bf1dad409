/** What the tests use of node-zookeeper-client, which brings no types. */
declare module 'node-zookeeper-client' {
  import type { EventEmitter } from 'node:events';

  type Done<T> = (error: Error | null, value: T) => void;
  type Watcher = ((event: ClientEvent) => void) | undefined;

  export interface ClientEvent {
    getType(): number;
    getPath(): string;
  }
  export interface ClientState {
    getName(): string;
  }
  export interface ClientOptions {
    sessionTimeout?: number;
    spinDelay?: number;
    retries?: number;
  }
  interface Id {
    scheme: string;
    id: string;
  }
  interface Acl {
    permission: number;
    id: Id;
  }
  interface Transaction {
    create(path: string, data?: Buffer): Transaction;
    check(path: string, version: number): Transaction;
    setData(path: string, data: Buffer | null, version?: number): Transaction;
    remove(path: string, version?: number): Transaction;
    commit(done: Done<any>): void;
  }
  export interface Client extends EventEmitter {
    connect(): void;
    close(): void;
    getSessionId(): Buffer;
    addAuthInfo(scheme: string, auth: Buffer): void;
    /** Data, access list and mode may be left out. */
    create(path: string, ...more: (Buffer | readonly Acl[] | number | Done<any>)[]): void;
    mkdirp(path: string, done: Done<any>): void;
    remove(path: string, done: Done<any>): void;
    removeRecursive(path: string, done: Done<any>): void;
    exists(path: string, watcher: Watcher, done: Done<any>): void;
    getData(path: string, watcher: Watcher, done: Done<any>): void;
    setData(path: string, data: Buffer | null, ...more: (number | Done<any>)[]): void;
    getChildren(path: string, watcher: Watcher, done: Done<any>): void;
    listSubTreeBFS(path: string, done: Done<any>): void;
    getACL(path: string, done: Done<any>): void;
    setACL(path: string, acls: readonly Acl[], done: Done<any>): void;
    transaction(): Transaction;
  }
  const zookeeper: {
    createClient(servers: string, options?: ClientOptions): Client;
    ACL: (new (permission: number, id: Id) => Acl) & { CREATOR_ALL_ACL: readonly Acl[]; OPEN_ACL_UNSAFE: readonly Acl[] };
    Id: new (scheme: string, id: string) => Id;
    Permission: Readonly<Record<'READ' | 'WRITE' | 'CREATE' | 'DELETE' | 'ADMIN' | 'ALL', number>>;
    CreateMode: Readonly<Record<'PERSISTENT' | 'PERSISTENT_SEQUENTIAL' | 'EPHEMERAL' | 'EPHEMERAL_SEQUENTIAL', number>>;
    State: Readonly<Record<string, ClientState>>;
    Event: Readonly<Record<'NODE_CREATED' | 'NODE_DELETED' | 'NODE_DATA_CHANGED' | 'NODE_CHILDREN_CHANGED', number>>;
    Exception: Readonly<Record<string, number>>;
  };
  export default zookeeper;
}
