import type { InsertHit, SymbolDef, Task } from '../../../core/index.ts';
import { findBitcoinAddress } from '../bitcoin.ts';
import { serviceAccounts } from './hosts.ts';

// Rules that are more than an expression. Conditions: reference of modules 3.2, 3.5 and 3.7.

interface CodeRule extends SymbolDef {
  readonly groups: readonly string[];
  run(task: Task, hit: (weight: number, ...options: readonly string[]) => void): void;
}

/** Characters of a text that are searched for addresses of wallets. */
const maxChars = 262_144;

const isServiceAccount = new RegExp(`^(?:${serviceAccounts})@`, 'i');
const hiddenPath = /\/\.\.\/|\/\.(?!well[-_]known\/)[a-z0-9]/i;

/** `Name:value`: nothing between the colon and the value (RFC 5322 3.6 has a blank there by habit). */
function emptyDelimiter(field: string): CodeRule {
  const key = field.toLowerCase();
  return {
    score: 1,
    description: `There is no blank after the colon of ${field}`,
    groups: ['headers'],
    run({ message }, hit) {
      if (message.headers.every(key).some(({ rawValue }) => /^[^\s]/.test(rawValue))) hit(1);
    },
  };
}

/** A field that hosting software adds, with the login that it tells. */
function withLogin(field: string, login: RegExp): CodeRule {
  const key = field.toLowerCase();
  return {
    score: 0,
    description: `There is an ${field} field`,
    groups: ['compromised_hosts'],
    run({ message }, hit) {
      const value = message.headers.first(key)?.value;
      if (value === undefined) return;
      const found = login.exec(value.slice(0, 1024))?.[1];
      hit(1, ...(found === undefined ? [] : [found]));
    },
  };
}

const rules = {
  BITCOIN_ADDR: {
    score: 0,
    oneShot: true,
    description: 'There is the address of a Bitcoin wallet',
    groups: ['scams'],
    run({ content, message }, hit) {
      for (const text of [message.subject, ...content.texts.map((view) => view.text)]) {
        const found = findBitcoinAddress(text.slice(0, maxChars));
        if (found === undefined) continue;
        hit(1, found);
        return;
      }
    },
  },
  HAS_X_AS: withLogin('X-Authenticated-Sender', /:\s(.+)$/),
  HAS_X_GMSV: withLogin('X-Get-Message-Sender-Via', /authenticated_id: (.+)$/),
  FROM_SERVICE_ACCT: {
    score: 1,
    description: 'From, Sender or Reply-To is the account of a service',
    groups: ['compromised_hosts'],
    run({ mailboxes, message }, hit) {
      const sender = message.headers.first('sender')?.value.replace(/^.*</, '');
      const addresses = [mailboxes.from[0]?.text, sender, message.replyTo[0]?.text];
      if (addresses.some((text) => text !== undefined && isServiceAccount.test(text))) hit(1);
    },
  },
  URI_HIDDEN_PATH: {
    score: 1,
    description: 'A link leads to a hidden file',
    groups: ['compromised_hosts'],
    run({ content }, hit) {
      for (const { path, url, from, flags } of content.urls) {
        if (from === 'subject' && flags.includes('html_displayed')) continue;
        if (!hiddenPath.test(path)) continue;
        hit(1, url);
        return;
      }
    },
  },
  HEADER_FROM_EMPTY_DELIMITER: emptyDelimiter('From'),
  HEADER_TO_EMPTY_DELIMITER: emptyDelimiter('To'),
  HEADER_CC_EMPTY_DELIMITER: emptyDelimiter('Cc'),
  HEADER_REPLYTO_EMPTY_DELIMITER: emptyDelimiter('Reply-To'),
  HEADER_DATE_EMPTY_DELIMITER: emptyDelimiter('Date'),
} satisfies Readonly<Record<string, CodeRule>>;
export type CodeSymbol = keyof typeof rules;

export const codeRules: Readonly<Record<CodeSymbol, CodeRule>> = rules;

/** Symbols of these rules. */
export const codeSymbols = Object.keys(rules) as readonly CodeSymbol[];

/** Runs one rule. */
export function runCode(symbol: CodeSymbol, task: Task, hit: InsertHit<CodeSymbol>): void {
  codeRules[symbol].run(task, (weight, ...options) => hit(symbol, weight, ...options));
}
