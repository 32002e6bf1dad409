import { configOf, playScript, Theatre } from './theatre.ts';
import { makeZxid, epochOf, counterOf } from '../../../shared/znode/zxid.ts';

describe('Election', () => {
  it('speaks as it is written in testdata/elections.txt', () => {
    playScript(new URL('testdata/elections.txt', import.meta.url), (line, theatre) => {
      const [command, ...words] = line.split(' ');
      const id = Number(words[0]);
      switch (command) {
        case 'ensemble':
          return new Theatre(configOf(words.map(Number)));
        case 'start': {
          const epoch = Number(words.find((word) => word.startsWith('epoch='))?.slice(6) ?? 0);
          const log = words.slice(1).filter((word) => word.includes('.')).map((word) => word.split('.').map(Number) as [number, number]);
          theatre.start(id, log, { accepted: epoch, current: epoch });
          break;
        }
        case 'stop':
          theatre.stop(id);
          break;
        case 'mute':
          theatre.mute(id);
          break;
        case 'link':
          theatre.linkAll();
          break;
        case 'run':
          theatre.run();
          break;
        case 'wait':
          theatre.advance(id);
          break;
        case 'propose': {
          const peer = theatre.peer(id);
          const { role, lastZxid } = peer;
          if (role.state !== 'LEADING') throw new Error(`${id} does not lead`);
          const zxid = epochOf(lastZxid) === role.epoch ? makeZxid(role.epoch, counterOf(lastZxid) + 1) : makeZxid(role.epoch, 1);
          peer.propose({ firstZxid: zxid, lastZxid: zxid, body: Uint8Array.of(1) }, theatre.nowMs);
          break;
        }
        default:
          throw new Error(`No command "${line}"`);
      }
      return theatre;
    });
  });
});
