/** Who the broker is, where its clients and its coordinator find it, and how many of them it takes. */
import { atLeast } from '../../shared/settings/schema.ts';
import {
  bool,
  inapplicable,
  int,
  INT_MAX,
  long,
  optionalClass,
  optionalInt,
  optionalList,
  optionalString,
  password,
  planned,
  string,
} from './kinds.ts';
import { oneOfSecurityProtocols } from './validators.ts';

export const identitySettings = {
  brokerId: int(
    'broker.id',
    -1,
    'Number of this broker in its cluster; -1 takes a generated one above reserved.broker.max.id.',
  ),
  brokerIdGenerationEnable: bool(
    'broker.id.generation.enable',
    true,
    'Whether broker.id=-1 asks the coordinator for a number.',
  ),
  reservedBrokerMaxId: int(
    'reserved.broker.max.id',
    1000,
    'Largest number that a file may give; generated ones are above it.',
    atLeast(0),
  ),
  brokerRack: optionalString('broker.rack', 'Rack of this broker; replicas of a partition are spread over racks.'),

  listeners: string('listeners', 'PLAINTEXT://:9092', 'NAME://host:port of every socket to listen on, comma-separated.'),
  advertisedListeners: optionalString(
    'advertised.listeners',
    'NAME://host:port that clients are told; the listeners when not set.',
  ),
  listenerSecurityProtocolMap: string(
    'listener.security.protocol.map',
    'PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'Security protocol of each listener name.',
  ),
  interBrokerListenerName: optionalString('inter.broker.listener.name', 'Listener by which brokers talk to each other.'),
  securityInterBrokerProtocol: string(
    'security.inter.broker.protocol',
    'PLAINTEXT',
    'Protocol by which brokers talk to each other when inter.broker.listener.name is not set.',
    oneOfSecurityProtocols,
  ),
  controlPlaneListenerName: planned(
    optionalString('control.plane.listener.name', 'Listener for what the controller sends.'),
  ),
  earlyStartListeners: planned(
    optionalString('early.start.listeners', 'Listeners that serve before the rest of the start is done.'),
  ),

  socketRequestMaxBytes: int(
    'socket.request.max.bytes',
    104857600,
    'Largest request; a longer one closes its connection.',
    atLeast(1),
  ),
  socketListenBacklogSize: int(
    'socket.listen.backlog.size',
    50,
    'Connections the system may queue before they are accepted.',
    atLeast(1),
  ),
  socketSendBufferBytes: inapplicable(
    int('socket.send.buffer.bytes', 102400, 'SO_SNDBUF of client sockets; the system chooses here.'),
  ),
  socketReceiveBufferBytes: inapplicable(
    int('socket.receive.buffer.bytes', 102400, 'SO_RCVBUF of client sockets; the system chooses here.'),
  ),
  maxConnections: int('max.connections', INT_MAX, 'Connections this broker keeps at a time.', atLeast(0)),
  maxConnectionsPerIp: int('max.connections.per.ip', INT_MAX, 'Connections one address may have.', atLeast(0)),
  maxConnectionsPerIpOverrides: string(
    'max.connections.per.ip.overrides',
    '',
    'address:count pairs that win over max.connections.per.ip.',
  ),
  maxConnectionCreationRate: int('max.connection.creation.rate', INT_MAX, 'New connections a second.', atLeast(0)),
  connectionsMaxIdleMs: long(
    'connections.max.idle.ms',
    600000,
    'A connection on which nothing moved for so long is closed.',
  ),
  connectionFailedAuthenticationDelayMs: planned(
    int('connection.failed.authentication.delay.ms', 100, 'Pause before a failed authentication is answered.', atLeast(0)),
  ),
  requestTimeoutMs: int(
    'request.timeout.ms',
    30000,
    'How long this broker waits for an answer to what it asks other brokers.',
  ),
  socketConnectionSetupTimeoutMs: planned(
    long('socket.connection.setup.timeout.ms', 10000, 'First limit for opening a connection to a broker.'),
  ),
  socketConnectionSetupTimeoutMaxMs: planned(
    long('socket.connection.setup.timeout.max.ms', 30000, 'Last limit for opening a connection to a broker.'),
  ),

  // Thread counts say nothing to one event loop; they are taken so that files written for the original stay as they are.
  numNetworkThreads: inapplicable(int('num.network.threads', 3, 'Threads that read and write sockets.', atLeast(1))),
  numIoThreads: inapplicable(int('num.io.threads', 8, 'Threads that work on requests.', atLeast(1))),
  backgroundThreads: inapplicable(int('background.threads', 10, 'Threads for timed work.', atLeast(1))),
  numReplicaAlterLogDirsThreads: inapplicable(
    optionalInt('num.replica.alter.log.dirs.threads', 'Threads that move replicas between directories.'),
  ),
  queuedMaxRequests: inapplicable(int('queued.max.requests', 500, 'Requests that may wait for a thread.', atLeast(1))),
  queuedMaxRequestBytes: inapplicable(long('queued.max.request.bytes', -1, 'Bytes of requests that may wait for a thread.')),

  createTopicPolicyClassName: inapplicable(
    optionalClass('create.topic.policy.class.name', 'Java class that may refuse a new topic.'),
  ),
  alterConfigPolicyClassName: inapplicable(
    optionalClass('alter.config.policy.class.name', 'Java class that may refuse a changed config.'),
  ),
};

