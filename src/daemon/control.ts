import { saveActionThresholds, saveSymbolScores } from '../config/index.ts';
import { type Control, type FuzzyLesson, type ScanRequest, toPosternError } from '../core/index.ts';
import { listExtractors, listTransforms } from '../selectors/index.ts';
import { type ControllerSettings, createController } from '../server/controller/index.ts';
import type { Channel } from './channel.ts';
import type { Door, DoorInit } from './doors.ts';
import { generatedPassword, needsPassword } from './password.ts';
import type { PrimaryMethods, WorkerMethods } from './protocol.ts';
import type { Services } from './services.ts';
import { version } from './version.ts';

export interface ControlInit extends DoorInit {
  readonly channel: Channel<WorkerMethods, PrimaryMethods>;
  /** The services of the newest configuration. */
  readonly services: () => Services;
}

/** What the controller may ask of the server, answered by this process or by the primary. */
function createControl(init: ControlInit): Control {
  const { channel, services } = init;
  const { stateDir } = init.configuration;
  return {
    version,
    get configId() {
      return services().configuration.id;
    },
    totals: () => channel.call('totals', null),
    resetTotals: () => channel.call('resetTotals', null),
    symbols: () =>
      [...services().engine.metric.symbols].map((symbol) => ({
        groups: symbol.groups.length === 0 ? ['ungrouped'] : symbol.groups.map(({ name }) => name),
        symbol: symbol.name,
        weight: symbol.score,
        description: symbol.description,
      })),
    actions: () =>
      services().configuration.actions.map(({ name, threshold }) => ({
        action: name,
        value: threshold ?? null,
      })),
    saveActions: async (thresholds) => {
      await saveActionThresholds(stateDir, thresholds);
      await channel.call('reload', null, 60_000);
      await channel.call('share', { actions: thresholds });
    },
    saveSymbols: async (scores) => {
      await saveSymbolScores(stateDir, scores);
      await channel.call('reload', null, 60_000);
      await channel.call('share', { scores });
    },
    get maps() {
      return services().maps.all;
    },
    get limits() {
      return services().engine.plan.services.limits;
    },
    get learning() {
      return learningOf(services());
    },
    get fuzzy() {
      const { engine } = services();
      const { fuzzy } = engine.plan.services;
      return (
        fuzzy && {
          rules: fuzzy.rules,
          teach: (request: ScanRequest, lesson: FuzzyLesson) => fuzzy.teach(engine.taskFor(request), lesson),
          forget: (flag: number, digests: readonly string[]) => fuzzy.forget(flag, digests),
          hashes: (request: ScanRequest) => fuzzy.hashes(engine.taskFor(request)),
          counts: () => fuzzy.counts(),
        }
      );
    },
    buckets: async (envelope, then) => {
      const { engine } = services();
      const task = engine.taskFor({ envelope, raw: Buffer.alloc(0) });
      return (await engine.plan.services.ratelimit?.buckets(task, then)) ?? [];
    },
    selectors: {
      extractors: listExtractors(),
      transforms: listTransforms(),
      problem: (text) => selectorProblem(services(), text),
      evaluate: (text, request) =>
        services()
          .selectors.compile(text, { path: ['selector'] })
          .values(services().engine.taskFor(request)),
    },
    errors: () => channel.call('errors', null),
    metrics: () => channel.call('metrics', null),
    health: () => channel.call('health', null),
    reload: () => channel.call('reload', null, 60_000),
  };
}

/**
 * What can be taught: the classifier, and beside it who learns what it is taught. That one comes first: when it fails
 * nothing was learned yet, and the client comes again. The classifier's answer is the answer, where there is one.
 */
function learningOf({ engine }: Services): Control['learning'] {
  const { learning, secondLearning } = engine.plan.services;
  const main = learning ?? secondLearning;
  if (!main) return undefined;
  return {
    classifiers: main.classifiers,
    classes: main.classes,
    statistics: () => main.statistics(),
    learn: async (request: ScanRequest, className: string | undefined, manner: 'careful' | 'bulk') => {
      const isSecondToo =
        secondLearning &&
        secondLearning !== main &&
        (className === undefined
          ? secondLearning.classes.length > 0
          : secondLearning.classes.includes(className));
      const task = secondLearning ? engine.lessonFor(request) : engine.taskFor(request);
      const second = isSecondToo ? await secondLearning.learn(task, className, manner) : undefined;
      const answer = await main.learn(task, className, manner);
      // To forget what only the other one had learned is no mistake.
      return answer.kind === 'unknown' && second?.kind === 'forgotten' ? second : answer;
    },
  };
}

function selectorProblem(services: Services, text: string): string | undefined {
  try {
    services.selectors.compile(text, { path: ['selector'] });
    return undefined;
  } catch (error) {
    return toPosternError(error).message;
  }
}

/** What the controller takes from a configuration. */
function settingsOf({ maps, configuration, records }: Services): ControllerSettings {
  const { controller, options, stateDir } = configuration;
  const password = needsPassword(configuration) ? generatedPassword(stateDir).password : controller.password;
  const trusted = maps.open(controller.secureIp, 'radix', {
    description: 'addresses the controller trusts',
    path: ['worker', 'controller', 'secure_ip'],
  });
  return {
    worker: { ...controller, password },
    options,
    records,
    isTrusted: (ip) => trusted.lookup(ip) !== undefined,
  };
}

/** The door that people and their tools come through. */
export function openControllerDoor(init: ControlInit): Door {
  let settings = settingsOf(init.services());
  const server = createController({ ...init, control: createControl(init), settings: () => settings });
  return {
    handle: (connection, kind) => server.handle(connection, kind),
    reconfigure: () => {
      settings = settingsOf(init.services());
    },
    close: (graceMs) => server.close(graceMs),
  };
}
