import type { Task } from '../core/index.ts';
import type { ScanResult } from './result.ts';

/** The parts of `apply` that change the task rather than the plan. */
export function applyToTask(task: Task, apply: Readonly<Record<string, unknown>>, result: ScanResult): void {
  const { subject, flags, messages, variables, symbols } = apply as Readonly<Record<string, unknown>>;
  if (typeof subject === 'string') task.subject = subject;
  if (Array.isArray(flags)) for (const flag of flags) task.flags.add(flag);
  for (const [name, text] of entries(messages)) task.messages[name] = String(text);
  for (const [name, value] of entries(variables)) {
    task.variables.set(name, typeof value === 'number' ? value : String(value));
  }
  if (Array.isArray(symbols)) {
    for (const name of symbols) if (typeof name === 'string') result.insert(name, 1, []);
  } else {
    for (const [name, value] of entries(symbols)) insertConfigured(result, name, value);
  }
  for (const [name, value] of entries(apply['add_headers'])) addHeaders(task, name, value);
  for (const [name, value] of entries(apply['remove_headers'])) {
    const instances = (Array.isArray(value) ? value : [value]).map(Number).filter(Number.isInteger);
    task.milter.removeHeaders.push({ name, instances: instances.length > 0 ? instances : [0] });
  }
}

function entries(value: unknown): readonly [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/** `SYM = weight` or `SYM = { score = weight, options }`: like any insertion, weight × the symbol's score. */
function insertConfigured(result: ScanResult, name: string, value: unknown): void {
  if (typeof value === 'number') {
    result.insert(name, value, []);
    return;
  }
  const { score, options } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const texts = Array.isArray(options) ? options.map(String) : [];
  result.insert(name, typeof score === 'number' ? score : 1, texts);
}

function addHeaders(task: Task, name: string, value: unknown): void {
  for (const item of Array.isArray(value) ? value : [value]) {
    if (typeof item === 'string' || typeof item === 'number')
      task.milter.addHeaders.push({ name, value: String(item) });
    else if (typeof item === 'object' && item !== null) {
      const { value: text, order, index } = item as Record<string, unknown>;
      const place = typeof order === 'number' ? order : typeof index === 'number' ? index : undefined;
      task.milter.addHeaders.push({ name, value: String(text ?? ''), order: place });
    }
  }
}
