/** The actions that the audit log records. */
export const auditActions = [
  'account.created',
  'account.changed',
  'account.set_up',
  'account.timezone_set',
  'api_key.created',
  'api_key.revoked',
  'balance.changed',
  'callback_secret.renewed',
  'callback_secret.removed',
  'file.deleted',
  'run.aborted',
  'session.begun',
  'session.all_ended',
  'worker.created',
  'worker.version_created',
  'worker.version_changed',
  'worker.changed',
  'worker.deleted',
  'worker.published',
  'worker.unpublished',
] as const;
export type AuditAction = (typeof auditActions)[number];
