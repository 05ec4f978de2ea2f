import { z } from 'zod';
import { defineCheck, directionFilter, type InsertHit, type Resolver, type Task } from '../../core/index.ts';
import { reverseName } from '../../lib/index.ts';
import { genericWeight, heloWeight } from './generic-hosts.ts';
import { heloAddress } from './helo-address.ts';
import { askHost, isFqdn } from './hosts.ts';

const flag = (text: string) => z.boolean().default(true).describe(text);

const config = z.strictObject({
  helo_enabled: flag('Look at the HELO'),
  hostname_enabled: flag('Look at the name of the client'),
  from_enabled: flag('Look at the domain of the envelope sender'),
  rcpt_enabled: flag('Look for bounces to several recipients'),
  mid_enabled: z.boolean().default(false).describe('Look at the host of the Message-ID'),
  url_enabled: flag('Look for texts that are links and little else; on outbound mail too'),
  check_local: z.boolean().optional().describe('Also for mail from local addresses. Default: `options`, no'),
  check_authed: z.boolean().optional().describe('Also for mail with a login. Default: `options`, no'),
});
type Config = z.output<typeof config>;

const weighted = (scores: readonly number[], word: string, what: string) =>
  Object.fromEntries(
    scores.map((score, index) => [
      `HFILTER_${word}_${index + 1}`,
      { score, description: `${what} like that of a provider's customer (${index + 1} of 5)` },
    ]),
  );

type Weight = 1 | 2 | 3 | 4 | 5;
type Sides = 'HELO' | 'FROMHOST' | 'MID';

const symbols = {
  HFILTER_URL_ONLY: { score: 2.2, description: 'The text is links and little else' },
  HFILTER_URL_ONELINE: { score: 2.5, description: 'The text is a link below one line, and little else' },
  HFILTER_HELO_BAREIP: { score: 3, description: 'The HELO is an address', ref: 'RFC 5321 2.3.5' },
  HFILTER_HELO_BADIP: { score: 4.5, description: 'The HELO is an address of private or special use' },
  ...(weighted([0.5, 1, 2, 2.5, 3], 'HELO', 'The HELO is a name') as Record<
    `HFILTER_HELO_${Weight}`,
    { score: number; description: string }
  >),
  ...(weighted([0.5, 1, 2, 2.5, 3], 'HOSTNAME', 'The client has a name') as Record<
    `HFILTER_HOSTNAME_${Weight}`,
    { score: number; description: string }
  >),
  HFILTER_HOSTNAME_UNKNOWN: { score: 2.5, description: 'The client has no name' },
  HFILTER_HELO_NORESOLVE_MX: { score: 0.2, description: 'A mail exchanger of the HELO has no address' },
  HFILTER_HELO_NORES_A_OR_MX: { score: 0.3, description: 'The HELO has neither address nor mail exchanger' },
  HFILTER_HELO_IP_A: { score: 1, description: 'The HELO has no address, so not that of the client' },
  HFILTER_HELO_NOT_FQDN: { score: 2, description: 'The HELO is no full host name', ref: 'RFC 5321 2.3.5' },
  HFILTER_FROMHOST_NORESOLVE_MX: {
    score: 0.5,
    description: 'A mail exchanger of the envelope sender has no address',
  },
  HFILTER_FROMHOST_NORES_A_OR_MX: {
    score: 1.5,
    description: 'The domain of the envelope sender has neither address nor mail exchanger',
  },
  HFILTER_FROMHOST_NOT_FQDN: { score: 3, description: 'The domain of the envelope sender is no full name' },
  HFILTER_FROM_BOUNCE: { score: 0, description: 'The null sender' },
  HFILTER_RCPT_BOUNCEMOREONE: { score: 1.5, description: 'The null sender with several recipients' },
  HFILTER_MID_NORESOLVE_MX: {
    score: 0.5,
    description: 'A mail exchanger of the Message-ID host has no address',
  },
  HFILTER_MID_NORES_A_OR_MX: {
    score: 0.5,
    description: 'The Message-ID host has neither address nor mail exchanger',
  },
  HFILTER_MID_NOT_FQDN: { score: 0.5, description: 'The Message-ID host is no full name' },
} as const;
type Sym = keyof typeof symbols;
type Hit = InsertHit<Sym>;

/** From this share on, the text is links and little else. */
const urlShare = 0.8;

/** The HTML text counts, or the plain one where there is none. */
function checkUrls({ content }: Task, hit: Hit): void {
  if (content.urls.length === 0) return;
  const { texts } = content;
  const view =
    texts.findLast(({ kind }) => kind === 'html') ?? texts.findLast(({ kind }) => kind === 'plain');
  if (!view) return;
  const chars = content.urlChars(view);
  if (chars <= view.text.length * urlShare) return;
  // Links are ASCII, so with a share in characters below the bound that in bytes is, too.
  const ratio = chars / Buffer.byteLength(view.text);
  if (ratio <= urlShare) return;
  const weight = Math.min(1, (ratio - urlShare) * 5);
  hit('HFILTER_URL_ONLY', weight, weight.toFixed(2));
  // A line break within the text, as Rspamd counts: a link below a greeting counts, a bare link does not.
  const breaks = view.text.trimEnd().match(/\r\n?|\n/g)?.length ?? 0;
  if (breaks === 1) hit('HFILTER_URL_ONELINE', 1, `${view.kind}:${ratio.toFixed(2)}:1`);
}

/** Everything about the client and the envelope of one message. */
class EnvelopeRun {
  readonly #task: Task;
  readonly #hit: Hit;
  readonly #settings: Config;
  readonly #dns: Resolver;
  readonly #pending: Promise<void>[] = [];

