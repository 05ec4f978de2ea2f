/** The built-in actions, strongest first (order of Rspamd's statistics). */
export const builtinActions = [
  'reject',
  'soft reject',
  'rewrite subject',
  'add header',
  'greylist',
  'no action',
  'quarantine',
  'discard',
] as const;
export type BuiltinAction = (typeof builtinActions)[number];

/** A built-in action or a custom one from the configuration. */
export type ActionName = string;

/** One action as configured (config-format 10). */
export interface ActionDef {
  readonly name: ActionName;
  /** Undefined: no threshold; the action is only taken when something forces it. */
  readonly threshold: number | undefined;
  readonly flags: ReadonlySet<'no_threshold' | 'threshold_only' | 'ham'>;
  /** What a milter does for a custom action. */
  readonly milter?: 'discard' | 'quarantine' | undefined;
}

/** `soft_reject` and `soft reject` are one action; `accept` is `no action`. */
export function normaliseActionName(text: string): ActionName {
  const name = text.trim().toLowerCase().replaceAll('_', ' ');
  return name === 'accept' ? 'no action' : name;
}

/** Does the action leave a mark or refuse the message (the word `spam` of SPAMC, history and statistics)? */
export function isSpamAction(action: ActionName): boolean {
  return action !== 'no action' && action !== 'greylist' && action !== 'soft reject';
}