export const zookeeperSettings = {
  zookeeperConnect: optionalString(
    'zookeeper.connect',
    'host:port list of the coordinator, with an optional chroot path at its end.',
  ),
  zookeeperSessionTimeoutMs: int(
    'zookeeper.session.timeout.ms',
    18000,
    'Silence after which the coordinator declares this broker dead.',
  ),
  // Kafka's clients try a dead leader again 0.05, 0.15, 0.35, 0.75, 1.55 and 2.55 s after its death and ask for metadata each time: new
  // leaders that stand well before 1.55 s spare them the last second.
  zookeeperDisconnectGraceMs: int(
    'zookeeper.disconnect.grace.ms',
    1200,
    'How long after its connection broke the coordinator may declare this broker dead, which does not act as a leader for longer ' +
      'without contact; 0 leaves it to zookeeper.session.timeout.ms. Only where the coordinator offers it; not a key of Kafka.',
    atLeast(0),
  ),
  zookeeperConnectionTimeoutMs: optionalInt(
    'zookeeper.connection.timeout.ms',
    'How long a start waits for the coordinator; zookeeper.session.timeout.ms when not set.',
  ),
  zookeeperMaxInFlightRequests: planned(
    int('zookeeper.max.in.flight.requests', 10, 'Requests sent to the coordinator before an answer is awaited.', atLeast(1)),
  ),
  zookeeperSetAcl: planned(
    bool('zookeeper.set.acl', false, 'Whether znodes are created so that only brokers may change them.'),
  ),
  zookeeperSslClientEnable: bool('zookeeper.ssl.client.enable', false, 'Whether the coordinator is spoken to over TLS.'),
  zookeeperClientCnxnSocket: inapplicable(
    optionalString('zookeeper.clientCnxnSocket', 'Java class of the socket to the coordinator.'),
  ),
  zookeeperSslKeystoreLocation: optionalString(
    'zookeeper.ssl.keystore.location',
    'File of the certificate shown to the coordinator: PEM or PKCS12.',
  ),
  zookeeperSslKeystorePassword: password('zookeeper.ssl.keystore.password', 'Password of that file.'),
  zookeeperSslKeystoreType: optionalString('zookeeper.ssl.keystore.type', 'Format of that file.'),
  zookeeperSslTruststoreLocation: optionalString(
    'zookeeper.ssl.truststore.location',
    'File of the authorities trusted for the coordinator; those that Node knows when not set.',
  ),
  zookeeperSslTruststorePassword: password('zookeeper.ssl.truststore.password', 'Password of that file.'),
  zookeeperSslTruststoreType: optionalString('zookeeper.ssl.truststore.type', 'Format of that file.'),
  zookeeperSslProtocol: string('zookeeper.ssl.protocol', 'TLSv1.2', 'TLS version towards the coordinator.'),
  zookeeperSslEnabledProtocols: optionalList(
    'zookeeper.ssl.enabled.protocols',
    'TLS versions that may be negotiated with the coordinator.',
  ),
  zookeeperSslCipherSuites: optionalList(
    'zookeeper.ssl.cipher.suites',
    'Ciphers that may be negotiated with the coordinator.',
  ),
  zookeeperSslEndpointIdentificationAlgorithm: string(
    'zookeeper.ssl.endpoint.identification.algorithm',
    'HTTPS',
    "Whether the coordinator's name must be in its certificate (HTTPS or empty).",
  ),
  zookeeperSslCrlEnable: bool(
    'zookeeper.ssl.crl.enable',
    false,
    "Whether revocation lists are read for the coordinator's certificate: from the trust store.",
  ),
  zookeeperSslOcspEnable: bool(
    'zookeeper.ssl.ocsp.enable',
    false,
    'Whether revocation is asked for online: refused, it is not done here.',
  ),
};
