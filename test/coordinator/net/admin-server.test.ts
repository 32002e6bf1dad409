import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { prettyJson } from '../../../coordinator/net/pretty-json.ts';
import { create } from '../raw-client.ts';
import type { TestMember } from '../server/test-member.ts';
import { closeMembers, testMember } from '../server/test-member.ts';

const ADMIN = { 'admin.enableServer': 'true', 'admin.serverPort': '0', 'admin.serverAddress': '127.0.0.1' };
const METRICS = {
  'metricsProvider.className': 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
  'metricsProvider.httpPort': '0',
  'metricsProvider.httpHost': '127.0.0.1',
};

describe('prettyJson', () => {
  it('prints as Jackson does', () => {
    expect(prettyJson({ a: 1n << 60n, b: [], c: {}, d: [{ e: 'x"' }, { f: null }], g: ['/a', '/b'] })).to.equal(
      '{\n  "a" : 1152921504606846976,\n  "b" : [ ],\n  "c" : { },\n  "d" : [ {\n    "e" : "x\\""\n  }, {\n    "f" : null\n  } ],\n  "g" : [ "/a", "/b" ]\n}'.replace(
        /\n {4}"/g,
        '\n    "',
      ),
    );
  });
});

describe('the AdminServer', () => {
  afterEach(closeMembers);

  const fetchText = async ({ member }: TestMember, path: string, init?: RequestInit): Promise<{ status: number; type: string | null; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${member.adminPort}${path}`, init);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  const command = async (test: TestMember, name: string): Promise<Record<string, unknown>> =>
    JSON.parse((await fetchText(test, `/commands/${name}`)).text) as Record<string, unknown>;

  it('lists its commands as links', async () => {
    const { status, text } = await fetchText(await testMember(ADMIN), '/commands');
    expect(status).to.equal(200);
    expect(text).to.match(/^<a href="\/commands\/configuration">configuration<\/a>\n<br\/>\n<a href="\/commands\/connection_stat_reset">/);
    expect(text.match(/<a /g)).to.have.length(26);
  });

  it('ends every answer with command and error', async () => {
    const test = await testMember(ADMIN);
    expect(await fetchText(test, '/commands/ruok')).to.deep.include({ status: 200, text: '{\n  "command" : "ruok",\n  "error" : null\n}' });
    expect((await fetchText(test, '/commands/ruok')).type).to.match(/^application\/json/);
    expect((await fetchText(test, '/commands/nope')).text).to.equal('{\n  "command" : "nope",\n  "error" : "Unknown command: nope"\n}');
    expect(await command(test, 'lead')).to.deep.equal({ error: 'server is not initialized', command: 'leader' });
    expect((await fetchText(test, '/elsewhere')).status).to.equal(404);
    expect((await fetchText(test, '/commands/srst', { method: 'POST' })).status).to.equal(405);
  });

  it('shows what four-letter words show', async () => {
    const test = await testMember(ADMIN);
    const one = await test.session();
    await one.call(create('/e', { mode: 1 }));
    await one.call({ op: 'exists', path: '/e', watch: true });
    const [id] = [...test.member.tree.sessions.keys()];
    const raw = (await fetchText(test, '/commands/connections')).text;
    // JSON.parse would round a 64-bit number.
    expect(raw).to.contain(`"session_id" : ${id},\n    "last_operation" : "EXIS"`);
    const [connection] = (await command(test, 'cons'))['connections'] as Record<string, unknown>[];
    expect(Object.keys(connection!)).to.deep.equal([
      'remote_socket_address', 'interest_ops', 'outstanding_requests', 'packets_received', 'packets_sent', 'session_id', 'last_operation',
      'established', 'session_timeout', 'last_cxid', 'last_zxid', 'last_response_time', 'last_latency', 'min_latency', 'avg_latency', 'max_latency',
    ]);
    expect((await fetchText(test, '/commands/watches')).text).to.contain(`"${id}" : [ "/e" ]`);
    expect((await fetchText(test, '/commands/wchp')).text).to.contain(`"/e" : [ ${id} ]`);
    expect(await command(test, 'watch_summary')).to.include({ num_connections: 1, num_paths: 1, num_total_watches: 1 });
    expect((await fetchText(test, '/commands/dump')).text).to.contain(`"${id}" : [ "/e" ]`);
    const stats = await command(test, 'stats');
    expect(stats).to.include({ read_only: false, node_count: 6, command: 'stats' });
    expect(stats['server_stats']).to.include({ server_state: 'standalone', num_alive_client_connections: 1, last_processed_zxid: 2, outstanding_requests: 0 });
    const monitor = await command(test, 'mntr');
    expect(monitor).to.include({ server_state: 'standalone', znode_count: 6, sync_processor_request_queued: 2, connection_request_count: 1, avg_fsynctime: monitor['avg_fsynctime'] });
    expect(await command(test, 'configuration')).to.include({ client_port: test.member.port, tick_time: 3000, server_id: 0 });
    expect((await command(test, 'icfg'))['initial_configuration']).to.contain('admin.serverPort=0\n');
  });

  it('sets what the other way in shows', async () => {
    const test = await testMember(ADMIN);
    expect(await command(test, 'gtmk')).to.include({ tracemask: 306 });
    expect(await command(test, 'stmk?traceMask=5')).to.include({ tracemask: 5, error: null });
    expect(await command(test, 'gtmk')).to.include({ tracemask: 5 });
    expect(await command(test, 'stmk?traceMask=x')).to.include({ error: 'setTraceMask requires long traceMask argument, got x' });
    expect(await command(test, 'stmk')).to.include({ error: 'setTraceMask requires long traceMask argument' });
  });

  it('leaves the clients alone when its port is taken, and says so', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    const { member, session } = await testMember({ ...ADMIN, 'admin.serverPort': String(port) });
    expect(member.adminPort).to.equal(null);
    expect(member.lookInFailure?.message).to.contain(`port ${port}`);
    expect((await (await session()).call({ op: 'ping' })).error).to.equal(0);
    await new Promise((resolve) => squatter.close(resolve));
  });
});

describe('Prometheus metrics', () => {
  afterEach(closeMembers);

  it('count what takes a place in the order as updates, a check too, and the rest as reads', async () => {
    const { member, session } = await testMember(METRICS);
    const one = await session();
    await one.call(create('/a'));
    await one.call({ op: 'check', path: '/a', version: 0 });
    await one.call({ op: 'exists', path: '/a', watch: false });
    const text = await (await fetch(`http://127.0.0.1:${member.metricsPort}/metrics`)).text();
    expect(text.split('\n')).to.include.members(['updatelatency_count 2', 'readlatency_count 1']);
  });

  it('have the names of the original, and the values of now', async () => {
    const { member, session } = await testMember(METRICS);
    const one = await session();
    await one.call(create('/a'));
    const read = async (): Promise<string> => (await fetch(`http://127.0.0.1:${member.metricsPort}/metrics`)).text();
    const text = await read();
    for (const line of ['znode_count 6', 'num_alive_connections 1', 'sync_processor_request_queued 2', 'connection_request_count 1', 'updatelatency_count 1', 'fsynctime_count 2', 'global_sessions 1']) {
      expect(text.split('\n')).to.include(line);
    }
    expect(text).to.match(/^# TYPE znode_count gauge$/m);
    expect(text).to.match(/^# TYPE proposal_count counter$/m);
    expect(text).to.match(/^# TYPE updatelatency summary\nupdatelatency\{quantile="0.5"\} \d/m);
    expect(text).to.match(/^readlatency\{quantile="0.99"\} NaN$/m);
    expect(text).to.match(/^process_resident_memory_bytes \d+$/m);
    await one.call(create('/b'));
    expect((await read()).split('\n')).to.include('znode_count 7');
    expect((await fetch(`http://127.0.0.1:${member.metricsPort}/`)).status).to.equal(404);
  });

  it('are not there unless they are asked for', async () => {
    const { member } = await testMember();
    expect([member.adminPort, member.metricsPort]).to.deep.equal([null, null]);
  });
});
