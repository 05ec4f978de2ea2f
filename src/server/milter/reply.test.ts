import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CheckError,
  LimitError,
  type MilterReply,
  type ProxyWorker,
  StoreError,
  UpstreamError,
  type Verdict,
} from '../../core/index.ts';
import { milterReply, startMilter } from './testing/fixture.ts';
import { type ClientMessage, fullOffer, type Terms } from './testing/milter-client.ts';

interface Case {
  readonly verdict: Partial<Verdict>;
  readonly worker?: Partial<ProxyWorker>;
  readonly offer?: Terms;
  readonly message?: ClientMessage;
  readonly answer: readonly string[];
}

const saying = (text: string): Partial<Verdict> => ({ messages: { smtp_message: text } });
const asking = (changes: Partial<MilterReply>): Partial<Verdict> => ({ milter: milterReply(changes) });
const spamHeaders: ClientMessage = {
  headers: [
    ['X-Spam', ' no'],
    ['Subject', ' hi'],
    ['x-spam', ' maybe'],
  ],
};
const noActions: Terms = { ...fullOffer, actions: 0 };

const cases: Readonly<Record<string, Case>> = {
  'no action lets a message pass': { verdict: {}, answer: ['a'] },
  'greylist lets a message pass': { verdict: { action: 'greylist' }, answer: ['a'] },
  'a custom action lets a message pass': { verdict: { action: 'notify' }, answer: ['a'] },
  'a custom action may mean discard': { verdict: { action: 'drop', milterAction: 'discard' }, answer: ['d'] },
  'a custom action may mean quarantine': {
    verdict: { action: 'keep', milterAction: 'quarantine' },
    answer: ['q "Spam message quarantined"', 'a'],
  },
  'reject has the message of the configuration': {
    verdict: { action: 'reject' },
    answer: ['y "554 5.7.1 Spam message rejected"'],
  },
  'reject has the message of the verdict': {
    verdict: { action: 'reject', ...saying('Gtube pattern') },
    answer: ['y "554 5.7.1 Gtube pattern"'],
  },
  'a percent sign in a reply is doubled': {
    verdict: { action: 'reject', ...saying('100% spam %s') },
    answer: ['y "554 5.7.1 100%% spam %%s"'],
  },
  'a percent sign of the configuration is doubled': {
    verdict: { action: 'soft reject' },
    worker: { tempfailMessage: 'at 90%' },
    answer: ['y "451 4.7.1 at 90%%"'],
  },
  'line breaks and other bytes are cleaned from a reply': {
    verdict: { action: 'reject', ...saying('one\r\ntwo\0ü') },
    answer: ['y "554 5.7.1 one two ?"'],
  },
  'soft reject means try later': {
    verdict: { action: 'soft reject' },
    answer: ['y "451 4.7.1 Try again later"'],
  },
  'soft reject has the message of the verdict': {
    verdict: { action: 'soft reject', ...saying('Rate limit "user" exceeded') },
    answer: ['y "451 4.7.1 Rate limit \\"user\\" exceeded"'],
  },
  discard: { verdict: { action: 'discard', milterAction: 'discard' }, answer: ['d'] },
  'quarantine holds and accepts': {
    verdict: { action: 'quarantine', milterAction: 'quarantine', ...saying('look') },
    answer: ['q "look"', 'a'],
  },
  'quarantine without an agreement to hold is not delivered': {
    verdict: { action: 'quarantine', milterAction: 'quarantine' },
    offer: noActions,
    answer: ['y "451 4.7.1 Try again later"'],
  },
  discard_on_reject: { verdict: { action: 'reject' }, worker: { discardOnReject: true }, answer: ['d'] },
  quarantine_on_reject: {
    verdict: { action: 'reject' },
    worker: { quarantineOnReject: true },
    answer: ['q "Spam message quarantined"', 'a'],
  },
  'quarantine_on_reject without an agreement to hold rejects': {
    verdict: { action: 'reject' },
    worker: { quarantineOnReject: true },
    offer: noActions,
    answer: ['y "554 5.7.1 Spam message rejected"'],
  },
  'a reject that a check turned into a quarantine': {
    verdict: { action: 'reject', ...asking({ rejectAs: 'quarantine' }) },
    worker: { discardOnReject: true },
    answer: ['q "Spam message quarantined"', 'a'],
  },
  'an action that is not enforced is named in a header': {
    verdict: { action: 'reject', ...asking({ noAction: true }) },
    answer: ['h "X-Rspamd-Action" " reject"', 'a'],
  },
  'add header appends the spam header': {
    verdict: { action: 'add header' },
    answer: ['m 1 "X-Spam" " Yes"', 'a'],
  },
  'add header first removes spam headers that came with the message': {
    verdict: { action: 'add header' },
    message: spamHeaders,
    answer: ['m 2 "X-Spam" ""', 'm 1 "X-Spam" ""', 'm 1 "X-Spam" " Yes"', 'a'],
  },
  'spam_header names another header': {
    verdict: { action: 'add header' },
    worker: { spamHeader: 'X-Junk' },
    message: spamHeaders,
    answer: ['m 1 "X-Junk" " Yes"', 'a'],
  },
  'a check may give the value of the spam header': {
    verdict: { action: 'add header', ...asking({ spamHeader: 'score=7' }) },
    answer: ['m 1 "X-Spam" " score=7"', 'a'],
  },
  'a check may give other headers instead of the spam header': {
    verdict: { action: 'add header', ...asking({ spamHeader: { 'X-A': '1', 'X-B': '2' } }) },
    message: { headers: [['x-b', ' old']] },
    answer: ['m 1 "X-B" ""', 'm 1 "X-A" " 1"', 'm 1 "X-B" " 2"', 'a'],
  },
  'signatures come before the verdict with a spam header too': {
    verdict: { action: 'add header', dkimSignatures: ['v=1; a'], ...asking({ spamHeader: 'x' }) },
    answer: ['m 1 "X-Spam" " x"', 'i 1 "DKIM-Signature" " v=1; a"', 'a'],
  },
  'rewrite subject': {
    verdict: { action: 'rewrite subject', subject: '*** SPAM *** hi' },
    answer: ['m 1 "Subject" " *** SPAM *** hi"', 'a'],
  },
  'a subject beyond ASCII is encoded': {
    verdict: { action: 'rewrite subject', subject: 'Grüße' },
    answer: ['m 1 "Subject" " =?UTF-8?B?R3LDvMOfZQ==?="', 'a'],
  },
  'several signatures stand below the first Received in their order, folded with LF': {
    verdict: { dkimSignatures: ['v=1;\r\n b=a', 'v=1; b'] },
    answer: ['i 1 "DKIM-Signature" " v=1;\\n b=a"', 'i 2 "DKIM-Signature" " v=1; b"', 'a'],
  },
  'without leading space a value has no blank of its own': {
    verdict: { dkimSignatures: ['v=1'] },
    offer: { ...fullOffer, steps: 0xfffff },
    answer: ['i 1 "DKIM-Signature" "v=1"', 'a'],
  },
  'headers are removed from the last to the first before others are added': {
    verdict: asking({
      removeHeaders: [{ name: 'X-Spam', instances: [1, 2] }],
      addHeaders: [
        { name: 'X-End', value: 'e' },
        { name: 'X-Top', value: 't', order: 0 },
        { name: 'X-Last', value: 'l', order: -2 },
      ],
    }),
    message: spamHeaders,
    answer: [
      'm 2 "X-Spam" ""',
      'm 1 "X-Spam" ""',
      'h "X-End" " e"',
      'i 0 "X-Top" " t"',
      'i 3 "X-Last" " l"',
      'a',
    ],
  },
  'a value cannot smuggle in another header': {
    verdict: asking({ addHeaders: [{ name: 'X-A', value: 'a\r\nBcc: x' }] }),
    answer: ['h "X-A" " a\\n\\tBcc: x"', 'a'],
  },
  'a header whose name is none is left out': {
    verdict: asking({ addHeaders: [{ name: 'X A:', value: 'a' }] }),
    answer: ['a'],
  },
  'sender and recipients change after headers': {
    verdict: asking({
      changeFrom: 'bounce@example.com',
      addRecipients: ['<spy@example.org>'],
      removeRecipients: ['<BOB@example.net>'],
      addHeaders: [{ name: 'X-A', value: 'a' }],
    }),
    answer: [
      'h "X-A" " a"',
      'e "<bounce@example.com>"',
      '+ "<spy@example.org>"',
      '- "<bob@example.net>"',
      'a',
    ],
  },
  'an empty new sender is the null sender': { verdict: asking({ changeFrom: '' }), answer: ['e "<>"', 'a'] },
  'an address with control characters is left out': {
    verdict: asking({ addRecipients: ['a\r\nb@example.org', ''] }),
    answer: ['a'],
  },
  'a rewritten message replaces the body with CRLF': {
    verdict: { rewritten: Buffer.from('Subject: x\n\nnew\ntext\r\n') },
    answer: ['b "new\\r\\ntext\\r\\n"', 'a'],
  },
  'a body that was emptied is replaced by nothing': {
    verdict: { rewritten: Buffer.from('Subject: x\r\n\r\n') },
    answer: ['b ""', 'a'],
  },
  'a message that is refused is not changed': {
    verdict: { action: 'reject', dkimSignatures: ['v=1'], rewritten: Buffer.from('\r\nx') },
    answer: ['y "554 5.7.1 Spam message rejected"'],
  },
  'changes that were not agreed on are left out': {
    verdict: {
      dkimSignatures: ['v=1'],
      rewritten: Buffer.from('\r\nx'),
      ...asking({
        changeFrom: 'x@example.com',
        addRecipients: ['a@example.org'],
        removeRecipients: ['b@example.org'],
        removeHeaders: [{ name: 'Subject', instances: [0] }],
      }),
    },
    offer: noActions,
    answer: ['a'],
  },
  'a spam header is added where none may be changed': {
    verdict: { action: 'add header' },
    offer: { ...fullOffer, actions: 1 },
    message: spamHeaders,
    answer: ['h "X-Spam" " Yes"', 'a'],
  },
  'a subject is not added where none may be changed': {
    verdict: { action: 'rewrite subject', subject: 'x' },
    offer: { ...fullOffer, actions: 1 },
    answer: ['a'],
  },
};
for (const [name, { verdict, worker = {}, offer = fullOffer, message, answer }] of Object.entries(cases)) {
  test(name, async (t) => {
    const milter = await startMilter(t, { worker });
    milter.scanner.answer = verdict;
    const client = await milter.session(offer);
    assert.deepEqual(await client.scan(message), answer);
    assert.deepEqual(client.unread, []);
    assert.deepEqual((await client.scan({ from: '<next@example.com>' })).at(-1), answer.at(-1));
  });
}

