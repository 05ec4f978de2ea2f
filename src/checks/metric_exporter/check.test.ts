import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCheck } from '../../../test/helpers/check-table.ts';
import { ConfigError } from '../../core/index.ts';
import { metricExporter } from './check.ts';

test('nothing runs on messages, whatever is configured', async () => {
  for (const section of [{}, { backend: 'graphite', metrics: ['scanned', 'actions.no action'] }]) {
    const built = await buildCheck(metricExporter, section);
    assert.deepEqual(built.units, []);
    await built.close();
  }
});

test('a backend without figures is refused', async () => {
  await assert.rejects(
    buildCheck(metricExporter, { backend: 'graphite' }),
    (error) => error instanceof ConfigError && /no figure is named/.test(error.message),
  );
});

test('other backends, unknown figures and prefixes that would break the protocol are refused', () => {
  for (const section of [
    { backend: 'statsd' },
    { backend: 'graphite', metrics: ['nonsense'] },
    { metric_prefix: 'a b\nc' },
    { interval: 0 },
  ])
    assert.equal(metricExporter.config.safeParse(section).success, false, JSON.stringify(section));
});
