import { expect } from 'chai';
import fc from 'fast-check';
import { alternateRacks, assignReplicas } from '../../../broker/controller/assign-replicas.ts';
import type { AssignmentRequest } from '../../../broker/controller/assign-replicas.ts';

const plain = (count: number) => Array.from({ length: count }, (_, id) => ({ id, rack: null }));

function assigned(request: AssignmentRequest): Record<number, readonly number[]> {
  const result = assignReplicas(request);
  if (!result.ok) throw new Error(result.message);
  return Object.fromEntries(result.assignment);
}

describe('assignReplicas()', () => {
  it('goes round the brokers and shifts followers each round, as in the picture of the original', () => {
    const rows = assigned({ brokers: plain(5), partitionCount: 10, replicationFactor: 3, startIndex: 0, shift: 0 });
    expect(rows).to.deep.equal({
      0: [0, 1, 2],
      1: [1, 2, 3],
      2: [2, 3, 4],
      3: [3, 4, 0],
      4: [4, 0, 1],
      5: [0, 2, 3],
      6: [1, 3, 4],
      7: [2, 4, 0],
      8: [3, 0, 1],
      9: [4, 1, 2],
    });
  });

  it('lines brokers up so that racks alternate', () => {
    const racks = ['rack1', 'rack3', 'rack3', 'rack2', 'rack2', 'rack1'];
    const brokers = racks.map((rack, id) => ({ id, rack }));
    expect(alternateRacks(brokers).map(({ id }) => id)).to.deep.equal([0, 3, 1, 5, 4, 2]);
    const rows = assigned({ brokers, partitionCount: 7, replicationFactor: 3, startIndex: 0, shift: 0 });
    expect(rows).to.deep.equal({
      0: [0, 3, 1],
      1: [3, 1, 5],
      2: [1, 5, 4],
      3: [5, 4, 2],
      4: [4, 2, 0],
      5: [2, 0, 3],
      6: [0, 4, 2],
    });
  });

  it('continues with a number when a topic grows', () => {
    const rows = assigned({
      brokers: plain(3),
      partitionCount: 2,
      replicationFactor: 1,
      startIndex: 1,
      shift: 1,
      firstPartition: 3,
    });
    expect(rows).to.deep.equal({ 3: [1], 4: [2] });
  });

  it('spreads first replicas evenly and never puts two on a broker, or on a rack while another has none', () => {
    const brokers = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(
        brokers,
        fc.boolean(),
        fc.nat(30),
        fc.nat(8),
        fc.nat(8),
        fc.nat(8),
        (racks, useRacks, count, factor, start, shift) => {
          const members = racks.map((rack, id) => ({ id, rack: useRacks ? rack : null }));
          const request = {
            brokers: members,
            partitionCount: count + 1,
            replicationFactor: (factor % racks.length) + 1,
            startIndex: start,
            shift,
          };
          const rows = Object.values(assigned(request));
          const leaders = new Map<number, number>();
          for (const replicas of rows) {
            expect(replicas).to.have.length(request.replicationFactor);
            expect(new Set(replicas).size).to.equal(replicas.length);
            leaders.set(replicas[0]!, (leaders.get(replicas[0]!) ?? 0) + 1);
            const covered = new Set(replicas.map((id) => members[id]!.rack)).size;
            expect(covered).to.equal(useRacks ? Math.min(new Set(racks).size, replicas.length) : 1);
          }
          const counts = members.map(({ id }) => leaders.get(id) ?? 0);
          expect(Math.max(...counts) - Math.min(...counts)).to.be.at.most(1);
        },
      ),
    );
  });

  const refusals: [string, Partial<AssignmentRequest>, string][] = [
    ['no partitions', { partitionCount: 0 }, 'Number of partitions must be larger than 0.'],
    ['no replicas', { replicationFactor: 0 }, 'Replication factor must be larger than 0.'],
    ['more replicas than brokers', { replicationFactor: 3 }, 'Replication factor: 3 larger than available brokers: 2.'],
    [
      'racks of some brokers only',
      {
        brokers: [
          { id: 0, rack: 'a' },
          { id: 1, rack: null },
        ],
      },
      'Not all brokers have rack information for replica rack aware assignment.',
    ],
  ];
  for (const [what, change, message] of refusals) {
    it(`refuses ${what}`, () => {
      const result = assignReplicas({
        brokers: plain(2),
        partitionCount: 1,
        replicationFactor: 1,
        startIndex: 0,
        shift: 0,
        ...change,
      });
      expect(result).to.include({ ok: false, message });
    });
  }
});
