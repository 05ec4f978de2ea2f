import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { directionOf } from '../../scripts/train-model/directions.ts';
import { contentViews } from '../content/index.ts';
import { parseMessage } from '../mime/index.ts';
import { gramBuckets, hashWords } from './grams.ts';
import { ContentModel, parseModelFile, readFeatures, readShippedModel } from './index.ts';
import { countTopics, phraseReader, type Topic, topics } from './phrases.ts';
import type { WordReader } from './words.ts';

function featuresOf(raw: string | Buffer): ReturnType<typeof readFeatures> {
  const message = parseMessage(Buffer.from(raw));
  return readFeatures(message, contentViews(message));
}

function wordsOf(text: string, maxWords = 100): WordReader {
  const reader = phraseReader(maxWords);
  reader.read(text);
  return reader;
}

function topicsOf(text: string): readonly Topic[] {
  const counts = countTopics(wordsOf(text));
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

const words = (text: string): readonly number[] => {
  const reader = wordsOf(text);
  return [...reader.hashes.subarray(0, reader.count)];
};

test('disguise is counted and taken away', () => {
  const text = 'p\u200ba\u200by pаypal 𝐩𝐚𝐲 ＰＡＹ';
  const { invisibleCount, mixedCount, styledCount } = wordsOf(text);
  assert.deepEqual(
    { invisibleCount, mixedCount, styledCount },
    { invisibleCount: 2, mixedCount: 1, styledCount: 6 },
  );
  assert.deepEqual(words(text), words('pay paypal pay pay'));
});

test('accents, ligatures and capitals make no other words, letters of other languages are no disguise', () => {
  assert.deepEqual(words('ÉTÉ Straße cœur Łódź ﬁn'), words('ete strasse coeur lodz fin'));
  for (const text of ['hesabınız doğrulayın', 'привет мир', 'γεια σας', 'zażółć gęślą jaźń', 'þetta ð'])
    assert.equal(wordsOf(text).mixedCount, 0, text);
});

test('words beyond the bound are not read', () => assert.equal(wordsOf('a b c d e', 3).count, 3));

test('words read as their lower case does, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      const expected = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
      assert.deepEqual(words(text), words(expected.join(' ')));
      assert.equal(words(text).length, expected.length);
    }),
    { numRuns: 300 },
  );
});

test('numbers are one word, and each bucket is there once', () => {
  const none = phraseReader(1);
  none.read('');
  assert.deepEqual(hashWords(wordsOf('order 123'), none, 10), hashWords(wordsOf('order 77'), none, 10));
  const grams = hashWords(wordsOf('one one one'), wordsOf('one'), 10);
  assert.equal(new Set(grams).size, grams.length);
  // The word, the pair of it, and the word of the subject.
  assert.equal(grams.length, 3);
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
    'an attached page that asks for a password',
    'From: a@b.example\r\nContent-Type: application/octet-stream; name="i.htm"\r\nContent-Disposition: attachment; filename="i.htm"\r\n\r\n<form><input type="password"><script>eval(atob("x"))</script>\r\n',
    ['attachment:page', 'page:form', 'page:password', 'page:script', 'page:coded'],
  ],
  [
    'an answer to nobody',
    'From: a@b.example\r\nSubject: Re: your file\r\n\r\nSee https://x.example/\r\n',
    ['subject:reply-without-reference', 'reply:without-quote'],
  ],
  [
    'a forwarded message, whose quotation is the message',
    html('<blockquote>Win</blockquote>', 'In-Reply-To: <1@b>\r\n').replace(
      'Subject: Notice',
      'Subject: WG: Notice',
    ),
    ['forward:with-reference'],
  ],
  [
    'the recipient in a link and in the text',
    html(
      'Hello a@b.example <a href="https://x.example/?q=YUBiLmV4YW1wbGU=">Go</a> <a href="https://y.example/a@b.example">Go</a>',
    ),
    ['link:with-recipient', 'text:names-recipient-address'],
  ],
  [
    'a login form',
    html('<form><input type="password"></form>'),
    ['html:form', 'html:input', 'html:password'],
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

test('features of a message are read once', () => {
  const message = parseMessage(Buffer.from(html('x')));
  const content = contentViews(message);
  assert.equal(readFeatures(message, content), readFeatures(message, content));
});

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
  const spam = model.judge({
    names: ['says:urgency'],
    grams: new Uint16Array(),
    words: 1,
    isBlank: false,
  });
  assert.equal(spam.probability.toFixed(3), '0.881');
  assert.deepEqual(spam.reasons(3), ['presses for time']);
  const ham = model.judge({
    names: ['says:urgency', 'header:reply'],
    grams: Uint16Array.of(1),
    words: 1,
    isBlank: false,
  });
  assert.equal(ham.logOdds, -1);
  assert.deepEqual(ham.reasons(3), ['answers a message']);
});

test('the shipped model holds no trick and no demand in a message’s favour', () => {
  const { named } = parseModelFile(readFileSync(new URL('./content.model', import.meta.url), 'utf8'));
  const wrong = Object.entries(named).filter(([name, weight]) => weight * directionOf(name) < 0);
  assert.deepEqual(wrong, []);
  assert.equal(directionOf('html:form'), 1);
  assert.equal(directionOf('text:signature'), -1);
  assert.equal(directionOf('text:words:3'), 0);
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
