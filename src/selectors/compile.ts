import { hostname } from 'node:os';
import {
  ConfigError,
  type ConfigPath,
  type MapHandle,
  type Maps,
  type Selector,
  type Selectors,
  type SourcePosition,
  type Task,
} from '../core/index.ts';
import { Args } from './args.ts';
import { type Extractor, extractors, type Shape } from './extractors.ts';
import { type Call, parseSelectors, SelectorError, type SelectorSyntax } from './parse.ts';
import { joinedMethods, type Transform, transforms } from './transforms.ts';
import type { Item, SelectorObject } from './values.ts';

/** A selector's value between two steps; undefined: nil. */
type Value = Item | readonly Item[] | undefined;
type Step = (value: Value) => Value;

const maxElements = 4096;

function isList(value: Value): value is readonly Item[] {
  return Array.isArray(value);
}

function asText(item: Item): string | undefined {
  return typeof item === 'string' ? item : item.text;
}

function asTexts(list: readonly Item[]): readonly string[] {
  const texts: string[] = [];
  for (const item of list) {
    const text = asText(item);
    if (text !== undefined) texts.push(text);
  }
  return texts;
}

const singular = (shape: Shape): Shape =>
  shape === 'strings' ? 'string' : shape === 'objects' ? 'object' : shape;
const isListShape = (shape: Shape): boolean => shape === 'strings' || shape === 'objects';

/** Methods of plain texts, as Lua strings have them. */
const stringMethods: Readonly<Record<string, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  len: (text) => String(Buffer.byteLength(text, 'utf8')),
  reverse: (text) => Array.from(text).reverse().join(''),
};

interface CompiledOne {
  readonly isList: boolean;
  get(task: Task): Value;
}

class Compiler {
  readonly #hostName: string;
  readonly #map: (reference: string, offset: number) => MapHandle;

  constructor(hostName: string, map: (reference: string, offset: number) => MapHandle) {
    this.#hostName = hostName;
    this.#map = map;
  }

  one({ extractor: call, method, transforms: calls }: SelectorSyntax): CompiledOne {
    const definition = Object.hasOwn(extractors, call.name) ? extractors[call.name] : undefined;
    if (!definition) throw new SelectorError(`unknown selector "${call.name}"`, call.offset);
    const extractor = definition.make(new Args(call), {
      hostName: this.#hostName,
      map: (reference) => this.#map(reference, call.offset),
    });
    let { shape } = extractor;
    const steps: Step[] = [];
    if (method) {
      steps.push(this.#method(method, extractor));
      // A field may be a list; where it can be either, it is treated as a list.
      shape =
        shape === 'object' && !listFields.has(method.name)
          ? 'string'
          : shape === 'string'
            ? 'string'
            : 'strings';
    }
    for (const [index, transformCall] of calls.entries()) {
      const following = calls[index + 1];
      // What several methods say of one element belongs together until it is joined.
      if (transformCall.name === 'join_tables' && calls[index - 1]?.name === 'apply_methods') continue;
      const [step, next] =
        transformCall.name === 'apply_methods' && following?.name === 'join_tables'
          ? attach(joinedMethods(new Args(transformCall), new Args(following)), shape, (message) => {
              return new SelectorError(`apply_methods: ${message}`, transformCall.offset);
            })
          : this.#transform(transformCall, shape);
      steps.push(step);
      shape = next;
    }
    const { get } = extractor;
    return {
      isList: isListShape(shape),
      get(task) {
        let value: Value = get(task);
        for (const step of steps) value = step(value);
        return value;
      },
    };
  }

  #method(call: Call, extractor: Extractor): Step {
    const { name } = call;
    if (extractor.fields === undefined) {
      const run = Object.hasOwn(stringMethods, name) ? stringMethods[name] : undefined;
      if (!run) {
        throw new SelectorError(
          `a text has no ":${name}" (${Object.keys(stringMethods).join(', ')})`,
          call.offset,
        );
      }
      return (value) => {
        if (value === undefined) return undefined;
        return isList(value) ? asTexts(value).map(run) : run(asText(value) ?? '');
      };
    }
    if (!extractor.fields.includes(name)) {
      throw new SelectorError(`there is no ":${name}" (${extractor.fields.join(', ')})`, call.offset);
    }
    return (value) => {
      if (value === undefined) return undefined;
      if (!isList(value)) return (value as SelectorObject).field(name);
      return value.flatMap((item) => (item as SelectorObject).field(name) ?? []);
    };
  }

  #transform(call: Call, shape: Shape): [Step, Shape] {
    const definition = Object.hasOwn(transforms, call.name) ? transforms[call.name] : undefined;
    if (!definition) throw new SelectorError(`unknown transform "${call.name}"`, call.offset);
    const transform = definition.make(
      new Args(call),
      { map: (reference) => this.#map(reference, call.offset) },
      shape,
    );
    return attach(transform, shape, (message) => new SelectorError(`${call.name}: ${message}`, call.offset));
  }
}

