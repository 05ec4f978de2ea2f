import { domainInfo } from '../../content/index.ts';
import type { CheckContext, ReceivedHop, Task } from '../../core/index.ts';
import { type IpAddress, isIntrinsicallyLocal, parseIp, reversedIp } from '../../lib/index.ts';
import { ComposeMap } from './compose-map.ts';
import type { RuleSwitches } from './kinds.ts';
import { isPublicName, plainMailbox } from './names.ts';
import type { CheckKind, Config, RuleOptions } from './options.ts';
import type { ScanState } from './scan-state.ts';
import { splitSelector } from './selector-parts.ts';
import { choiceKey, urlKinds, urlNames } from './urls.ts';

/** Takes what a rule finds in a message. */
export interface Sink {
  readonly state: ScanState;
  name(name: string, label: string): void;
  address(address: IpAddress, label: string): void;
  /** Does a map protect this domain? */
  isAllowed(domain: string): boolean;
}

/** Finds names and addresses of one kind. */
export type Source = (task: Task, sink: Sink) => void;

type Context = CheckContext<Config, string>;

/** A rule as its sources see it. */
export interface SourceInit {
  readonly key: string;
  readonly options: RuleOptions;
  readonly switches: RuleSwitches;
  readonly kinds: ReadonlySet<CheckKind>;
  readonly context: Context;
  /** Own networks and those of `local_exclude_ip_map`. */
  readonly isLocalAddress: (ip: IpAddress) => boolean;
}

/** Sources of a rule: those that can start at once, and those that need the outcome of DKIM. */
export function ruleSources(init: SourceInit): {
  readonly now: readonly Source[];
  readonly dkim: readonly Source[];
} {
  const { kinds, options, context, key } = init;
  const map = options.url_compose_map;
  const compose =
    map === undefined
      ? undefined
      : new ComposeMap(
          context.maps.open(map, 'plain', {
            description: `domains that ${key} takes apart`,
            path: context.path('rbls', key, 'url_compose_map'),
          }),
        );
  const now: Source[] = [];
  if (kinds.has('from')) now.push(fromSource(init));
  if (kinds.has('received')) now.push(receivedSource(init));
  if (kinds.has('helo')) now.push(hostSource(init, 'helo', (task) => task.envelope.helo));
  if (kinds.has('rdns')) now.push(hostSource(init, 'rdns', (task) => task.envelope.hostName));
  if (kinds.has('emails')) now.push(emailsSource(init, compose));
  if (kinds.has('replyto')) now.push(replyToSource(init));
  if (urlKinds.some((kind) => kinds.has(kind))) now.push(urlsSource(init, compose));
  if (kinds.has('selector')) now.push(...selectorSources(init));
  return { now, dkim: kinds.has('dkim') ? [dkimSource(init, compose)] : [] };
}

function isFamilyWanted({ family }: IpAddress, { ipv4, ipv6 }: RuleSwitches): boolean {
  return family === 4 ? ipv4 : ipv6;
}

function fromSource({ switches }: SourceInit): Source {
  return ({ envelope: { clientIp } }, sink) => {
    if (clientIp && isFamilyWanted(clientIp, switches)) sink.address(clientIp, 'from');
  };
}

const hopHas: Readonly<Record<string, (hop: ReceivedHop) => boolean>> = {
  ssl: (hop) => hop.isTls,
  authenticated: (hop) => hop.isAuthenticated,
  // Hops are only those of the message; none is made up.
  artificial: () => false,
};

function isInside(
  place: number,
  total: number,
  { received_min_pos: min, received_max_pos: max }: RuleOptions,
): boolean {
  if (min !== undefined && (min < 0 ? place <= total + min : place < min)) return false;
  if (max === undefined || max === -1) return true;
  return max < 0 ? place <= total + max + 1 : max === 0 || place <= max;
}

function receivedSource({ switches, options, kinds, isLocalAddress }: SourceInit): Source {
  const wanted = switches.hopFlags.map((flag) => hopHas[flag]!);
  const unwanted = switches.missingHopFlags.map((flag) => hopHas[flag]!);
  return ({ message: { received }, envelope: { clientIp } }, sink) => {
    for (const [index, hop] of received.entries()) {
      const address = hop.fromIp === undefined ? undefined : parseIp(hop.fromIp);
      if (!address || !isFamilyWanted(address, switches) || !isInside(index + 1, received.length, options))
        continue;
      if (switches.excludesLocal && isLocalAddress(address)) continue;
      // The hop to us is the client, which has its own kind.
      if (kinds.has('from') && address.text === clientIp?.text) continue;
      if (!wanted.every((has) => has(hop)) || unwanted.some((has) => has(hop))) continue;
      sink.address(address, 'received');
    }
  };
}

