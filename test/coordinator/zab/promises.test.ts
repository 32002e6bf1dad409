/** What is durable before it is said, and what a promise is worth: the cases that chance brings about too rarely to wait for. */
import { expect } from 'chai';
import { makeZxid } from '../../../shared/znode/zxid.ts';
import type { MessageOf, PeerMessage } from '../../../coordinator/zab/messages.ts';
import { Peer } from '../../../coordinator/zab/peer.ts';
import type { PeerStart } from '../../../coordinator/zab/peer-types.ts';
import { configOf, Theatre, TICK_MS } from './theatre.ts';

function theatreOf(...ids: number[]): Theatre {
  const theatre = new Theatre(configOf(ids));
  for (const id of ids) theatre.start(id, [[1, 1]], { accepted: 1, current: 1 });
  return theatre;
}

/** A member of three whose conversation the test leads. */
function peerOf(serverId: number, start: Partial<PeerStart> = {}): Peer {
  return new Peer(
    {
      serverId,
      tickTimeMs: TICK_MS,
      initLimitTicks: 10,
      syncLimitTicks: 5,
      peerType: 'participant',
      commitLogCount: 500,
      commitLogBytesMax: 1 << 20,
    },
    {
      acceptedEpoch: 1,
      currentEpoch: 1,
      lastZxid: makeZxid(1, 1),
      truncateFloorZxid: 0,
      config: configOf([1, 2, 3]),
      pendingConfig: null,
      ...start,
    },
    0,
  );
}

function voteFor(leader: number, electionEpoch = 1): MessageOf<'NOTIFICATION'> {
  const vote = { leader, zxid: makeZxid(1, 1), peerEpoch: 1, electionEpoch };
  return { type: 'NOTIFICATION', state: 'LOOKING', ...vote, fresh: false, established: false, config: null };
}

/** Takes all outputs, the disk being instant. */
function settle(peer: Peer): MessageOf<'ACKEPOCH' | 'LEADERINFO' | 'FOLLOWERINFO'>[] {
  const said = [];
  for (let ready = peer.ready(); ready !== null; ready = peer.ready()) {
    for (const { message } of ready.send) {
      if (message.type === 'ACKEPOCH' || message.type === 'LEADERINFO' || message.type === 'FOLLOWERINFO') said.push(message);
    }
    const last = ready.persist.at(-1);
    if (last !== undefined) peer.persisted(last.seq, 0);
  }
  return said;
}

describe('a promise', () => {
  it('is on the disk before an epoch is acknowledged', () => {
    const theatre = theatreOf(1, 2);
    theatre.slowDisks.add(1);
    theatre.linkAll();
    theatre.run();
    expect(theatre.lines.some((line) => line.startsWith('2 -> 1 LEADERINFO'))).to.equal(true);
    expect(theatre.lines.some((line) => line.startsWith('1 -> 2 ACKEPOCH'))).to.equal(false);
    theatre.disk(1);
    theatre.run();
    expect(theatre.lines.some((line) => line.startsWith('1 -> 2 ACKEPOCH'))).to.equal(true);
    expect(theatre.lines.some((line) => line.startsWith('1 -> 2 ACKNEWLEADER'))).to.equal(false);
  });

  it('is remembered by the next life of a member', () => {
    const theatre = theatreOf(1, 2);
    theatre.linkAll();
    theatre.run();
    theatre.restart(1);
    theatre.lines.length = 0;
    theatre.linkAll();
    theatre.run();
    expect(theatre.lines).to.include('1 -> 2 FOLLOWERINFO accepted=2');
  });

  it('keeps a member from following an older epoch', () => {
    const peer = peerOf(1, { acceptedEpoch: 5 });
    peer.linkUp(3, 0);
    peer.step(3, voteFor(3), 0);
    const info = settle(peer).find(({ type }) => type === 'FOLLOWERINFO')!;
    peer.step(3, { type: 'LEADERINFO', attempt: info.attempt, epoch: 4 }, 0);
    expect(peer.role.state).to.equal('LOOKING');
  });

  it('counts once: the same epoch may have been promised to another', () => {
    const peer = peerOf(3);
    peer.linkUp(1, 0);
    peer.step(1, voteFor(3), 0);
    peer.step(1, { type: 'FOLLOWERINFO', attempt: 1, acceptedEpoch: 1, observer: false, fresh: false, configVersion: 0 }, 0);
    expect(settle(peer).at(-1)).to.deep.equal({ type: 'LEADERINFO', attempt: 1, epoch: 2 });
    const ack = { attempt: 1, currentEpoch: 1, lastZxid: makeZxid(1, 1), truncateFloorZxid: 0 };
    peer.step(1, { type: 'ACKEPOCH', ...ack, repeated: true }, 0);
    expect(peer.role.state).to.equal('LOOKING');
    expect(peer.status().currentEpoch).to.equal(1);
  });

  it('is shown by a log that is newer than the epochs beside it', () => {
    expect(peerOf(1, { acceptedEpoch: 1, lastZxid: makeZxid(4, 2) }).status().acceptedEpoch).to.equal(4);
  });
});

