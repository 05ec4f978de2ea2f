/** A template that is not understood, with the offset in its text. Turned into a configuration problem by the renderer. */
export class TemplateFailure extends Error {
  readonly offset: number;
  readonly expected: string | undefined;

  constructor(message: string, offset: number, expected?: string) {
    super(message);
    this.offset = offset;
    this.expected = expected;
  }
}