/** Names that clients give or have; addresses in brackets (RFC 5321 4.1.3) are asked as addresses. */
function hostSource(
  { switches }: SourceInit,
  label: string,
  read: (task: Task) => string | undefined,
): Source {
  return (task, sink) => {
    const name = read(task)?.toLowerCase();
    if (name === undefined || name === '' || name === 'unknown') return;
    const bare = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1).replace(/^ipv6:/, '') : name;
    const address = parseIp(bare);
    if (address) {
      if (!switches.skipsAddresses && isFamilyWanted(address, switches) && !isIntrinsicallyLocal(address))
        sink.name(reversedIp(address), label);
    } else if (isPublicName(trimDots(name))) sink.name(name, label);
  };
}

function trimDots(name: string): string {
  return name.endsWith('.') ? name.replace(/\.+$/, '') : name;
}

function urlsSource(
  { switches, options, kinds, context }: SourceInit,
  compose: ComposeMap | undefined,
): Source {
  const choice = {
    kinds,
    skipsAddresses: switches.skipsAddresses,
    wantsHosts: options.url_full_hostname,
    compose,
  };
  const shared = choiceKey(choice);
  const limit = options.requests_limit ?? context.options.maxDnsRequests ?? defaultLimit;
  return (task, sink) => {
    let names = shared === undefined ? undefined : sink.state.urlNames.get(shared);
    if (!names) {
      names = urlNames(task, choice).filter(isPublicName);
      if (shared !== undefined) sink.state.urlNames.set(shared, names);
    }
    for (let i = 0; i < names.length && i < limit; i++) sink.name(names[i]!, 'url');
  };
}

/** `options.dns_max_requests` where nobody says it. */
export const defaultLimit = 64;

function mailboxName(init: SourceInit, local: string, domain: string, label: string, sink: Sink): void {
  const { switches, options } = init;
  if (local === '' || domain === '' || !isPublicName(domain)) return;
  if (switches.emailsDomainOnly) {
    sink.name(domain, label);
    return;
  }
  if (sink.isAllowed(domain)) return;
  const delimiter = options.emails_delimiter ?? (options.hash === undefined ? '.' : '@');
  sink.name(`${local}${delimiter}${domain}`, label);
}

function emailsSource(init: SourceInit, compose: ComposeMap | undefined): Source {
  const { switches, options, context } = init;
  const limit = options.requests_limit ?? context.options.maxDnsRequests ?? defaultLimit;
  return ({ content: { emails } }, sink) => {
    const seen = new Set<string>();
    for (const { local, domain: written } of emails) {
      if (seen.size >= limit) return;
      const { local: user, domain } = plainMailbox(local, written);
      let host = domain;
      if (switches.emailsDomainOnly && !options.url_full_hostname) {
        const registered = domainInfo(domain).domain;
        host = compose ? compose.compose(domain, registered) : registered;
      }
      seen.add(switches.emailsDomainOnly ? host : `${user}@${host}`);
      mailboxName(init, user, host, 'email', sink);
    }
  };
}

function replyToSource(init: SourceInit): Source {
  return ({ message: { replyTo } }, sink) => {
    const [first] = replyTo;
    if (!first) return;
    const { local, domain } = plainMailbox(first.local, first.domain);
    mailboxName(init, local, domain, 'replyto', sink);
  };
}

/** Domains of valid signatures only: anybody can write somebody else's name into a bad one. */
function dkimSource({ switches, options }: SourceInit, compose: ComposeMap | undefined): Source {
  const nameOf = (domain: string): string => {
    if (!switches.dkimDomainOnly || options.url_full_hostname) return domain;
    const registered = domainInfo(domain).domain;
    return compose ? compose.compose(domain, registered) : registered;
  };
  return ({ authentication: { dkim = [] }, message }, sink) => {
    for (const { result, domain } of dkim) {
      if (result !== 'pass' || domain === '') continue;
      if (switches.dkimMatchesFrom) {
        const from = message.from[0]?.domain;
        if (from === undefined || domainInfo(from).domain !== domainInfo(domain).domain) continue;
      }
      const name = nameOf(domain);
      if (isPublicName(name)) sink.name(name, 'dkim');
    }
  };
}

function selectorSources({ key, options, switches, context }: SourceInit): readonly Source[] {
  const { selector = {} } = options;
  const texts = typeof selector === 'string' ? { selector } : selector;
  return Object.entries(texts).map(([label, text]): Source => {
    const at = typeof selector === 'string' ? ['selector'] : ['selector', label];
    const parts = switches.flattensSelectors ? splitSelector(text) : [text];
    const compiled = parts.map((part) =>
      context.selectors.compile(part, { path: context.path('rbls', key, ...at), delimiter: '' }),
    );
    return (task, sink) => {
      for (const part of compiled) for (const value of part.values(task) ?? []) sink.name(value, label);
    };
  });
}
