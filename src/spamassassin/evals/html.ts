import { domainInfo } from '../../content/index.ts';
import type { HtmlFacts } from '../html-facts.ts';
import { argumentPattern, type EvalFunction, FunctionError, lowerBound, plain, upperBound } from './make.ts';

const numbers: Readonly<Record<string, (facts: HtmlFacts) => number>> = {
  length: ({ sourceLength }) => sourceLength,
  obfuscation_ratio: ({ obfuscationRatio }) => obfuscationRatio,
  min_size: ({ minFontSize }) => minFontSize,
  max_size: ({ maxFontSize }) => maxFontSize,
  image_area: ({ imageArea }) => imageArea,
  closed_extra_ratio: ({ closedExtraRatio }) => closedExtraRatio,
};

const flags: Readonly<Record<string, (facts: HtmlFacts) => boolean>> = {
  html: () => true,
  embeds: ({ hasEmbed }) => hasEmbed,
  form_action_mailto: ({ mailsForm }) => mailsForm,
};

const strings: Readonly<Record<string, (facts: HtmlFacts) => readonly string[]>> = {
  title: ({ titles }) => titles,
  comment: ({ comments }) => comments,
  anchor: ({ anchors }) => anchors.map(({ text }) => text),
};

function lookUp<T>(table: Readonly<Record<string, T>>, name: string, of: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined) throw new FunctionError(`${of}('${name}') (not known)`);
  return found;
}

type Comparison = (value: number) => boolean;

/** `< 384`, `!= 0`: the end of a comparison. */
function comparison(text: string, of: string): Comparison {
  const found = /^\s*(<=?|>=?|==?|!=)\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text);
  if (!found) throw new FunctionError(`${of} ("${text}" is no comparison)`);
  const bound = Number(found[2]);
  switch (found[1]) {
    case '<':
      return (value) => value < bound;
    case '<=':
      return (value) => value <= bound;
    case '>':
      return (value) => value > bound;
    case '>=':
      return (value) => value >= bound;
    case '!=':
      return (value) => value !== bound;
    default:
      return (value) => value === bound;
  }
}

const domainOf = (url: string): string | undefined => {
  const host = /^https?:\/\/(?:[^@/]+@)?([^/:?#]+)/i.exec(url.trim())?.[1]?.toLowerCase();
  return host === undefined || /^[\d.]+$/.test(host) ? undefined : domainInfo(host).domain;
};

/** Links over https in the text of anchors that lead to other domains. */
function mismatches({ anchors }: HtmlFacts): { readonly anchors: number; readonly isFound: boolean } {
  let count = 0;
  let isFound = false;
  for (const { target, text } of anchors) {
    const domain = domainOf(target);
    if (domain === undefined || text === '') continue;
    count++;
    const shown = /https:\/\/([^\s/:?#]+)/i.exec(text)?.[0];
    const displayed = shown === undefined ? undefined : domainOf(shown);
    if (displayed !== undefined && displayed !== domain) isFound = true;
  }
  return { anchors: count, isFound };
}

const addressLink = /^https?:\/*(?:[^@/]+@)?\d+\.\d+\.\d+\.\d+/i;

export const htmlFunctions: Readonly<Record<string, EvalFunction>> = {
  html_tag_exists: {
    make: ({ args: [tag = ''] }) => {
      const name = tag.toLowerCase();
      return ({ html }) => html.some(({ inside }) => inside.has(name));
    },
  },
  html_tag_balance: {
    make: ({ args: [tag = '', text = ''] }) => {
      const compare = comparison(text, 'html_tag_balance');
      const name = tag.toLowerCase();
      return ({ html }) =>
        html.some(({ inside }) => {
          const open = inside.get(name);
          return open !== undefined && compare(open);
        });
    },
  },
  html_image_only: {
    make:
      ({ args: [min, max] }) =>
      ({ html }) =>
        html.some(
          ({ inside, sourceLength }) =>
            inside.has('img') && sourceLength > Number(min) && sourceLength <= Number(max),
        ),
  },
  html_image_ratio: {
    make:
      ({ args: [min, max] }) =>
      ({ html }) =>
        html.some(({ inkLength, imageArea }) => {
          const ratio = inkLength / imageArea;
          return imageArea > 0 && ratio > Number(min) && ratio <= Number(max);
        }),
  },
  html_test: {
    make: ({ args: [name = ''] }) => {
      const flag = lookUp(flags, name, 'html_test');
      return ({ html }) => html.some(flag);
    },
  },
  html_eval: {
    make: ({ args: [name = '', text = ''] }) => {
      const value = lookUp(numbers, name, 'html_eval');
      const compare = comparison(text, 'html_eval');
      return ({ html }) => html.some((facts) => compare(value(facts)));
    },
  },
  html_range: {
    make: ({ args: [name = '', min, max] }) => {
      const value = lookUp(numbers, name, 'html_range');
      const above = lowerBound(min);
      const most = upperBound(max);
      return ({ html }) =>
        html.some((facts) => {
          const found = value(facts);
          return found > above && found <= most;
        });
    },
  },
  html_text_match: {
    make: ({ args: [name = '', written = ''] }) => {
      const read = lookUp(strings, name, 'html_text_match');
      const pattern = argumentPattern(written);
      return ({ html }) =>
        html.some((facts) => read(facts).some((text) => pattern.test(text.slice(0, 8_192))));
    },
  },
  html_text_not_match: {
    make: ({ args: [name = '', written = ''] }) => {
      const read = lookUp(strings, name, 'html_text_not_match');
      const pattern = argumentPattern(written);
      return ({ html }) =>
        html.some((facts) => read(facts).some((text) => !pattern.test(text.slice(0, 8_192))));
    },
  },
  html_title_subject_ratio: {
    make:
      ({ args: [ratio] }) =>
      (message) => {
        const subject = message.field('subject');
        return (
          subject !== '' &&
          message.html.some(({ titles }) =>
            titles.some((title) => title.length / subject.length > Number(ratio)),
          )
        );
      },
  },
  check_iframe_src: plain(({ html }) => html.some(({ hasFrameSource }) => hasFrameSource)),
  check_https_ip_mismatch: plain(({ html }) =>
    html.some(({ anchors }) =>
      anchors.some(
        ({ target, text }) =>
          addressLink.test(target) && /https:/i.test(text) && !addressLink.test(text.trim()),
      ),
    ),
  ),
  check_https_http_mismatch: {
    make: ({ args: [min, max] }) => {
      const least = Number(min ?? '1') || 1;
      const below = upperBound(max);
      return ({ html }) =>
        html.some((facts) => {
          const { anchors, isFound } = mismatches(facts);
          return isFound && anchors >= least && anchors < below;
        });
    },
  },
};
