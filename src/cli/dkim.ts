import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { comparePublished, parseSigningKey, type SigningKey } from '../auth/index.ts';
import { checks } from '../checks/index.ts';
import { loadConfiguration } from '../config/index.ts';
import { type Configuration, PosternError, type Resolver } from '../core/index.ts';
import { createResolver } from '../dns/index.ts';
import { ProcessMetrics, silentLog } from '../observe/index.ts';
import { type ConfiguredKey, configuredKeys } from './dkim-keys.ts';
import { type ConfigOptions, resolveConfigOptions, withConfigOptions } from './options.ts';

type Purpose = 'dkim' | 'arc';

interface KeygenOptions extends ConfigOptions {
  readonly domain: string;
  readonly for: Purpose;
  /** Default: the one that the check looks for. */
  readonly selector?: string;
  readonly type: 'rsa' | 'ed25519';
  readonly bits: number;
  readonly out?: string;
  readonly force: boolean;
}

interface CheckOptions extends ConfigOptions {
  readonly domain?: string;
  readonly selector?: string;
  readonly key?: string;
  readonly nameserver: readonly string[];
}

/** Where each check looks without configuration: selector, which is the folder too, and its configuration file. */
const purposes = {
  dkim: { selector: 'dkim', section: 'dkim_signing' },
  arc: { selector: 'arc', section: 'arc' },
} as const;
const maxStringLength = 255;
const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

function parseDomain(text: string): string {
  const domain = text.toLowerCase().replace(/\.$/, '');
  if (domain.length > 253 || !domain.split('.').every((part) => label.test(part))) {
    throw new InvalidArgumentError('expected a domain name');
  }
  return domain;
}

function parseBits(text: string): number {
  const bits = Number(text);
  // RFC 8301 3.2 asks for 1024 at least; verifiers need not take more than 4096.
  if (![1024, 2048, 3072, 4096].includes(bits))
    throw new InvalidArgumentError('expected 1024, 2048, 3072 or 4096');
  return bits;
}

/** A TXT record for a zone file; a character string holds 255 bytes (RFC 1035 3.3). */
function zoneRecord(domain: string, selector: string, key: SigningKey): string {
  const type = key.algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519';
  const text = `v=DKIM1; k=${type}; p=${key.publicKey}`;
  const strings = text.match(new RegExp(`.{1,${maxStringLength}}`, 'g')) ?? [];
  return `${selector}._domainkey.${domain}. IN TXT ( ${strings.map((part) => `"${part}"`).join('\n    ')} )`;
}

function keygen(options: KeygenOptions): void {
  const { stateDir } = resolveConfigOptions(options);
  const { domain, for: purpose } = options;
  if (purpose === 'arc' && options.type !== 'rsa')
    throw new PosternError('config', 'ARC seals need an RSA key (RFC 8617 4.1.3)');
  const { selector: defaultSelector, section } = purposes[purpose];
  const { selector = defaultSelector } = options;
  const file = resolve(options.out ?? join(stateDir, purpose, `${domain}.${selector}.key`));
  if (existsSync(file) && !options.force) {
    throw new PosternError(
      'config',
      `${file} exists; --force replaces it, and mail signed so far stops verifying`,
    );
  }
  const pair =
    options.type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: options.bits })
      : generateKeyPairSync('ed25519');
  const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  // A file that is written over would keep its old mode.
  if (options.force) rmSync(file, { force: true });
  writeFileSync(file, pem, { mode: 0o600, flag: 'wx' });
  const isFoundByItself = options.out === undefined && selector === defaultSelector;
  process.stdout.write(
    [
      `private key   ${file}`,
      '',
      'Publish this record:',
      zoneRecord(domain, selector, parseSigningKey(pem)),
      '',
      ...(isFoundByItself
        ? ['The server finds the key where it is.']
        : [
            `and name the key in local.d/${section}.conf:`,
            `domain { "${domain}" { selector = "${selector}"; path = "${file}"; } }`,
          ]),
      '',
      `Then: postern dkim check --domain ${domain} --selector ${selector} --key ${file}`,
      '',
    ].join('\n'),
  );
}

