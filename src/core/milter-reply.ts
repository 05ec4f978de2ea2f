/** A header to add: `order` undefined or -1 appends, 0 is the very top, n the position below n headers (wire-protocols 1.8). */
export interface AddedHeader {
  readonly name: string;
  /** Value without the name; folded lines are separated by LF. */
  readonly value: string;
  readonly order?: number | undefined;
}

/** Instances of one header to remove: 0 all, n the n-th from the top, -n the n-th from the end. */
export interface RemovedHeader {
  readonly name: string;
  readonly instances: readonly number[];
}

/** Changes of the message that checks asked for; rendered as the `milter` block and as milter packets. */
export class MilterReply {
  readonly addHeaders: AddedHeader[] = [];
  readonly removeHeaders: RemovedHeader[] = [];
  changeFrom: string | undefined;
  readonly addRecipients: string[] = [];
  readonly removeRecipients: string[] = [];
  /** Turns a reject into a discard or a quarantine. */
  rejectAs: 'discard' | 'quarantine' | undefined;
  /** Replaces `X-Spam: Yes` for action `add header`: a value, or header names with values. */
  spamHeader: string | Readonly<Record<string, string>> | undefined;
  /** Do not enforce the action; name it in a header instead. */
  noAction = false;

  get isEmpty(): boolean {
    return (
      this.addHeaders.length === 0 &&
      this.removeHeaders.length === 0 &&
      this.changeFrom === undefined &&
      this.addRecipients.length === 0 &&
      this.removeRecipients.length === 0 &&
      this.rejectAs === undefined &&
      this.spamHeader === undefined &&
      !this.noAction
    );
  }
}
