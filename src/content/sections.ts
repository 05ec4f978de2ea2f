import type { TextSections } from '../core/index.ts';

const quoteMark = /^[ \t]{0,3}(?:>|\|[ \t])/;
/** A line that says who wrote what follows, in the words of common mail programs. */
const attribution =
  /^.{0,400}(?<!\p{L})(?:wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|napisała?|napsala?|написала?|пишет)(?!\p{L}).{0,100}:[ \t]*$/iu;
const forwardMark =
  /^[ \t>]*(?:-{3,}[ \t]*(?:forwarded message|original message|weitergeleitete nachricht|ursprüngliche nachricht|message transféré|message d'origine|mensaje reenviado|mensaje original|messaggio inoltrato|messaggio originale|mensagem encaminhada|mensagem original|doorgestuurd bericht|oorspronkelijk bericht|пересылаемое сообщение|исходное сообщение)[ \t]*-{3,}|begin forwarded message:|anfang der weitergeleiteten nachricht:|début du message réexpédié[ \t]?:)[ \t]*$/iu;

/** Lines of one text that are told apart; what follows is the writer's own. */
const maxLines = 100_000;
/** Characters of a line by which it is told. */
const maxLineLength = 512;

/**
 * Tells what somebody wrote from what they quoted, forwarded and sign with. Everything below the mark of a forwarded or
 * original message is forwarded; a signature begins with `-- ` (RFC 3676 4.3) and ends with a quotation.
 */
export function splitSections(text: string): TextSections {
  const sections = { own: '', quoted: '', signature: '', forwarded: '' };
  let kind: keyof TextSections = 'own';
  let start = 0;
  for (let lines = 0; start < text.length; lines++) {
    const newline = lines < maxLines ? text.indexOf('\n', start) : -1;
    const end = newline < 0 ? text.length : newline + 1;
    const line = text.slice(start, Math.min(end, start + maxLineLength)).trimEnd();
    kind = nextKind(kind, line);
    sections[kind] += text.slice(start, end);
    start = end;
  }
  return sections;
}

function nextKind(kind: keyof TextSections, line: string): keyof TextSections {
  if (kind === 'forwarded' || forwardMark.test(line)) return 'forwarded';
  if (quoteMark.test(line) || (line.endsWith(':') && attribution.test(line))) return 'quoted';
  if (line === '--') return 'signature';
  return kind === 'signature' || (kind === 'quoted' && line === '') ? kind : 'own';
}
