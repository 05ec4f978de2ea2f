import {
  type CheckContext,
  defineCheck,
  type Header,
  type MapHandle,
  priorities,
  type Task,
  UpstreamError,
} from '../../core/index.ts';
import { parseAddressList } from '../../mime/index.ts';
import { canonicalAddress, canonicalDomain, isAllowed, parseAllowed } from './allowed.ts';
import { type Config, config } from './options.ts';

type Sym = 'SENDER_HEADER_MISMATCH' | 'SENDER_ENVELOPE_MISMATCH' | 'SENDER_ALIGNED' | 'SENDER_LOOKUP_FAIL';
type Action = Config['action'];

const maxFields = 10;
const maxAddresses = 100;
/** Addresses that a symbol names at most. */
const maxOptions = 5;

function addressesOf({ rawValue }: Header): readonly string[] {
  const { mailboxes } = parseAddressList(rawValue.replace(/\r?\n/g, ''), maxAddresses);
  return mailboxes.map(({ text }) => text);
}

/** Each makes the one before it stronger. */
const strength: readonly Action[] = ['off', 'mark', 'hold', 'reject'];
const stronger = (a: Action, b: Action): Action => (strength.indexOf(a) >= strength.indexOf(b) ? a : b);

/** The login as an address; undefined when it is none and has no domain to become one. */
function ownAddress(login: string, defaultDomain: string | undefined): string | undefined {
  if (login.includes('@')) return canonicalAddress(login);
  return defaultDomain === undefined ? undefined : canonicalAddress(`${login}@${defaultDomain}`);
}

/** Asks the map for the login, then for its domain. */
async function lookUp(map: MapHandle, login: string, own: string | undefined, signal: AbortSignal) {
  const found = await map.demand(login, signal);
  if (found !== undefined || own === undefined) return found;
  return map.demand(own.slice(own.lastIndexOf('@')), signal);
}

/** Ends with the deadline even where a driver does not look at signals. */
async function before<T>(asking: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw new UpstreamError('no time left');
  let onAbort: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    onAbort = () => reject(new UpstreamError('no answer in time'));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([asking, late]);
  } finally {
    signal.removeEventListener('abort', onAbort!);
  }
}

class Alignment {
  readonly #config: Config;
  readonly #senders: MapHandle | undefined;
  readonly #exempt: MapHandle | undefined;

  constructor({ config: options, maps, path }: CheckContext<Config, Sym>) {
    this.#config = options;
    const open = (option: 'senders' | 'exempt_logins', kind: 'hash' | 'set', description: string) =>
      options[option] === undefined
        ? undefined
        : maps.open(options[option], kind, { description, path: path(option) });
    this.#senders = open('senders', 'hash', 'sender_alignment: addresses of logins');
    this.#exempt = open('exempt_logins', 'set', 'sender_alignment: exempt logins');
  }

  get asksElsewhere(): boolean {
    return this.#senders?.isExternal === true || this.#exempt?.isExternal === true;
  }

