import type { Configuration } from '../core/index.ts';
import type { DoorKind } from './doors.ts';
import { passwordFile } from './password.ts';
import type { OpenedSocket } from './protocol.ts';

/** What the first screen says about a server that has just started. */
export function renderBanner(facts: {
  readonly version: string;
  readonly configuration: Configuration;
  readonly opened: readonly OpenedSocket[];
  readonly hasGeneratedPassword: boolean;
  readonly store: string;
}): string {
  const { version, configuration, opened, hasGeneratedPassword, store } = facts;
  const addressesOf = (...doors: readonly DoorKind[]): string[] => [
    ...new Set(opened.filter(({ door }) => doors.includes(door)).map(({ address }) => address)),
  ];
  const list = (...doors: readonly DoorKind[]): string => addressesOf(...doors).join('  ') || 'switched off';
  const consoleAddress = addressesOf('controller').find((address) => address.includes(':'));
  const read =
    configuration.configDir === undefined
      ? 'built-in defaults (give --config DIR to add your own)'
      : `${configuration.configDir} (${configuration.files.length} files)`;
  const lines = [
    `postern ${version}`,
    '',
    configuration.proxy.milter
      ? `  milter      ${list('milter')}    Postfix, Sendmail`
      : `  proxy       ${list('proxy')}    scan requests for other servers`,
    `  scan        ${list('scan')}    Exim, Haraka, rspamc, spamc`,
    `  controller  ${list('controller')}    rspamc stat, web page, metrics`,
    ...(configuration.fuzzy.enabled ? [`  fuzzy       ${list('fuzzy')}    hashes for other servers`] : []),
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
    lines.push(`  … ${configuration.notices.length - 5} more: ./bin/postern config check`);
  lines.push(
    'Next:',
    consoleAddress ? `  curl http://${consoleAddress}/ping` : '  switch a controller on to see statistics',
    '  ./bin/postern scan MESSAGE.eml    what Postern says of a message',
    '  docs/integrate/                   how to point Postfix, Exim, Haraka or Sendmail here',
    '',
  );
  return `${lines.join('\n')}\n`;
}
