import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';
import { type LearnerState, newLearnerState } from './learner.ts';
import { maxPlaces } from './limits.ts';
import { type Lesson, views, weightCount } from './views.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Of this layout of views and hashes; a store with another one is started anew. */
export const snapshotFormat = 1;

const weightUnit = 1 / 1024;
/** Biases, their squares, the slope. */
const floatCount = 2 * views.length + 1;
const rawLength = 4 * floatCount + 2 * weightCount + 2 * weightCount;

/** The state as bytes: floats, weights in thousandths, squares by the upper half of a float (byte order: little-endian). */
function pack(state: LearnerState): Buffer {
  const raw = new ArrayBuffer(rawLength);
  const { biases, biasSquares, slope } = state;
  new Float32Array(raw, 0, floatCount).set([...biases, ...biasSquares, slope]);
  const weights = new Int16Array(raw, 4 * floatCount, weightCount);
  for (let place = 0; place < weightCount; place++)
    weights[place] = Math.max(-32_768, Math.min(32_767, Math.round(state.weights[place]! / weightUnit)));
  const squares = new Uint16Array(raw, 4 * floatCount + 2 * weightCount, weightCount);
  const bits = new Uint32Array(Float32Array.from(state.squares).buffer);
  for (let place = 0; place < weightCount; place++) squares[place] = (bits[place]! + 0x8000) >>> 16;
  return Buffer.from(raw);
}

function unpack(raw: Buffer): LearnerState | undefined {
  if (raw.length !== rawLength) return undefined;
  // Views of wider numbers begin at multiples of their width.
  const bytes = new Uint8Array(raw).buffer;
  const floats = new Float32Array(bytes, 0, floatCount);
  if (!floats.every(Number.isFinite)) return undefined;
  const state = newLearnerState();
  state.biases.set(floats.subarray(0, views.length));
  state.biasSquares.set(floats.subarray(views.length, 2 * views.length));
  state.slope = floats[floatCount - 1]!;
  const weights = new Int16Array(bytes, 4 * floatCount, weightCount);
  for (let place = 0; place < weightCount; place++) state.weights[place] = weights[place]! * weightUnit;
  const squares = new Uint16Array(bytes, 4 * floatCount + 2 * weightCount, weightCount);
  const bits = new Uint32Array(state.squares.buffer);
  for (let place = 0; place < weightCount; place++) bits[place] = squares[place]! << 16;
  return state;
}

/** A learner's state as text: some 100 kB to 400 kB. Weights to a thousandth, squares to a hundredth of them. */
export async function encodeState(state: LearnerState): Promise<string> {
  return (await deflate(pack(state), { level: 1 })).toString('base64');
}

/** @returns undefined when it is not one of this layout */
export async function decodeState(text: string): Promise<LearnerState | undefined> {
  try {
    return unpack(await inflate(Buffer.from(text, 'base64'), { maxOutputLength: rawLength }));
  } catch {
    return undefined;
  }
}

/** As {@link decodeState}, at the start. */
export function decodeStateNow(text: string): LearnerState | undefined {
  return unpack(inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: rawLength }));
}

/** A lesson as text, about 1 kB. */
export function encodeLesson({ prior, places }: Lesson): string {
  const total = places.reduce((sum, of) => sum + 1 + of.length, 0);
  const raw = Buffer.alloc(4 + 4 * total);
  let at = raw.writeFloatLE(prior, 0);
  for (const of of places) {
    at = raw.writeUInt32LE(of.length, at);
    for (const place of of) at = raw.writeUInt32LE(place, at);
  }
  return deflateRawSync(raw, { level: 1 }).toString('base64');
}

/** @returns undefined when it is none of this layout */
export function decodeLesson(text: string): Lesson | undefined {
  let raw: Buffer;
  try {
    raw = inflateRawSync(Buffer.from(text, 'base64'), {
      maxOutputLength: 4 + views.length * 4 * (maxPlaces + 1),
    });
  } catch {
    return undefined;
  }
  if (raw.length < 4) return undefined;
  const prior = raw.readFloatLE(0);
  const places: Uint32Array[] = [];
  let at = 4;
  for (let view = 0; view < views.length; view++) {
    if (at + 4 > raw.length) return undefined;
    const count = raw.readUInt32LE(at);
    at += 4;
    if (at + 4 * count > raw.length) return undefined;
    const of = new Uint32Array(count);
    for (let index = 0; index < count; index++, at += 4) of[index] = raw.readUInt32LE(at);
    if (of.some((place) => place >= weightCount)) return undefined;
    places.push(of);
  }
  return Number.isFinite(prior) ? { prior, places } : undefined;
}
