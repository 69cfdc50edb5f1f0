/** Reports over HTTP: JSON, CSV and a page for printing, of the same rows. */
import { type Report, report, reportFileParams, reportParams, reportQuery } from '../../contract/store/index.ts';
import { bytes, type BytesReply, json, none, type Replier, type Router } from '../http/route.ts';
import { csvOf } from './csv.ts';
import { htmlOf, REPORT_CSP } from './html.ts';
import { makeReport } from './make.ts';

export function reportRoutes(route: Router, organisation: string): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/reports/:kind',
    auth: 'user',
    action: 'report.read',
    params: reportParams,
    query: reportQuery,
    reply: json(report),
    handler: (ctx) => ctx.commit(ctx.params.kind, (tx) => makeReport(tx, { kind: ctx.params.kind, query: ctx.query, user: ctx.user, organisation, nowMs: ctx.clock.nowMs() }), { detail: (r) => detailOf(r) }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/reports/:kind/:format',
    auth: 'user',
    action: 'report.download',
    params: reportFileParams,
    query: reportQuery,
    reply: file,
    handler: async (ctx) => {
      const { kind, format } = ctx.params;
      const made = await ctx.commit(`${kind}.${format}`, (tx) => makeReport(tx, { kind, query: ctx.query, user: ctx.user, organisation, nowMs: ctx.clock.nowMs() }), { detail: (r) => detailOf(r) });
      const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
      const name = `${kind.replaceAll('_', '-')}-${day(ctx.query.from_ms)}-${day(ctx.query.to_ms)}`;
      return format === 'csv'
        ? { contentType: 'text/csv; charset=utf-8; header=present', fileName: `${name}.csv`, body: Buffer.from(csvOf(made)) }
        : { contentType: 'text/html; charset=utf-8', body: Buffer.from(htmlOf(made)) };
    },
  });
}

/** A page's own policy lets it use its own style, and nothing else. */
const file: Replier<BytesReply> = (reply, result) => bytes(result.contentType.startsWith('text/html') ? reply.header('content-security-policy', REPORT_CSP) : reply, result);

const detailOf = (r: Report): string => `${JSON.stringify(r.basis.query)} ${r.rows.length} rows, log ${r.basis.log.size}`;
