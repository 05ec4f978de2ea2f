import type { Protocol } from '../clients/client.ts';

/** A server under load. */
export interface Target {
  readonly name: string;
  /** What it is, with its version where that is known. */
  readonly description: string;
  readonly host: string;
  /** Ports by protocol; a protocol without one is not served. */
  readonly ports: Readonly<Partial<Record<Protocol, number>>>;
  /** Where it is taught (`/learnspam`, `/learnham`); undefined: not there. */
  readonly controllerPort?: number | undefined;
  /** Port of spamd, where it is scanned and taught by SPAMC. */
  readonly spamcPort?: number | undefined;
  /** Root of its process tree; undefined: not on this machine, so no CPU and memory figures. */
  readonly pid: number | undefined;
  /** Why it is of no more use; undefined while it is. */
  failure(): string | undefined;
  /** Ends what was started for it. A server that was running before is left alone. */
  stop(): Promise<void>;
}

/** How to come by a target. */
export type TargetSpec =
  | {
      readonly kind: 'attached';
      readonly name: string;
      readonly host: string;
      readonly port: number;
      readonly pid: number | undefined;
      readonly controllerPort?: number;
    }
  | { readonly kind: 'postern'; readonly name: string; readonly checkout: string | undefined }
  | { readonly kind: 'rspamd' | 'spamassassin'; readonly name: string };

/** What managed servers are started with. */
export interface LaunchOptions {
  /** Scan workers. */
  readonly workers: number;
  /** Cores to bind to, as taskset(1) takes them; undefined: all. */
  readonly cores: string | undefined;
  readonly dnsPort: number;
  /** Redis for the peer, where it keeps what it learns; undefined: none, as in its stock configuration. */
  readonly redisPort?: number | undefined;
  /** Whether the peer's milter port scans by itself or, as in its stock configuration, forwards to its scan port. */
  readonly rspamdMilter: 'forward' | 'self-scan';
}

/**
 * Reads `--target`: `postern`, `postern@DIR` (another checkout), `rspamd`, `spamassassin`, each with an optional
 * `NAME=` in front, or `NAME=host:port[,pid=N][,controller=PORT]` for a server that runs already.
 *
 * @throws RangeError when it is none of these.
 */
export function parseTarget(text: string): TargetSpec {
  const managed = /^(?:([\w.-]+)=)?(postern|rspamd|spamassassin)(?:@(.+))?$/.exec(text);
  if (managed) {
    const [, name, kind, checkout] = managed;
    if (kind === 'postern') return { kind, name: name ?? kind, checkout };
    if (checkout !== undefined) throw new RangeError(`${kind} is the installed package: it takes no folder`);
    const peer = kind === 'rspamd' ? 'rspamd' : 'spamassassin';
    return { kind: peer, name: name ?? peer };
  }
  const attached =
    /^([\w.-]+)=(\[[\da-f:.]+\]|[^\s:,=]+):(\d{1,5})(?:,pid=(\d+))?(?:,controller=(\d{1,5}))?$/i.exec(text);
  const port = Number(attached?.[3]);
  if (!attached || port < 1 || port > 65_535) {
    throw new RangeError(
      `not a target: ${text} (postern, postern@DIR, rspamd, spamassassin or NAME=host:port[,pid=N][,controller=PORT])`,
    );
  }
  const pid = attached[4] === undefined ? undefined : Number(attached[4]);
  return {
    kind: 'attached',
    name: attached[1]!,
    host: attached[2]!.replace(/^\[|\]$/g, ''),
    port,
    pid,
    ...(attached[5] === undefined ? {} : { controllerPort: Number(attached[5]) }),
  };
}

/** Gives targets of the same name different ones: `rspamd`, `rspamd-2`. */
export function uniqueNames(specs: readonly TargetSpec[]): TargetSpec[] {
  const seen = new Map<string, number>();
  return specs.map((spec) => {
    const count = (seen.get(spec.name) ?? 0) + 1;
    seen.set(spec.name, count);
    return count === 1 ? spec : { ...spec, name: `${spec.name}-${count}` };
  });
}
