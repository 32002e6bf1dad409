import { expect } from 'chai';
import { FIRST_REBALANCE_MS } from '../../../broker/controller/active-controller.ts';
import type { BrokerChannels, ControllerResponse } from '../../../broker/controller/broker-channels.ts';
import { Controller, RETRY_MS } from '../../../broker/controller/controller.ts';
import type { ControllerRequest } from '../../../broker/controller/orders.ts';
import { brokerIdZnode, partitionStateZnode, PERSISTENT_PATHS, topicZnode } from '../../../broker/controller/znodes.ts';
import { ErrorCode } from '../../../broker/protocol/error-codes.ts';
import { CoordinatorError } from '../../../shared/client/errors.ts';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { ErrorCode as ZnodeErrorCode } from '../../../shared/znode/error-code.ts';
import { ManualTime } from '../group/manual-time.ts';
import { TOPIC_ID } from './clusters.ts';
import { MemoryCoordinator } from './memory-coordinator.ts';

const REBALANCE_MS = 300_000;

/** Brokers that do as they are told, and what they were told. */
class Obedient implements BrokerChannels {
  told: string[] = [];
  setBrokers(): void {}
  close(): void {}
  async send({ kind, brokerId, request }: ControllerRequest): Promise<ControllerResponse> {
    const partitions = request.topicStates.flatMap(({ topicName, partitionStates }) =>
      partitionStates.map(({ partitionIndex }) => `${topicName}-${partitionIndex}`),
    );
    this.told.push(`${kind} to ${brokerId}: ${partitions.join(',')}`);
    if (kind === 'updateMetadata') return { kind, response: { errorCode: 0 } };
    if (kind === 'stopReplica') return { kind, response: { errorCode: 0, partitionErrors: [] } };
    return { kind, response: { errorCode: 0, partitionErrors: [], topics: [] } };
  }
}

