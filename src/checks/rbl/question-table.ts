/** One name below the zone of a list. */
export interface Question {
  /** `host`: its addresses are asked first, and they below the zone. */
  readonly kind: 'listed' | 'host';
  /** The encoded name and the zone; for a host the name itself. */
  readonly name: string;
  /** What was found, as the options of the symbol show it, and where; nearly always one thing in one place. */
  readonly origins: Origin[];
}

/** Something that was found, with the labels of the places, each once. */
export interface Origin {
  readonly what: string;
  readonly labels: string[];
}

/** Questions of one list about one message: equal names are asked once. */
export class QuestionTable {
  readonly #questions = new Map<string, Question>();

  get size(): number {
    return this.#questions.size;
  }

  values(): readonly Question[] {
    return [...this.#questions.values()];
  }

  add(name: string, origin: string, label: string, kind: Question['kind'] = 'listed'): void {
    const question = this.#questions.get(name);
    if (!question) {
      this.#questions.set(name, { kind, name, origins: [{ what: origin, labels: [label] }] });
      return;
    }
    const known = question.origins.find(({ what }) => what === origin);
    if (!known) question.origins.push({ what: origin, labels: [label] });
    else if (!known.labels.includes(label)) known.labels.push(label);
  }
}
