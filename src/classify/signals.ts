/** Where features of a message are put down. */
export interface Signals {
  add(name: string): void;
}

/** The step of a scale that a value reaches: the number of limits at or below it. */
export function stepOf(value: number, limits: readonly number[]): number {
  let step = 0;
  while (step < limits.length && value >= limits[step]!) step++;
  return step;
}