describe('Controller', () => {
  let coordinator: MemoryCoordinator;
  let channels: Obedient;
  let controller: Controller;
  let errors: string[];
  let unclean: boolean;
  let time: ManualTime;

  beforeEach(() => {
    coordinator = new MemoryCoordinator();
    for (const path of PERSISTENT_PATHS) coordinator.put(path);
    for (const id of [1, 2, 3]) register(id);
    channels = new Obedient();
    errors = [];
    unclean = false;
    time = new ManualTime();
    const ignore = (): void => undefined;
    const logger: Logger = { error: (message) => errors.push(message), warn: ignore, info: ignore, debug: ignore };
    controller = new Controller({
      brokerId: 1,
      channels,
      interBrokerListener: 'PLAINTEXT',
      isTopicDeletionEnabled: true,
      rebalance: { checkIntervalMs: REBALANCE_MS, imbalancePercentage: 10 },
      isUncleanElectionAllowed: async () => unclean,
      wallMs: () => 0,
      timers: time,
      logger,
    });
  });
  afterEach(() => controller.close());

  const register = (id: number): void => {
    const endpoints = [{ listenerName: 'PLAINTEXT', host: `h${id}`, port: 9092, securityProtocol: 'PLAINTEXT' }];
    coordinator.put(brokerIdZnode.path(id), brokerIdZnode.encode({ id, endpoints, rack: null }, 0));
  };
  const createTopic = (topic: string, ...replicas: number[]): void => {
    const partitions = new Map([[0, { replicas, addingReplicas: [], removingReplicas: [] }]]);
    coordinator.put(topicZnode.path(topic), topicZnode.encode({ topicId: TOPIC_ID, partitions }));
  };
  const start = async (): Promise<void> => {
    controller.start(coordinator);
    await settled();
  };
  const settled = async (): Promise<void> => {
    await controller.idle();
    await new Promise((resolve) => setImmediate(resolve));
    await controller.idle();
  };
  const stateOf = (topic: string): Record<string, unknown> | null => {
    const text = coordinator.text(partitionStateZnode.path(topic, 0));
    return text === null ? null : (JSON.parse(text) as Record<string, unknown>);
  };

  it('wins the election, raises the epoch and enables features', async () => {
    await start();
    expect(controller.isActive).to.equal(true);
    expect(coordinator.text('/controller_epoch')).to.equal('1');
    expect(coordinator.text('/feature')).to.equal('{"features":{},"version":2,"status":1}');
  });

  it('elects, follows a bounced broker, and fails over', async () => {
    createTopic('t', 2, 3);
    await start();
    expect(stateOf('t')).to.include({ leader: 2, leader_epoch: 0 });
    coordinator.remove('/brokers/ids/2');
    register(2); // back before anybody looked: only the czxid tells
    await settled();
    expect(stateOf('t')).to.deep.include({ leader: 3, leader_epoch: 1, isr: [3] });
    channels.told = [];
    coordinator.remove('/brokers/ids/3');
    await settled();
    expect(stateOf('t')).to.deep.include({ leader: -1, leader_epoch: 2, isr: [3] });
    expect(channels.told).to.include('leaderAndIsr to 2: t-0');
  });

  it('still follows its brokers when it began a new term within its session', async () => {
    createTopic('t', 2, 3);
    await start();
    coordinator.beforeMulti = () => {
      throw new CoordinatorError(ZnodeErrorCode.CONNECTIONLOSS, '/');
    };
    createTopic('u', 2, 3); // its states cannot be written: the term ends, and watches of its own stay behind
    await settled();
    expect(controller.isActive).to.equal(false);
    await time.pass(RETRY_MS - 1);
    expect(controller.isActive).to.equal(false);
    await time.pass(1);
    await settled();
    expect(controller.isActive).to.equal(true);
    expect(stateOf('u')).to.include({ leader: 2 });
    for (const [id, leader] of [[2, 3], [3, -1]] as const) {
      coordinator.remove(brokerIdZnode.path(id));
      await settled();
      expect(stateOf('t')).to.include({ leader });
    }
  });

  it('gives preferred leaders their partitions back: soon after it took over, then at each interval, and not when it is nobody', async () => {
    createTopic('t', 2, 3);
    await start();
    const moveAway = async (): Promise<void> => {
      coordinator.remove('/brokers/ids/2');
      await settled();
      register(2);
      await settled();
      const state = stateOf('t')!;
      coordinator.put(partitionStateZnode.path('t', 0), JSON.stringify({ ...state, isr: [3, 2] }));
      coordinator.put('/isr_change_notification/isr_change_0000000000', '{"version":1,"partitions":[{"topic":"t","partition":0}]}');
      await settled();
      expect(stateOf('t')).to.include({ leader: 3 });
    };
    for (const delayMs of [FIRST_REBALANCE_MS, REBALANCE_MS]) {
      await moveAway();
      await time.pass(delayMs - 1);
      expect(stateOf('t')).to.include({ leader: 3 });
      await time.pass(1);
      await settled();
      expect(stateOf('t')).to.include({ leader: 2 });
    }
    controller.sessionExpired();
    expect(time.pending).to.equal(0);
  });

  it('resigns when another controller was elected meanwhile, and changes nothing', async () => {
    createTopic('t', 2, 3);
    await start();
    coordinator.beforeMulti = () => {
      coordinator.put('/controller_epoch', '2');
      coordinator.remove('/controller');
      coordinator.put('/controller', '{"version":2,"brokerid":3,"timestamp":"0","kraftControllerEpoch":-1}', 99n);
    };
    coordinator.remove('/brokers/ids/2');
    await settled();
    expect(stateOf('t')).to.include({ leader: 2, leader_epoch: 0 });
    expect(controller.isActive).to.equal(false);
    expect(errors).to.deep.equal([]);
    coordinator.remove('/controller');
    await settled();
    expect(controller.isActive).to.equal(true);
    expect(stateOf('t')).to.deep.include({ leader: 3, controller_epoch: 3 });
  });

  it('waits while a stranger holds /controller in words it cannot read', async () => {
    coordinator.put('/controller', 'nonsense', 99n);
    await start();
    expect(controller.isActive).to.equal(false);
    expect(errors).to.have.length(1);
    coordinator.remove('/controller');
    await settled();
    expect(controller.isActive).to.equal(true);
  });

  it('survives a topic that goes while it is being created', async () => {
    await start();
    coordinator.beforeMulti = () => coordinator.remove('/brokers/topics/t');
    createTopic('t', 2);
    await settled();
    expect(errors[0]).to.contain('everything is read again');
    await time.pass(RETRY_MS - 1);
    expect(controller.isActive).to.equal(false);
    await time.pass(1);
    await settled();
    expect(controller.isActive).to.equal(true);
    createTopic('u', 2);
    await settled();
    expect(stateOf('u')).to.include({ leader: 2 });
    expect(stateOf('t')).to.equal(null);
  });

  it('leaves a partition alone whose state makes no sense, until somebody repairs it', async () => {
    createTopic('t', 2, 3);
    coordinator.put('/brokers/topics/t/partitions/0/state', '{"leader":');
    await start();
    expect(controller.isActive).to.equal(true);
    expect(errors).to.deep.equal(['Znode /brokers/topics/t/partitions/0/state is left alone: Cannot read znode /brokers/topics/t/partitions/0/state: it is not JSON']);
    expect(channels.told.filter((line) => line.startsWith('leaderAndIsr'))).to.deep.equal([]);
    coordinator.put('/brokers/topics/t/partitions/0/state', '{"controller_epoch":1,"leader":3,"version":1,"leader_epoch":4,"isr":[3,2]}');
    await settled();
    expect(channels.told).to.include('leaderAndIsr to 2: t-0');
    coordinator.remove('/brokers/ids/3');
    await settled();
    expect(stateOf('t')).to.deep.include({ leader: 2, leader_epoch: 5, isr: [2] });
  });

  it('elects from outside the ISR once that is allowed', async () => {
    createTopic('t', 2, 3);
    coordinator.put('/brokers/topics/t/partitions/0/state', '{"controller_epoch":1,"leader":2,"version":1,"leader_epoch":4,"isr":[2]}');
    coordinator.remove('/brokers/ids/2');
    await start();
    expect(stateOf('t')).to.include({ leader: -1 });
    unclean = true;
    controller.uncleanElectionsAllowed();
    await settled();
    expect(stateOf('t')).to.deep.include({ leader: 3, isr: [3], leader_recovery_state: 1 });
  });

  it('takes over ISRs that an old broker wrote itself, and removes its note', async () => {
    createTopic('t', 2, 3);
    await start();
    coordinator.put('/brokers/topics/t/partitions/0/state', '{"controller_epoch":1,"leader":2,"version":1,"leader_epoch":0,"isr":[2]}');
    channels.told = [];
    coordinator.put('/isr_change_notification/isr_change_0000000000', '{"version":1,"partitions":[{"topic":"t","partition":0},{"topic":"no","partition":1}]}');
    await settled();
    expect(channels.told).to.deep.equal(['updateMetadata to 1: t-0', 'updateMetadata to 2: t-0', 'updateMetadata to 3: t-0']);
    expect(coordinator.znodes.has('/isr_change_notification/isr_change_0000000000')).to.equal(false);
    expect(controller.state?.topics.get('t')?.partitions.get(0)?.state?.isr).to.deep.equal([2]);
  });

  it('keeps partitions that were added while it reassigns', async () => {
    createTopic('t', 2);
    await start();
    const record = { removing_replicas: {}, partitions: { 0: [2], 1: [3] }, topic_id: TOPIC_ID, adding_replicas: {}, version: 3 };
    const asked = controller.alterReassignments([{ topic: 't', partition: 0, replicas: [3] }]);
    coordinator.put('/brokers/topics/t', JSON.stringify(record));
    expect(await asked).to.deep.equal(new Map());
    await settled();
    expect(JSON.parse(coordinator.text('/brokers/topics/t')!)).to.deep.include({ partitions: { 0: [3, 2], 1: [3] }, adding_replicas: { 0: [3] } });
  });

  it('answers that it is not the controller, where it is not, and when its session ends', async () => {
    expect(await controller.alterReassignments([])).to.equal(null);
    await start();
    const asked = controller.electLeaders([], 0);
    const shutdown = controller.controlledShutdown({ brokerId: 2, brokerEpoch: -1 });
    controller.sessionExpired();
    expect((await shutdown).errorCode).to.be.oneOf([ErrorCode.NOT_CONTROLLER, ErrorCode.NONE]);
    await asked;
    expect(controller.isActive).to.equal(false);
  });
});
