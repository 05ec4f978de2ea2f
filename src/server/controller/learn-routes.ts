import type { Control, LearnAnswer, LearnedClass, Learning } from '../../core/index.ts';
import { StoreError } from '../../core/index.ts';
import { envelopeFromRequest } from '../envelope.ts';
import { headersOf, mistake } from './request.ts';
import type { Route, RouteContext, RouteRequest } from './route.ts';

/** What was learned of each class; nothing while the store cannot be asked: the rest of the page is worth having. */
export async function learnedClasses(control: Control): Promise<readonly LearnedClass[]> {
  try {
    return (await control.learning?.statistics()) ?? [];
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return [];
  }
}

/** The classifier that a request names, or the one there is. */
function classifierFor(control: Control, { argument }: RouteRequest): Learning {
  const { learning } = control;
  if (!learning) throw mistake(404, 'no classifiers defined');
  const wanted = argument('classifier');
  if (wanted !== undefined && !learning.classifiers.includes(wanted))
    throw mistake(404, `cannot find classifier with name ${wanted}`);
  return learning;
}

/** Answers in Rspamd's words and numbers (wire-protocols 1.11). */
function answerTo(answer: LearnAnswer, className: string): object {
  switch (answer.kind) {
    case 'known':
      throw mistake(
        208,
        `<${answer.messageId ?? 'undef'}> has been already learned as ${className}, ignore it`,
      );
    case 'certain':
      throw mistake(
        208,
        `already in class ${className}; probability ${(100 * answer.probability).toFixed(2)}%`,
      );
    case 'unknown':
      throw mistake(404, 'the message was not learned');
    case 'few':
      throw mistake(204, `contains less tokens than required: ${answer.tokens} < ${answer.bound}`);
    case 'many':
      throw mistake(204, `contains more tokens than allowed: ${answer.tokens} > ${answer.bound}`);
    default:
      return { success: true, ...(answer.kind === 'moved' && { moved: true }) };
  }
}

/** Teaching the classifier. */
export function createLearnRoutes({ control }: RouteContext): readonly Route[] {
  const learn = async (request: RouteRequest, className: string | undefined): Promise<object> => {
    const { http, body } = request;
    if (body.length === 0) throw mistake(400, 'Empty body is not permitted');
    const learning = classifierFor(control, request);
    const headers = headersOf(http.raw);
    const envelope = envelopeFromRequest(headers, { door: 'controller' });
    const manner = headers.get('learn-type')?.toLowerCase() === 'bulk' ? 'bulk' : 'careful';
    const answer = await learning.learn({ envelope, raw: body }, className, manner);
    return answerTo(answer, className ?? 'nothing');
  };
  return [
    {
      path: '/bayes/classifiers',
      privilege: 'read',
      answer: () => control.learning?.classifiers ?? [],
    },
    { path: '/learnspam', privilege: 'write', answer: (request) => learn(request, 'spam') },
    { path: '/learnham', privilege: 'write', answer: (request) => learn(request, 'ham') },
    {
      path: '/learnclass',
      privilege: 'write',
      answer: (request) => {
        const className = request.argument('class');
        if (className === undefined || className === '') throw mistake(400, 'Class header missing');
        return learn(request, className);
      },
    },
    { path: '/learnforget', privilege: 'write', answer: (request) => learn(request, undefined) },
  ];
}
