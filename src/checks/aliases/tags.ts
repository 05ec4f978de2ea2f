/** A local part and its domain without the tag of the recipient's own making (RFC 5233 1). */
export interface Untagged {
  readonly local: string;
  readonly domain: string;
  /** What stood after each `+`, empty ones left out. */
  readonly tags: readonly string[];
}

export interface TagRules {
  /** `user+tag` at any domain. */
  readonly plus: boolean;
  /** At gmail.com dots in local parts mean nothing, and googlemail.com is the same place. */
  readonly gmail: boolean;
}

const gmailDomains: ReadonlySet<string> = new Set(['gmail.com', 'googlemail.com']);

/** The address without tags; undefined when there is nothing to take away. */
export function untag(local: string, domain: string, rules: TagRules): Untagged | undefined {
  const isGmail = rules.gmail && gmailDomains.has(domain);
  if (!isGmail && !rules.plus) return undefined;
  // Quoted local parts (RFC 5321 4.1.2) have no tags.
  if (local.startsWith('"')) return undefined;
  const plus = local.indexOf('+');
  const hasTag = plus > 0;
  let user = hasTag ? local.slice(0, plus) : local;
  let place = domain;
  if (isGmail) {
    user = user.replaceAll('.', '');
    place = 'gmail.com';
    if (user === '') return undefined;
  }
  if (!hasTag && user === local && place === domain) return undefined;
  const tags = hasTag
    ? local
        .slice(plus + 1)
        .split('+')
        .filter((tag) => tag !== '')
    : [];
  return { local: user, domain: place, tags };
}
