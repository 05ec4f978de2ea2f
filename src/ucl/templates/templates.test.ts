import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodesAt, readUcl, toPlain } from '../index.ts';
import { renderTemplate } from './index.ts';

const globals = { env: { X: 'x', PORT: '25', EMPTY: '' }, n: 3, list: ['a', 'b'], table: { k: 'v' } };

function render(text: string): string | undefined {
  return renderTemplate(text, 'f', globals)?.text;
}

test('expressions, statements and filters give their text', () => {
  for (const [text, expected] of [
    ['{= env.X =}', 'x'],
    ['{= env["X"] =}-{= table.k =}', 'x-v'],
    ['[{= env.NONE =}]', '[]'],
    ['{= env.NONE | default "y" =}', 'y'],
    ["{= env.NONE|default('y') =}", 'y'],
    ['{= env.EMPTY | default "y" =}', ''],
    ['{= env.X | default("y") | upper =}', 'X'],
    ['{= "AbC" | lower =}', 'abc'],
    ['{= "7.9" | int =}', '7'],
    ['{= "a.b.c" | replace(".", "-") =}', 'a-b-c'],
    ['{= list | join ", " =}', 'a, b'],
    ['{= list | join =}', 'ab'],
    ['{= list | length =}{= #list =}{= "abc"|length =}', '223'],
    ['{= list[1] =}', 'a'],
    ['{= 1 + 2 * 3 =} {= (1 + 2) * 3 =} {= 7 % 4 =} {= -n =} {= 7 / 2 =}', '7 9 3 -3 3.5'],
    ['{= "a" .. "b" .. n =}', 'ab3'],
    ['{= env.PORT + 1 =}', '26'],
    ['{= 1 < 2 and "lt" or "ge" =}', 'lt'],
    ['{= env.NONE or "z" =}', 'z'],
    ['{= not env.NONE =} {= n == 3 =} {= n ~= 3 =} {= "a" < "b" =}', 'true true false true'],
    ['{= is_defined(env.X) =}{= is_defined(env.NONE) =}{= is_true(n == 3) =}', 'truefalsetrue'],
    ['{% if env.X %}yes{% endif %}', 'yes'],
    ['{% if env.NONE %}a{% elseif n == 3 %}b{% else %}c{% endif %}', 'b'],
    ['{% if env.NONE %}a{% else %}c{% endif %}', 'c'],
    ['{% set v = "q" %}{= v =}', 'q'],
    ['{% for x in list %}<{= x =}>{% endfor %}', '<a><b>'],
    ['{% for i, x in {"p", "q"} %}{= i =}{= x =}{% endfor %}', '1p2q'],
    ['{% for k, v in table %}{= k =}={= v =}{% endfor %}', 'k=v'],
    ['{% for x in none %}x{% endfor %}', ''],
    ['a{# comment {= x =} #}b', 'ab'],
    ['{% raw %}{= x =}{% endraw %}', '{= x =}'],
    ['a \n {%- if true -%} \n b {%- endif -%} c', 'abc'],
    ['{= "=} %}" =}', '=} %}'],
    ["{= 'it\\'s' =}", "it's"],
  ] as const)
    assert.equal(render(text), expected, text);
  assert.equal(render('plain { text }'), undefined);
});

test('what is not understood is an error with its place', () => {
  for (const [text, message] of [
    [
      'x\n {% macro m() %}',
      'f:2:5: template statement `macro` is not supported here (expected if, elseif, else, endif, for, endfor, set, raw, endraw)',
    ],
    [
      '{= x | nope =}',
      'f:1:8: unknown filter `nope` (expected default, lower, upper, int, replace, join, length)',
    ],
    ['{= f(x) =}', 'f:1:4: unknown function `f` (expected is_defined or is_true)'],
    ['{= x', 'f:1:1: `{=` starts a template tag that has no end (expected =})'],
    ['{# x', 'f:1:1: `{#` starts a template tag that has no end (expected #})'],
    ['{% if x %}', 'f:1:1: `if` has no end (expected endif)'],
    [
      '{% if x %}{% else %}{% else %}',
      'f:1:24: template statement `else` is not supported here (expected if, elseif, else, endif, for, endfor, set, raw, endraw)',
    ],
    ['{% raw %}', 'f:1:1: `raw` has no end (expected endraw)'],
    ['{= 1 + =}', 'f:1:8: unexpected end of the tag (expected a value)'],
    ['{= 1 2 =}', 'f:1:6: unexpected `2` (expected the end of the tag)'],
    ['{= ! =}', 'f:1:4: unexpected `!`'],
    ['{= "a" + 1 =}', 'f:1:8: `+` between values that are no numbers'],
    ['{= x.y =}', 'f:1:5: a field of something that has none'],
    ['{= list =}', 'f:1:1: a list or object has no text'],
    ['{% for x in n %}{% endfor %}', 'f:1:1: `for` goes over lists only'],
    ['{= "x" | int =}', 'f:1:10: not a number'],
  ] as const)
    assert.throws(() => render(text), { message }, text);
});

test('places in rendered text point into the original file', () => {
  const text = '{% if env.X %}\na = 1\n{% endif %}{= env.NONE | default "long text = 5;" =}\n  b = }';
  const { problems, root } = readUcl(text, { file: 'f', templates: globals });
  assert.deepEqual(problems[0]?.position, { file: 'f', line: 4, column: 7 });
  assert.deepEqual(toPlain(root), {});
  const good = readUcl('{# x #}\n{= "k" =} = 1\n c = {= n =}\nd=2', { file: 'f', templates: globals });
  const at = (key: string) => {
    const [node] = nodesAt([good.root], [key]);
    return [node?.position.line, node?.position.column];
  };
  assert.deepEqual(at('k'), [2, 13]);
  assert.deepEqual(at('c'), [3, 6]);
  assert.deepEqual(at('d'), [4, 3]);
});

test('loops inside loops end at the limits', () => {
  const inner = `${'{% for a in l %}'.repeat(8)}x${'{% endfor %}'.repeat(8)}`;
  const l = Array.from({ length: 60 }, (_, index) => index);
  assert.throws(() => renderTemplate(inner, 'f', { l }), /too much work|too much text/);
  assert.throws(() => render(`{= ${'('.repeat(5000)}1${')'.repeat(5000)} =}`), /too many brackets/);
  assert.throws(() => render('{% if x %}'.repeat(5000)), /too many blocks/);
  assert.throws(() => render(`{= ${'not '.repeat(5000)}1 =}`), /too many brackets/);
});
