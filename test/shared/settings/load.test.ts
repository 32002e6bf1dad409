import { expect } from 'chai';
import { loadSettings } from '../../../shared/settings/load.ts';
import type { Setting } from '../../../shared/settings/schema.ts';
import { atLeast, SettingError } from '../../../shared/settings/schema.ts';

const table = {
  brokerId: { name: 'broker.id', type: 'int', default: -1, doc: 'Id.', validator: atLeast(-1) } satisfies Setting<number>,
  logDirs: { name: 'log.dirs', type: 'list', default: ['/tmp'], doc: 'Dirs.' } as Setting<readonly string[]>,
  rack: { name: 'broker.rack', type: 'string', default: null, doc: 'Rack.', status: 'planned' } as Setting<string | null>,
  gc: { name: 'gc.threads', type: 'int', default: 1, doc: 'There is no JVM.', status: 'inapplicable' } as Setting<number>,
};
const load = (entries: Record<string, string>) => loadSettings(table, new Map(Object.entries(entries)));

describe('loadSettings()', () => {
  it('gives defaults for what is absent', () => {
    const { values, warnings, unknownKeys, explicit } = load({});
    expect(values).to.deep.equal({ brokerId: -1, logDirs: ['/tmp'], rack: null, gc: 1 });
    expect(warnings).to.deep.equal([]);
    expect(unknownKeys).to.deep.equal([]);
    expect([...explicit]).to.deep.equal([]);
  });

  it('parses what is there, and tells which keys those are', () => {
    const { values, explicit } = load({ 'log.dirs': '/a, /b', 'broker.id': ' 7 ' });
    expect(values.brokerId).to.equal(7);
    expect(values.logDirs).to.deep.equal(['/a', '/b']);
    expect([...explicit]).to.deep.equal(['broker.id', 'log.dirs']);
  });

  it('reports unknown keys apart from the warnings', () => {
    const { warnings, unknownKeys } = load({ 'z.unknown': '1', 'broker.id': '1', another: '2' });
    expect(unknownKeys).to.deep.equal(['z.unknown', 'another']);
    expect(warnings).to.deep.equal([]);
  });

  it('warns once of each key without effect that is set', () => {
    const { warnings } = load({ 'broker.rack': 'r1', 'gc.threads': '4' });
    expect(warnings).to.deep.equal([
      'broker.rack=r1 is understood but not supported yet; it has no effect',
      'gc.threads has no meaning here and is ignored: There is no JVM.',
    ]);
  });

  it('stops at a refused value, naming key, value and what is allowed', () => {
    expect(() => load({ 'broker.id': '-2' })).to.throw(SettingError, 'Invalid value -2 for configuration broker.id: Value must be at least -1');
  });

  it('stops when a required key is missing', () => {
    const required = { connect: { name: 'zookeeper.connect', type: 'string', default: '', doc: '', required: true } as Setting<string> };
    expect(() => loadSettings(required, new Map())).to.throw(
      SettingError,
      'Missing required configuration "zookeeper.connect" which has no default value.',
    );
  });
});
