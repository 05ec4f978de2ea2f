/** Names that exist in no public zone (RFC 6761, 6762, 8375, 9476): no list has them. */
const privateSuffix =
  /(?:^|\.)(?:local|localhost|localdomain|internal|intranet|private|lan|home|corp|alt|home\.arpa)$/;

/** Can a public list know this name? One label, or a name of a private network, is not worth a question. */
export function isPublicName(name: string): boolean {
  return name.includes('.') && !privateSuffix.test(name);
}

const label = /^(?!-)[^.\s\\]{1,63}(?<!-)$/;

/** Can this be asked? Texts of messages hold what no name can be. */
export function isQuestion(name: string): boolean {
  return name.length <= 253 && name.split('.').every((part) => label.test(part));
}

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
