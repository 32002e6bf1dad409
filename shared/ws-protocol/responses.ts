/** The fields of each successful response after `[xid, opcode, zxid, 0]`, in the order of zookeeper.jute. */
import { unreachable } from '../base/assert.ts';
import type { MultiResult, Response, ResponseByOp } from '../znode/operations.ts';
import { OpCode } from '../znode/operations.ts';
import type { Stat } from '../znode/stat.ts';
import type { Fields } from './fields.ts';
import type { SessionOp } from './messages.ts';
import { MULTI_OPS_MAX, WsProtocolError } from './messages.ts';
import { sessionOpOf } from './requests.ts';

/** Stands where an opcode would in a multi's failed result. */
const ERROR_RESULT = -1;

/** The eleven fields of a Stat, in the order of zookeeper.jute. */
function encodeStat(stat: Stat): unknown[] {
  return [
    stat.czxid,
    stat.mzxid,
    stat.ctime,
    stat.mtime,
    stat.version,
    stat.cversion,
    stat.aversion,
    stat.ephemeralOwner === 0n ? 0 : stat.ephemeralOwner,
    stat.dataLength,
    stat.numChildren,
    stat.pzxid,
  ];
}

/** Appends the fields of `response` to `out`. */
export function encodeResponse(op: SessionOp, response: Response | null, out: unknown[]): void {
  switch (op) {
    case 'create':
    case 'sync':
      out.push((response as ResponseByOp['create']).path);
      return;
    case 'create2':
    case 'createContainer':
    case 'createTTL': {
      const { path, stat } = response as ResponseByOp['create2'];
      out.push(path, encodeStat(stat));
      return;
    }
    case 'setData':
    case 'setACL':
    case 'exists':
      out.push(encodeStat((response as ResponseByOp['exists']).stat));
      return;
    case 'getData':
    case 'reconfig': {
      const { data, stat } = response as ResponseByOp['getData'];
      out.push(data, encodeStat(stat));
      return;
    }
    case 'getACL': {
      const { acl, stat } = response as ResponseByOp['getACL'];
      out.push(acl.map(({ perms, id }) => [perms, id.scheme, id.id]), encodeStat(stat));
      return;
    }
    case 'getChildren':
      out.push((response as ResponseByOp['getChildren']).children);
      return;
    case 'getChildren2': {
      const { children, stat } = response as ResponseByOp['getChildren2'];
      out.push(children, encodeStat(stat));
      return;
    }
    case 'getAllChildrenNumber':
      out.push((response as ResponseByOp['getAllChildrenNumber']).totalNumber);
      return;
    case 'getEphemerals':
      out.push((response as ResponseByOp['getEphemerals']).ephemerals);
      return;
    case 'whoAmI':
      out.push((response as ResponseByOp['whoAmI']).clientInfo.map(({ scheme, id }) => [scheme, id]));
      return;
    case 'sasl':
      out.push((response as ResponseByOp['sasl']).token);
      return;
    case 'multi':
    case 'multiRead':
      out.push((response as ResponseByOp['multi']).results.map(encodeResult));
      return;
    case 'delete':
    case 'check':
    case 'checkWatches':
    case 'removeWatches':
    case 'addWatch':
    case 'setWatches':
    case 'auth':
    case 'ping':
    case 'closeSession':
      return;
    default:
      unreachable(op, 'operation');
  }
}

/** Takes the fields of a successful response to `op`. Throws `WsProtocolError`. */
export function decodeResponse(op: SessionOp, fields: Fields): Response | null {
  switch (op) {
    case 'create':
    case 'sync':
      return { path: fields.text('path') };
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return { path: fields.text('path'), stat: fields.stat('stat') };
    case 'setData':
    case 'setACL':
    case 'exists':
      return { stat: fields.stat('stat') };
    case 'getData':
    case 'reconfig':
      return { data: fields.data('data'), stat: fields.stat('stat') };
    case 'getACL':
      return { acl: fields.acl('acl'), stat: fields.stat('stat') };
    case 'getChildren':
      return { children: fields.texts('children') };
    case 'getChildren2':
      return { children: fields.texts('children'), stat: fields.stat('stat') };
    case 'getAllChildrenNumber':
      return { totalNumber: fields.int('totalNumber', 0) };
    case 'getEphemerals':
      return { ephemerals: fields.texts('ephemerals') };
    case 'whoAmI':
      return {
        clientInfo: fields.list('clientInfo').map((value, i) => {
          const info = fields.nested(value, `clientInfo[${i}]`);
          const id = { scheme: info.text('scheme'), id: info.text('id') };
          info.end();
          return id;
        }),
      };
    case 'sasl':
      return { token: fields.data('token') };
    case 'multi':
    case 'multiRead':
      return { results: fields.list('results', MULTI_OPS_MAX).map((value, i) => decodeResult(fields.nested(value, `results[${i}]`), i)) };
    case 'delete':
    case 'check':
    case 'checkWatches':
    case 'removeWatches':
    case 'addWatch':
    case 'setWatches':
    case 'auth':
    case 'ping':
    case 'closeSession':
      return null;
    default:
      return unreachable(op, 'operation');
  }
}

function encodeResult(result: MultiResult): unknown[] {
  switch (result.op) {
    case 'error':
      return [ERROR_RESULT, result.error];
    case 'create':
      return [OpCode.create, result.path];
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return [OpCode[result.op], result.path, encodeStat(result.stat)];
    case 'setData':
      return [OpCode.setData, encodeStat(result.stat)];
    case 'delete':
    case 'check':
      return [OpCode[result.op]];
    case 'getData':
      return [OpCode.getData, result.data, encodeStat(result.stat)];
    case 'getChildren':
    case 'getChildren2':
      return [OpCode[result.op], result.children];
    default:
      return unreachable(result, 'result of a multi');
  }
}

function decodeResult(fields: Fields, index: number): MultiResult {
  const opcode = fields.int('opcode');
  const result = decodeResultOf(opcode === ERROR_RESULT ? 'error' : sessionOpOf(opcode), fields);
  if (result === null) throw new WsProtocolError(`results[${index}]: unexpected opcode ${opcode}`);
  fields.end();
  return result;
}

function decodeResultOf(op: SessionOp | 'error' | undefined, fields: Fields): MultiResult | null {
  switch (op) {
    case 'error':
      return { op, error: fields.int('error') };
    case 'create':
      return { op, path: fields.text('path') };
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return { op, path: fields.text('path'), stat: fields.stat('stat') };
    case 'setData':
      return { op, stat: fields.stat('stat') };
    case 'delete':
    case 'check':
      return { op };
    case 'getData':
      return { op, data: fields.data('data'), stat: fields.stat('stat') };
    case 'getChildren':
    case 'getChildren2':
      return { op, children: fields.texts('children') };
    default:
      return null;
  }
}
