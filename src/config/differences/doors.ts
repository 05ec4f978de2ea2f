import type { UpstreamConfig } from '../../core/index.ts';
import { type DifferenceContext, type KnownDifference, places, positionsOf } from './difference.ts';

const speaksMilter = ({ configuration: { proxy } }: DifferenceContext): boolean =>
  proxy.enabled && proxy.milter;

function isLoopback(host: string, ports: readonly (number | undefined)[]): boolean {
  const match = /^(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)/.exec(host);
  return match !== null && ports.includes(Number(match[1]));
}

/** Doors, protocols and what clients see. */
export const doorsDifferences: readonly KnownDifference[] = [
  {
    id: 'proxy-in-place',
    topic: 'proxy',
    rspamd: 'forwards to the scan port of the same machine',
    postern: 'scanned in place, with the same result and without the detour',
    concerns: (context) => {
      const { proxy, normal } = context.configuration;
      const ports = normal.enabled ? normal.sockets.map(({ port }) => port) : [];
      const isOwn = ({ hosts, tls }: UpstreamConfig): boolean =>
        !tls && hosts.some((host) => isLoopback(host, ports));
      if (!proxy.enabled || !proxy.upstreams.some(isOwn)) return undefined;
      return places(context, (path) => /^worker\.rspamd_proxy\.upstream\b.*\.hosts?$/.test(path)) ?? [];
    },
  },
  {
    id: 'milter-carry-over',
    topic: 'milter',
    rspamd:
      '`discard_on_reject` or `quarantine_on_reject` of one message holds for the next ones of the connection',
    postern: 'nothing is carried from one message to the next',
    concerns: (context) =>
      speaksMilter(context)
        ? places(context, (path) => /^worker\.rspamd_proxy\.(?:discard|quarantine)_on_reject$/.test(path))
        : undefined,
  },
  {
    id: 'milter-signature',
    topic: 'milter',
    rspamd: 'the DKIM header is sent after the verdict when `spam_header` is used, and lost',
    postern: 'headers and signatures always come before the verdict',
    concerns: (context) =>
      speaksMilter(context) ? places(context, (path) => path.startsWith('dkim_signing.')) : undefined,
  },
  {
    id: 'milter-percent',
    topic: 'milter',
    rspamd: 'a `%` in a reply makes the MTA take it for malformed',
    postern: '`%` is doubled, the text is one line of printable ASCII, the codes agree',
    concerns: (context) =>
      speaksMilter(context)
        ? positionsOf(
            context.options.filter(({ path, value }) => /message$/.test(path) && value.includes('%')),
          )
        : undefined,
  },
  {
    id: 'milter-login',
    topic: 'milter',
    rspamd: 'a login is read only from the macro as it is named by default; other macros are dropped',
    postern: '`{auth_authen}` is understood with and without braces; other macros are kept as `X-Milter-…`',
    concerns: (context) => (speaksMilter(context) ? [] : undefined),
  },
  {
    id: 'milter-slow-scan',
    topic: 'milter',
    rspamd: 'silent during a long scan; Sendmail waits ten seconds',
    postern: 'says every few seconds that it goes on',
    concerns: (context) => (speaksMilter(context) ? [] : undefined),
  },
  {
    id: 'scan-failure',
    topic: 'scan port',
    rspamd: 'a failed scan is an error object, which Haraka takes for a clean message',
    postern: 'a whole verdict, `soft reject`, with HTTP 503: every client tells its sender to try later',
    concerns: ({ configuration }) => (configuration.normal.enabled ? [] : undefined),
  },
  {
    id: 'scan-flag',
    topic: 'scan port',
    rspamd: '`spamc -c`, RSPAMC and SPAMC always say `False`',
    postern: '`True` for every action but `no action`, `greylist` and `soft reject`',
    concerns: ({ configuration }) => (configuration.normal.enabled ? [] : undefined),
  },
  {
    id: 'controller-password',
    topic: 'controller',
    rspamd: 'the stock password is `q1`',
    postern: 'generated at the first start into STATE/controller.password, readable by its owner only',
    concerns: ({ configuration: { controller } }) =>
      controller.enabled && controller.password === undefined ? [] : undefined,
  },
];
