import { defineCheck, type InsertHit, priorities, type Task, type UrlView } from '../../core/index.ts';
import { Follower } from './follow.ts';
import type { Way } from './known.ts';
import { redirectorOptions } from './options.ts';

/** What is left to the rest of the scan when links use up their time. */
const reserveMs = 300;
const minDeadlineMs = 50;

export const urlRedirector = defineCheck({
  name: 'url_redirector',
  summary: 'Asks redirectors (link shorteners) where links lead, so that later checks see the targets.',
  details: [
    'Does nothing until `redirector_hosts_map` names hosts. What is found joins the links of the message; the link that leads',
    'there gets the flag `redirected`. Mail of every direction is looked at.',
    '',
    'A request is HEAD, or GET for links in `redirector_get_urls_map`, whose page may also refer by `<meta http-equiv=refresh>`.',
    'Nothing of the message but the link itself is told; logins in links are not sent. With `forbid_local` a host whose name',
    'has any private, loopback, link-local or otherwise special address is not asked, at any step of the way, and the address',
    'that was looked at is the one connected to. Headers over 16 KiB, endless pages and silence end a request.',
    '',
    'Results are kept in the store under `rdr:` and 32 characters of the digest of the link; failures for a minute. `rdr:top_urls`',
    'counts targets. While the store cannot be reached redirectors are asked each time.',
    '',
    'Unlike Rspamd: all steps of the way are checked, not only the first; copies of a message that come at the same time',
    'ask once.',
  ].join('\n'),
  group: 'url',
  stage: 'prefilter',
  priority: priorities.medium,
  direction: 'both',
  needs: ['urls'],
  config: redirectorOptions,
  unsupported: { proxy: 'requests go to the address that was checked, not through another host' },
  symbols: {
    URL_REDIRECTOR_NESTED: {
      score: 1,
      description: 'A link leads on through more redirectors than are followed',
      oneShot: true,
    },
    URL_REDIRECTOR_NON_HTTP: {
      score: 1,
      description: 'A redirector leads to something that is no web page',
      oneShot: true,
    },
  },
  create(context) {
    const { config, maps, path, log, clock, options } = context;
    const { redirector_hosts_map: hostsSpec, redirector_get_urls_map: getSpec } = config;
    if (hostsSpec === undefined || hostsSpec === null) {
      log.debug('nothing is followed: `redirector_hosts_map` names no redirectors');
      return undefined;
    }
    const hosts = maps.open(hostsSpec, 'set', {
      description: 'url_redirector: hosts of redirectors',
      path: path('redirector_hosts_map'),
    });
    const getUrls =
      getSpec === undefined || getSpec === null
        ? undefined
        : maps.open(getSpec, 'regexp', {
            description: 'url_redirector: links to ask by GET',
            path: path('redirector_get_urls_map'),
          });
    const follower = new Follower(context, hosts, getUrls);
    const nested = context.rename('URL_REDIRECTOR_NESTED', config.redirector_symbol_nested);
    const found =
      config.redirector_symbol === undefined
        ? undefined
        : context.declare(config.redirector_symbol, { description: 'A link leads elsewhere' });

    async function choose(task: Task, signal: AbortSignal): Promise<readonly UrlView[]> {
      const chosen: UrlView[] = [];
      for (const url of task.content.urls) {
        if (chosen.length >= config.max_urls) break;
        if (url.url.startsWith('http') && (await follower.isRedirector(url.host, url.domain, signal)))
          chosen.push(url);
      }
      return chosen;
    }

    async function addWay(
      task: Task,
      hit: InsertHit<'URL_REDIRECTOR_NON_HTTP'>,
      url: UrlView,
      { ending, links, scheme }: Way,
      signal: AbortSignal,
    ): Promise<void> {
      const { from } = url;
      const saved = config.save_intermediate_redirs;
      for (const link of links.slice(1, -1)) {
        if (!URL.canParse(link)) continue;
        const { hostname } = new URL(link);
        const isRedirector = await follower.isRedirector(hostname, hostname, signal);
        if (isRedirector ? saved.redirectors : saved.non_redirectors) task.content.addUrl(link, { from });
      }
      const last = links.length > 1 ? links.at(-1) : undefined;
      const target =
        last === undefined ? undefined : task.content.addUrl(last, { from, redirectedFrom: url });
      if (ending === 'nested') hit(nested, 1, `${url.host}->${target?.host ?? url.host}:${links.length - 1}`);
      if (ending === 'other')
        hit('URL_REDIRECTOR_NON_HTTP', 1, `${target?.host ?? url.host}->${scheme ?? ''}`);
      if (found && target) hit(found, 1, `${url.host}->${target.host}`);
    }

    return {
      name: 'URL_REDIRECTOR_CALLBACK',
      waits: true,
      symbols: ['URL_REDIRECTOR_NON_HTTP', nested, ...(found ? [found] : [])],
      async run(task, hit) {
        if (task.content.urls.length === 0) return;
        const leftMs =
          options.taskTimeoutMs === undefined
            ? Number.POSITIVE_INFINITY
            : options.taskTimeoutMs - (clock.now() - task.startedMs) - reserveMs;
        const giveUp = new AbortController();
        const limitMs = Math.min(config.timeout * 1000, Math.max(minDeadlineMs, leftMs));
        const timer = setTimeout(() => giveUp.abort(), limitMs);
        const signal = AbortSignal.any([giveUp.signal, task.signal]);
        try {
          const urls = await choose(task, signal);
          const ways = await Promise.all(urls.map((url) => follower.follow(url.url, signal)));
          if (task.signal.aborted) return;
          for (const [index, way] of ways.entries()) await addWay(task, hit, urls[index]!, way, signal);
        } finally {
          clearTimeout(timer);
        }
      },
    };
  },
});
