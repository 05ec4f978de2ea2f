import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directionFilter, type GlobalOptions } from '../src/core/index.ts';
import { testTask } from './helpers/task.ts';

const stock: GlobalOptions = {
  actions: [],
  checkLocal: undefined,
  checkAuthed: undefined,
  maxRecipients: 0,
  maxUrls: 0,
  hostName: '',
  gtubePatterns: 'reject',
  historyRows: 0,
};

test('a check spares local and authenticated mail unless its own options, or else the global ones, say not to', () => {
  const local = testTask({ way: 'local' }).task;
  const authenticated = testTask({ way: 'authenticated' }).task;
  const foreign = testTask({ way: 'inbound' }).task;
  for (const [own, global, spared] of [
    [{}, {}, [true, true, false]],
    [{}, { checkLocal: true }, [false, true, false]],
    [{}, { checkAuthed: true }, [true, false, false]],
    [{ check_local: true }, { checkAuthed: true }, [false, true, false]],
    [{ check_authed: false }, { checkLocal: true, checkAuthed: true }, [true, true, false]],
  ] as const) {
    const spares = directionFilter(own, { ...stock, ...global });
    assert.deepEqual([local, authenticated, foreign].map(spares), spared, JSON.stringify([own, global]));
  }
});