test('a long new body goes out in one run of packets of at most 65535 bytes', async (t) => {
  const milter = await startMilter(t);
  milter.scanner.answer = {
    dkimSignatures: ['v=1'],
    rewritten: Buffer.concat([Buffer.from('\r\n'), Buffer.alloc(150_000, 'x')]),
  };
  const client = await milter.session();
  const answer = await client.scan();
  assert.deepEqual(
    answer.map((text) => text.slice(0, 1)),
    ['i', 'b', 'b', 'b', 'a'],
  );
  assert.deepEqual(
    answer.slice(1, 4).map((text) => text.length - 'b ""'.length),
    [65_535, 65_535, 18_930],
  );
});

test('changes that were left out are named in the log once a session', async (t) => {
  const milter = await startMilter(t);
  milter.scanner.answer = { dkimSignatures: ['v=1'] };
  const client = await milter.session(noActions);
  await client.scan();
  await client.scan();
  assert.deepEqual(
    milter.logged.filter((line) => line.startsWith('warn')),
    ['warn milter changes left out'],
  );
});

const failures: readonly [error: Error, line: string][] = [
  [new LimitError('overload', 'too many scans'), '451 4.3.2 Try again later'],
  [new StoreError('store is down'), '451 4.3.0 Try again later'],
  [new UpstreamError('no answer'), '451 4.7.1 Try again later'],
  [new CheckError('mid', new Error('bug')), '451 4.3.0 Try again later'],
  [new LimitError('tooLarge', 'message too large'), '552 5.3.4 message too large'],
  [new Error('bug with secrets'), '451 4.3.0 Try again later'],
];
for (const [error, line] of failures) {
  test(`a scan that fails with ${error.name} (${error.message}) is answered ${line.slice(0, 9)}`, async (t) => {
    const milter = await startMilter(t);
    milter.scanner.answer = error;
    const client = await milter.session();
    assert.deepEqual(await client.scan(), [`y ${JSON.stringify(line)}`]);
  });
}

test('a verdict that stands for a failure is answered as the error table says', async (t) => {
  const milter = await startMilter(t);
  milter.scanner.answer = { action: 'soft reject', failure: new StoreError('store is down') };
  const client = await milter.session();
  assert.deepEqual(await client.scan(), ['y "451 4.3.0 Try again later"']);
  assert.equal(milter.counted.get('postern_milter_messages_total failure'), 1);
  assert.equal(milter.scanner.settled, 1);
});
