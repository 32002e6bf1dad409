import { expect } from 'chai';
import {
  ErrorCode,
  errorMessage,
  errorName,
  exceptionName,
  isRetriable,
  needsMetadataRefresh,
} from '../../../broker/protocol/error-codes.ts';

describe('error codes', () => {
  it('has a row for every code', () => {
    for (const [name, code] of Object.entries(ErrorCode)) expect(errorName(code)).to.equal(name);
    expect(Object.keys(ErrorCode)).to.have.length(110);
  });

  it('knows which errors pass and which need metadata', () => {
    expect(isRetriable(ErrorCode.NOT_LEADER_OR_FOLLOWER)).to.equal(true);
    expect(needsMetadataRefresh(ErrorCode.NOT_LEADER_OR_FOLLOWER)).to.equal(true);
    expect(isRetriable(ErrorCode.NOT_CONTROLLER)).to.equal(true);
    expect(needsMetadataRefresh(ErrorCode.NOT_CONTROLLER)).to.equal(false);
    expect(isRetriable(ErrorCode.TOPIC_ALREADY_EXISTS)).to.equal(false);
  });

  it('takes a code from the future for UNKNOWN_SERVER_ERROR', () => {
    expect(errorName(4711)).to.equal('UNKNOWN_SERVER_ERROR');
    expect(errorMessage(4711)).to.equal(errorMessage(-1));
    expect(exceptionName(3)).to.equal('org.apache.kafka.common.errors.UnknownTopicOrPartitionException');
  });
});
