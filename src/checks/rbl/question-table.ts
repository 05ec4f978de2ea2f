/** One name below the zone of a list. */
export interface Question {
  /** `host`: its addresses are asked first, and they below the zone. */
  readonly kind: 'listed' | 'host';
  /** The encoded name and the zone; for a host the name itself. */
  readonly name: string;
  /** Labels of the places by what was found there, as the options of the symbol show it. */
  readonly origins: Map<string, Set<string>>;
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
    let question = this.#questions.get(name);
    if (!question) {
      question = { kind, name, origins: new Map() };
      this.#questions.set(name, question);
    }
    const labels = question.origins.get(origin);
    if (labels) labels.add(label);
    else question.origins.set(origin, new Set([label]));
  }
}
