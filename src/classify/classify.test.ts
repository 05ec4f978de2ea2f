import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentViews } from '../content/index.ts';
import { parseMessage } from '../mime/index.ts';
import { gramBuckets, hashWords } from './grams.ts';
import { ContentModel, parseModelFile, readFeatures, readShippedModel } from './index.ts';
import { countTopics, type Topic, topics } from './phrases.ts';
import { readWords } from './words.ts';

function featuresOf(raw: string | Buffer): ReturnType<typeof readFeatures> {
  const message = parseMessage(Buffer.from(raw));
  return readFeatures(message, contentViews(message));
}

function topicsOf(text: string): readonly Topic[] {
  const counts = countTopics(readWords(text, 100).tokens);
  return topics.filter((_, index) => counts[index]! > 0);
}

const said: readonly (readonly [string, Topic])[] = [
  ['Please confirm your account', 'verify-account'],
  ['verify now your account', 'verify-account'],
  ['Ihr Konto wurde gesperrt', 'suspended'],
  ['Votre compte a été suspendu', 'suspended'],
  ['haga clic en el enlace', 'call-to-click'],
  ['Você ganhou um prêmio', 'prize'],
  ['il tuo pacco', 'parcel-fee'],
  ['bedankt voor je bestelling', 'order-notice'],
  ['сlick herе', 'call-to-click'],
  ['cl\u200bick he\u200bre', 'call-to-click'],
  ['ｃｌｉｃｋ ｈｅｒｅ', 'call-to-click'],
];
for (const [text, topic] of said) {
  test(`${JSON.stringify(text)} is of ${topic}`, () => assert.ok(topicsOf(text).includes(topic)));
}

test('phrases are whole words, and gaps are short', () => {
  assert.ok(!topicsOf('reconfirmed accountants').includes('verify-account'));
  assert.ok(!topicsOf('verify one two three four account').includes('verify-account'));
});

test('disguise is counted', () => {
  const read = readWords('p\u200ba\u200by pаypal 𝐩𝐚𝐲', 10);
  assert.deepEqual(read, {
    tokens: ['pay', 'paypal', 'pay'],
    invisibleCount: 2,
    mixedCount: 1,
    styledCount: 3,
  });
});

test('numbers are one word, and each bucket is there once', () => {
  assert.deepEqual(hashWords(['order', '123'], [], 10), hashWords(['order', '77'], [], 10));
  assert.equal(
    new Set(hashWords(['one', 'one', 'one'], ['one'], 10)).size,
    hashWords(['one', 'one', 'one'], ['one'], 10).length,
  );
});

const html = (body: string, head = ''): string =>
  `From: "PayPal Service" <x@odd.example>\r\nTo: a@b.example\r\nSubject: Notice\r\n${head}MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>${body}</body></html>\r\n`;

const seen: readonly (readonly [what: string, raw: string, names: readonly string[]])[] = [
  ['a borrowed brand', html('Hello'), ['from:borrowed-brand', 'parts:html-only']],
  [
    'a link that shows another host',
    html('<a href="http://192.0.2.7/x">www.paypal.com</a>'),
    ['link:shows-other-host', 'link:address-number'],
  ],
  ['a shortened link', html('<a href="https://bit.ly/abc">See</a>'), ['link:shortened', 'links:followed']],
  [
    'hidden and tiny text',
    html('<div style="display:none">secret</div><p style="font-size:0px">x</p>Hello'),
    ['html:hidden', 'html:tiny-text'],
  ],
  ['a form', html('<form action="https://x.example/"><input name="p"></form>'), ['html:form', 'html:input']],
  [
    'a reply',
    'From: Ann Hill <a@b.example>\r\nSubject: Re: x\r\nIn-Reply-To: <1@b>\r\n\r\nYes.\r\n\r\n> no\r\n',
    ['header:reply', 'subject:reply-with-reference', 'text:quoted-lines:1', 'from:name-of-person'],
  ],
  ['a list', 'From: a@b.example\r\nList-Id: <l.example>\r\n\r\nx\r\n', ['list:list-server']],
  [
    'replies elsewhere',
    html('x', 'Reply-To: z@gmail.com\r\n'),
    ['reply-to:other-domain', 'reply-to:free-mail'],
  ],
  [
    'an attached page',
    'From: a@b.example\r\nContent-Type: text/html; name="i.html"\r\nContent-Disposition: attachment; filename="i.html"\r\n\r\n<p>x</p>\r\n',
    ['attachment:page', 'parts:attachment-only'],
  ],
];
for (const [what, raw, names] of seen) {
  test(`${what} is seen`, () => {
    const found = featuresOf(raw).names;
    assert.deepEqual(
      names.filter((name) => !found.includes(name)),
      [],
    );
  });
}

test('whatever the bytes are, features are read and judged', () => {
  const model = readShippedModel();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      (bytes, text) => {
        for (const raw of [
          Buffer.from(bytes),
          Buffer.from(html(text)),
          Buffer.from(`Subject: ${text}\n\n${text}`),
        ]) {
          const features = featuresOf(raw);
          assert.ok(features.grams.every((bucket) => bucket >= 0 && bucket < gramBuckets));
          const { probability } = model.judge(features);
          assert.ok(probability >= 0 && probability <= 1);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('of a huge text only the beginning counts', () => {
  const features = featuresOf(html('<b>a</b> &#97; '.repeat(200_000)));
  assert.ok(features.names.length < 300 && features.words <= 1500);
});

test('the weights give the probability and the reasons', () => {
  const named = { 'says:urgency': 2, 'header:reply': -3 };
  const grams = Buffer.alloc(gramBuckets).toString('base64');
  const model = new ContentModel({
    format: 1,
    bias: 0,
    calibration: { slope: 1, offset: 0 },
    named,
    gramStep: 1,
    grams,
  });
  const spam = model.judge({ names: ['says:urgency'], grams: [], words: 1, isBlank: false });
  assert.equal(spam.probability.toFixed(3), '0.881');
  assert.deepEqual(spam.reasons(3), ['presses for time']);
  const ham = model.judge({ names: ['says:urgency', 'header:reply'], grams: [1], words: 1, isBlank: false });
  assert.equal(ham.margin, -1);
  assert.deepEqual(ham.reasons(3), ['answers a message']);
});

test('a file that is no model is refused', () => {
  for (const text of ['{}', 'no', '[]', 'null']) assert.throws(() => parseModelFile(text));
  const file = {
    format: 2,
    bias: 0,
    calibration: { slope: 1, offset: 0 },
    named: {},
    gramStep: 1,
    grams: '',
  };
  assert.throws(() => new ContentModel(parseModelFile(JSON.stringify(file))), TypeError);
});
