/** What every way of publishing a version has in common: its audit entry and its answer. */
import type { FastifyRequest } from 'fastify';
import type { Accounts, AuditEvent } from '../../accounts/accounts.ts';
import type { PublishedVersion } from '../../workers/workers.ts';
import { actorOf } from '../authentication.ts';

function publishedShape({ slug, path, version, isCurrent, warnings }: PublishedVersion) {
  return { slug, path, version, is_current: isCurrent, warnings: [...warnings] };
}

/**
 * Records a publication in the audit log.
 * @param details of the audit entry, beside the version
 * @returns the data of the answer
 */
export async function recordPublication(
  request: FastifyRequest,
  accounts: Accounts,
  action: AuditEvent['action'],
  published: PublishedVersion,
  details: AuditEvent['details'] = {},
) {
  const { path: subject, version } = published;
  await accounts.audit.record(actorOf(request), { action, subject, details: { version, ...details } });
  return publishedShape(published);
}
