import { type Part, type Task, taskFlags } from '../../core/index.ts';
import { ExpressionError } from '../../expr/index.ts';
import { compilePattern, RegexpError } from '../../lib/index.ts';
import { htmlTags } from './html-tags.ts';
import { partsDistance } from './parts-distance.ts';
import { areRecipientsSorted, recipientsLikeness } from './recipients.ts';

/** A function of an expression, compiled: 1 for true. */
export type Call = (task: Task) => number;

/** Arguments of one call, read with errors that name the function. */
class Arguments {
  readonly #name: string;
  readonly #values: readonly string[];
  readonly #offset: number;

  constructor(name: string, values: readonly string[], offset: number) {
    this.#name = name;
    this.#values = values;
    this.#offset = offset;
  }

  error(message: string): ExpressionError {
    return new ExpressionError(`${this.#name}: ${message}`, this.#offset);
  }

  text(index: number): string {
    const value = this.#values[index];
    if (value === undefined || value === '') throw this.error(`argument ${index + 1} is missing`);
    return value;
  }

  number(index: number): number {
    const value = Number(this.text(index));
    if (!Number.isFinite(value)) throw this.error(`argument ${index + 1} is no number`);
    return value;
  }

  has(index: number): boolean {
    return this.#values[index] !== undefined;
  }

  /** A pattern, or a text that is compared without regard to case. */
  matcher(index: number): (text: string) => boolean {
    const value = this.text(index);
    if (!value.startsWith('/')) {
      const wanted = value.toLowerCase();
      return (text) => text.toLowerCase() === wanted;
    }
    try {
      const pattern = compilePattern(value);
      // What is compared is short; a long one is somebody's attempt to keep us busy.
      return (text) => pattern.test(text.slice(0, maxChars));
    } catch (error) {
      if (error instanceof RegexpError) throw this.error(error.message);
      throw error;
    }
  }
}

const maxChars = 1_024;
const one = (isTrue: boolean): number => (isTrue ? 1 : 0);

const type = (part: Part): string => part.contentType.slice(0, part.contentType.indexOf('/'));
const subtype = (part: Part): string => part.contentType.slice(part.contentType.indexOf('/') + 1);

function anyPart(test: (part: Part) => boolean): Call {
  return ({ message }) => one(message.parts.some(test));
}

function headerExists(args: Arguments): Call {
  const key = args.text(0).toLowerCase();
  return ({ message }) => one(message.headers.has(key));
}

function transferEncoding(args: Arguments): Call {
  const wanted = args.text(0).toLowerCase();
  return anyPart((part) => part.children.length === 0 && part.transferEncoding === wanted);
}

function contentPart(args: Arguments, isInRange: (sizeBytes: number) => boolean): Call {
  const isType = args.matcher(0);
  const isSubtype = args.has(1) ? args.matcher(1) : () => true;
  return anyPart(
    (part) =>
      part.kind !== 'multipart' &&
      isType(type(part)) &&
      isSubtype(subtype(part)) &&
      isInRange(part.decoded().length),
  );
}

/** Zero-width characters inside words, or characters that are none: obfuscated or broken text. */
const badUnicode = /\p{L}[\u200b-\u200d\u2060\ufeff]+\p{L}|\ufffd/u;

function hasFlag(args: Arguments): Call {
  const name = args.text(0);
  if (name === 'bad_unicode')
    return ({ content }) => one(content.texts.some(({ text }) => badUnicode.test(text)));
  if (name === 'mime') return ({ flags }) => one(!flags.has('raw'));
  const flag = taskFlags.find((known) => known === name);
  if (flag === undefined) throw args.error(`there is no flag "${name}"`);
  return ({ flags }) => one(flags.has(flag));
}

const functions: Readonly<Record<string, (args: Arguments) => Call>> = {
  compare_encoding: transferEncoding,
  compare_transfer_encoding: transferEncoding,
  compare_parts_distance(args) {
    const least = args.number(0);
    const below = args.has(1) ? args.number(1) : Number.POSITIVE_INFINITY;
    return (task) => {
      const distance = partsDistance(task);
      return one(distance !== undefined && distance >= least && distance < below);
    };
  },
  compare_recipients_distance(args) {
    const least = args.number(0);
    return (task) => one(recipientsLikeness(task) >= least);
  },
  content_type_is_type(args) {
    const matches = args.matcher(0);
    return anyPart((part) => matches(type(part)));
  },
  content_type_is_subtype(args) {
    const matches = args.matcher(0);
    return anyPart((part) => matches(subtype(part)));
  },
  content_type_has_param(args) {
    const name = args.text(0).toLowerCase();
    return anyPart((part) => part.contentTypeParameters.has(name));
  },
  content_type_compare_param(args) {
    const name = args.text(0).toLowerCase();
    const matches = args.matcher(1);
    return anyPart((part) => {
      const value = part.contentTypeParameters.get(name);
      return value !== undefined && matches(value);
    });
  },
  has_content_part: (args) => contentPart(args, () => true),
  has_content_part_len(args) {
    const least = args.has(2) ? args.number(2) : 0;
    const most = args.has(3) ? args.number(3) : Number.POSITIVE_INFINITY;
    return contentPart(args, (sizeBytes) => sizeBytes >= least && sizeBytes <= most);
  },
  has_fake_html:
    () =>
    ({ content }) =>
      one(content.texts.some((view) => view.kind === 'html' && htmlTags(view).count < 2)),
  has_flag: hasFlag,
  has_html_tag(args) {
    const name = args.text(0).toLowerCase();
    return ({ content }) =>
      one(content.texts.some((view) => view.kind === 'html' && htmlTags(view).names.has(name)));
  },
  has_only_html_part:
    () =>
    ({ content: { texts } }) =>
      one(texts.length > 0 && texts.every(({ kind }) => kind === 'html')),
  has_symbol(args) {
    const name = args.text(0);
    return ({ result }) => one(result.has(name));
  },
  header_exists: headerExists,
  raw_header_exists: headerExists,
  is_empty_body:
    () =>
    ({ message }) =>
      one(message.parts.every((part) => part.children.length > 0 || part.bodyEnd <= part.bodyStart)),
  is_html_balanced:
    () =>
    ({ content }) => {
      const html = content.texts.filter(({ kind }) => kind === 'html');
      return one(html.length > 0 && html.every((view) => htmlTags(view).isBalanced));
    },
  is_recipients_sorted: () => (task) => one(areRecipientsSorted(task)),
};

/**
 * Compiles a call in an expression. `check_smtp_data` is read as a pattern by the caller.
 *
 * @throws ExpressionError for functions that there are not and arguments that are wrong
 */
export function compileCall(name: string, args: readonly string[], offset: number): Call {
  const make = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (make === undefined) throw new ExpressionError(`there is no function "${name}"`, offset);
  return make(new Arguments(name, args, offset));
}