  constructor(task: Task, hit: Hit, settings: Config, dns: Resolver) {
    this.#task = task;
    this.#hit = hit;
    this.#settings = settings;
    this.#dns = dns;
  }

  async run(): Promise<void> {
    const settings = this.#settings;
    this.#checkSender();
    if (settings.mid_enabled) this.#checkMessageId();
    const helo = settings.helo_enabled ? this.#checkHelo() : 0;
    this.#pending.push(this.#checkNames(helo));
    await Promise.all(this.#pending);
  }

  /** Weight of the HELO as a name of a customer; 0 also for addresses. */
  #checkHelo(): number {
    const { helo } = this.#task.envelope;
    if (helo === undefined || helo === '') return 0;
    const address = heloAddress(helo);
    if (address) {
      this.#hit(address.kind === 'odd' ? 'HFILTER_HELO_BADIP' : 'HFILTER_HELO_BAREIP', 1, address.text);
      return 0;
    }
    const weight = heloWeight(helo);
    if (weight === 0) {
      const { hostName } = this.#task.envelope;
      if (helo.toLowerCase() !== hostName?.toLowerCase()) this.#checkHost('HELO', helo);
    }
    return weight;
  }

  async #clientName(): Promise<string | 'none' | undefined> {
    const { hostName, clientIp } = this.#task.envelope;
    if (hostName !== undefined) return hostName;
    if (!clientIp) return 'none';
    const answer = await this.#dns.resolve(reverseName(clientIp), 'ptr', { signal: this.#task.signal });
    if (answer.records[0] !== undefined) return answer.records[0];
    return answer.status === 'nxdomain' || answer.status === 'nodata' ? 'none' : undefined;
  }

  async #checkNames(heloWeight: number): Promise<void> {
    let hostWeight = 0;
    let name: string | undefined;
    if (this.#settings.hostname_enabled) {
      name = await this.#clientName();
      if (name === 'none') this.#hit('HFILTER_HOSTNAME_UNKNOWN');
      else if (name !== undefined) hostWeight = genericWeight(name);
    }
    if (hostWeight > heloWeight) this.#hit(`HFILTER_HOSTNAME_${hostWeight as Weight}`, 1, name!);
    else if (heloWeight > 0)
      this.#hit(`HFILTER_HELO_${heloWeight as Weight}`, 1, this.#task.envelope.helo ?? '');
  }

  #checkSender(): void {
    const { sender, recipients } = this.#task.originalEnvelope;
    if (sender === null) {
      if (this.#settings.from_enabled) this.#hit('HFILTER_FROM_BOUNCE');
      if (this.#settings.rcpt_enabled && recipients.length > 1)
        this.#hit('HFILTER_RCPT_BOUNCEMOREONE', 1, String(recipients.length));
    } else if (sender && sender.domain !== '' && this.#settings.from_enabled) {
      this.#checkHost('FROMHOST', sender.domain);
    }
  }

  #checkMessageId(): void {
    if (this.#task.raw.length === 0) return;
    const parts = this.#task.message.messageId?.split('@');
    const host = parts?.length === 2 ? parts[1]! : '';
    if (host !== '' && !host.includes('local')) this.#checkHost('MID', host);
  }

  #checkHost(side: Sides, host: string): void {
    const name = host.toLowerCase();
    if (isFqdn(name)) this.#pending.push(this.#askHost(side, name));
    else this.#hit(`HFILTER_${side}_NOT_FQDN`, 1, name);
  }

  async #askHost(side: Sides, name: string): Promise<void> {
    const state = await askHost(this.#task, this.#dns, name);
    if (state.kind === 'fine' || state.kind === 'unknown') return;
    if (side === 'HELO' && this.#task.envelope.clientIp) this.#hit('HFILTER_HELO_IP_A', 1, name);
    if (state.kind === 'nothing') this.#hit(`HFILTER_${side}_NORES_A_OR_MX`, 1, name);
    if (state.kind === 'mx-unresolved') this.#hit(`HFILTER_${side}_NORESOLVE_MX`, 1, ...state.exchanges);
  }
}

export const hfilter = defineCheck({
  name: 'hfilter',
  summary: 'Looks at names and addresses of client and sender, and for texts that are links and little else.',
  details: [
    'Names of clients and HELOs are compared with what providers call their customers (`dhcp-1`, `pppoe`, the address in',
    'the name); 5 is the surest. The heavier of HELO and client name counts, the HELO when they are equal. DNS is asked for',
    'the name of the client when the MTA gave none, for addresses of HELO and envelope domain, and for their mail exchangers',
    'when they have none. An answer that does not come is no symbol.',
    '',
    'By default only the links of outbound mail are looked at, and DNS is not asked for it.',
  ].join('\n'),
  group: 'hfilter',
  stage: 'filter',
  direction: 'both',
  needs: [],
  config,
  symbols,
  create({ config: settings, options, dns }) {
    const skips = directionFilter(settings, options);
    const { helo_enabled, hostname_enabled, from_enabled, rcpt_enabled, mid_enabled, url_enabled } = settings;
    const looksAtEnvelope = helo_enabled || hostname_enabled || from_enabled || rcpt_enabled || mid_enabled;
    return {
      waits: looksAtEnvelope,
      run(task, hit) {
        if (url_enabled && task.raw.length > 0) checkUrls(task, hit);
        if (!looksAtEnvelope || skips(task)) return undefined;
        return new EnvelopeRun(task, hit, settings, dns).run();
      },
    };
  },
});
