/**
 * What is said to every coordinator, door by door: scripts whose transcripts have to be equal. They cover what the reference
 * tells of operations, errors and their precedence, watches, access lists, quotas, multi and sessions.
 */
import { createHash } from 'node:crypto';
import type { Acl } from '../../../shared/znode/acl.ts';
import { OPEN_ACL_UNSAFE } from '../../../shared/znode/acl.ts';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import type { CreateRequest, MultiOp, MultiReadRequest, Request } from '../../../shared/znode/operations.ts';
import type { Conversation } from './conversation.ts';

export const SUPER = 'super:test';
/** What the server must be set to: every one of these does something in a script. */
export const SETTINGS: Readonly<Record<string, string>> = {
  enforceQuota: 'true',
  extendedTypesEnabled: 'true',
  tickTime: '2000',
  'DigestAuthenticationProvider.superDigest': digest(SUPER),
};

function digest(credentials: string): string {
  return `${credentials.split(':')[0]}:${createHash('sha1').update(credentials).digest('base64')}`;
}

const create = (path: string, data: string | null = null, more: Partial<CreateRequest> = {}): CreateRequest => ({
  op: 'create',
  path,
  data: data === null ? null : Buffer.from(data),
  acl: OPEN_ACL_UNSAFE,
  mode: CreateMode.PERSISTENT,
  ...more,
});
const create2 = (path: string, more: Partial<CreateRequest> = {}): CreateRequest => create(path, null, { op: 'create2', ...more });
const remove = (path: string, version = -1): MultiOp => ({ op: 'delete', path, version });
const set = (path: string, data: string | null, version = -1): MultiOp => ({ op: 'setData', path, data: data === null ? null : Buffer.from(data), version });
const check = (path: string, version = -1): MultiOp => ({ op: 'check', path, version });
const multi = (...ops: MultiOp[]): Request => ({ op: 'multi', ops });
const exists = (path: string, watch = false): Request => ({ op: 'exists', path, watch });
const get = (path: string, watch = false): MultiReadRequest['ops'][number] => ({ op: 'getData', path, watch });
const list = (path: string, watch = false): MultiReadRequest['ops'][number] => ({ op: 'getChildren', path, watch });
const list2 = (path: string, watch = false): Request => ({ op: 'getChildren2', path, watch });
const getAcl = (path: string): Request => ({ op: 'getACL', path });
const setAcl = (path: string, acl: readonly Acl[], version = -1): Request => ({ op: 'setACL', path, acl, version });
const acl = (scheme: string, id: string, perms = 31): Acl => ({ perms, id: { scheme, id } });
const auth = (scheme: string, text: string): Request => ({ op: 'auth', scheme, auth: Buffer.from(text) });
const addWatch = (path: string, mode: 0 | 1): Request => ({ op: 'addWatch', path, mode });
const removeWatches = (path: string, type: 1 | 2 | 3): Request => ({ op: 'removeWatches', path, type });
const checkWatches = (path: string, type: 1 | 2 | 3): Request => ({ op: 'checkWatches', path, type });
const WHO: Request = { op: 'whoAmI' };
const CLOSE: Request = { op: 'closeSession' };

export interface Script {
  title: string;
  /** Says what our WebSocket door doesn't let through: it refuses malformed messages before they are requests. */
  native?: true;
  /** Under `/c`, which is there and empty. Session A is open. */
  play(talk: Conversation): Promise<void>;
}

const single = (title: string, ...requests: Request[]): Script => ({
  title,
  play: async (talk) => {
    for (const request of requests) await talk.say('A', request);
  },
});

