const maxLinks = 20;
const maxChars = 65_536;

/** Hosts of names of vocabularies, which look like links and lead nowhere. */
const vocabularies =
  /^https?:\/\/(?:ns\.(?:adobe|useplus|google|camerabits|microsoft|apple|fbo|attribution)[^/]*|(?:www\.)?w3\.org|purl\.org|iptc\.org|cv\.iptc\.org|cipa\.jp|www\.aiim\.org|www\.metadataworkinggroup\.com|schemas\.[^/]+|xml\.[^/]+|[^/]*inkscape\.org\/namespaces|sodipodi\.sourceforge\.net|creativecommons\.org\/ns)/i;

/** Links that people put into the texts of a picture. */
export class MetadataLinks {
  readonly #links = new Set<string>();

  /** @param bytes text in any encoding; the first 65,536 bytes count */
  add(bytes: Buffer): void {
    if (this.#links.size >= maxLinks) return;
    const narrow = bytes.toString('latin1', 0, Math.min(bytes.length, maxChars));
    if (!/h\0?t\0?t\0?p/i.test(narrow)) return;
    // Texts of Windows are in UTF-16.
    const text = narrow.includes('h\0t') ? narrow.replaceAll('\0', '') : narrow;
    for (const [link] of text.matchAll(/https?:\/\/[^\s"'<>\0-\x20\x7f-\xff]{4,2000}/gi)) {
      if (vocabularies.test(link) || this.#links.size >= maxLinks) continue;
      this.#links.add(link.replace(/[.,;)\]]+$/, ''));
    }
  }

  get all(): readonly string[] {
    return [...this.#links];
  }
}
