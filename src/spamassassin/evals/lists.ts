import { domainInfo } from '../../content/index.ts';
import { fieldSource } from '../fields.ts';
import type { AddressLists } from '../lists.ts';
import type { RuleMessage } from '../message.ts';
import { senderAddresses } from './freemail.ts';
import { type EvalFunction, type EvalTest, FunctionError } from './make.ts';

const toOrCc = fieldSource('ToCc:addr');
const replyTo = fieldSource('Reply-To:addr');
const fromAddress = fieldSource('From:addr');
const fromName = fieldSource('From:name');

/** Recipients of the header and of the envelope, lower case. */
function recipientAddresses(message: RuleMessage): readonly string[] {
  const { recipients } = message.task.envelope;
  return [...toOrCc.read(message), ...recipients.map(({ text }) => text)].map((text) => text.toLowerCase());
}

function fromIn(list: string): EvalFunction {
  return {
    make:
      ({ lists }) =>
      (message) =>
        senderAddresses(message).some((address) => lists.has(list, address)),
  };
}

function toIn(list: string): EvalFunction {
  return {
    make:
      ({ lists }) =>
      (message) =>
        recipientAddresses(message).some((address) => lists.has(list, address)),
  };
}

/** In the list for the host that handed the message to our networks. */
function fromRelayIn(list: string, lists: AddressLists): EvalTest {
  return (message) => {
    const { trusted, untrusted } = message.relays;
    const relay = untrusted[0] ?? trusted.at(-1);
    return (
      relay !== undefined &&
      relay.rdns !== '' &&
      senderAddresses(message).some((address) => lists.hasFromRelay(list, address, relay.rdns))
    );
  };
}

/** `addrlist NAME` of `enlist_addrlist`, or one of the lists that have directives of their own. */
function listName(name: string | undefined, of: string): string {
  if (name === undefined || !/^\w+$/.test(name)) throw new FunctionError(`${of} (which list?)`);
  const known = name
    .toLowerCase()
    .replace(/^whitelist_/, 'welcomelist_')
    .replace(/^blacklist_/, 'blocklist_');
  return /^(?:welcomelist|blocklist|more_spam|all_spam)_/.test(known) ? known : `addrlist ${known}`;
}

function hostIn(list: string, lists: AddressLists): EvalTest {
  return ({ task }) => task.content.urls.some(({ host }) => lists.hasHost(list, host));
}

const hostList = (list: string): EvalFunction => ({ make: ({ lists }) => hostIn(list, lists) });

const defaultExtraChars = 50;

/** An address that the display name of From shows. */
function shownAddress(
  message: RuleMessage,
): { readonly address: string; readonly domain: string } | undefined {
  const name = fromName.read(message)[0]?.toLowerCase();
  const address =
    name && /(?<![\w.+-])([\w.!#$%&'*+/=?^`{|}~-]{1,64}@\w[\w-]{0,62}\.\w[\w.-]{0,190})/.exec(name)?.[1];
  if (!name || !address) return undefined;
  const host = address.slice(address.indexOf('@') + 1).replace(/[.-]+$/, '');
  const { domain, hasSuffix } = domainInfo(host);
  return hasSuffix ? { address, domain } : undefined;
}

type Shown = { readonly address: string; readonly domain: string };

function nameTest(
  test: (shown: Shown, from: Shown, message: RuleMessage) => boolean,
  extent: 'close' | 'any' = 'close',
): EvalFunction {
  return {
    make: () => (message) => {
      const shown = shownAddress(message);
      const address = fromAddress.read(message)[0]?.toLowerCase();
      if (!shown || address === undefined) return false;
      if (extent === 'close' && !isClose(fromName.read(message)[0]!.toLowerCase(), shown.address))
        return false;
      const domain = domainInfo(address.slice(address.lastIndexOf('@') + 1)).domain;
      return test(shown, { address, domain }, message);
    },
  };
}

/** Is the name hardly more than the address in it? */
function isClose(name: string, address: string): boolean {
  const others = (text: string): number => text.replace(/[a-z0-9]/g, '').length;
  return name.length + others(name) - others(address) - address.length <= defaultExtraChars;
}

/** First label: other suffixes of a name belong to the same owner. */
const owner = ({ domain }: Shown): string => domain.split('.')[0]!;

export const listFunctions: Readonly<Record<string, EvalFunction>> = {
  check_from_in_welcomelist: {
    make: ({ lists }) => {
      const relay = fromRelayIn('welcomelist_from_rcvd', lists);
      return (message) =>
        senderAddresses(message).some((address) => lists.has('welcomelist_from', address)) || relay(message);
    },
  },
  check_from_in_default_welcomelist: {
    make: ({ lists }) => fromRelayIn('def_welcomelist_from_rcvd', lists),
  },
  check_from_in_blocklist: fromIn('blocklist_from'),
  check_to_in_welcomelist: toIn('welcomelist_to'),
  check_to_in_blocklist: toIn('blocklist_to'),
  check_to_in_more_spam: toIn('more_spam_to'),
  check_to_in_all_spam: toIn('all_spam_to'),
  check_from_in_list: {
    make: ({ args: [name], lists }) => fromIn(listName(name, 'check_from_in_list')).make({ args: [], lists }),
  },
  check_to_in_list: {
    make: ({ args: [name], lists }) => toIn(listName(name, 'check_to_in_list')).make({ args: [], lists }),
  },
  check_replyto_in_list: {
    make: ({ args: [name], lists }) => {
      const list = listName(name, 'check_replyto_in_list');
      return (message) => replyTo.read(message).some((address) => lists.has(list, address.toLowerCase()));
    },
  },
  check_uri_host_listed: { make: ({ args: [name = ''], lists }) => hostIn(name, lists) },
  check_uri_host_in_blocklist: hostList('block'),
  check_uri_host_in_welcomelist: hostList('welcome'),
  check_from_in_whitelist: {
    make: (context) => listFunctions['check_from_in_welcomelist']!.make(context),
  },
  check_from_in_default_whitelist: {
    make: ({ lists }) => fromRelayIn('def_welcomelist_from_rcvd', lists),
  },
  check_from_in_blacklist: fromIn('blocklist_from'),
  check_to_in_whitelist: toIn('welcomelist_to'),
  check_to_in_blacklist: toIn('blocklist_to'),
  check_uri_host_in_blacklist: hostList('block'),
  check_uri_host_in_whitelist: hostList('welcome'),
  check_fromname_contains_email: nameTest(() => true, 'any'),
  check_fromname_different: nameTest((shown, from) => shown.address !== from.address),
  check_fromname_domain_differ: nameTest((shown, from) => shown.domain !== from.domain),
  check_fromname_owners_differ: nameTest((shown, from) => owner(shown) !== owner(from)),
  check_fromname_spoof: nameTest((shown, from) => owner(shown) !== owner(from)),
  check_fromname_equals_to: nameTest((shown, _, message) =>
    recipientAddresses(message).includes(shown.address),
  ),
  check_fromname_equals_replyto: nameTest(
    (shown, _, message) => replyTo.read(message)[0]?.toLowerCase() === shown.address,
  ),
};