/** Fields that are lists themselves. */
const listFields: ReadonlySet<string> = new Set([
  'options',
  'groups',
  'flags',
  'get_flags',
  'symbols',
  'inversed_str_octets',
]);

function attach(transform: Transform, shape: Shape, fail: (message: string) => SelectorError): [Step, Shape] {
  const wantsList = (): void => {
    if (!isListShape(shape)) throw fail('works on a list, and this is one value');
  };
  switch (transform.takes) {
    case 'text': {
      const { run } = transform;
      const step: Step = (value) => {
        if (value === undefined) return undefined;
        if (!isList(value)) {
          const text = asText(value);
          return text === undefined ? undefined : run(text);
        }
        return asTexts(value).flatMap((text) => run(text) ?? []);
      };
      return [step, transform.gives ?? (isListShape(shape) ? 'strings' : 'string')];
    }
    case 'texts': {
      wantsList();
      const { run } = transform;
      return [(value) => (isList(value) ? run(asTexts(value)) : undefined), transform.gives];
    }
    case 'items': {
      wantsList();
      const { run } = transform;
      return [
        (value) => (isList(value) ? run(value) : undefined),
        transform.gives === 'item' ? singular(shape) : shape,
      ];
    }
    case 'objects': {
      if (shape !== 'objects' && shape !== 'object')
        throw fail('works on what has fields, and these are texts');
      const { run } = transform;
      return [(value) => (value === undefined ? undefined : run(isList(value) ? value : [value])), 'strings'];
    }
    case 'any': {
      const { run } = transform;
      return [(value) => (value === undefined ? undefined : run()), transform.gives];
    }
    case 'nil': {
      const { run } = transform;
      const step: Step = (value) => {
        if (!isList(value)) return run(value === undefined ? undefined : asText(value));
        return run(value.length === 0 ? undefined : asText(value[0]!));
      };
      return [step, 'string'];
    }
  }
}

class CompiledSelector implements Selector {
  readonly text: string;
  readonly #parts: readonly CompiledOne[];
  readonly #delimiter: string;

  constructor(text: string, parts: readonly CompiledOne[], delimiter: string) {
    this.text = text;
    this.#parts = parts;
    this.#delimiter = delimiter;
  }

  values(task: Task): readonly string[] | undefined {
    if (this.#parts.length === 1) return this.#only(this.#parts[0]!, task);
    const columns: (string | readonly string[])[] = [];
    let rows = 1;
    let hasList = false;
    for (const part of this.#parts) {
      const value = part.get(task);
      if (value === undefined) return undefined;
      if (!isList(value)) {
        const text = asText(value);
        if (text === undefined) return undefined;
        columns.push(text);
        continue;
      }
      const list = asTexts(value);
      if (list.length === 0) return undefined;
      columns.push(list);
      rows = hasList ? Math.min(rows, list.length) : list.length;
      hasList = true;
    }
    const results: string[] = [];
    for (let row = 0; row < Math.min(rows, maxElements); row++) {
      results.push(
        columns.map((column) => (typeof column === 'string' ? column : column[row]!)).join(this.#delimiter),
      );
    }
    return results;
  }

  #only(part: CompiledOne, task: Task): readonly string[] | undefined {
    const value = part.get(task);
    if (value === undefined) return undefined;
    if (!isList(value)) {
      const text = asText(value);
      return text === undefined ? undefined : [text];
    }
    const list = asTexts(value);
    if (list.length === 0) return undefined;
    return list.length > maxElements ? list.slice(0, maxElements) : list;
  }
}

/** What selectors need. */
export interface SelectorsInit {
  readonly maps: Maps;
  readonly position?: ((path: ConfigPath) => SourcePosition | undefined) | undefined;
  /** Default: the machine's. */
  readonly hostName?: string | undefined;
}

/** Compiles selectors of one configuration. */
export function createSelectors(init: SelectorsInit): Selectors {
  const { maps, position } = init;
  return {
    compile(text, { path, delimiter = ':' }) {
      const compiler = new Compiler(init.hostName ?? hostname(), (reference) => {
        const known = maps.byAlias(reference);
        if (known) return known;
        return maps.open(reference, 'hash', { description: `map of selector ${path.join('.')}`, path });
      });
      try {
        const parts = parseSelectors(text).map((syntax) => compiler.one(syntax));
        return new CompiledSelector(text, parts, delimiter);
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error;
        throw new ConfigError(
          {
            message: `bad selector "${text}" at character ${error.offset + 1}: ${error.message}`,
            path: path.join('.'),
            position: position?.(path),
          },
          { cause: error },
        );
      }
    },
  };
}

/** Names with their descriptions, for the controller. */
export function listExtractors(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(extractors).map(([name, { description }]) => [name, description]));
}

/** Names with their descriptions, for the controller. */
export function listTransforms(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(transforms).map(([name, { description }]) => [name, description]));
}
