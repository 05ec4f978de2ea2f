import { type Hit, isSpamAction, type TaskFlag, type UrlView, type Verdict } from '../../core/index.ts';
import { encodeHeaderText } from '../encoded-word.ts';
import { renderMilterBlock } from './milter-block.ts';
import { formatDouble } from './number.ts';
import { refold } from './text.ts';

/**
 * Shapes of a verdict as JSON: `v2` of /checkv2 and /checkv3, `v1` of the older paths (symbols and scores inside
 * `default`, milter block named `rmilter`), `skip` of /skip (v2 without `metric_score`).
 */
export type VerdictLayout = 'v1' | 'v2' | 'skip';

export interface VerdictJsonOptions {
  readonly layout: VerdictLayout;
  /** Flags of the request: `groups`, `ext_urls` and `milter` (LF folds) change the reply. */
  readonly flags: ReadonlySet<TaskFlag>;
  /** Text of the field `error`, for a verdict that stands for a request over a limit. */
  readonly error?: string | undefined;
}

/** Names and descriptions of symbols as JSON: the same few hundred come with every verdict. */
const quoted = new Map<string, string>();
const maxQuoted = 4_000;

function quote(text: string): string {
  let json = quoted.get(text);
  if (json === undefined) {
    json = JSON.stringify(text);
    if (quoted.size < maxQuoted) quoted.set(text, json);
  }
  return json;
}

function symbolObject(hit: Hit, layout: VerdictLayout): string {
  let json = `{"name":${quote(hit.name)},"score":${formatDouble(hit.score)}`;
  if (layout === 'v2') json += `,"metric_score":${formatDouble(hit.metricScore)}`;
  if (hit.description !== undefined) json += `,"description":${quote(hit.description)}`;
  if (hit.options.length > 0) json += `,"options":${JSON.stringify(hit.options)}`;
  return `${json}}`;
}

function symbolFields(symbols: readonly Hit[], layout: VerdictLayout): string {
  let json = '';
  for (const hit of symbols) {
    json += `${json === '' ? '' : ','}${quote(hit.name)}:${symbolObject(hit, layout)}`;
  }
  return json;
}

function doubles(entries: Iterable<readonly [string, number]>): string {
  let json = '';
  for (const [name, value] of entries) {
    json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${formatDouble(value)}`;
  }
  return `{${json}}`;
}

function groupsObject(groups: Verdict['groups']): string {
  let json = '';
  for (const { name, score, description } of groups) {
    const text = description === undefined ? '' : `,"description":${JSON.stringify(description)}`;
    json += `${json === '' ? '' : ','}${JSON.stringify(name)}:{"score":${formatDouble(score)}${text}}`;
  }
  return `{${json}}`;
}

function urlArray(urls: readonly UrlView[], flags: ReadonlySet<TaskFlag>): string {
  if (!flags.has('ext_urls')) return JSON.stringify([...new Set(urls.map((url) => url.host))]);
  return JSON.stringify(
    urls.map((url) => ({ url: url.url, tld: url.domain, host: url.host, flags: url.flags })),
  );
}

/** Score, action and thresholds: the fields that the v1 layout holds in `default`. */
function judgement(verdict: Verdict, { layout, flags }: VerdictJsonOptions): string {
  let json = '';
  if (layout === 'v1') json += `"is_spam":${isSpamAction(verdict.action)},`;
  if (verdict.passthroughModule !== undefined) {
    json += `"passthrough_module":${JSON.stringify(verdict.passthroughModule)},`;
  }
  const score = Number.isNaN(verdict.score) ? 0 : verdict.score;
  json += `"is_skipped":${verdict.isSkipped},"score":${formatDouble(score)}`;
  json += `,"required_score":${formatDouble(verdict.requiredScore ?? Number.NaN)}`;
  json += `,"action":${JSON.stringify(verdict.action)}`;
  if (verdict.subject !== undefined)
    json += `,"subject":${JSON.stringify(encodeHeaderText(verdict.subject))}`;
  if (verdict.milterAction !== undefined) json += `,"reject":"${verdict.milterAction}"`;
  if (layout !== 'v1') json += `,"thresholds":${doubles(verdict.thresholds)}`;
  const symbols = symbolFields(verdict.symbols, layout);
  if (layout !== 'v1') json += `,"symbols":{${symbols}}`;
  else if (symbols !== '') json += `,${symbols}`;
  if (flags.has('groups')) json += `,"groups":${groupsObject(verdict.groups)}`;
  return json;
}

/** How folded values in the reply end their lines (wire-protocols 1.5.1 `milter`). */
function newlineOf(verdict: Verdict, flags: ReadonlySet<TaskFlag>): Verdict['newline'] {
  return flags.has('milter') ? '\n' : verdict.newline;
}

/** A verdict as compact JSON, fields in the order and numbers in the format of wire-protocols 1.7. */
export function renderVerdictJson(verdict: Verdict, options: VerdictJsonOptions): string {
  const { layout, flags } = options;
  const newline = newlineOf(verdict, flags);
  let json = judgement(verdict, options);
  if (layout === 'v1') json = `"default":{${json}}`;
  json += `,"messages":${JSON.stringify(verdict.messages)}`;
  if (verdict.urls !== undefined || verdict.emails !== undefined) {
    json += `,"urls":${urlArray(verdict.urls ?? [], flags)},"emails":${JSON.stringify(verdict.emails ?? [])}`;
  }
  if (verdict.profile !== undefined) json += `,"profile":${doubles(Object.entries(verdict.profile))}`;
  if (verdict.messageId !== undefined) json += `,"message-id":${JSON.stringify(verdict.messageId)}`;
  json += `,"time_real":${formatDouble(verdict.elapsedMs / 1000)}`;
  const signatures = verdict.dkimSignatures;
  if (signatures.length === 1) json += `,"dkim-signature":${JSON.stringify(refold(signatures[0]!, newline))}`;
  else if (signatures.length > 1) {
    json += `,"dkim-signature":${JSON.stringify(signatures.map((value) => refold(value, newline)))}`;
  }
  const milter = renderMilterBlock(verdict.milter, newline);
  if (milter !== undefined) json += `,"${layout === 'v1' ? 'rmilter' : 'milter'}":${milter}`;
  if (options.error !== undefined) json += `,"error":${JSON.stringify(options.error)}`;
  return `{${json}}`;
}

/** The answer to a client's mistake: an object whose only key is `error`, which every scan client takes for one. */
export function renderErrorJson(message: string): string {
  return `{"error":${JSON.stringify(message)}}`;
}
