import type { Header, Message } from '../core/index.ts';
import { canonicalHeader, rawHeaderValue } from './canonical.ts';
import { parseTags } from './tags.ts';
import { ownHeader, type VerifyContext, verifyInput, verifyMessageSignature } from './verify-signature.ts';

/** RFC 8617 5.2: no more ARC sets are looked at. */
export const maxArcInstances = 50;

type Tags = ReadonlyMap<string, string>;

/** One ARC set (RFC 8617 4.2). */
export interface ArcSet {
  readonly instance: number;
  readonly authResults: Header;
  readonly signature: Header;
  readonly signatureTags: Tags;
  readonly seal: Header;
  readonly sealTags: Tags;
  readonly cv: 'none' | 'pass' | 'fail';
}

/** The sets of a message, oldest first, or why they are no chain. */
export type ArcStructure =
  | { readonly status: 'none' }
  | { readonly status: 'chain'; readonly sets: readonly ArcSet[] }
  /** The newest seal itself says that the chain failed; nothing may be added (RFC 8617 5.1.2). */
  | { readonly status: 'failed' }
  | { readonly status: 'broken'; readonly reason: string };

/** State of a chain (RFC 8617 4.4, 5.2). */
export interface ArcOutcome {
  readonly cv: 'none' | 'pass' | 'fail';
  readonly structure: ArcStructure;
  /** The newest set whose state decided; 0 without one. */
  readonly instance: number;
  readonly reason?: string;
  /** It failed only because DNS did not answer: later it may pass. */
  readonly isTemporary: boolean;
}

function parseInstance(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,2}$/.test(text)) return undefined;
  const instance = Number(text);
  return instance >= 1 && instance <= maxArcInstances ? instance : undefined;
}

interface Placed {
  readonly header: Header;
  readonly tags: Tags;
}

/** Headers of one name by instance, or what is wrong with them. */
function byInstance(message: Message, name: string): Map<number, Placed> | string {
  const found = new Map<number, Placed>();
  for (const header of message.headers.every(name)) {
    const value = rawHeaderValue(message.raw, header);
    const tags = name === 'arc-authentication-results' ? resultsTags(value) : parseTags(value);
    const instance = parseInstance(tags?.get('i'));
    if (!tags || instance === undefined) return `malformed ${name}`;
    if (found.has(instance)) return `two of ${name} with one instance`;
    found.set(instance, { header, tags });
  }
  return found;
}

/** ARC-Authentication-Results begins with the only tag it has (RFC 8617 4.1.1). */
function resultsTags(value: string): Tags | undefined {
  const instance = /^[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*(\d+)[ \t\r\n]*;/.exec(value)?.[1];
  return instance === undefined ? undefined : new Map([['i', instance]]);
}

const signatureTagNames = ['a', 'b', 'bh', 'd', 'h', 's'];
const sealTagNames = ['a', 'b', 'cv', 'd', 's'];

function lacks(tags: Tags, names: readonly string[]): boolean {
  return names.some((name) => !tags.get(name));
}

/** Collects the ARC sets of a message and checks their form (RFC 8617 5.2, steps 1 to 3). */
export function readArcChain(message: Message): ArcStructure {
  const seals = byInstance(message, 'arc-seal');
  const signatures = byInstance(message, 'arc-message-signature');
  const results = byInstance(message, 'arc-authentication-results');
  const broken = (reason: string): ArcStructure => ({ status: 'broken', reason });
  if (typeof seals === 'string') return broken(seals);
  if (typeof signatures === 'string') return broken(signatures);
  if (typeof results === 'string') return broken(results);
  const count = Math.max(seals.size, signatures.size, results.size);
  if (count === 0) return { status: 'none' };
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= count; instance++) {
    const seal = seals.get(instance);
    const signature = signatures.get(instance);
    const authResults = results.get(instance)?.header;
    if (!seal || !signature || !authResults) return broken(`set ${instance} is not complete`);
    const cv = seal.tags.get('cv')?.toLowerCase();
    if (cv !== 'none' && cv !== 'pass' && cv !== 'fail') return broken(`seal ${instance} has no cv`);
    // RFC 8617 4.1.3: a seal covers headers only, and which ones is fixed.
    if (lacks(seal.tags, sealTagNames) || seal.tags.has('h')) return broken(`seal ${instance} is malformed`);
    if (lacks(signature.tags, signatureTagNames)) return broken(`signature ${instance} is malformed`);
    sets.push({
      instance,
      authResults,
      signature: signature.header,
      signatureTags: signature.tags,
      seal: seal.header,
      sealTags: seal.tags,
      cv,
    });
  }
  if (sets[count - 1]!.cv === 'fail') return { status: 'failed' };
  for (const { instance, cv } of sets) {
    if (cv !== (instance === 1 ? 'none' : 'pass')) return broken(`seal ${instance} says ${cv}`);
  }
  return { status: 'chain', sets };
}

