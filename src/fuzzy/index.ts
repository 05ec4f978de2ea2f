export { FuzzyClient } from './client.ts';
export { makeKeyPair, parseKey } from './cryptobox.ts';
export { FuzzyHasher, type FuzzyKeys } from './keys.ts';
export {
  type Eligibility,
  type FuzzyHash,
  type FuzzyKind,
  messageHashes,
  type Skipped,
  structureBytes,
} from './message-hashes.ts';
export { type FuzzyOutcome, type FuzzyPeer, FuzzyServer } from './server.ts';
export { parseServers, type ServerList } from './servers.ts';
export { shingleAlgorithms } from './shingles.ts';
export { type FlagValue, type FuzzyChange, type FuzzyMatch, FuzzyStorage } from './storage.ts';
export { maxRequestBytes, refusals } from './wire.ts';
