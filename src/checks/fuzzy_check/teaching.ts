import {
  type FuzzyAnswer,
  type FuzzyRuleInfo,
  type FuzzyService,
  PosternError,
  StoreError,
  type Task,
} from '../../core/index.ts';
import type { FuzzyHash } from '../../fuzzy/index.ts';
import type { Rule } from './rule.ts';

/** Calls at what is changed, for metrics. */
type Changed = (verb: 'add' | 'delete', hashes: number) => void;

function infoOf({ name, options, backend, meanings }: Rule<string>): FuzzyRuleInfo {
  return {
    name,
    isReadOnly: options.read_only,
    servers: backend.servers,
    flags: Object.fromEntries([...meanings].map(([flag, { symbol }]) => [symbol, flag])),
  };
}

/** One answer for several rules: what worked counts most. */
function together(answers: readonly FuzzyAnswer[]): FuzzyAnswer {
  const hashes = answers.flatMap((answer) => (answer.kind === 'done' ? answer.hashes : []));
  if (hashes.length > 0) return { kind: 'done', hashes: [...new Set(hashes)] };
  return (
    answers.find(({ kind }) => kind === 'refused') ??
    answers.find(({ kind }) => kind === 'unknown') ??
    answers[0] ?? { kind: 'noRule' }
  );
}

function parseDigest(text: string): FuzzyHash {
  if (!/^[0-9a-f]{128}$/i.test(text)) throw new PosternError('protocol', 'a hash is 128 hex digits');
  return { kind: 'bin', digest: Buffer.from(text, 'hex'), shingles: undefined };
}

/** Teaches the storages of rules. */
export function teachingService(rules: readonly Rule<string>[], changed: Changed): FuzzyService {
  const taughtRules = (flag: number): readonly Rule<string>[] =>
    rules.filter(({ options, meanings }) => !options.read_only && meanings.has(flag));
  const counted = (verb: 'add' | 'delete', answer: FuzzyAnswer): FuzzyAnswer => {
    if (answer.kind === 'done') changed(verb, answer.hashes.length);
    return answer;
  };
  return {
    rules: rules.map(infoOf),
    async teach(task: Task, { verb, flag, weight, skip }) {
      const taught = taughtRules(flag);
      if (taught.length === 0) return { kind: 'noRule' };
      const answers = await Promise.all(
        taught.map(async ({ backend, hashes: maker }): Promise<FuzzyAnswer> => {
          const hashes = await maker.without(task, skip);
          if (hashes.length === 0) return { kind: 'noHashes' };
          return verb === 'add' ? backend.add(hashes, flag, weight) : backend.delete(hashes, flag);
        }),
      );
      return counted(verb, together(answers));
    },
    async forget(flag, digests) {
      const hashes = digests.map(parseDigest);
      const taught = taughtRules(flag);
      if (taught.length === 0) return { kind: 'noRule' };
      if (hashes.length === 0) return { kind: 'noHashes' };
      return counted(
        'delete',
        together(await Promise.all(taught.map(({ backend }) => backend.delete(hashes, flag)))),
      );
    },
    async hashes(task) {
      const lists = await Promise.all(rules.map(({ hashes: maker }) => maker.of(task)));
      return Object.fromEntries(
        rules.map(({ name }, at) => [name, lists[at]!.map(({ digest }) => digest.toString('hex'))]),
      );
    },
    async counts() {
      const counts = await Promise.all(
        rules.map(({ backend }) =>
          backend.count().catch((error: unknown) => {
            if (!(error instanceof StoreError)) throw error;
            return undefined;
          }),
        ),
      );
      const told = rules.flatMap(({ name }, at) => (counts[at] === undefined ? [] : [[name, counts[at]]]));
      return Object.fromEntries(told) as Record<string, number>;
    },
  };
}
