import { expect } from 'chai';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { buildBatch } from '../../../broker/records/build-batch.ts';
import { DataPath, from } from './data-path.ts';

describe('DeleteRecordsHandler', () => {
  it('moves log starts and answers in the order of the request', async () => {
    const broker = await DataPath.start();
    try {
      await broker.lead('t', [0, 1]);
      for (let i = 0; i < 4; i += 1) await broker.send(buildBatch({ records: [{ key: null, value: null, timestamp: 1 }] }));
      const partitions = [
        { partitionIndex: 1, offset: 5 },
        { partitionIndex: 0, offset: 3 },
        { partitionIndex: 9, offset: 0 },
      ];
      const { topics } = await broker.deleteRecords.handle({ topics: [{ name: 't', partitions }], timeoutMs: 1000 });
      expect(topics).to.deep.equal([
        {
          name: 't',
          partitions: [
            { partitionIndex: 1, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, lowWatermark: -1 },
            { partitionIndex: 0, errorCode: ErrorCode.NONE, lowWatermark: 3 },
            { partitionIndex: 9, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, lowWatermark: -1 },
          ],
        },
      ]);
      const { responses } = await broker.ask({ topics: [from(2), from(3)] });
      expect(responses[0]!.partitions.map(({ errorCode }) => errorCode)).to.deep.equal([
        ErrorCode.OFFSET_OUT_OF_RANGE,
        ErrorCode.NONE,
      ]);
      expect(responses[0]!.partitions[1]!.logStartOffset).to.equal(3);
    } finally {
      await broker.stop();
    }
  });
});