export const SCRIPTS: readonly Script[] = [
  single(
    'create in all its forms',
    create('/c/a', 'data'),
    create2('/c/b'),
    create('/c/e', '', { mode: CreateMode.EPHEMERAL }),
    create('/c/s-', null, { mode: CreateMode.PERSISTENT_SEQUENTIAL }),
    create2('/c/s-', { mode: CreateMode.EPHEMERAL_SEQUENTIAL }),
    create('/c/', null, { mode: CreateMode.PERSISTENT_SEQUENTIAL }),
    create2('/c/box', { op: 'createContainer', mode: CreateMode.CONTAINER }),
    create2('/c/ttl', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 3_600_000 }),
    create2('/c/t-', { op: 'createTTL', mode: CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, ttlMs: 3_600_000 }),
    get('/c/a'),
    get('/c/b'),
    get('/c/e'),
    exists('/c/box'),
    exists('/c/ttl'),
    list('/c'),
    list2('/c'),
    { op: 'getAllChildrenNumber', path: '/c' },
    { op: 'getEphemerals', path: '/c' },
    { op: 'getEphemerals', path: '/c/s' },
    { op: 'getEphemerals', path: '/nowhere' },
  ),
  single(
    'what create refuses, and in which order',
    create2('/c/a', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 0 }),
    create2('/c/a', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: -5 }),
    create2('/c/a', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 1_099_511_627_776 }),
    create('a'),
    create('/c/a', null, { acl: [] }),
    create('/c/no/a', null, { acl: [] }),
    create('/c/a', null, { acl: [acl('nope', 'x')] }),
    create('/c/a', null, { acl: [acl('digest', 'nocolon')] }),
    create('/c/a', null, { acl: [acl('digest', 'a:b:c')] }),
    create('/c/a', null, { acl: [acl('ip', '1.2.3.4/33')] }),
    create('/c/a', null, { acl: [acl('ip', 'host')] }),
    create('/c/a', null, { acl: [acl('ip', '1.2.3')] }),
    create('/c/a', null, { acl: [acl('world', 'someone')] }),
    create('/c/a', null, { acl: [acl('auth', '')] }),
    create('/c/a', null, { acl: [acl('super', '')] }),
    create('/c/a', null, { acl: [acl('sasl', 'bob')] }),
    create('/c/no/a'),
    create('/c/no//a'),
    create('/c//'),
    create('/c/'),
    create('//'),
    create('/c/.'),
    create('/c/../x'),
    create('/c/a\u0001'),
    create('/c/a\u0000'),
    create('/c/a\uf8ff'),
    create('/c/a\u009f'),
    create('/c'),
    create('/'),
    create('/c/e', null, { mode: CreateMode.EPHEMERAL }),
    create('/c/e/child'),
    create('/c/e/.'),
    create('/zookeeper/config'),
    create('/c/ok\u00e9'),
    list('/c'),
  ),
  {
    ...single(
      'modes and types that there are not',
      create('/c/a', null, { mode: 9 as CreateMode }),
      create('/c/a', null, { mode: -1 as CreateMode }),
      create2('/c/a', { op: 'createTTL', mode: CreateMode.PERSISTENT, ttlMs: 5 }),
      create2('/c/a', { mode: CreateMode.PERSISTENT_WITH_TTL }),
      create2('/c/b', { op: 'createContainer', mode: CreateMode.PERSISTENT }),
      create2('/c/d', { mode: CreateMode.CONTAINER }),
      multi(create('/c/e'), create('/c/a', null, { mode: 9 as CreateMode })),
      multi(create2('/c/a', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: -1 })),
      multi(create2('/c/f', { op: 'createContainer', mode: CreateMode.PERSISTENT })),
      list('/c'),
      { op: 'addWatch', path: '/c', mode: 7 as 0 },
      removeWatches('/c', 9 as 3),
      checkWatches('/c', 0 as 3),
    ),
    native: true,
  },
  single(
    'delete',
    create('/c/a'),
    create('/c/a/b'),
    remove('/c/no'),
    remove('/c/no/deep'),
    remove('/c/a'),
    remove('/c/a', 3),
    remove('/c/a/b', 1),
    remove('/c/a/b', 0),
    remove('/c/a', 0),
    remove('/'),
    remove('/zookeeper'),
    remove('/zookeeper/quota'),
    remove('/zookeeper/config'),
    remove('x'),
    remove('/c/'),
    remove('//c'),
    exists('/c/a'),
    exists('/c'),
  ),
  single(
    'setData, versions and empty data',
    create('/c/a', 'one'),
    set('/c/a', 'two', 0),
    set('/c/a', 'three', 0),
    set('/c/a', 'three', 7),
    set('/c/a', null),
    get('/c/a'),
    set('/c/a', ''),
    get('/c/a'),
    set('/c/no', 'x', 3),
    set('no', 'x'),
    set('/c/', 'x'),
    set('/c/a', 'x', -2),
    set('/c/a', 'x'.repeat(1000)),
    get('/c/a'),
    exists('/c/a'),
    set('/zookeeper/config', 'x'),
  ),
  single(
    'reads of what is not there, and of strange paths',
    exists('/c/no'),
    get('/c/no'),
    list('/c/no'),
    list2('/c/no'),
    getAcl('/c/no'),
    { op: 'getAllChildrenNumber', path: '/c/no' },
    exists('/c/'),
    exists('c'),
    get('/c/../c'),
    { op: 'sync', path: '/c/no' },
    { op: 'ping' },
    getAcl('/zookeeper/config'),
    WHO,
    { op: 'reconfig', joiningServers: null, leavingServers: null, newMembers: 'server.1=a:1:2;3', curConfigId: -1 },
  ),
  single(
    'multi that succeeds',
    multi(
      create('/c/m', 'x'),
      create('/c/m/s-', null, { mode: CreateMode.PERSISTENT_SEQUENTIAL }),
      create2('/c/m/two'),
      set('/c/m', 'y', 0),
      check('/c/m', 1),
      create2('/c/m/box', { op: 'createContainer', mode: CreateMode.CONTAINER }),
      create2('/c/m/ttl', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 1000 }),
      remove('/c/m/two', 0),
      create2('/c/m/two'),
    ),
    get('/c/m'),
    list2('/c/m'),
    multi(),
    multi(remove('/c/m/two'), remove('/c/m/box'), remove('/c/m/ttl')),
    multi(check('/c')),
  ),
  single(
    'multi that fails',
    create('/c/m', 'x'),
    multi(create('/c/m/a'), set('/c/m', 'y', 7), remove('/c/m')),
    multi(create('/c/m')),
    multi(create('/c/m/a'), create('/c/m/a')),
    multi(create('/c/m/a'), remove('/c/m')),
    multi(check('/c/m', 1), create('/c/m/a')),
    multi(check('/c/no')),
    multi(create('bad')),
    multi(create('/c/m/e', null, { mode: CreateMode.EPHEMERAL }), create('/c/m/e/x')),
    multi(create('/c/m/a', null, { acl: [] })),
    list2('/c/m'),
    get('/c/m'),
  ),
  single(
    'multiRead',
    create('/c/a', 'x'),
    create('/c/a/b'),
    { op: 'multiRead', ops: [get('/c/a'), list('/c/a'), get('/c/no'), list('/c/no')] },
    { op: 'multiRead', ops: [] },
    { op: 'multiRead', ops: [get('/c/a', true), list('/c/a', true)] },
    set('/c/a', 'y'),
    create('/c/a/c'),
  ),
  {
    title: 'one-shot watches',
    play: async (talk) => {
      await talk.open('B');
      await talk.say('B', exists('/c/a', true));
      await talk.say('B', get('/c/no', true));
      await talk.say('B', list('/c/no', true));
      await talk.say('B', list('/c', true));
      await talk.say('A', create('/c/a', '1'));
      await talk.say('A', set('/c/a', '2'));
      await talk.say('B', get('/c/a', true), exists('/c/a', true), list2('/c/a', true), list('/c', true));
      await talk.say('A', set('/c/a', '3'));
      await talk.say('A', set('/c/a', '4'));
      await talk.say('A', create('/c/a/b'));
      await talk.say('B', get('/c/a', true), list('/c/a', true));
      await talk.say('A', remove('/c/a/b'));
      await talk.say('B', list('/c/a', true));
      await talk.say('A', setAcl('/c/a', OPEN_ACL_UNSAFE));
      await talk.say('A', remove('/c/a'));
      await talk.say('B', exists('/c/a', true));
      await talk.say('B', create('/c/a'));
      await talk.say('A', create('/c/no'));
    },
  },
  {
    title: 'persistent watches',
    play: async (talk) => {
      await talk.open('B');
      await talk.say('B', addWatch('/c/p', 0), addWatch('/c/r', 1), addWatch('/c', 0));
      await talk.say('A', create('/c/p'), create('/c/p/x'), set('/c/p', '1'), set('/c/p/x', '1'));
      await talk.say('A', create('/c/r'), create('/c/r/x'), create('/c/r/x/y'), set('/c/r/x/y', '1'), remove('/c/r/x/y'));
      await talk.say('A', multi(create('/c/r/m'), set('/c/r/m', '1'), remove('/c/r/m')));
      // An ordinary watch beside a persistent one of the same path is left out: in 3.8 it takes its place (ZOOKEEPER-4466).
      await talk.say('B', list('/c/r', true));
      await talk.say('A', set('/c/p', '2'), create('/c/r/z'), set('/c/p', '3'));
      await talk.say('B', checkWatches('/c/p', 3), checkWatches('/c/p', 1), checkWatches('/c/p', 2), checkWatches('/c/no', 3));
      await talk.say('B', removeWatches('/c/r', 3), removeWatches('/c/r', 3), removeWatches('/c/p', 1), removeWatches('/c/p', 2), removeWatches('/c/p', 3));
      await talk.say('A', set('/c/p', '4'), remove('/c/p/x'), set('/c/r', '1'), remove('/c/p'));
      await talk.say('B', removeWatches('/c', 3));
      await talk.say('A', create('/c/quiet'));
    },
  },
  {
    title: 'watches that are set again after a broken line',
    play: async (talk) => {
      const kinds = ['dataWatches', 'existWatches', 'childWatches', 'persistentWatches', 'persistentRecursiveWatches'] as const;
      const pathsOf = (name: string): string[] => kinds.map((kind) => `/c/${name}-${kind}`);
      const before = ['same', 'changed', 'gone', 'parent'].flatMap(pathsOf);
      await talk.quietly('A', ...before.map((path) => create(path)));
      const { zxid } = (await talk.quietly('A', { op: 'sync', path: '/' }))!;
      await talk.say('A', ...pathsOf('changed').map((path) => set(path, 'x')), ...pathsOf('gone').map((path) => remove(path)));
      await talk.say('A', ...pathsOf('parent').map((path) => create(`${path}/child`)), ...pathsOf('came').map((path) => create(path)));
      await talk.open('B');
      const none = { dataWatches: [], existWatches: [], childWatches: [], persistentWatches: [], persistentRecursiveWatches: [] };
      for (const kind of kinds) {
        const paths = ['same', 'changed', 'gone', 'parent', 'came', 'never'].map((name) => `/c/${name}-${kind}`);
        await talk.unsaid('B', { op: 'setWatches', relativeZxid: zxid, ...none, [kind]: paths }, kind);
      }
      await talk.say('A', ...pathsOf('same').map((path) => set(path, '1')), ...pathsOf('never').map((path) => create(path)));
      await talk.say('A', ...pathsOf('same').map((path) => create(`${path}/x`)), ...pathsOf('came').map((path) => remove(path)));
    },
  },
  {
    title: 'access lists',
    play: async (talk) => {
      await talk.open('B');
      await talk.say('A', auth('digest', 'alice:secret'));
      await talk.say('A', WHO);
      const read = [acl('world', 'anyone', 1), acl('auth', '', 31)];
      await talk.say('A', create('/c/mine', 'x', { acl: [acl('auth', 'ignored')] }), getAcl('/c/mine'));
      await talk.say('A', create('/c/shown', 'x', { acl: read }), getAcl('/c/shown'));
      await talk.say('A', create('/c/shown/child'), create('/c/mine/child'));
      await talk.say('B', get('/c/mine'), exists('/c/mine'), list('/c/mine'), list2('/c/mine'), getAcl('/c/mine'), { op: 'getAllChildrenNumber', path: '/c/mine' });
      await talk.say('B', set('/c/mine', 'x', 9), remove('/c/mine/child', 9), create('/c/mine/x'), create('/c/mine/..'), setAcl('/c/mine', OPEN_ACL_UNSAFE, 9));
      await talk.say('B', get('/c/shown'), set('/c/shown', 'x'), remove('/c/shown/child'), getAcl('/c/shown'), setAcl('/c/shown', OPEN_ACL_UNSAFE), remove('/c/shown'));
      await talk.say('B', multi(check('/c/shown'), check('/c/mine')), { op: 'multiRead', ops: [get('/c/mine'), get('/c/shown'), list('/c/mine')] });
      await talk.say('B', auth('digest', 'alice:wrong'));
      await talk.say('B', get('/c/mine'), WHO);
      await talk.say('B', auth('digest', 'alice:secret'));
      await talk.say('B', get('/c/mine'), WHO, setAcl('/c/mine', [acl('auth', '', 9)], 0), getAcl('/c/mine'));
      await talk.say('A', setAcl('/c/shown', [acl('digest', digest('bob:b'), 1), acl('ip', '127.0.0.0/8', 16), acl('world', 'anyone', 2)], 0), getAcl('/c/shown'));
      await talk.say('A', setAcl('/c/shown', OPEN_ACL_UNSAFE, 0), setAcl('/c/shown', [], 1), setAcl('/c/shown', [acl('nope', '')], 1), setAcl('/c/no', OPEN_ACL_UNSAFE));
      await talk.say('A', get('/c/shown'), set('/c/shown', 'y'));
      await talk.say('A', create('/c/near', null, { acl: [acl('ip', '127.0.0.1', 31)] }), create('/c/far', null, { acl: [acl('ip', '10.0.0.0/8', 31)] }));
      await talk.say('A', get('/c/near'), get('/c/far'), getAcl('/c/far'), setAcl('/c/near', [acl('ip', '127.0.0.0/8', 1)]));
      // Apart: in the original a write that follows a setACL in the same pipeline may still be judged by the old list.
      await talk.say('A', get('/c/near'), set('/c/near', null));
      await talk.say('A', create('/c/twice', null, { acl: [acl('world', 'anyone', 1), acl('world', 'anyone', 1), acl('auth', '', 1)] }), getAcl('/c/twice'));
      await talk.say('A', create('/c/odd', null, { acl: [acl('world', 'anyone', 0)] }), getAcl('/c/odd'), get('/c/odd'));
      await talk.say('A', create('/c/sasl', null, { acl: [acl('sasl', 'bob', 31)] }), create('/c/x509', null, { acl: [acl('x509', 'CN=x', 31)] }));
      await talk.say('A', auth('digest', SUPER));
      await talk.say('A', WHO, get('/c/far'), getAcl('/c/mine'), set('/c/odd', 'z'), remove('/c/far'));
    },
  },
  {
    title: 'authentication that fails',
    play: async (talk) => {
      await talk.open('B');
      await talk.say('B', auth('nope', 'x'));
      await talk.ended('B');
      await talk.open('C');
      await talk.say('C', auth('ip', ''));
      await talk.say('C', auth('digest', 'nocolon'));
      await talk.say('C', WHO);
    },
  },
  {
    title: 'SASL where it is not set up',
    play: async (talk) => {
      await talk.open('B');
      await talk.say('B', { op: 'sasl', token: Buffer.alloc(0) });
      await talk.say('B', WHO, exists('/c'));
    },
  },
  {
    title: 'quotas',
    play: async (talk) => {
      const quota = '/zookeeper/quota/c';
      await talk.quietly('A', remove(`${quota}/zookeeper_limits`), remove(`${quota}/zookeeper_stats`), remove(quota));
      await talk.say('A', create('/c/a', '12345'));
      await talk.say('A', create(quota), create(`${quota}/zookeeper_limits`, 'count=3,bytes=-1=;byteHardLimit=20;countHardLimit=4'), create(`${quota}/zookeeper_stats`));
      await talk.say('A', get(`${quota}/zookeeper_stats`));
      await talk.say('A', create('/c/b', '12345'), get(`${quota}/zookeeper_stats`));
      await talk.say('A', set('/c/b', '1'.repeat(16)), set('/c/b', '1'.repeat(16), 9), set('/c/b', '1'.repeat(15)), get(`${quota}/zookeeper_stats`));
      await talk.say('A', create('/c/d', '1'));
      await talk.say('A', create('/c/d'));
      await talk.say('A', create('/c/e'));
      await talk.say('A', multi(remove('/c/d'), create('/c/d')));
      await talk.say('A', set('/c/a', '1'), remove('/c/b'), get(`${quota}/zookeeper_stats`));
      await talk.say('A', set(`${quota}/zookeeper_limits`, 'count=1,bytes=1'), create('/c/f', '1234'), get(`${quota}/zookeeper_stats`));
      await talk.say('A', remove(`${quota}/zookeeper_limits`), create('/c/g', '1234'), get(`${quota}/zookeeper_stats`));
      await talk.say('A', remove(`${quota}/zookeeper_stats`), remove(quota));
    },
  },
  {
    title: 'sessions: ephemerals, resuming, moving, closing',
    play: async (talk) => {
      await talk.open('B', { timeoutMs: 5_000 });
      await talk.say('B', create('/c/e', null, { mode: CreateMode.EPHEMERAL }), exists('/c/e'));
      talk.cut('B');
      await talk.say('A', exists('/c/e', true));
      // While the session is connected the original lets go of it for anyone who names it: we don't.
      await talk.open('thief', { resume: 'B', password: new Uint8Array(16) });
      await talk.open('B2', { resume: 'B', timeoutMs: 6_000 });
      await talk.say('B2', { op: 'getEphemerals', path: '/c' });
      await talk.say('B2', CLOSE);
      await talk.ended('B2');
      await talk.say('A', exists('/c/e'));
      await talk.open('late', { resume: 'B2' });
      await talk.open('short', { timeoutMs: 1 });
      await talk.open('long', { timeoutMs: 10_000_000 });
      await talk.open('future', { lastZxidSeen: 0x7fff_ffff_0000 });
    },
  },
  {
    title: 'a pipeline',
    play: async (talk) => {
      await talk.open('B');
      await talk.say('B', list('/c', true));
      await talk.say(
        'A',
        create('/c/a', '1'),
        get('/c/a'),
        set('/c/a', '2', 0),
        get('/c/a'),
        set('/c/a', '3', 0),
        exists('/c/b'),
        create('/c/b'),
        list('/c'),
        remove('/c/a', 1),
        exists('/c/a'),
        create('/c/a/x'),
        create('/c/s-', null, { mode: CreateMode.PERSISTENT_SEQUENTIAL }),
        create('/c/s-', null, { mode: CreateMode.PERSISTENT_SEQUENTIAL }),
        { op: 'sync', path: '/c' },
        list2('/c'),
      );
    },
  },
];
