import type { AddedHeader, Task } from '../../core/index.ts';
import type { Config } from './options.ts';

/** What a routine reads and where it writes. */
export interface RoutineContext {
  readonly task: Task;
  readonly settings: Config;
  readonly hostName: string;
  readonly headerOrder: number | undefined;
}

export type Routine = (context: RoutineContext) => void;

interface HeaderOptions {
  readonly header: string;
  readonly remove: number | null;
  readonly order?: number | undefined;
}

/** Has old instances of a header removed. */
export function removeOld(task: Task, name: string, remove: number | null): void {
  if (remove !== null) task.milter.removeHeaders.push({ name, instances: [remove] });
}

/** Has a header added, and old instances removed as its options say. */
export function write({ task, headerOrder }: RoutineContext, options: HeaderOptions, value: string): void {
  removeOld(task, options.header, options.remove);
  const order = options.order ?? headerOrder;
  const header: AddedHeader = { name: options.header, value, ...(order !== undefined && { order }) };
  task.milter.addHeaders.push(header);
}
