import type { Configuration } from '../core/index.ts';
import { passwordFile } from './password.ts';

/** What the first screen says about a server that has just started. */
export function renderBanner(facts: {
  readonly version: string;
  readonly configuration: Configuration;
  readonly addresses: ReadonlyMap<'milter' | 'scan' | 'controller', readonly string[]>;
  readonly hasGeneratedPassword: boolean;
  readonly store: string;
}): string {
  const { version, configuration, addresses, hasGeneratedPassword, store } = facts;
  const list = (door: 'milter' | 'scan' | 'controller'): string =>
    addresses.get(door)?.join('  ') || 'switched off';
  const consoleAddress = addresses.get('controller')?.[0];
  const read =
    configuration.configDir === undefined
      ? 'built-in defaults (give --config DIR to add your own)'
      : `${configuration.configDir} (${configuration.files.length} files)`;
  const lines = [
    `postern ${version}`,
    '',
    `  milter      ${list('milter')}    Postfix, Sendmail`,
    `  scan        ${list('scan')}    Exim, Haraka, rspamc, spamc`,
    `  controller  ${list('controller')}    rspamc stat, web page, metrics`,
    '',
    `  configuration  ${read}`,
    `  state          ${configuration.stateDir}`,
    `  counters       ${store}`,
    hasGeneratedPassword
      ? `  password       in ${passwordFile(configuration.stateDir)}`
      : '  password       as configured in worker-controller.inc',
    '',
  ];
  for (const notice of configuration.notices.slice(0, 5)) lines.push(`  note: ${notice.message}`);
  if (configuration.notices.length > 5)
    lines.push(`  … ${configuration.notices.length - 5} more: postern config check`);
  lines.push(
    'Next:',
    consoleAddress ? `  curl http://${consoleAddress}/ping` : '  switch a controller on to see statistics',
    '  postern scan MESSAGE.eml          what Postern says of a message',
    '  docs/integrate/                   how to point Postfix, Exim, Haraka or Sendmail here',
    '',
  );
  return `${lines.join('\n')}\n`;
}
