import { expect } from 'chai';
import fc from 'fast-check';
import { applyOperations, desanitize, matches, placeOf, quotasIn, readEntity, readFilter, sanitize } from '../../../broker/quota/quota-entities.ts';

const entity = (parts: Record<string, string | null>) => readEntity(Object.entries(parts).map(([entityType, entityName]) => ({ entityType, entityName })));

describe('quota entities', () => {
  it('are where Kafka has them', () => {
    const where = (parts: Record<string, string | null>): string => {
      const { type, name } = placeOf(entity(parts));
      return `${type}/${name}`;
    };
    expect(where({ user: 'CN=cq,O=some where' })).to.equal('users/CN%3Dcq%2CO%3Dsome%20where');
    expect(where({ user: null })).to.equal('users/<default>');
    expect(where({ user: 'a', 'client-id': null })).to.equal('users/a/clients/<default>');
    expect(where({ 'client-id': 'a*b' })).to.equal('clients/a%2Ab');
    expect(where({ ip: '10.0.0.1' })).to.equal('ips/10.0.0.1');
  });

  it('have names that come back as they went', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => desanitize(sanitize(name)) === name));
  });

  const refusals: [string, () => unknown, string][] = [
    ['no entity', () => readEntity([]), 'Invalid empty client quota entity'],
    ['an unknown type', () => entity({ foo: 'x' }), 'Unhandled client quota entity type: foo'],
    ['an empty name', () => entity({ user: '' }), 'Empty user not supported'],
    [
      'an address with a user',
      () => placeOf(entity({ ip: '1.2.3.4', user: 'x' })),
      'Invalid quota entity combination, IP entity should not be used with user/client ID entity.',
    ],
    ['an unknown key', () => change('user', 'foo', 1), 'Invalid configuration key foo'],
    ["an address's key for a user", () => change('user', 'connection_creation_rate', 1), 'Invalid configuration key connection_creation_rate'],
    ['a part of a byte', () => change('user', 'producer_byte_rate', 1.5), 'Configuration producer_byte_rate must be a LONG value'],
    ['less than nothing', () => change('user', 'producer_byte_rate', -1), 'Configuration producer_byte_rate must be a LONG value'],
    ['a part of a connection', () => change('ip', 'connection_creation_rate', 1.5), 'Configuration connection_creation_rate must be a INT value'],
  ];
  function change(type: string, key: string, value: number, present = new Map<string, string>()): Map<string, string> {
    return applyOperations(present, [{ key, value, remove: false }], placeOf(entity({ [type]: 'x' })).keys);
  }
  for (const [what, run, message] of refusals) it(`refuse ${what}`, () => expect(run).to.throw(message));

  it('store whole numbers as such and doubles as Java prints them, and leave the rest alone', () => {
    const present = new Map([['SCRAM-SHA-256', 'salt=x']]);
    expect([...change('user', 'producer_byte_rate', 4096, present)]).to.deep.equal([['SCRAM-SHA-256', 'salt=x'], ['producer_byte_rate', '4096']]); // prettier-ignore
    expect(change('user', 'request_percentage', 200).get('request_percentage')).to.equal('200.0');
    expect(change('user', 'controller_mutation_rate', 0.25).get('controller_mutation_rate')).to.equal('0.25');
    expect(quotasIn(new Map([...present, ['request_percentage', '200.0'], ['producer_byte_rate', 'nonsense']]), false)).to.deep.equal([
      { key: 'request_percentage', value: 200 },
    ]);
  });
});

describe('quota filters', () => {
  const any = { matchType: 2, match: null };
  const exactly = (match: string) => ({ matchType: 0, match });
  const byDefault = { matchType: 1, match: null };
  const all: Record<string, string | null>[] = [{ user: 'bob' }, { user: null }, { user: 'bob', 'client-id': 'c' }, { user: null, 'client-id': null }, { 'client-id': null }, { ip: '1.2.3.4' }];
  const find = (components: { entityType: string; matchType: number; match: string | null }[], strict: boolean): unknown[] => {
    const filter = readFilter(components);
    if (!(filter instanceof Map)) throw new Error(filter.message);
    return all.filter((parts) => matches(filter, entity(parts), strict));
  };

  it('find what names their types, strictly or with others', () => {
    expect(find([], false)).to.deep.equal(all);
    expect(find([], true)).to.deep.equal([]);
    expect(find([{ entityType: 'user', ...any }], true)).to.deep.equal([all[0], all[1]]);
    expect(find([{ entityType: 'user', ...exactly('bob') }], false)).to.deep.equal([all[0], all[2]]);
    expect(find([{ entityType: 'user', ...byDefault }, { entityType: 'client-id', ...any }], false)).to.deep.equal([all[3]]);
    expect(find([{ entityType: 'ip', ...any }], false)).to.deep.equal([all[5]]);
  });

  it('are refused in the words of the original', () => {
    expect(readFilter([{ entityType: '', ...any }])).to.deep.include({ kind: 'invalid', message: 'Unexpected empty filter component entity type' });
    expect(readFilter([{ entityType: 'foo', ...any }])).to.deep.include({ kind: 'unsupported', message: "Custom entity type 'foo' not supported" });
    expect(readFilter([{ entityType: 'user', ...any }, { entityType: 'user', ...any }])).to.deep.include({
      message: 'Duplicate user filter component entity type',
    });
    expect(readFilter([{ entityType: 'ip', ...any }, { entityType: 'user', ...any }])).to.deep.include({ kind: 'invalid' });
    expect(readFilter([{ entityType: 'user', matchType: 7, match: null }])).to.deep.include({ kind: 'unknown match' });
  });
});
