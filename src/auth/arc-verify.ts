import type { Header, Message } from '../core/index.ts';
import { canonicalHeader, rawHeaderValue } from './canonical.ts';
import type { KeyFinder } from './key-finder.ts';
import { signatureTags, tagName } from './signature-tags.ts';
import {
  ownHeader,
  type SignatureOutcome,
  type VerifyContext,
  verifyInput,
  verifyMessageSignature,
} from './verify-signature.ts';

/** RFC 8617 5.2: no more ARC sets are looked at. */
export const maxArcInstances = 50;
/** Of all ARC headers of a message. Each seal covers all that is older, so the work grows with their product. */
const maxChainBytes = 262_144;

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
  /** A seal itself says that the chain failed; nothing may be added (RFC 8617 5.1.2). */
  | { readonly status: 'failed'; readonly reason: string }
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
  /** With `pass`: the first instance since which nobody changed the message (RFC 8617 5.2, step 5). */
  readonly oldestPass?: number;
  /** With `pass`: something failed and was overlooked, so the chain proves nothing. */
  readonly isOverlooked: boolean;
}

/** How a chain is to be verified. */
export interface ArcVerifyContext extends VerifyContext {
  /** Domains whose failures are overlooked, for signers that are known to be broken. */
  readonly overlooks?: ((domain: string) => boolean) | undefined;
}

/** Domain of a seal or signature as DNS has it, `''` when it is none. */
export function signerDomain(tags: Tags): string {
  return tagName(tags.get('d')) ?? '';
}

/** Its selector, the same way. */
export function signerSelector(tags: Tags): string {
  return tagName(tags.get('s')) ?? '';
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
  const headers = message.headers.every(name);
  if (headers.length > maxArcInstances) return `more than ${maxArcInstances} of ${name}`;
  for (const header of headers) {
    const tags =
      name === 'arc-authentication-results'
        ? resultsTags(rawHeaderValue(message.raw, header))
        : signatureTags(message.raw, header);
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
  if (sizeOf(sets) > maxChainBytes) return broken('the chain is too large');
  if (sets[count - 1]!.cv === 'fail') return { status: 'failed', reason: `seal ${count} says fail` };
  for (const { instance, cv } of sets) {
    if (instance === 1 && cv !== 'none') return broken(`seal 1 says ${cv}`);
    if (instance > 1 && cv !== 'pass') return { status: 'failed', reason: `seal ${instance} says ${cv}` };
  }
  return { status: 'chain', sets };
}

function sizeOf(sets: readonly ArcSet[]): number {
  let bytes = 0;
  for (const { authResults, signature, seal } of sets)
    for (const { start, end } of [authResults, signature, seal]) bytes += end - start;
  return bytes;
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

/** Each key of a chain is asked for once: its seal and its signature mostly share one. */
function onceEach(keys: KeyFinder): KeyFinder {
  const asked = new Map<string, ReturnType<KeyFinder>>();
  return (domain, selector, signal) => {
    const name = `${selector} ${domain}`;
    let asking = asked.get(name);
    if (!asking) {
      asking = keys(domain, selector, signal);
      asked.set(name, asking);
    }
    return asking;
  };
}

async function verifySignature(
  message: Message,
  { signature, signatureTags: tags }: ArcSet,
  context: VerifyContext,
): Promise<SignatureOutcome> {
  // RFC 8617 4.1.2.
  if (/(?:^|:)[ \t\r\n]*arc-seal[ \t\r\n]*(?:$|:)/i.test(tags.get('h')!))
    return { result: 'permerror', reason: 'it covers a seal' };
  return verifyMessageSignature(message, signature, tags, context, 'arc');
}

/** The first instance from which on every message signature holds, the newest one holding (RFC 8617 5.2, step 5). */
async function findOldestPass(
  message: Message,
  sets: readonly ArcSet[],
  context: VerifyContext,
): Promise<number> {
  const earlier = sets.slice(0, -1);
  const outcomes = await Promise.all(earlier.map((set) => verifySignature(message, set, context)));
  return outcomes.findLastIndex(({ result }) => result !== 'pass') + 2;
}

/**
 * Validates the ARC chain of a message (RFC 8617 5.2): its form, the newest message signature, every seal from the
 * newest to the oldest, then the earlier message signatures. Work is bounded by {@link maxArcInstances}; keys are asked
 * for side by side, the newest first.
 */
export async function verifyArcChain(message: Message, given: ArcVerifyContext): Promise<ArcOutcome> {
  const structure = readArcChain(message);
  if (structure.status === 'none')
    return { cv: 'none', structure, instance: 0, isTemporary: false, isOverlooked: false };
  if (structure.status !== 'chain')
    return {
      cv: 'fail',
      structure,
      instance: 0,
      reason: structure.reason,
      isTemporary: false,
      isOverlooked: false,
    };
  const { sets } = structure;
  const context = { ...given, keys: onceEach(given.keys) };
  let isOverlooked = false;
  const isHarmless = ({ result }: SignatureOutcome, tags: Tags): boolean => {
    if (result === 'pass') return true;
    if (given.overlooks?.(signerDomain(tags)) !== true) return false;
    isOverlooked = true;
    return true;
  };
  const failed = (instance: number, what: string, { result, reason }: SignatureOutcome): ArcOutcome => ({
    cv: 'fail',
    structure,
    instance,
    reason: `${what}: ${reason}`,
    isTemporary: result === 'temperror',
    isOverlooked: false,
  });
  const newest = sets[sets.length - 1]!;
  const signed = await verifySignature(message, newest, context);
  if (!isHarmless(signed, newest.signatureTags)) return failed(newest.instance, 'message signature', signed);
  const inputs = sealInputs(message.raw, sets);
  const seals = await Promise.all(
    sets.map(({ sealTags }, at) => verifyInput(inputs[at]!, sealTags, context)),
  );
  for (let at = sets.length - 1; at >= 0; at--) {
    const { sealTags, instance } = sets[at]!;
    if (!isHarmless(seals[at]!, sealTags)) return failed(instance, 'seal', seals[at]!);
  }
  const oldestPass = signed.result === 'pass' ? await findOldestPass(message, sets, context) : undefined;
  return {
    cv: 'pass',
    structure,
    instance: newest.instance,
    isTemporary: false,
    isOverlooked,
    ...(oldestPass !== undefined && { oldestPass }),
  };
}
