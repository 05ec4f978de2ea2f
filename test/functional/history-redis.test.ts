import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { findRedisServer, startRedis } from '../helpers/redis-server.ts';
import { eventually, message, startServer } from './server.ts';

interface Row {
  readonly 'message-id': string;
  readonly action: string;
}

const binary = findRedisServer();
if (binary !== undefined)
  test('with Redis the history is a list of Rspamd’s, which the controller shows and empties', async () => {
    const redis = await startRedis(binary, { tcp: 'plain' });
    const server = await startServer({
      'local.d/redis.conf': `servers = "${redis.address}";\n`,
      'local.d/history_redis.conf': 'compress = false;\n',
    });
    try {
      const list = `rs_history${hostname()}`;
      const rows = async (): Promise<readonly Row[]> => {
        const answer = (await (await server.control('/history')).json()) as { readonly rows: readonly Row[] };
        return answer.rows;
      };
      await server.scan(message, { Rcpt: 'bob@example.net' });
      const [row] = await eventually(async () => {
        const found = await rows();
        return found.length > 0 && found;
      });
      assert.equal(row?.['message-id'], 'greetings@example.com');
      assert.match(await redis.command('LRANGE', list, '0', '-1'), /"message-id":"greetings@example\.com"/);
      await redis.command('LPUSH', list, '{"action":"reject","message-id":"other@example.com","symbols":{}}');
      assert.deepEqual(
        (await rows()).map((found) => found['message-id']),
        ['other@example.com', 'greetings@example.com'],
      );
      const reset = await server.control('/historyreset', { method: 'POST' });
      assert.deepEqual(await reset.json(), { success: true });
      assert.deepEqual(await rows(), []);
    } finally {
      await server.dispose();
      await redis.kill();
    }
  });
