export { messageTokens, type ScanFindings, type TokenizerOptions } from './message-tokens.ts';
export { classProbabilities, type ProbabilityOptions, spamProbability } from './probability.ts';
export { type CountedClass, type LearnOutcome, learnTokens, readTokens } from './storage.ts';
export { maxWindow, type Token, tokenName, tokensId } from './tokens.ts';
