import { ConfigError, type Log, type Task } from '../../core/index.ts';
import { parseUcl, toPlain } from '../../ucl/index.ts';
import { type Apply, foreignApply, mergeApply } from './apply.ts';
import { isRecord, type Values } from './reader.ts';
import type { Rule } from './rule.ts';

/** What a request asks for. */
export interface Query {
  readonly apply: Apply;
  readonly id: string | undefined;
  readonly priority: number;
}

const queryPriority = 1;
/** Longest text of settings in a request, in characters. */
const maxTextLength = 65_536;
const maxRemembered = 128;

/** Remembers what texts came to: clients send the same few over and over. */
class Memory<V> {
  readonly #values = new Map<string, V>();

  get(key: string, make: () => V): V {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = make();
    if (this.#values.size >= maxRemembered) {
      const [oldest] = this.#values.keys();
      this.#values.delete(oldest!);
    }
    this.#values.set(key, value);
    return value;
  }
}

/** Parses settings given as text; a message instead of an object when they cannot be. */
export function parseSettingsText(text: string): Values | string {
  if (text.length > maxTextLength) return `longer than ${maxTextLength} characters`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    try {
      value = toPlain(parseUcl(text, { file: 'settings' }).root);
    } catch (uclError) {
      if (!(uclError instanceof ConfigError)) throw uclError;
      // Texts of requests stay out of the log: only what is wrong and where.
      const [problem] = uclError.problems;
      return `line ${problem?.position?.line ?? 1}: not UCL or JSON`;
    }
  }
  return isRecord(value) ? value : 'not an object';
}

/** Reads settings out of requests: headers `Settings`, `Settings-ID`, `Maxscore`, `Softscore` (config-format 13.2). */
export class QueryReader {
  readonly #log: Log;
  readonly #texts = new Memory<Apply | 'bad'>();
  readonly #limits = new Memory<Apply>();
  readonly #merged = new Memory<Apply>();

  constructor(log: Log) {
    this.#log = log;
  }

  read(task: Task, byId: ReadonlyMap<string, Rule>): Query | undefined {
    const { settings, settingsId } = task.envelope;
    if (settings !== undefined) {
      const apply =
        typeof settings === 'string' ? this.#fromText(task, settings) : this.#foreign(task, settings);
      if (apply) {
        if (settingsId !== undefined) {
          this.#log.warn('a request has both settings and a settings id; the id is ignored', { id: task.id });
        }
        return { apply, id: undefined, priority: queryPriority };
      }
    }
    const limits = this.#scoreLimits(task);
    if (settingsId !== undefined) {
      const rule = byId.get(settingsId);
      if (rule?.apply) {
        // Values of the id win; the rule itself stays as it is.
        const { apply } = rule;
        const key = `${rule.name}\n${JSON.stringify(limits)}`;
        return {
          apply: limits ? this.#merged.get(key, () => mergeApply(limits, apply)) : apply,
          id: rule.id,
          priority: rule.priority,
        };
      }
      if (!rule)
        this.#log.warn('no settings have this id', { id: task.id, settings: settingsId.slice(0, 128) });
    }
    return limits && { apply: limits, id: undefined, priority: queryPriority };
  }

  #fromText(task: Task, text: string): Apply | undefined {
    if (text.length > maxTextLength) {
      this.#refuse(task, `longer than ${maxTextLength} characters`);
      return undefined;
    }
    const apply = this.#texts.get(text, () => {
      const parsed = parseSettingsText(text);
      if (typeof parsed !== 'string') return this.#foreign(task, parsed);
      this.#refuse(task, parsed);
      return 'bad';
    });
    return apply === 'bad' ? undefined : apply;
  }

  #refuse(task: Task, reason: string): void {
    this.#log.error('settings of a request cannot be read', { id: task.id, reason });
  }

  #foreign(task: Task, values: Values): Apply {
    return foreignApply(values, (reason) => {
      this.#log.warn('part of the settings of a request is left out', { id: task.id, reason });
    });
  }

  #scoreLimits({ envelope: { request } }: Task): Apply | undefined {
    const reject = request.get('maxscore');
    const addHeader = request.get('softscore');
    if (reject === undefined && addHeader === undefined) return undefined;
    const [maximum, soft] = [reject, addHeader].map((text) =>
      text === undefined || text.trim() === '' ? Number.NaN : Number(text),
    ) as [number, number];
    if (!Number.isFinite(maximum) && !Number.isFinite(soft)) return undefined;
    return this.#limits.get(`${maximum} ${soft}`, () => ({
      actions: {
        ...(Number.isFinite(maximum) ? { reject: maximum } : {}),
        ...(Number.isFinite(soft) ? { 'add header': soft } : {}),
      },
    }));
  }
}
