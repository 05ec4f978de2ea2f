import { type Attempt, HttpClient, judgeStatus, reasonOf, toMs } from '../../delivery/index.ts';
import type { Rule } from './options.ts';
import type { ExportItem, Sender } from './sender.ts';

/** An answer is read for the sake of the connection; longer ones cost it. */
const maxAnswerBytes = 65_536;

/** Posts exports to an HTTP server. */
export class HttpSender implements Sender {
  readonly #url: URL;
  readonly #client: HttpClient;

  constructor(url: URL, rule: Rule, lanes: number) {
    this.#url = url;
    this.#client = new HttpClient({
      user: rule.user,
      password: rule.password,
      usesGzip: rule.gzip ?? false,
      keepsAlive: rule.keepalive ?? false,
      acceptsAnyCertificate: rule.no_ssl_verify ?? false,
      maxSockets: lanes,
      maxAnswerBytes,
      connectMs: toMs(rule.connect_timeout),
      tlsMs: toMs(rule.ssl_timeout),
      writeMs: toMs(rule.write_timeout),
      readMs: toMs(rule.read_timeout),
    });
  }

  async send({ body, mimeType, headers }: ExportItem, signal: AbortSignal): Promise<Attempt> {
    try {
      const request = { method: 'POST', url: this.#url, mimeType, headers, body } as const;
      return judgeStatus((await this.#client.send(request, signal)).status);
    } catch (error) {
      return { outcome: 'outage', reason: reasonOf(error) };
    }
  }

  close(): void {
    this.#client.close();
  }
}
