/**
 * ZooKeeper's own Java client: `java/programs/JavaClient.java` tells line by line what it gets from our coordinator, and the same
 * from Apache ZooKeeper 3.8. Every line has to be equal.
 */
import { expect } from 'chai';
import { Coordinator } from './support/coordinator.ts';
import { javaProgram } from './support/java.ts';

const LOGIN = '{ org.apache.zookeeper.server.auth.DigestLoginModule required';
const FILES = {
  'server.conf': `Server ${LOGIN} user_bob="secret"; };\n`,
  'client.conf': `Client ${LOGIN} username="bob" password="secret"; };\n`,
};
// The original takes the first from its JVM, not from the file.
const SETTINGS = {
  'java.security.auth.login.config': 'DIRECTORY/server.conf',
  'authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
  extendedTypesEnabled: 'true',
  tickTime: 500,
};
const ENV = { JVMFLAGS: '-Djava.security.auth.login.config=DIRECTORY/server.conf' };

/** What the program said, by section. */
async function tell(maker: 'vivarium' | 'zookeeper'): Promise<Map<string, string[]>> {
  const coordinator = await Coordinator.start(SETTINGS, { maker, files: FILES, env: ENV });
  const program = javaProgram('JavaClient', [coordinator.address], { env: { JAVA_FLAGS: `-Djava.security.auth.login.config=${coordinator.directory}/client.conf` } });
  try {
    const { code, stdout } = await program.finish(120_000);
    if (code !== 0) throw new Error(`With ${maker}:\n${program.transcript()}${coordinator.program.transcript(2_000)}`);
    return new Map(
      stdout
        .split(/^# /m)
        .slice(1)
        .map((section) => section.trimEnd().split('\n'))
        .map(([title, ...lines]) => [title!, lines]),
    );
  } finally {
    await coordinator.close();
  }
}

describe("ZooKeeper's Java client", () => {
  const sections = ['node kinds', 'watches', 'multi', 'access lists', 'a connection that breaks', 'a session on two connections', 'expiry'];
  sections.push('order of asynchronous calls', 'chroot', 'jute.maxbuffer', 'SASL');
  let ours: Map<string, string[]>;
  let theirs: Map<string, string[]>;

  before(async () => {
    [ours, theirs] = await Promise.all([tell('vivarium'), tell('zookeeper')]);
  });

  for (const section of sections) {
    it(`gets the same from both: ${section}`, () => {
      expect(theirs.get(section)).to.be.an('array').that.is.not.empty;
      expect(ours.get(section)).to.deep.equal(theirs.get(section));
    });
  }
});
