import {
  addressHash,
  type Direction,
  defineCheck,
  type Header,
  priorities,
  replySender,
  replySetKeys,
  StoreError,
  type Task,
} from '../../core/index.ts';
import { LuaPatternError, luaPattern, shortHash } from '../../lib/index.ts';
import { cookieIn, openCookie } from './cookie.ts';
import { type RepliesOptions, repliesOptions } from './options.ts';
import { countAnswered, rememberAnswered } from './sets.ts';

/** A Message-ID as its hash is made of it: on one line, without blanks around it. */
function idText(header: Header | undefined): string {
  return header?.rawValue.replaceAll(/\r?\n[ \t]+/g, ' ').trim() ?? '';
}

/** Does a cookie's text fit? Gives what is worth telling of it, `''` for nothing. */
type CookieMatch = (text: string) => string | undefined;

export const replies = defineCheck({
  name: 'replies',
  summary: 'Recognises answers to mail that went out from here.',
  details: [
    'Every outbound message leaves the hash of its Message-ID in the store, with a hash of the address that an answer',
    'would go to (Reply-To, else From, else the envelope sender). A message whose In-Reply-To is among them is a reply',
    'when it goes to that address only. Two sets note who was answered, for `known_senders`.',
    '',
    'With `cookie` and `cookie_key` a message is a reply also when In-Reply-To holds such a cookie, not older than',
    '`cookie_valid_time`; the symbol then has the option `cookie:TIME`, or `cookie:MATCH:TIME` for a pattern.',
    '',
    'While the store cannot be reached no reply is recognised, and mail goes on.',
    '',
    'Unlike Rspamd: cookies work together with the store; `reply_sender_privacy` has an effect; full sets lose their',
    'oldest or least answered address and not the newest one; folding and blanks around Message-IDs do not count.',
  ].join('\n'),
  group: 'replies',
  stage: 'prefilter',
  priority: priorities.medium,
  direction: 'both',
  needs: ['headers'],
  config: repliesOptions,
  symbols: {
    REPLY: { score: -4, description: 'The message answers one that went out from here' },
  },
  create(context) {
    const { config, store, log, metrics, declare, configError } = context;
    const symbol = declare(config.symbol, {
      score: config.score,
      description: 'The message answers one that went out from here',
    });
    if (config.action !== undefined && !context.options.actions.includes(config.action))
      throw configError(
        ['action'],
        `there is no action "${config.action}"`,
        context.options.actions.join(', '),
      );
    const matchCookie = cookieMatch(config, configError);
    const keys = replySetKeys(config);
    const ttlMs = Math.ceil(config.expire * 1000);
    const recognised = metrics.counter('postern_replies_total', 'Replies that were recognised', ['by']);
    const keyOf = (id: string): string => config.key_prefix + shortHash(config.key_size, id);
    const isOurs = ({ isAuthenticated, isLocal }: Direction): boolean =>
      (config.use_auth && isAuthenticated) || (config.use_local && isLocal);

    const force = (task: Task): void => {
      if (config.action === undefined || isOurs(task.direction)) return;
      task.setPreResult({
        action: config.action,
        message: config.message,
        module: 'replies',
        priority: 0,
        isLeast: false,
        processAll: false,
      });
    };
    /** Undefined: In-Reply-To holds no cookie that counts. */
    const cookieOption = (task: Task, inReplyTo: string): string | undefined => {
      if (!matchCookie || config.cookie_key === undefined) return undefined;
      const cookie = openCookie(config.cookie_key, cookieIn(inReplyTo));
      const match = cookie && matchCookie(cookie.text);
      if (!cookie || match === undefined) return undefined;
      const ageSeconds = task.startedMs / 1000 - cookie.madeAt;
      if (ageSeconds < 0 || ageSeconds > config.cookie_valid_time) return undefined;
      return match === '' ? `cookie:${cookie.madeAt}` : `cookie:${match}:${cookie.madeAt}`;
    };
    const withStore = async (task: Task, what: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        log.warn(what, { id: task.id, error: error.message });
      }
    };
    const noteAnswered = async (task: Task): Promise<void> => {
      const sender = replySender(task);
      const members = [...new Set(task.envelope.recipients.map(({ text }) => text))];
      await Promise.all([
        sender === undefined
          ? undefined
          : store.run(
              rememberAnswered,
              [keys.ofSender(sender)],
              [task.startedMs / 1000, config.max_local_size, ttlMs, ...members],
            ),
        store.run(countAnswered, [keys.global], [config.max_global_size, ...members]),
      ]);
    };

    return [
      {
        name: 'REPLIES_CHECK',
        symbols: [symbol],
        waits: true,
        run(task, hit) {
          const inReplyTo = idText(task.message.headers.first('in-reply-to'));
          if (inReplyTo === '') return undefined;
          const cookie = cookieOption(task, inReplyTo);
          if (cookie !== undefined) {
            hit(symbol, 1, cookie);
            recognised.add(1, { by: 'cookie' });
            force(task);
            return undefined;
          }
          const { recipients } = task.envelope;
          if (recipients.length === 0) return undefined;
          return withStore(task, 'cannot look for the message that is answered', async () => {
            const stored = await store.get(keyOf(inReplyTo));
            if (stored === undefined || !recipients.every(({ text }) => addressHash(text) === stored)) return;
            hit(symbol, 1);
            recognised.add(1, { by: 'message-id' });
            force(task);
            await noteAnswered(task);
          });
        },
      },
      {
        name: 'REPLIES_SET',
        stage: 'idempotent',
        symbols: [],
        waits: true,
        run(task) {
          if (!isOurs(task.direction)) return undefined;
          const id = idText(task.message.headers.first('message-id'));
          if (id.length <= config.min_message_id) return undefined;
          const sender = replySender(task);
          if (sender === undefined) return undefined;
          return withStore(task, 'cannot note a Message-ID', () =>
            store.set(keyOf(id), addressHash(sender), ttlMs),
          );
        },
      },
    ];
  },
});

function cookieMatch(
  { cookie, cookie_key: key, cookie_is_pattern: isPattern }: RepliesOptions,
  error: (path: readonly string[], message: string, expected?: string) => Error,
): CookieMatch | undefined {
  if (cookie === undefined && key === undefined) return undefined;
  if (cookie === undefined) throw error(['cookie'], 'there is a cookie_key, but no cookie to look for');
  if (key === undefined) throw error(['cookie_key'], 'there is a cookie, but no key', '32 hex digits');
  if (!isPattern) return (text) => (text === cookie ? '' : undefined);
  try {
    const pattern = luaPattern(cookie);
    return (text) => {
      const match = pattern.exec(text);
      return match ? (match[1] ?? match[0]) : undefined;
    };
  } catch (failure) {
    if (!(failure instanceof LuaPatternError)) throw failure;
    throw error(
      ['cookie'],
      `the pattern cannot be used: ${failure.message}`,
      'a Lua pattern such as ^out%d+$',
    );
  }
}
