import type { SourcePosition } from '../../core/index.ts';
import type { Findings } from '../findings.ts';
import type { LoadedConfiguration } from '../load.ts';
import type { OperatorOption } from '../migrate-options.ts';

/** What a difference may depend on. */
export interface DifferenceContext {
  readonly configuration: LoadedConfiguration;
  /** Values of the operator that are in effect. */
  readonly options: readonly OperatorOption[];
  readonly findings: Findings;
}

/** One thing that goes otherwise than with Rspamd. */
export interface Difference {
  /** Stable word for scripts. */
  readonly id: string;
  readonly topic: string;
  readonly rspamd: string;
  readonly postern: string;
  /** Places in the operator's files that it concerns; none: stock values. */
  readonly positions: readonly SourcePosition[];
}

/** A difference, and whom it concerns. */
export interface KnownDifference extends Omit<Difference, 'positions'> {
  /** Places that it concerns, none for stock values; undefined: not this configuration. */
  concerns(context: DifferenceContext): readonly SourcePosition[] | undefined;
}

/** Does this check run? */
export function isModuleOn({ modules, options }: LoadedConfiguration, name: string): boolean {
  const own = modules.get(name);
  const isSwitchedOff = typeof own === 'object' && own !== null && 'enabled' in own && own.enabled === false;
  return own !== undefined && !isSwitchedOff && !options.disabledModules.includes(name);
}

export function usesRedis({ configuration }: DifferenceContext, module: string): boolean {
  const own = Object.keys(configuration.sections.get(module) ?? {});
  return configuration.redis !== undefined || own.some((key) => /servers$/.test(key) || key === 'redis');
}

/** Places of the operator's options with such a path; undefined: there are none. */
export function places(
  { options }: DifferenceContext,
  matches: (path: string) => boolean,
): readonly SourcePosition[] | undefined {
  return positionsOf(options.filter(({ path }) => matches(path)));
}

export function positionsOf(
  found: readonly { readonly position?: SourcePosition | undefined }[],
): readonly SourcePosition[] | undefined {
  const positions = found.flatMap(({ position }) => position ?? []);
  return positions.length === 0 ? undefined : positions;
}
