import type { AddedHeader, MilterReply } from '../../core/index.ts';
import { refold } from './text.ts';

type Newline = '\r\n' | '\n' | '\r';

function strings(values: readonly string[]): string {
  return JSON.stringify(values);
}

function addedHeader({ value, order }: AddedHeader, newline: Newline): string {
  const text = JSON.stringify(refold(value, newline));
  return order === undefined ? text : `{"value":${text},"order":${order}}`;
}

function addedHeaders(headers: readonly AddedHeader[], newline: Newline): string {
  const byName = new Map<string, AddedHeader[]>();
  for (const header of headers) {
    const same = byName.get(header.name);
    if (same) same.push(header);
    else byName.set(header.name, [header]);
  }
  let json = '';
  for (const [name, same] of byName) {
    const values =
      same.length === 1
        ? addedHeader(same[0]!, newline)
        : `[${same.map((header) => addedHeader({ order: -1, ...header }, newline)).join(',')}]`;
    json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${values}`;
  }
  return `{${json}}`;
}

function removedHeaders(reply: MilterReply): string {
  const byName = new Map<string, number[]>();
  for (const { name, instances } of reply.removeHeaders) {
    const same = byName.get(name);
    if (same) same.push(...instances);
    else byName.set(name, [...instances]);
  }
  let json = '';
  for (const [name, instances] of byName) {
    const value = instances.length === 1 ? `${instances[0]}` : JSON.stringify(instances);
    json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${value}`;
  }
  return `{${json}}`;
}

/** The `milter` object of a reply (wire-protocols 1.8); undefined when no check asked for a change. */
export function renderMilterBlock(reply: MilterReply | undefined, newline: Newline): string | undefined {
  if (!reply || reply.isEmpty) return undefined;
  const fields: string[] = [];
  if (reply.addHeaders.length > 0) fields.push(`"add_headers":${addedHeaders(reply.addHeaders, newline)}`);
  if (reply.removeHeaders.length > 0) fields.push(`"remove_headers":${removedHeaders(reply)}`);
  if (reply.changeFrom !== undefined) fields.push(`"change_from":${JSON.stringify(reply.changeFrom)}`);
  if (reply.addRecipients.length > 0) fields.push(`"add_rcpt":${strings(reply.addRecipients)}`);
  if (reply.removeRecipients.length > 0) fields.push(`"del_rcpt":${strings(reply.removeRecipients)}`);
  if (reply.rejectAs !== undefined) fields.push(`"reject":"${reply.rejectAs}"`);
  if (reply.spamHeader !== undefined) fields.push(`"spam_header":${JSON.stringify(reply.spamHeader)}`);
  if (reply.noAction) fields.push('"no_action":true');
  return `{${fields.join(',')}}`;
}
