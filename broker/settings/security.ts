/** TLS, SASL, authorization, delegation tokens and the encoding of stored passwords. None of it acts yet. */
import { atLeast, oneOf } from '../../shared/settings/schema.ts';
import {
  className,
  double,
  inapplicable,
  int,
  list,
  long,
  optionalClass,
  optionalInt,
  optionalList,
  optionalString,
  password,
  planned,
  short,
  string,
} from './kinds.ts';

export const tlsSettings = {
  sslProtocol: planned(string('ssl.protocol', 'TLSv1.3', 'TLS version.')),
  sslProvider: inapplicable(optionalString('ssl.provider', 'Java security provider of TLS.')),
  sslEnabledProtocols: planned(
    list('ssl.enabled.protocols', ['TLSv1.2', 'TLSv1.3'], 'TLS versions that may be negotiated.'),
  ),
  sslKeystoreType: planned(string('ssl.keystore.type', 'JKS', 'Format of the key store.')),
  sslKeystoreLocation: planned(optionalString('ssl.keystore.location', "File of this broker's key and certificate.")),
  sslKeystorePassword: planned(password('ssl.keystore.password', 'Password of the key store.')),
  sslKeyPassword: planned(password('ssl.key.password', 'Password of the key.')),
  sslKeystoreKey: planned(password('ssl.keystore.key', 'The key itself, as PEM.')),
  sslKeystoreCertificateChain: planned(password('ssl.keystore.certificate.chain', 'The certificate chain itself, as PEM.')),
  sslTruststoreType: planned(string('ssl.truststore.type', 'JKS', 'Format of the trust store.')),
  sslTruststoreLocation: planned(optionalString('ssl.truststore.location', 'File of the trusted authorities.')),
  sslTruststorePassword: planned(password('ssl.truststore.password', 'Password of the trust store.')),
  sslTruststoreCertificates: planned(
    password('ssl.truststore.certificates', 'The trusted certificates themselves, as PEM.'),
  ),
  sslKeymanagerAlgorithm: inapplicable(string('ssl.keymanager.algorithm', 'SunX509', 'Java key manager.')),
  sslTrustmanagerAlgorithm: inapplicable(string('ssl.trustmanager.algorithm', 'PKIX', 'Java trust manager.')),
  sslEndpointIdentificationAlgorithm: planned(
    string('ssl.endpoint.identification.algorithm', 'https', "Whether a peer's name must be in its certificate."),
  ),
  sslSecureRandomImplementation: inapplicable(
    optionalString('ssl.secure.random.implementation', 'Java source of randomness.'),
  ),
  sslClientAuth: planned(
    string('ssl.client.auth', 'none', 'Whether clients must show a certificate.', oneOf('required', 'requested', 'none')),
  ),
  sslCipherSuites: planned(list('ssl.cipher.suites', [], 'Ciphers that may be negotiated.')),
  sslPrincipalMappingRules: planned(
    string('ssl.principal.mapping.rules', 'DEFAULT', "How a certificate's name becomes a principal."),
  ),
  sslEngineFactoryClass: inapplicable(optionalClass('ssl.engine.factory.class', 'Java class that makes TLS engines.')),
};

