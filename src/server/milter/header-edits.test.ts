import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeaderEdit, HeaderLedger } from './header-edits.ts';

const received = ['received', 'x-spam', 'subject', 'x-spam', 'x-spam'];

const deletions: readonly [instances: number[], deleted: number[]][] = [
  [[1], [1]],
  [[3], [3]],
  [[4], []],
  [[0], [3, 2, 1]],
  [[-1], [3]],
  [[-3], [1]],
  [[-4], []],
  [
    [1, 3],
    [3, 1],
  ],
  [[2, -2, 2], [2]],
  [
    [0, 1],
    [3, 2, 1],
  ],
  [[], []],
];
for (const [instances, deleted] of deletions) {
  test(`removing instances ${JSON.stringify(instances)} of three deletes ${JSON.stringify(deleted)} in this order`, () => {
    const edits = new HeaderLedger(received).delete([{ name: 'X-Spam', instances }]);
    assert.deepEqual(
      edits.map((edit) => (edit.kind === 'delete' ? edit.instance : edit)),
      deleted,
    );
  });
}

test('one name removed in several spellings is one list', () => {
  const edits = new HeaderLedger(received).delete([
    { name: 'X-Spam', instances: [1] },
    { name: 'x-SPAM', instances: [3] },
  ]);
  assert.deepEqual(
    edits.map((edit) => edit.kind === 'delete' && edit.instance),
    [3, 1],
  );
});

test('a header that is not there is not removed', () => {
  assert.deepEqual(new HeaderLedger(received).delete([{ name: 'X-None', instances: [0, 1, -1] }]), []);
});

// Five fields received; the MTA's own Received stands above them as number 0.
const additions: readonly [order: number | undefined, at: number | 'append'][] = [
  [undefined, 'append'],
  [-1, 'append'],
  [0, 0],
  [1, 1],
  [7, 7],
  [-2, 5],
  [-5, 2],
  [-6, 0],
];
for (const [order, at] of additions) {
  test(`order ${order} among five fields is ${at === 'append' ? 'the end' : `position ${at}`}`, () => {
    const edit = new HeaderLedger(received).add({ name: 'X-New', value: 'v', order });
    assert.deepEqual(
      edit,
      at === 'append'
        ? { kind: 'append', name: 'X-New', value: 'v' }
        : { kind: 'insert', index: at, name: 'X-New', value: 'v' },
    );
  });
}

test('an order from the end counts the fields as earlier edits left them', () => {
  const ledger = new HeaderLedger(received);
  ledger.delete([{ name: 'X-Spam', instances: [0] }]);
  const index = (edit: HeaderEdit): number => (edit.kind === 'insert' ? edit.index : -1);
  assert.equal(index(ledger.add({ name: 'A', value: '', order: -2 })), 2);
  assert.equal(index(ledger.add({ name: 'B', value: '', order: -2 })), 3);
  assert.equal(index(ledger.add({ name: 'C', value: '', order: -6 })), 0);
});
