import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock, Control, Records } from '../../core/index.ts';

/** Who may call an endpoint: anybody, whoever knows a password, or only who may change things. */
export type Privilege = 'open' | 'read' | 'write';

export interface RouteRequest {
  readonly http: FastifyRequest;
  readonly reply: FastifyReply;
  readonly body: Buffer;
  /** Header, else query argument of that name. */
  argument(name: string): string | undefined;
  readonly isReadOnly: boolean;
}

/** An endpoint of the controller: what it returns is sent as JSON, a text as it is. */
export interface Route {
  readonly path: string;
  readonly privilege: Privilege;
  answer(request: RouteRequest): unknown;
}

export interface RouteContext {
  readonly control: Control;
  readonly settings: () => { readonly records: Records };
  readonly clock: Clock;
}
