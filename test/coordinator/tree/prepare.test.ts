import { expect } from 'chai';
import { CreateMode } from '../../../shared/znode/create-mode.ts';
import { ErrorCode } from '../../../shared/znode/error-code.ts';
import type { WriteRequest } from '../../../shared/znode/operations.ts';
import { digestOf } from '../../../coordinator/tree/acl-check.ts';
import { prepareDeleteContainer } from '../../../coordinator/tree/prepare.ts';
import { create, TreeDriver } from './tree-driver.ts';

const { MARSHALLINGERROR, BADARGUMENTS, BADVERSION, INVALIDACL, NOAUTH, NOCHILDRENFOREPHEMERALS, NODEEXISTS, NONODE, NOTEMPTY, UNIMPLEMENTED } = ErrorCode;
const READ_ONLY = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];

describe('prepare', () => {
  const refusals: [string, WriteRequest, number][] = [
    ['an unknown mode before anything else', create('a', { mode: 9 as CreateMode }), BADARGUMENTS],
    ['a TTL that is not positive', create('/a', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 0 }), BADARGUMENTS],
    ['a TTL on a znode without', create('/a', { op: 'createTTL', ttlMs: 5 }), BADARGUMENTS],
    ['a relative path before its access list', create('a', { acl: [] }), BADARGUMENTS],
    ['an empty path', create(''), MARSHALLINGERROR],
    ['deletion of an empty path', { op: 'delete', path: '', version: -1 }, MARSHALLINGERROR],
    ['data for an empty path', { op: 'setData', path: '', data: null, version: -1 }, BADARGUMENTS],
    ['an empty access list before a missing parent', create('/no/a', { acl: [] }), INVALIDACL],
    ['an unknown scheme', create('/a', { acl: [{ perms: 31, id: { scheme: 'foo', id: 'x' } }] }), INVALIDACL],
    ['auth: without an identity', create('/a', { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] }), INVALIDACL],
    ['a missing parent before a bad name', create('/no//a'), NONODE],
    ['a name that is empty', create('//'), BADARGUMENTS],
    ['a trailing slash', create('/plain/'), BADARGUMENTS],
    ['a znode that is there', create('/plain'), NODEEXISTS],
    ['the root', create('/'), NODEEXISTS],
    ['a child of an ephemeral', create('/ephemeral/a'), NOCHILDRENFOREPHEMERALS],
    ['a child where CREATE is missing, before anything about its name', create('/locked/..'), NOAUTH],
    ['deletion of the root', { op: 'delete', path: '/', version: -1 }, BADARGUMENTS],
    ['deletion of a system znode', { op: 'delete', path: '/zookeeper/quota', version: -1 }, BADARGUMENTS],
    ['deletion of nothing', { op: 'delete', path: '/no', version: -1 }, NONODE],
    ['deletion without DELETE on the parent', { op: 'delete', path: '/locked/child', version: 7 }, NOAUTH],
    ['deletion of another version before its children', { op: 'delete', path: '/plain', version: 7 }, BADVERSION],
    ['deletion of a parent', { op: 'delete', path: '/plain', version: 0 }, NOTEMPTY],
    ['data for a bad path', { op: 'setData', path: '/a/../b', data: null, version: -1 }, BADARGUMENTS],
    ['data for nothing', { op: 'setData', path: '/no', data: null, version: -1 }, NONODE],
    ['data without WRITE before the version', { op: 'setData', path: '/locked', data: null, version: 7 }, NOAUTH],
    ['data for another version', { op: 'setData', path: '/plain', data: null, version: 7 }, BADVERSION],
    ['an access list for nothing', { op: 'setACL', path: '/no', acl: READ_ONLY, version: -1 }, NONODE],
    ['an empty access list before that', { op: 'setACL', path: '/no', acl: [], version: -1 }, INVALIDACL],
    ['an access list without ADMIN', { op: 'setACL', path: '/locked', acl: READ_ONLY, version: -1 }, NOAUTH],
    ['an access list for another aversion', { op: 'setACL', path: '/plain', acl: READ_ONLY, version: 3 }, BADVERSION],
    ['the configuration from anyone', { op: 'setData', path: '/zookeeper/config', data: null, version: -1 }, NOAUTH],
  ];

  let driver: TreeDriver;
  beforeEach(() => {
    driver = new TreeDriver();
    driver.run(create('/plain'));
    driver.run(create('/plain/child'));
    driver.run(create('/ephemeral', { mode: CreateMode.EPHEMERAL }));
    driver.run(create('/locked'));
    driver.run(create('/locked/child'));
    driver.run({ op: 'setACL', path: '/locked', acl: READ_ONLY, version: -1 });
  });

  for (const [what, request, code] of refusals) {
    it(`refuses ${what}`, () => expect(driver.codeOf(request)).to.equal(code));
  }

  it('refuses TTLs unless they are enabled', () => {
    const request = create('/t', { op: 'createTTL', mode: CreateMode.PERSISTENT_WITH_TTL, ttlMs: 5 });
    expect(driver.codeOf(request)).to.equal(0);
    driver.ttlsEnabled = false;
    expect(driver.codeOf({ ...request, path: '/t2' })).to.equal(UNIMPLEMENTED);
  });

  it('numbers sequential znodes by how many children were ever created, deletions and plain ones included', () => {
    const sequential = (): unknown => driver.run(create('/plain/s-', { mode: CreateMode.PERSISTENT_SEQUENTIAL }));
    expect(sequential()).to.include({ path: '/plain/s-0000000001' });
    driver.run({ op: 'delete', path: '/plain/child', version: -1 });
    expect(sequential()).to.include({ path: '/plain/s-0000000002' });
    expect(driver.run(create('/plain/', { mode: CreateMode.EPHEMERAL_SEQUENTIAL }))).to.include({ path: '/plain/0000000003' });
    driver.tree.get('/plain')!.creations = 0x7fffffff;
    expect(sequential()).to.include({ path: '/plain/s-2147483647', parentCreations: -0x80000000 });
    expect(sequential()).to.include({ path: '/plain/s--2147483648' });
  });

  it('sees what is in flight', () => {
    driver.propose(create('/x'));
    expect(driver.propose(create('/x'))).to.deep.equal({ type: 'error', error: NODEEXISTS });
    expect(driver.propose(create('/x/y'))).to.include({ type: 'create' });
    expect(driver.propose({ op: 'delete', path: '/x', version: -1 })).to.deep.equal({ type: 'error', error: NOTEMPTY });
    expect(driver.propose({ op: 'setData', path: '/x', data: null, version: 0 })).to.include({ version: 1 });
    expect(driver.propose({ op: 'setData', path: '/x', data: null, version: 0 })).to.deep.equal({ type: 'error', error: BADVERSION });
    driver.propose({ op: 'delete', path: '/x/y', version: -1 });
    driver.propose({ op: 'delete', path: '/x', version: 1 });
    expect(driver.propose({ op: 'setData', path: '/x', data: null, version: -1 })).to.deep.equal({ type: 'error', error: NONODE });
    driver.commit(3);
    expect(driver.propose(create('/x'))).to.include({ type: 'create' });
    driver.commit();
    expect(driver.outstanding.size).to.equal(0);
    expect(driver.tree.get('/x')).to.include({ version: 0 });
  });

  it('lets later parts of a multi see earlier ones, and forgets all of a refused one', () => {
    driver.propose(create('/m'));
    const refused = driver.propose({
      op: 'multi',
      ops: [
        { op: 'setData', path: '/m', data: null, version: 0 },
        create('/m/a'),
        { op: 'check', path: '/m', version: 0 },
        create('/m/b'),
      ],
    });
    expect(refused).to.deep.equal({ type: 'multi', parts: [0, 0, BADVERSION, -2].map((error) => ({ type: 'error', error })) });
    const done = driver.propose({
      op: 'multi',
      ops: [
        { op: 'check', path: '/m', version: 0 },
        create('/m/a'),
        { op: 'delete', path: '/m/a', version: 0 },
        { op: 'delete', path: '/m', version: 0 },
      ],
    });
    expect(done.type === 'multi' && done.parts.map(({ type }) => type)).to.deep.equal(['check', 'create', 'delete', 'delete']);
    driver.commit();
    expect(driver.tree.get('/m')).to.equal(undefined);
    expect(driver.outstanding.size).to.equal(0);
  });

  it('closes a session with the ephemerals it has and those on their way', () => {
    driver.propose(create('/e2', { mode: CreateMode.EPHEMERAL }));
    driver.propose({ op: 'delete', path: '/ephemeral', version: -1 });
    driver.propose(create('/plain/e3', { mode: CreateMode.EPHEMERAL }));
    expect(driver.proposeClose(1n)).to.deep.equal({ type: 'closeSession', paths: ['/e2', '/plain/e3'] });
    expect(driver.propose(create('/e2'))).to.include({ type: 'create' });
    driver.commit();
    expect(driver.tree.ephemeralCount).to.equal(0);
    expect(driver.tree.get('/e2')?.kind.type).to.equal('persistent');
  });

  it('stores identities for auth:, and opens to them', () => {
    const digest = digestOf('bob:secret', 'sha1');
    driver.ids.push({ scheme: 'digest', id: digest });
    driver.run(create('/own', { acl: [{ perms: 31, id: { scheme: 'auth', id: 'whatever' } }] }));
    expect(driver.tree.get('/own')?.acl.list).to.deep.equal([{ perms: 31, id: { scheme: 'digest', id: digest } }]);
    expect(driver.codeOf(create('/own/a'))).to.equal(0);
    driver.ids.pop();
    expect(driver.codeOf(create('/own/b'))).to.equal(NOAUTH);
    driver.ids.push({ scheme: 'super', id: '' });
    expect(driver.codeOf(create('/own/b'))).to.equal(0);
  });

  it('removes a container only while it is empty', () => {
    driver.run(create('/c', { op: 'createContainer', mode: CreateMode.CONTAINER }));
    driver.propose(create('/c/a'));
    expect(prepareDeleteContainer(driver.outstanding, '/c', 99)).to.deep.equal({ type: 'error', error: NOTEMPTY });
    expect(prepareDeleteContainer(driver.outstanding, '/plain', 99)).to.deep.equal({ type: 'error', error: NOTEMPTY });
    driver.commit();
    driver.run({ op: 'delete', path: '/c/a', version: -1 });
    expect(prepareDeleteContainer(driver.outstanding, '/c', 99)).to.deep.equal({ type: 'delete', path: '/c' });
  });
});
