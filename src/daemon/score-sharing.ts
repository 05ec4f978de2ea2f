import { saveActionThresholds, saveSymbolScores } from '../config/index.ts';
import type { Clock, Configuration, Log, Metrics, Stores } from '../core/index.ts';
import { toPosternError } from '../core/index.ts';
import { createStores } from '../store/index.ts';
import { type SavedChanges, SharedScores } from './shared-scores.ts';

/** What the check `dynamic_conf` reads of its section. */
interface Section {
  readonly enabled: boolean;
  readonly redis_watch_interval: number;
  readonly redis_key: string;
}

export interface ScoreSharingInit {
  /** Loads the configuration again. */
  readonly reload: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Keeps this machine's saved scores and thresholds equal to those that the newest configuration's Redis shares. */
export class ScoreSharing {
  readonly #init: ScoreSharingInit;
  #shared: SharedScores | undefined;
  #stores: Stores | undefined;
  #settings = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(init: ScoreSharingInit) {
    this.#init = init;
  }

  /** Begins, or goes on, as this configuration says. */
  configure(configuration: Configuration): void {
    const { modules, sections, redis, stateDir, options } = configuration;
    const section = modules.get('dynamic_conf') as Section | undefined;
    const written = sections.get('dynamic_conf');
    const isOn =
      section?.enabled && written !== undefined && !options.disabledModules.includes('dynamic_conf');
    const settings = isOn ? JSON.stringify([section, written, redis]) : '';
    // What was taken over loads the configuration again; that is no reason to look at everything anew.
    if (settings === this.#settings) return;
    this.stop();
    this.#settings = settings;
    if (!isOn) return;
    const { clock, log, metrics } = this.#init;
    const stores = createStores({ redis, stateDir, log, metrics, clock });
    const store = stores.forModule('dynamic_conf', written);
    if (store.driver !== 'redis') {
      log.warn('dynamic_conf shares nothing: there is no redis section');
      void stores.close();
      return;
    }
    this.#stores = stores;
    this.#shared = new SharedScores(store, section.redis_key, log);
    this.#look(this.#shared, stateDir, section.redis_watch_interval * 1000);
  }

  /** Tells other machines what was saved here; does nothing when nothing is shared. */
  async share(changes: Partial<SavedChanges>): Promise<void> {
    await this.#shared?.share(changes);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#shared = undefined;
    this.#settings = '';
    void this.#stores?.close();
    this.#stores = undefined;
  }

  #look(shared: SharedScores, stateDir: string, intervalMs: number): void {
    this.#timer = setTimeout(async () => {
      const changes = await shared.changes();
      if (changes && this.#shared === shared) await this.#takeOver(changes, stateDir);
      if (this.#shared === shared) this.#look(shared, stateDir, intervalMs);
    }, intervalMs).unref();
  }

  async #takeOver({ scores, actions }: SavedChanges, stateDir: string): Promise<void> {
    const { log, reload } = this.#init;
    try {
      const changedScores = await saveSymbolScores(stateDir, scores);
      const changedActions = await saveActionThresholds(stateDir, actions);
      if (!changedScores && !changedActions) return;
      log.info('shared scores are taken over');
      await reload();
    } catch (error) {
      log.error('shared scores were not taken over', { error: toPosternError(error).message });
    }
  }
}
