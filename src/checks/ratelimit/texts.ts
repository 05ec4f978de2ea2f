import type { CheckResult } from './bucket.ts';
import type { Bucket, Limit } from './limits.ts';
import { formatCount, formatRate } from './rate-text.ts';

/** Names the limit and its size as it holds at present. */
export function limitedText({ name }: Limit, bucket: Bucket, result: CheckResult): string {
  const burst = formatCount(Math.floor(bucket.burst * result.burstMultiplier));
  const rate = formatRate(bucket.ratePerSecond * result.rateMultiplier);
  return `Ratelimit "${name}" exceeded: ${burst} ${bucket.counts} at once, ${rate}`;
}

/** Says that trying again is of no use. */
export function oversizedText({ name }: Limit, bucket: Bucket, units: number): string {
  const most = formatCount(Math.floor(bucket.capacity));
  return `Ratelimit "${name}" exceeded: ${units} recipients in one message, it never takes more than ${most}`;
}
