import type { Role } from './protocol.ts';

/**
 * A scan makes about a megabyte of short-lived objects. With V8's own bound on the young generation it is collected so
 * often that objects of messages under way are still alive and are copied each time; this costs a tenth of all work.
 */
const youngGenerationFlag = '--max-semi-space-size';
const scannerSemiSpaceMiB = 64;

/**
 * Flags of the runtime for a process of ours: those that this process was started with, and what scanning needs unless
 * the operator has decided that.
 *
 * @param given flags of this process (`process.execArgv`)
 * @param environment `NODE_OPTIONS`, which flags would otherwise overrule
 */
export function runtimeFlags(role: Role, given: readonly string[], environment: string): readonly string[] {
  const isDecided = [...given, environment].some((text) =>
    text.replaceAll('_', '-').includes(youngGenerationFlag),
  );
  return role === 'scanner' && !isDecided
    ? [...given, `${youngGenerationFlag}=${scannerSemiSpaceMiB}`]
    : given;
}
