/**
 * Tests of a ZooKeeper client that is a program of its own (Python, Go, C): one run of the program a test, with the test's name
 * and the addresses as arguments:
 *
 *     PROGRAM... CASE DIRECT PROXIED     DIRECT and PROXIED are host:port; the test can break the line of PROXIED
 *
 * The program looks at everything itself and ends with 0 when all is well. What happens to the line and the server it asks for:
 * it prints `@cut`, `@refuse`, `@welcome`, `@kill` or `@start` on a line, and goes on when it reads a line.
 */
import { Coordinator } from './coordinator.ts';
import { Program } from './process.ts';
import { TcpProxy } from '../../shared/client/tcp-proxy.ts';

const CASE_TIMEOUT_MS = 60_000;

/** Short ticks, so that sessions expire and containers go while a test waits. `super:test` may do anything. */
const SETTINGS = {
  tickTime: 250,
  minSessionTimeout: 500,
  maxSessionTimeout: 60_000,
  '4lw.commands.whitelist': '*',
  extendedTypesEnabled: 'true',
  'authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
  'DigestAuthenticationProvider.superDigest': 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
};
const FILES = { 'jaas.conf': 'Server {\n  org.apache.zookeeper.server.auth.DigestLoginModule required\n  user_bob="builder";\n};\n' };
const ENV = { JVMFLAGS: '-Djava.security.auth.login.config=DIRECTORY/jaas.conf -Dznode.container.checkIntervalMs=250' };

/** What the tests of each client start: a coordinator that knows them. */
export function startClientsCoordinator(): Promise<Coordinator> {
  return Coordinator.start(SETTINGS, { files: FILES, env: ENV });
}

/** Declares the tests. `cases` is the program's name for each, and what is promised. */
export function describeClient(title: string, command: () => readonly string[], cases: Readonly<Record<string, string>>): void {
  describe(title, () => {
    let coordinator: Coordinator;
    before(async () => {
      coordinator = await startClientsCoordinator();
    });
    after(() => coordinator.close());

    for (const [name, promise] of Object.entries(cases)) {
      it(promise, async () => {
        const proxy = await TcpProxy.open(coordinator.port);
        try {
          await play(coordinator, proxy, [...command(), name, coordinator.address, `127.0.0.1:${proxy.port}`]);
        } finally {
          await proxy.close();
        }
      });
    }
  });
}

async function play(coordinator: Coordinator, proxy: TcpProxy, [file, ...args]: readonly string[]): Promise<void> {
  const acts: Readonly<Record<string, () => void | Promise<void>>> = {
    cut: () => proxy.cut(),
    refuse: () => {
      proxy.refuse(true);
      proxy.cut();
    },
    welcome: () => proxy.refuse(false),
    kill: () => coordinator.kill(),
    start: () => coordinator.launch(),
  };
  const program = new Program(file!, args, { openInput: true });
  let done = 0;
  let failure: unknown;
  const serve = async (): Promise<void> => {
    while (program.ended === undefined) {
      const asked = await program.waitUntil(
        () => (program.ended === undefined ? [...program.stdout.matchAll(/^@(\w+)\n/gm)][done]?.[1] : ''),
        'wish',
        CASE_TIMEOUT_MS,
      );
      if (asked === '') return;
      done++;
      const act = acts[asked];
      if (act === undefined) throw new Error(`"${program.title}" asks for "@${asked}"; known: ${Object.keys(acts).join(', ')}`);
      await act();
      program.type('done\n');
    }
  };
  const serving = serve().catch((error: unknown) => {
    failure = error;
  });
  const { code } = await program.finish(CASE_TIMEOUT_MS);
  await serving;
  if (code !== 0) throw new Error(`"${program.title}" failed:\n${program.transcript()}\n--- the coordinator\n${coordinator.program.transcript()}`);
  if (failure !== undefined && !/ended before there was wish/.test(String(failure))) throw failure;
}
