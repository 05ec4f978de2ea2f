import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arcSet } from './arc-sign.ts';
import { readArcChain, verifyArcChain } from './arc-verify.ts';
import { dkimSignature } from './dkim-sign.ts';
import { verifyDkimSignature } from './dkim-verify.ts';
import { dnsKeys } from './key-finder.ts';
import { defaultSignHeaders, parseSignHeaders } from './signed-headers.ts';
import { dkimpy, hasDkimpy } from './testing/dkimpy.ts';
import { keyRecord, makeKey, message, txtResolver } from './testing/mail.ts';

const rsa = makeKey('rsa');
const ed25519 = makeKey('ed25519');
const seed = ed25519.key.key.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64');
const records = {
  'r._domainkey.example.com': keyRecord(rsa.key),
  'e._domainkey.example.com': keyRecord(ed25519.key),
};
const dns = txtResolver(Object.fromEntries(Object.entries(records).map(([name, text]) => [name, [text]])));
const now = (): number => Math.floor(Date.now() / 1000);
const context = { keys: dnsKeys(dns), nowSeconds: now(), jitterSeconds: 3600 };
const text =
  'From: A <a@example.com>\r\nTo:  b@example.org\r\nSubject: Folded\r\n\tand  more\r\nTo: c@example.org\r\n' +
  'Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nHello  there. \r\n\r\n\tBye\r\n\r\n\r\n';

async function ourVerdict(signed: string): Promise<string> {
  const parsed = message(signed);
  const [header] = parsed.headers.every('dkim-signature');
  const { result, reason } = await verifyDkimSignature(parsed, header!, context);
  return reason ?? result;
}

if (hasDkimpy()) {
  for (const headerForm of ['relaxed', 'simple'])
    for (const bodyForm of ['relaxed', 'simple'])
      for (const algorithm of ['rsa-sha256', 'ed25519-sha256'] as const)
        test(`what dkimpy signs verifies here: ${algorithm} ${headerForm}/${bodyForm}`, async () => {
          const isRsa = algorithm === 'rsa-sha256';
          const signature = dkimpy({
            does: 'sign',
            message: text,
            domain: 'example.com',
            selector: isRsa ? 'r' : 'e',
            key: isRsa ? rsa.pem : seed,
            algorithm,
            headerForm,
            bodyForm,
            usesLength: bodyForm === 'simple',
          });
          const signed = `${signature}${text}`;
          assert.equal(await ourVerdict(signed), 'pass');
          assert.equal(await ourVerdict(signed.replace('Bye', 'bye')), 'the body was changed');
          assert.equal(await ourVerdict(signed.replace('Folded', 'folded')), 'the signature does not verify');
        });

  test('what is signed here verifies with dkimpy, and not after a change', () => {
    const parsed = message(text);
    const sign = (selector: string, key: typeof rsa.key): string =>
      `DKIM-Signature: ${dkimSignature(parsed, {
        domain: 'example.com',
        selector,
        key,
        headers: parseSignHeaders(defaultSignHeaders.dkim),
        timestamp: now(),
      })}\r\n`;
    const signed = sign('r', rsa.key) + sign('e', ed25519.key) + text;
    const verify = (changed: string) => dkimpy({ does: 'verify', message: changed, records, count: 2 });
    assert.deepEqual(verify(signed), [true, true]);
    assert.deepEqual(verify(signed.replace('Folded', 'folded')), [false, false]);
  });

  test('ARC chains that dkimpy begins go on here, and the other way round', async () => {
    const elsewhere = async (chain: string): Promise<string> => {
      // It takes the state of the chain from there, from all fields of that name.
      const { cv, instance } = await verifyArcChain(message(chain), context);
      const authservId = `mx${instance}.example.net`;
      const withResults = `Authentication-Results: ${authservId}; arc=${cv}\r\n${chain}`;
      const lines = dkimpy({
        does: 'seal',
        message: withResults,
        records,
        domain: 'example.com',
        selector: 'r',
        key: rsa.pem,
        authservId,
      }) as string[];
      return `${lines.join('')}${withResults}`;
    };
    const here = async (chain: string): Promise<string> => {
      const parsed = message(chain);
      const structure = readArcChain(parsed);
      const { cv } = await verifyArcChain(parsed, context);
      const set = arcSet(parsed, {
        domain: 'example.com',
        selector: 'r',
        key: rsa.key,
        headers: parseSignHeaders(defaultSignHeaders.arc),
        timestamp: now(),
        sets: structure.status === 'chain' ? structure.sets : [],
        cv,
        authservId: 'mx.example.com',
        results: [`arc=${cv}`],
      });
      return (
        `ARC-Seal: ${set.seal}\r\nARC-Message-Signature: ${set.signature}\r\n` +
        `ARC-Authentication-Results: ${set.authResults}\r\n${chain}`
      );
    };
    for (const hops of [
      [elsewhere, here, elsewhere],
      [here, elsewhere, here],
    ]) {
      let chain = text;
      for (const hop of hops) {
        chain = await hop(chain);
        const { cv, reason } = await verifyArcChain(message(chain), context);
        assert.equal(cv, 'pass', reason ?? '');
        assert.equal((dkimpy({ does: 'check', message: chain, records }) as string[])[0], 'pass');
      }
      const changed = chain.replace('Hello', 'Hallo');
      assert.equal((await verifyArcChain(message(changed), context)).cv, 'fail');
      assert.equal((dkimpy({ does: 'check', message: changed, records }) as string[])[0], 'fail');
    }
  });
}
