import { expect } from 'chai';
import { SettingError } from '../../../shared/settings/schema.ts';
import {
  defaultLogConfig,
  logConfigFrom,
  logDefaultsFrom,
  segmentAgeMaxMs,
  topicSetting,
  topicSettingNames,
} from '../../../broker/log/log-config.ts';

const DAY_MS = 86_400_000;

describe('log config', () => {
  it('has the 26 topic configs of Kafka 3.4', () => {
    expect(topicSettingNames).to.deep.equal(
      (
        'cleanup.policy compression.type delete.retention.ms file.delete.delay.ms flush.messages flush.ms ' +
        'follower.replication.throttled.replicas index.interval.bytes leader.replication.throttled.replicas max.compaction.lag.ms ' +
        'max.message.bytes message.downconversion.enable message.format.version message.timestamp.difference.max.ms ' +
        'message.timestamp.type min.cleanable.dirty.ratio min.compaction.lag.ms min.insync.replicas preallocate retention.bytes ' +
        'retention.ms segment.bytes segment.index.bytes segment.jitter.ms segment.ms unclean.leader.election.enable'
      ).split(' '),
    );
    expect(topicSetting('retention.ms')?.synonyms[0]?.name).to.equal('log.retention.ms');
    expect(topicSetting('no.such.key')).to.equal(undefined);
  });

  it("lets a topic's own entries win over the broker's defaults", () => {
    const config = logConfigFrom(
      defaultLogConfig,
      new Map([
        ['cleanup.policy', 'compact,delete'],
        ['retention.ms', '-1'],
      ]),
    );
    expect(config.cleanupPolicy).to.deep.equal(['compact', 'delete']);
    expect(config.retentionMs).to.equal(-1);
    expect(config.segmentBytes).to.equal(1_073_741_824);
    expect(logConfigFrom(defaultLogConfig, {})).to.equal(defaultLogConfig);
  });

  it("takes the first of the broker's settings that is set, in its unit", () => {
    const values: Record<string, number | null> = {
      'log.retention.ms': null,
      'log.retention.minutes': null,
      'log.retention.hours': 2,
      'log.roll.ms': 77,
      'log.roll.hours': 1,
    };
    const config = logDefaultsFrom((name) => values[name]);
    expect(config.retentionMs).to.equal(7_200_000);
    expect(config.segmentMs).to.equal(77);
    expect(config.maxMessageBytes).to.equal(1_048_588);
    expect(logDefaultsFrom((name) => (name === 'log.retention.hours' ? -1 : null)).retentionMs).to.equal(-1);
  });

  for (const [name, value] of [
    ['segment.bytes', '13'],
    ['cleanup.policy', 'shred'],
    ['message.timestamp.type', 'Now'],
    ['min.cleanable.dirty.ratio', '1.5'],
    ['leader.replication.throttled.replicas', '1-2'],
    ['message.format.version', '9.9'],
    ['retention.ms', 'long'],
    ['no.such.key', '1'],
  ] as const) {
    it(`refuses ${name}=${value}`, () => {
      expect(() => logConfigFrom(defaultLogConfig, { [name]: value })).to.throw(SettingError, name);
    });
  }

  it('refuses a smallest compaction lag above the greatest', () => {
    expect(() => logConfigFrom(defaultLogConfig, { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' })).to.throw(
      SettingError,
      'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)',
    );
  });

  it('rolls compacted logs in time for their compaction', () => {
    expect(segmentAgeMaxMs(defaultLogConfig)).to.equal(7 * DAY_MS);
    expect(
      segmentAgeMaxMs(logConfigFrom(defaultLogConfig, { 'cleanup.policy': 'compact', 'max.compaction.lag.ms': '5000' })),
    ).to.equal(5000);
  });
});
