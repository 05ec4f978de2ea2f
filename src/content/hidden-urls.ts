import { scanText } from './scan.ts';

/** Is there anything of what {@link revealLinks} undoes? One cheap look, since most text has none. A plain link is not. */
const marks =
  /\bhxxps?\b|\bh(?: t|t(?: t|t(?: p|p(?: s| ?: \/| :|:\/ \/|s(?: ?: \/| :|:\/ \/)|s?:\/\/(?: |\S \S )))))|[[({<] ?(?:\.|dot) ?[\])}>]|\sdot\s|&(?:#0*46|#x0*2e|period|#0*58|#x0*3a|colon|#0*47|#x0*2f|sol);/i;

const hostLabel = '[a-z0-9][a-z0-9-]{0,62}';
/** One letter, one blank, and again; at most as long as a link of some size. */
const spacedLink = /\bh ?t ?t ?p ?(s?) ?: ?\/ ?\/ ?((?:[\w./?=&%-] ){0,256}[\w./?=&%-]*)/gi;
const spelledDots = new RegExp(
  String.raw`\b(www|https?:\/\/${hostLabel})((?:\s{1,3}dot\s{1,3}${hostLabel}){1,8})`,
  'gi',
);
const spelledPath = new RegExp(
  String.raw`\b(${hostLabel})((?:\s{1,3}dot\s{1,3}${hostLabel}){1,8})\s{0,3}(?:\/|slash\s)\s{0,3}(?=\w)`,
  'gi',
);
const entities: readonly (readonly [RegExp, string])[] = [
  [/&(?:#0*46|#x0*2e|period);/gi, '.'],
  [/&(?:#0*58|#x0*3a|colon);/gi, ':'],
  [/&(?:#0*47|#x0*2f|sol);/gi, '/'],
];

function dotted(spelled: string): string {
  return spelled.replaceAll(/\s+dot\s+/gi, '.');
}

/** Undoes what people write so that programs do not see a link: `hxxp`, `[.]`, ` dot `, blanks between letters. */
function revealLinks(text: string): string {
  let plain = text;
  for (const [entity, char] of entities) plain = plain.replace(entity, char);
  return (
    plain
      .replace(spacedLink, (whole, secure: string, rest: string) =>
        / /.test(whole.slice(0, whole.length - rest.length)) || /^(?:\S ){4}/.test(rest)
          ? `http${secure}://${/^(?:\S ){4}/.test(rest) ? rest.replaceAll(' ', '') : rest}`
          : whole,
      )
      .replace(/\bhxxps\b/gi, 'https')
      .replace(/\bhxxp\b/gi, 'http')
      // An address that is written so for fear of robots is no hidden link.
      .replace(/\s?[[({<] ?(?:at|@) ?[\])}>]\s?/gi, '@')
      .replace(/[[({<] ?\. ?[\])}>]/g, '.')
      .replace(/\s?[[({<] ?dot ?[\])}>]\s?/gi, '.')
      .replace(/\[:\]/g, ':')
      .replace(spelledDots, (_, start: string, rest: string) => start + dotted(rest))
      .replace(spelledPath, (_, start: string, rest: string) => `${start}${dotted(rest)}/`)
  );
}

/**
 * Links that a text shows to people only, as people would type them.
 *
 * @param text a text
 * @param maxLength characters of a link
 * @returns those that stand in the text in no plainer form
 */
export function hiddenLinks(text: string, maxLength: number): readonly string[] {
  if (!marks.test(text)) return [];
  const revealed = revealLinks(text);
  if (revealed === text) return [];
  const open = new Set(linksOf(text, maxLength));
  return linksOf(revealed, maxLength).filter((link) => !open.has(link));
}

function linksOf(text: string, maxLength: number): string[] {
  const links = new Set<string>();
  scanText(text, maxLength, ({ kind, start, end }) => {
    if (kind === 'url') links.add(text.slice(start, end));
    return links.size >= 1_000 ? 'stop' : 'go';
  });
  return [...links];
}