/** The keys that the command line asks for. */
function chooseKeys(options: CheckOptions, configuration: Configuration): readonly ConfiguredKey[] {
  const { domain, selector, key } = options;
  if (key !== undefined && (domain === undefined || selector === undefined))
    throw new PosternError('config', '--key needs --domain and --selector');
  if (domain !== undefined && key !== undefined && selector !== undefined)
    return [{ domain, selector, path: resolve(key) }];
  const { keys, unlisted } = configuredKeys(configuration);
  if (unlisted.length > 0)
    process.stderr.write(
      `keys by ${unlisted.join(', ')} are not listed; name them with --domain, --selector and --key\n`,
    );
  const chosen = keys.filter(
    (found) =>
      (domain === undefined || found.domain === domain) &&
      (selector === undefined || found.selector === selector),
  );
  if (chosen.length > 0) return chosen;
  if (domain === undefined || selector === undefined)
    throw new PosternError('notFound', 'no key is configured; name one with --domain, --selector and --key');
  return [{ domain, selector, path: join(configuration.stateDir, 'dkim', `${domain}.${selector}.key`) }];
}

async function compare(dns: Resolver, { domain, selector, path }: ConfiguredKey): Promise<string> {
  let key: SigningKey;
  try {
    key = parseSigningKey(/^[/.]/.test(path) ? readFileSync(path) : path);
  } catch (error) {
    return `the private key cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  return comparePublished(dns, domain, selector, key);
}

async function check(options: CheckOptions): Promise<void> {
  const folders = resolveConfigOptions(options);
  const configuration = await loadConfiguration({ ...folders, checks, allowUnsupported: true });
  const { dns } = configuration.options;
  const keys = chooseKeys(options, configuration);
  const resolver = createResolver({
    dns: options.nameserver.length > 0 ? { ...dns, nameservers: options.nameserver } : dns,
    log: silentLog,
    metrics: new ProcessMetrics(),
    clock: { now: () => Date.now() },
  });
  let isGood = true;
  for (const key of keys) {
    const state = await compare(resolver, key);
    isGood &&= state === 'same';
    const name = `${key.selector}._domainkey.${key.domain}`;
    process.stdout.write(`${state === 'same' ? 'ok  ' : 'BAD '} ${name}: ${explanations[state] ?? state}\n`);
  }
  resolver.close();
  process.exitCode = isGood ? 0 : 1;
}

const explanations: Readonly<Record<string, string>> = {
  same: 'the published key is the one that signs',
  different: 'the published key is another one: signatures will not verify',
  missing: 'no record is published',
  revoked: 'the record is revoked (empty p=)',
  malformed: 'the record is no DKIM key record',
  unreachable: 'DNS did not answer',
};

/** `postern dkim keygen` and `postern dkim check` */
export function addDkimCommands(program: Command): void {
  const dkim = program.command('dkim').summary('make and check DKIM keys').description('DKIM keys.');
  withConfigOptions(dkim.command('keygen'))
    .summary('make a key pair')
    .description('Writes a private key and prints the record for DNS and the line for the configuration.')
    .requiredOption('--domain <domain>', 'domain that signs', parseDomain)
    .addOption(
      new Option('--for <what>', 'signatures (dkim) or seals (arc)').choices(['dkim', 'arc']).default('dkim'),
    )
    .option('--selector <selector>', 'selector in DNS (default: dkim or arc)', parseDomain)
    .addOption(new Option('--type <type>', 'kind of key').choices(['rsa', 'ed25519']).default('rsa'))
    .option('--bits <bits>', 'length of an RSA key', parseBits, 2048)
    .option(
      '--out <file>',
      'file for the private key (default: dkim/ or arc/DOMAIN.SELECTOR.key in the state folder)',
    )
    .option('--force', 'replace an existing key', false)
    .action(keygen);
  withConfigOptions(dkim.command('check'))
    .summary('compare keys with what is published')
    .description('Asks DNS for the record of every configured key, or of the one that is named.')
    .option('--domain <domain>', 'only this domain', parseDomain)
    .option('--selector <selector>', 'only this selector', parseDomain)
    .option('--key <file>', 'with --domain and --selector: this private key instead of the configured one')
    .option(
      '--nameserver <address>',
      'server to ask instead of the configured ones (repeatable)',
      (text: string, previous: readonly string[]) => [...previous, text],
      [],
    )
    .addHelpText('after', '\nExit code: 0 every key is published as it signs, 1 one is not.')
    .action(check);
}
