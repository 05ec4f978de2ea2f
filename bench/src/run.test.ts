import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { turnOrder } from './interleave.ts';
import type { LoadResult } from './loader.ts';
import { cycle } from './loader.ts';
import type { Block } from './measure.ts';
import { prepareMessage } from './message.ts';
import { contradictionIn, parseDuration, parseOptions, parseSettings } from './options.ts';
import { figure, table } from './report.ts';
import { memoryGrowth } from './soak.ts';
import { compare, summarize } from './summary.ts';

const load: LoadResult = {
  messages: 4,
  wallMs: 100,
  latenciesMs: [1, 2, 3],
  actions: { 'no action': 3 },
  symbols: 6,
  errors: { timeout: 1 },
};

function block(cpuMs: number | undefined): Block {
  return { ...load, cpuMs, cpuResolutionMs: 0, loaderCpuMs: 50, foreignShare: undefined, memory: undefined };
}

describe('a run', () => {
  it('gives each side its turn first as often as last', () => {
    assert.deepEqual(turnOrder(2, 4), [0, 1, 1, 0, 0, 1, 1, 0]);
    assert.deepEqual(turnOrder(1, 3), [0, 0, 0]);
  });

  it('goes round the messages from where a block begins', () => {
    const messages = [0, 1, 2].map((number) => prepareMessage(Buffer.from('x'), number, new Date(0)));
    const source = cycle(messages, 2, 4);
    const ids = Array.from({ length: 5 }, () => source()?.queueId.at(-1));
    assert.deepEqual(ids, ['2', '0', '1', '2', undefined]);
  });
});

describe('a summary', () => {
  it('counts verdicts for speed, all messages for CPU, and errors apart', () => {
    const side = summarize({ name: 'a', blocks: [block(8), block(16)], backgroundMsPerSecond: 0 });
    assert.equal(side.messagesPerSecond.median, 30);
    assert.equal(side.cpuMsPerMessage?.median, 3);
    assert.equal(side.errorCount, 2);
    assert.equal(side.symbolsPerMessage, 2);
    assert.equal(side.loaderShare, 0.5);
  });

  it('has no CPU figure when a target has no process here', () => {
    const blocks = [block(undefined)];
    const remote = { name: 'b', blocks, backgroundMsPerSecond: undefined };
    assert.equal(summarize(remote).cpuMsPerMessage, undefined);
    assert.equal(compare({ ...remote, blocks: [block(1)] }, remote).cpu, undefined);
  });

  it('compares blocks in pairs', () => {
    const first = { name: 'a', blocks: [block(10), block(40)], backgroundMsPerSecond: 0 };
    const second = { name: 'b', blocks: [block(5), block(10)], backgroundMsPerSecond: 0 };
    assert.equal(compare(first, second).cpu?.median, 0.375);
    assert.equal(compare(first, second).messagesPerSecond.max, 1);
  });
});

describe('memory growth', () => {
  it('takes its slope from the second half', () => {
    const samples = [0, 1, 2, 3, 4].map((minute) => ({
      atMs: minute * 60_000,
      messages: minute * 1000,
      rssBytes: minute < 2 ? minute * 1e6 : 2e6 + (minute - 2) * 10,
    }));
    const { firstBytes, lastBytes, maxBytes, bytesPerMinute, bytesPerThousandMessages } =
      memoryGrowth(samples);
    assert.deepEqual([firstBytes, lastBytes, maxBytes], [0, 2_000_020, 2_000_020]);
    assert.deepEqual([bytesPerMinute, bytesPerThousandMessages], [10, 10]);
    assert.throws(() => memoryGrowth([]), RangeError);
  });
});

describe('the command line', () => {
  const parse = (...words: string[]) => parseOptions(['node', 'bench', '--target', 'rspamd', ...words]);

  it('makes the standard run of --floor', () => {
    const { proto, corpus, settings, user } = parse('--floor');
    assert.deepEqual([proto, corpus, settings], ['http', ['spam-assassin'], '{"symbols_enabled":[]}']);
    assert.equal(user, 'bench@example.com');
    assert.equal(parse('--floor', '--no-user').user, undefined);
  });

  it('refuses options that do not go together', () => {
    const good = parse();
    assert.equal(contradictionIn(good), undefined);
    const [target] = good.target;
    assert.match(contradictionIn({ ...good, proto: 'milter', settings: '{}' })!, /no request headers/);
    assert.match(contradictionIn({ ...good, target: [target!, target!, target!] })!, /at most two/);
    assert.match(contradictionIn({ ...good, target: [target!, target!], self: true })!, /exactly one/);
    assert.match(contradictionIn({ ...good, maxRatio: 0.5 })!, /two targets/);
    assert.match(contradictionIn({ ...good, proto: 'rspamc', connection: 'close' })!, /for http/);
    assert.match(contradictionIn({ ...good, messagesPerConnection: 1 })!, /for milter/);
    assert.match(contradictionIn({ ...good, durationMs: 1, self: true })!, /leave --self out/);
    assert.match(
      contradictionIn({ ...good, durationMs: 1, maxRatio: 1, self: false, target: [target!, target!] })!,
      /blocks/,
    );
  });
});

describe('text', () => {
  it('reads times with their unit', () => {
    assert.deepEqual(['500ms', '60s', '1.5m', '1h'].map(parseDuration), [500, 60_000, 90_000, 3_600_000]);
    assert.throws(() => parseDuration('60'));
  });

  it('makes settings one line of ASCII and refuses what is no object', () => {
    assert.equal(parseSettings('{\n"a": "é"}'), '{"a":"\\u00e9"}');
    for (const text of ['[]', 'null', '{', '1']) assert.throws(() => parseSettings(text), text);
  });

  it('prints three significant digits and says when there is no figure', () => {
    assert.deepEqual([0.1234, 1.234, 12.34, 1234, Number.NaN, undefined].map(figure), [
      '0.123',
      '1.23',
      '12.3',
      '1234',
      'n/a',
      'n/a',
    ]);
    assert.equal(
      table([
        ['a', 'bb'],
        ['ccc', 'd'],
      ]),
      'a    bb\nccc   d',
    );
  });
});
