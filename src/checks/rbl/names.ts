/** Names that exist in no public zone (RFC 6761, 6762, 8375, 9476): no list has them. */
const privateSuffix =
  /(?:^|\.)(?:local|localhost|localdomain|internal|intranet|private|lan|home|corp|alt|home\.arpa)$/;

/** Can a public list know this name? One label, or a name of a private network, is not worth a question. */
export function isPublicName(name: string): boolean {
  return name.includes('.') && !privateSuffix.test(name);
}

/** Characters of a whole name (RFC 1035 2.3.4). */
export const maxNameLength = 253;
const maxLabelLength = 63;
const dot = 0x2e;
const hyphen = 0x2d;

/** Can this be asked, with room for so many characters? Texts of messages hold what no name can be: blanks, empty labels, hyphens at an edge. */
export function isQuestion(name: string, maxLength = maxNameLength): boolean {
  if (name.length > maxLength) return false;
  let start = 0;
  for (let i = 0; i <= name.length; i++) {
    const code = i === name.length ? dot : name.charCodeAt(i);
    if (code === dot) {
      const length = i - start;
      if (length === 0 || length > maxLabelLength) return false;
      if (name.charCodeAt(start) === hyphen || name.charCodeAt(i - 1) === hyphen) return false;
      start = i + 1;
    } else if (code === 0x5c || code === 0x20 || (code >= 0x09 && code <= 0x0d)) return false;
    else if (code > 0x7e && blank.test(name)) return false;
  }
  return true;
}

const blank = /\s/;

/** A mailbox as lists keep it: without tags, and without the dots that Gmail does not look at. */
export function plainMailbox(local: string, domain: string): { local: string; domain: string } {
  let user = local.toLowerCase();
  const plus = user.indexOf('+');
  if (plus > 0) user = user.slice(0, plus);
  let host = domain.toLowerCase();
  if (host === 'googlemail.com') host = 'gmail.com';
  if (host === 'gmail.com') user = user.replaceAll('.', '');
  return { local: user, domain: host };
}
