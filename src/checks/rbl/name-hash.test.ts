import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameEncoder } from './name-hash.ts';

// Made with rspamd_cryptobox_hash of Rspamd 3.4 (`rspamadm lua`) for "user.example.com".
const vectors = [
  ['blake2', 'hex', 'cf00998723709186c45abfc75df7b26d'],
  ['blake2', 'base32', 'xgy13dqromrpenmm97t5i5msp5cneukt'],
  ['md5', 'hex', 'bb09b02dc31ca9c86bca3481a2ec77e9'],
  ['md5', 'base32', '5pny5scahekthij3wjyfks9qj8'],
  ['md5', 'base64', 'uwmwLcMcqchryjSBoux36Q=='],
  ['sha1', 'hex', '64782c66172e67f449f0ebf7211b0525'],
  ['sha256', 'base32', '6617gjjqopgx6qpo6axe9c5rec4grxjd'],
  ['sha384', 'base64', 'jAYoSflebhOifhqPD+ybcg10GTmJiSUt'],
  ['sha512', 'base32', 'oe4is9136cteigrozecgq3f5ekzdfu6h'],
] as const;

for (const [hash, format, expected] of vectors) {
  test(`${hash} in ${format} is what Rspamd asks for`, () => {
    const encode = nameEncoder({ hash, hash_format: format, hash_len: 32 });
    assert.equal(encode('user.example.com'), expected);
  });
}

test('without hash_len the whole hash is asked, without hash the name', () => {
  assert.equal(nameEncoder({ hash: 'sha1', hash_format: 'hex' })('user.example.com').length, 40);
  assert.equal(nameEncoder({ hash_format: 'hex' })('user.example.com'), 'user.example.com');
});
