/**
 * Looks a frame over before msgpackr reads it, so that a hostile peer reaches only the plain part of msgpack: nil, booleans,
 * numbers, text, bytes and arrays, nested no deeper than the protocol nests, and every announced length really there. Maps
 * and extensions (records, structured clones, regular expressions…) never get through. One pass over the headers; payloads
 * are skipped. The frame's size is the caller's to bound.
 */
import { WsProtocolError } from './messages.ts';

/** Frame, message, multi's list, op, list of ACLs, ACL: six levels; one spare. */
const DEPTH_MAX = 7;

/** Throws `WsProtocolError` unless `frame` is exactly one well-formed array of plain values. */
export function vetFrame(frame: Uint8Array): void {
  const size = frame.length;
  // Items still to come at each open level, innermost last.
  const open: number[] = [1];
  let position = 0;

  while (open.length > 0) {
    const level = open.length - 1;
    const left = open[level]!;
    if (left === 0) {
      open.pop();
      continue;
    }
    open[level] = left - 1;
    if (position >= size) throw new WsProtocolError(`Frame ends after ${size} bytes where a value should start`);

    const at = position;
    const byte = frame[position++]!;
    if (byte <= 0x7f || byte >= 0xe0 || byte === 0xc0 || byte === 0xc2 || byte === 0xc3) {
      if (level === 0) throw notAnArray(byte);
      continue;
    }
    let items = -1;
    if (byte >= 0xa0 && byte <= 0xbf) position += byte - 0xa0;
    else if (byte >= 0x90 && byte <= 0x9f) items = byte - 0x90;
    else {
      switch (byte) {
        case 0xc4: // bin 8, 16, 32 and str 8, 16, 32: a length, then that many bytes
        case 0xd9:
          position += 1 + lengthAt(frame, position, 1);
          break;
        case 0xc5:
        case 0xda:
          position += 2 + lengthAt(frame, position, 2);
          break;
        case 0xc6:
        case 0xdb:
          position += 4 + lengthAt(frame, position, 4);
          break;
        case 0xcc: // uint and int 8, 16, 32, 64, float 32, 64
        case 0xd0:
          position += 1;
          break;
        case 0xcd:
        case 0xd1:
          position += 2;
          break;
        case 0xca:
        case 0xce:
        case 0xd2:
          position += 4;
          break;
        case 0xcb:
        case 0xcf:
        case 0xd3:
          position += 8;
          break;
        case 0xdc: // array 16, 32
          items = lengthAt(frame, position, 2);
          position += 2;
          break;
        case 0xdd:
          items = lengthAt(frame, position, 4);
          position += 4;
          break;
        default:
          throw new WsProtocolError(`Byte 0x${byte.toString(16)} at ${at}: only nil, booleans, numbers, text, bytes and arrays are allowed`);
      }
    }
    if (position > size) throw new WsProtocolError(`The value at ${at} runs past the frame's ${size} bytes`);
    if (items < 0) {
      if (level === 0) throw notAnArray(byte);
      continue;
    }
    // Each item takes at least one byte, so a larger count is a lie that would only make us allocate.
    if (items > size - position) throw new WsProtocolError(`The array at ${at} announces ${items} items, ${size - position} bytes are left`);
    if (open.length > DEPTH_MAX) throw new WsProtocolError(`The array at ${at} is nested more than ${DEPTH_MAX} deep`);
    open.push(items);
  }
  if (position !== size) throw new WsProtocolError(`${size - position} bytes follow the frame's array`);
}

function lengthAt(frame: Uint8Array, position: number, width: 1 | 2 | 4): number {
  // Bytes past the end count as 0: the caller's check of `position` against the size reports them.
  let length = 0;
  for (let i = 0; i < width; i++) length = length * 256 + (frame[position + i] ?? 0);
  return length;
}

function notAnArray(byte: number): WsProtocolError {
  return new WsProtocolError(`A frame is one array of messages, this one starts with byte 0x${byte.toString(16)}`);
}