function setInput(raw: Buffer, { authResults, signature }: ArcSet): string {
  return canonicalHeader(raw, authResults) + canonicalHeader(raw, signature);
}

/** What the next seal signs of the sets before it: all of them, oldest first (RFC 8617 5.1.1). */
export function sealInput(raw: Buffer, sets: readonly ArcSet[]): string {
  let input = '';
  for (const set of sets) input += setInput(raw, set) + canonicalHeader(raw, set.seal);
  return input;
}

/** What each seal signs: the sets before it, and its own without its signature. */
function sealInputs(raw: Buffer, sets: readonly ArcSet[]): readonly string[] {
  let earlier = '';
  return sets.map((set) => {
    const own = setInput(raw, set);
    const input = earlier + own + ownHeader(raw, set.seal, 'relaxed');
    earlier += own + canonicalHeader(raw, set.seal);
    return input;
  });
}

/**
 * Validates the ARC chain of a message (RFC 8617 5.2): its form, the newest message signature, every seal from the
 * newest to the oldest. Work is bounded by {@link maxArcInstances}.
 */
export async function verifyArcChain(message: Message, context: VerifyContext): Promise<ArcOutcome> {
  const structure = readArcChain(message);
  switch (structure.status) {
    case 'none':
      return { cv: 'none', structure, instance: 0, isTemporary: false };
    case 'broken':
      return { cv: 'fail', structure, instance: 0, reason: structure.reason, isTemporary: false };
    case 'failed':
      return { cv: 'fail', structure, instance: 0, reason: 'sealed as failed', isTemporary: false };
  }
  const { sets } = structure;
  const newest = sets[sets.length - 1]!;
  const failed = (instance: number, reason: string, isTemporary: boolean): ArcOutcome => ({
    cv: 'fail',
    structure,
    instance,
    reason,
    isTemporary,
  });
  const signatureNames = newest.signatureTags.get('h')!.toLowerCase();
  // RFC 8617 4.1.2.
  if (/(?:^|:)[ \t\r\n]*arc-seal[ \t\r\n]*(?:$|:)/.test(signatureNames))
    return failed(newest.instance, 'the message signature covers a seal', false);
  const signed = await verifyMessageSignature(message, newest.signature, newest.signatureTags, context);
  if (signed.result !== 'pass')
    return failed(newest.instance, `message signature: ${signed.reason}`, signed.result === 'temperror');
  const inputs = sealInputs(message.raw, sets);
  for (let at = sets.length - 1; at >= 0; at--) {
    const { sealTags, instance } = sets[at]!;
    const sealed = await verifyInput(inputs[at]!, sealTags, context);
    if (sealed.result !== 'pass')
      return failed(instance, `seal: ${sealed.reason}`, sealed.result === 'temperror');
  }
  return { cv: 'pass', structure, instance: newest.instance, isTemporary: false };
}