describe('an acknowledgement', () => {
  it('waits for the disk, and the commit for the acknowledgement', () => {
    const theatre = theatreOf(1, 2);
    theatre.linkAll();
    theatre.run();
    theatre.slowDisks.add(1);
    const zxid = makeZxid(2, 1);
    theatre.peer(2).propose({ firstZxid: zxid, lastZxid: zxid, body: Uint8Array.of(1) }, 0);
    theatre.run();
    expect(theatre.peer(2).committedZxid).to.equal(makeZxid(1, 1));
    theatre.disk(1);
    theatre.run();
    expect(theatre.peer(2).committedZxid).to.equal(zxid);
    expect(theatre.peer(1).committedZxid).to.equal(zxid);
  });
});

describe('a leader', () => {
  it('stops at once when its quorum is gone', () => {
    const theatre = theatreOf(1, 2, 3);
    theatre.linkAll();
    theatre.run();
    expect(theatre.peer(3).role).to.include({ state: 'LEADING', phase: 'BROADCAST' });
    theatre.cut(1, 3);
    expect(theatre.peer(3).role).to.include({ state: 'LEADING', phase: 'BROADCAST' });
    theatre.cut(2, 3);
    expect(theatre.peer(3).role.state).to.equal('LOOKING');
  });

  it('begins a new epoch before the counter of zxids runs over', () => {
    const theatre = theatreOf(1);
    theatre.run();
    const first = makeZxid(2, 1);
    theatre.peer(1).propose({ firstZxid: first, lastZxid: makeZxid(2, 0xffff_0000), body: Uint8Array.of(1) }, 0);
    theatre.run();
    expect(theatre.peer(1).role).to.include({ state: 'LEADING', phase: 'BROADCAST', epoch: 3 });
    expect(theatre.lines).to.include('1 commits 0x2ffff0000');
  });

  it('gives way to a promise of a later epoch', () => {
    const theatre = theatreOf(1, 2, 3);
    theatre.stop(1);
    theatre.linkAll();
    theatre.run();
    theatre.start(1, [[1, 1]], { accepted: 7, current: 1 });
    theatre.linkAll();
    theatre.run();
    theatre.advance(TICK_MS);
    for (const id of [1, 2, 3]) expect(theatre.peer(id).role).to.include({ phase: 'BROADCAST', epoch: 8 });
  });
});

describe('a member whose leader breaks the protocol', () => {
  for (const { what, message } of [
    { what: 'an epoch out of range', message: { type: 'LEADERINFO', attempt: 1, epoch: 2 ** 40 } },
    { what: 'a batch before its history is settled', message: proposal(makeZxid(1, 2)) },
    { what: 'UPTODATE before anything else', message: { type: 'UPTODATE', attempt: 1, zxid: 0 } },
    { what: 'a TRUNC before the epoch', message: { type: 'TRUNC', attempt: 1, zxid: 0 } },
    { what: 'a chunk of no snapshot', message: { type: 'SNAPCHUNK', attempt: 1, position: 0, bytes: Uint8Array.of(1), last: true } },
    { what: 'what only learners say', message: { type: 'ACK', attempt: 1, zxid: 5 } },
  ] satisfies { what: string; message: PeerMessage }[]) {
    it(`leaves it, and its own disk as it is: ${what}`, () => {
      const peer = peerOf(1);
      peer.linkUp(3, 0);
      peer.step(3, voteFor(3), 0);
      settle(peer);
      expect(peer.role.state).to.equal('FOLLOWING');
      peer.step(3, message, 0);
      const ready = peer.ready()!;
      expect(peer.role.state).to.equal('LOOKING');
      expect(ready.disconnect).to.deep.equal([3]);
      expect(ready.persist).to.deep.equal([]);
      expect(ready.events.map(({ kind }) => kind)).to.include('notice');
    });
  }

  it('does not hear what was said to an earlier attempt', () => {
    const peer = peerOf(1);
    peer.linkUp(3, 0);
    peer.step(3, voteFor(3), 0);
    settle(peer);
    peer.step(3, { type: 'LEADERINFO', attempt: 9, epoch: 3 }, 0);
    expect(peer.ready()).to.equal(null);
    expect(peer.role).to.include({ state: 'FOLLOWING', phase: 'DISCOVERY' });
  });
});

function proposal(zxid: number): PeerMessage {
  return { type: 'PROPOSAL', attempt: 1, firstZxid: zxid, lastZxid: zxid, body: Uint8Array.of(1), committedZxid: zxid, config: null };
}