  /**
   * Says whether a login may write as an address.
   *
   * @returns undefined: this login is not judged
   * @throws UpstreamError when nobody answers in time
   */
  async judgeOf(login: string, signal: AbortSignal): Promise<((address: string) => boolean) | undefined> {
    const options = this.#config;
    const exempt = this.#exempt;
    if (exempt && (await exempt.demand(login, signal)) !== undefined) return undefined;
    const own = ownAddress(login, options.default_domain);
    const found = this.#senders && (await lookUp(this.#senders, login, own, signal));
    if (found === undefined && this.#senders && options.unknown_login === 'skip') return undefined;
    const values = found === undefined ? [] : [found];
    if (own !== undefined && options.same_address) values.push(own);
    if (own !== undefined && options.same_domain) values.push(own.slice(own.lastIndexOf('@')));
    const allowed = parseAllowed(values);
    const delimiter = options.subaddresses ? options.recipient_delimiter : undefined;
    return (address) => isAllowed(address, allowed, delimiter);
  }

  /** Addresses of the header that the login may not use. */
  foreignHeader(task: Task, mayUse: (address: string) => boolean): readonly string[] {
    const { headers } = task.message;
    // A second From is against RFC 5322 3.6, and readers differ in which of the two they show: both must be allowed.
    const foreign = headers
      .every('from')
      .slice(0, maxFields)
      .flatMap(addressesOf)
      .filter((address) => !mayUse(address));
    if (foreign.length === 0 || !this.#config.accept_sender_header) return foreign.slice(0, maxOptions);
    // RFC 5322 3.6.2: exactly one mailbox, the agent that really sent the message.
    const senders = headers.every('sender').slice(0, maxFields).flatMap(addressesOf);
    return senders.length === 1 && mayUse(senders[0]!) ? [] : foreign.slice(0, maxOptions);
  }
}

export const senderAlignment = defineCheck({
  name: 'sender_alignment',
  summary: 'Tells whether a login may use the sender addresses of its mail.',
  details: [
    'A stolen password is mostly used to write as somebody else. This check compares the header field From and the',
    'envelope sender of mail with a login to what the login may use: its own address, and what a map, a database, an LDAP',
    'directory or an HTTP service says. It does nothing until `action` says what should happen.',
    '',
    'The null sender `<>` is always allowed (RFC 3464, RFC 8098: notices and receipts have it). Each address of a From',
    'with several must be allowed. Mail without a login is not judged.',
    '',
    '```',
    'action = "hold";',
    'senders {',
    '  external = true;',
    '  backend = "postgresql://postern:secret@db.example/mail";',
    '  query = "SELECT address FROM sender_acl WHERE login = $1";',
    '}',
    '```',
  ].join('\n'),
  group: 'policies',
  stage: 'filter',
  direction: 'outbound',
  needs: ['headers'],
  config,
  symbols: {
    SENDER_HEADER_MISMATCH: {
      score: 2,
      description: 'The login may not use the address in From',
      ref: 'RFC 6409 8.1',
    },
    SENDER_ENVELOPE_MISMATCH: {
      score: 1,
      description: 'The login may not use the envelope sender',
      ref: 'RFC 6409 6.1',
    },
    SENDER_ALIGNED: { description: 'The login may use its sender addresses' },
    SENDER_LOOKUP_FAIL: { description: 'Nobody could say which addresses the login may use' },
  },
  create(context) {
    const options = context.config;
    const headerAction = options.header_action ?? options.action;
    const envelopeAction = options.envelope_action ?? options.action;
    if (headerAction === 'off' && envelopeAction === 'off') return undefined;
    if (options.default_domain !== undefined && canonicalDomain(options.default_domain) === '')
      throw context.configError(['default_domain'], 'no domain');
    const alignment = new Alignment(context);
    const judged = context.metrics.counter(
      'postern_sender_alignment_total',
      'Mail with a login by whether the login may use its sender addresses',
      ['result'],
    );

    const force = (task: Task, action: Action): void => {
      if (action !== 'hold' && action !== 'reject') return;
      task.setPreResult({
        action: action === 'hold' ? 'quarantine' : 'reject',
        message: options.message,
        module: 'sender_alignment',
        priority: priorities.medium,
        isLeast: false,
        processAll: true,
      });
    };

    return {
      name: 'SENDER_ALIGNMENT_CHECK',
      waits: true,
      async run(task, hit) {
        // As it was sent: what an alias resolves to is somebody's own address, the alias may not be.
        const { login, sender } = task.originalEnvelope;
        if (login === undefined || login === '') return;
        const signal = alignment.asksElsewhere
          ? AbortSignal.any([task.signal, AbortSignal.timeout(options.timeout * 1000)])
          : task.signal;
        let mayUse: ((address: string) => boolean) | undefined;
        try {
          mayUse = await before(alignment.judgeOf(login, signal), signal);
        } catch (error) {
          if (!(error instanceof UpstreamError)) throw error;
          if (task.signal.aborted) return;
          judged.add(1, { result: 'failed' });
          hit('SENDER_LOOKUP_FAIL');
          if (options.on_failure === 'soft reject')
            task.setPreResult({
              action: 'soft reject',
              message: 'Try again later',
              module: 'sender_alignment',
              priority: priorities.medium,
              isLeast: false,
              processAll: true,
            });
          return;
        }
        if (!mayUse) {
          judged.add(1, { result: 'exempt' });
          return;
        }
        let worst: Action = 'off';
        if (headerAction !== 'off') {
          const foreign = alignment.foreignHeader(task, mayUse);
          if (foreign.length > 0) {
            hit('SENDER_HEADER_MISMATCH', 1, ...foreign);
            worst = headerAction;
          }
        }
        if (envelopeAction !== 'off' && sender && !mayUse(sender.text)) {
          hit('SENDER_ENVELOPE_MISMATCH', 1, sender.text);
          worst = stronger(worst, envelopeAction);
        }
        judged.add(1, { result: worst === 'off' ? 'aligned' : 'mismatch' });
        if (worst === 'off') hit('SENDER_ALIGNED');
        else force(task, worst);
      },
    };
  },
});
