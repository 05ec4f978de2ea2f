import { z } from 'zod';
import { areConfusable } from '../../content/index.ts';
import { defineCheck, type Task } from '../../core/index.ts';

const maxShown = 10;

/** Hosts that look like others: pairs of target and what people are shown, and single ones. */
function lookAlikes({
  content,
}: Task): { readonly weight: number; readonly hosts: readonly string[] } | undefined {
  let weight = 0;
  const hosts = new Set<string>();
  for (const { host, displayed, flags } of content.urls) {
    if (displayed && areConfusable(host, displayed.host)) {
      weight = 1;
      hosts.add(`${host}->${displayed.host}`);
    } else if (flags.includes('homograph')) {
      weight = Math.max(weight, 0.5);
      hosts.add(host);
    }
  }
  return weight === 0 ? undefined : { weight, hosts: [...hosts].slice(0, maxShown) };
}

export const linkRules = defineCheck({
  name: 'link_rules',
  summary:
    'Judges the links of a message together: look-alikes, and versions of a text with different links.',
  details: [
    'Mail of every direction is looked at; rules of Rspamd without options of their own. OMOGRAPH_URL weighs 1 when what people are',
    'shown looks like the host they are led to, 0.5 when a single host mixes alphabets or imitates Latin letters.',
    'URI_COUNT_ODD counts links each time they occur: both versions of a text should have the same.',
  ].join('\n'),
  group: 'url',
  stage: 'filter',
  direction: 'both',
  needs: ['urls'],
  config: z.strictObject({}),
  symbols: {
    OMOGRAPH_URL: { score: 5, description: 'A link looks like one of somebody else', ref: 'UTS 39' },
    URI_COUNT_ODD: { score: 1, description: 'multipart/alternative with an odd number of links' },
  },
  create() {
    return (task, hit) => {
      const found = lookAlikes(task);
      if (found) hit('OMOGRAPH_URL', found.weight, ...found.hosts);
      if (task.message.root.contentType !== 'multipart/alternative') return;
      const { linkCount } = task.content;
      if (linkCount % 2 === 1) hit('URI_COUNT_ODD', 1, String(linkCount));
    };
  },
});