export const saslSettings = {
  saslMechanismInterBrokerProtocol: planned(
    string('sasl.mechanism.inter.broker.protocol', 'GSSAPI', 'SASL mechanism between brokers.'),
  ),
  saslJaasConfig: planned(password('sasl.jaas.config', 'Login of a SASL mechanism, as a JAAS entry.')),
  saslEnabledMechanisms: planned(list('sasl.enabled.mechanisms', ['GSSAPI'], 'SASL mechanisms offered to clients.')),
  saslServerCallbackHandlerClass: inapplicable(
    optionalClass('sasl.server.callback.handler.class', 'Java class that checks credentials.'),
  ),
  saslClientCallbackHandlerClass: inapplicable(
    optionalClass('sasl.client.callback.handler.class', 'Java class that gives credentials.'),
  ),
  saslLoginClass: inapplicable(optionalClass('sasl.login.class', 'Java class of the login.')),
  saslLoginCallbackHandlerClass: inapplicable(
    optionalClass('sasl.login.callback.handler.class', 'Java class that answers the login.'),
  ),
  saslKerberosServiceName: planned(optionalString('sasl.kerberos.service.name', 'Kerberos name of the brokers.')),
  saslKerberosKinitCmd: inapplicable(string('sasl.kerberos.kinit.cmd', '/usr/bin/kinit', 'Program that gets a ticket.')),
  saslKerberosTicketRenewWindowFactor: planned(
    double('sasl.kerberos.ticket.renew.window.factor', 0.8, "Share of a ticket's life after which it is renewed."),
  ),
  saslKerberosTicketRenewJitter: planned(double('sasl.kerberos.ticket.renew.jitter', 0.05, 'Random part of that time.')),
  saslKerberosMinTimeBeforeRelogin: planned(
    long('sasl.kerberos.min.time.before.relogin', 60000, 'Least time between logins, ms.'),
  ),
  saslKerberosPrincipalToLocalRules: planned(
    list('sasl.kerberos.principal.to.local.rules', ['DEFAULT'], 'How a Kerberos name becomes a user.'),
  ),
  saslLoginRefreshWindowFactor: planned(
    double('sasl.login.refresh.window.factor', 0.8, "Share of a token's life after which it is renewed."),
  ),
  saslLoginRefreshWindowJitter: planned(double('sasl.login.refresh.window.jitter', 0.05, 'Random part of that time.')),
  saslLoginRefreshMinPeriodSeconds: planned(
    short('sasl.login.refresh.min.period.seconds', 60, 'Least time between renewals.'),
  ),
  saslLoginRefreshBufferSeconds: planned(short('sasl.login.refresh.buffer.seconds', 300, 'Time kept before a token ends.')),
  saslLoginConnectTimeoutMs: planned(optionalInt('sasl.login.connect.timeout.ms', 'Limit for reaching the token server.')),
  saslLoginReadTimeoutMs: planned(optionalInt('sasl.login.read.timeout.ms', 'Limit for its answer.')),
  saslLoginRetryBackoffMaxMs: planned(long('sasl.login.retry.backoff.max.ms', 10000, 'Longest pause between tries.')),
  saslLoginRetryBackoffMs: planned(long('sasl.login.retry.backoff.ms', 100, 'First pause between tries.')),
  saslServerMaxReceiveSize: planned(int('sasl.server.max.receive.size', 524288, 'Largest message of an authentication.')),
  saslOauthbearerScopeClaimName: planned(string('sasl.oauthbearer.scope.claim.name', 'scope', 'Claim with the scope.')),
  saslOauthbearerSubClaimName: planned(string('sasl.oauthbearer.sub.claim.name', 'sub', 'Claim with the subject.')),
  saslOauthbearerTokenEndpointUrl: planned(
    optionalString('sasl.oauthbearer.token.endpoint.url', 'Where tokens are asked for.'),
  ),
  saslOauthbearerJwksEndpointUrl: planned(
    optionalString('sasl.oauthbearer.jwks.endpoint.url', 'Where the keys of tokens are.'),
  ),
  saslOauthbearerJwksEndpointRefreshMs: planned(
    long('sasl.oauthbearer.jwks.endpoint.refresh.ms', 3600000, 'How often these keys are read again.'),
  ),
  saslOauthbearerJwksEndpointRetryBackoffMs: planned(
    long('sasl.oauthbearer.jwks.endpoint.retry.backoff.ms', 100, 'First pause between tries.'),
  ),
  saslOauthbearerJwksEndpointRetryBackoffMaxMs: planned(
    long('sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms', 10000, 'Longest pause between tries.'),
  ),
  saslOauthbearerClockSkewSeconds: planned(
    int('sasl.oauthbearer.clock.skew.seconds', 30, 'Difference of clocks that is forgiven.'),
  ),
  saslOauthbearerExpectedAudience: planned(
    optionalList('sasl.oauthbearer.expected.audience', 'Audiences a token may have.'),
  ),
  saslOauthbearerExpectedIssuer: planned(optionalString('sasl.oauthbearer.expected.issuer', 'Issuer a token must have.')),
};

export const securitySettings = {
  authorizerClassName: planned(string('authorizer.class.name', '', 'Authorizer; empty allows everything.')),
  connectionsMaxReauthMs: planned(long('connections.max.reauth.ms', 0, 'Life of an authenticated session, 0 for any.')),
  securityProviders: inapplicable(optionalString('security.providers', 'Java security providers.')),
  principalBuilderClass: inapplicable(
    className(
      'principal.builder.class',
      'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder',
      'Java class that makes principals.',
    ),
  ),
  delegationTokenMasterKey: planned(password('delegation.token.master.key', 'Old name of delegation.token.secret.key.')),
  delegationTokenSecretKey: planned(password('delegation.token.secret.key', 'Key that signs delegation tokens.')),
  delegationTokenMaxLifetimeMs: planned(
    long('delegation.token.max.lifetime.ms', 604800000, 'Longest life of a token.', atLeast(1)),
  ),
  delegationTokenExpiryTimeMs: planned(
    long('delegation.token.expiry.time.ms', 86400000, 'Life of a token that is not renewed.', atLeast(1)),
  ),
  delegationTokenExpiryCheckIntervalMs: planned(
    long('delegation.token.expiry.check.interval.ms', 3600000, 'How often ended tokens are removed.', atLeast(1)),
  ),
  passwordEncoderSecret: password('password.encoder.secret', 'Secret under which passwords are stored.'),
  passwordEncoderOldSecret: password('password.encoder.old.secret', 'The secret before it, while it changes.'),
  passwordEncoderKeyfactoryAlgorithm: optionalString('password.encoder.keyfactory.algorithm', 'How a key is made of the secret.'),
  passwordEncoderCipherAlgorithm: string('password.encoder.cipher.algorithm', 'AES/CBC/PKCS5Padding', 'Cipher of stored passwords.'),
  passwordEncoderKeyLength: int('password.encoder.key.length', 128, 'Bits of that key.', atLeast(8)),
  passwordEncoderIterations: int('password.encoder.iterations', 4096, 'Iterations of that key.', atLeast(1024)),
};
