import { z } from 'zod';

const lua = z.unknown().optional().describe('Lua code; not supported');

export const rule = z.strictObject({
  re: z.string().optional().describe('Required. Expression over patterns and functions'),
  score: z.number().default(0).describe('Score of the symbol'),
  description: z.string().optional().describe('Description of the symbol'),
  group: z.string().optional().describe('Group of the symbol; default `regexp`'),
  one_shot: z.boolean().default(false).describe('Several hits count once'),
  mime_only: z.boolean().default(false).describe('Leaves requests alone that switch MIME off'),
  condition: lua,
  lua_function: lua,
  functions: lua,
  re_conditions: lua,
});
export type RuleOptions = z.output<typeof rule>;

/** Options of rules that hold Lua code. */
export const luaOptions = ['condition', 'lua_function', 'functions', 're_conditions'] as const;

export const config = z
  .object({
    enabled: z
      .boolean()
      .default(true)
      .describe('Switches the check off when false, the rules that ship with it too'),
    max_size: z
      .int()
      .min(0)
      .default(1_000_000)
      .describe('Characters of one text that patterns look at; 0: all of them'),
  })
  .catchall(z.union([z.string(), rule]).describe('A rule by its symbol: an expression, or an object'));
