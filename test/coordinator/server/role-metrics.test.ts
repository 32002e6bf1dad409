import { expect } from 'chai';
import { Metrics } from '../../../coordinator/server/metrics.ts';
import { RoleMetrics } from '../../../coordinator/server/role-metrics.ts';

describe('RoleMetrics', () => {
  it('counts elections, how long they took and how long nothing was served', () => {
    const metrics = new Metrics();
    const roles = new RoleMetrics(metrics);
    roles.becomes({ state: 'LOOKING', phase: 'ELECTION' }, 1000);
    roles.becomes({ state: 'FOLLOWING', phase: 'DISCOVERY', leader: 1, epoch: 1 }, 1100);
    roles.becomes({ state: 'LOOKING', phase: 'ELECTION' }, 1200);
    roles.becomes({ state: 'LEADING', phase: 'DISCOVERY', leader: 2, epoch: 2 }, 1250);
    roles.becomes({ state: 'LEADING', phase: 'BROADCAST', leader: 2, epoch: 2 }, 1300);
    roles.committed(3);
    const shown = Object.fromEntries([...metrics.entries()].map(([name, value]) => [name, Number(value)]));
    expect(shown).to.include({ looking_count: 2, cnt_election_time: 2, sum_election_time: 150, sum_unavailable_time: 300, sum_leader_unavailable_time: 300 });
    expect(shown).to.include({ proposal_count: 3, commit_count: 3, learner_commit_received_count: 0 });
    roles.becomes({ state: 'FOLLOWING', phase: 'BROADCAST', leader: 1, epoch: 3 }, 1400);
    roles.committed(2);
    expect(Object.fromEntries([...metrics.entries()].map(([name, value]) => [name, Number(value)]))).to.include({ commit_count: 5, proposal_count: 3, learner_commit_received_count: 2 });
  });
});
