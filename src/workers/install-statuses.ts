/**
 * Statuses of the installation of a version's dependencies.
 *
 *     none        nothing to install
 *     waiting ──▶ installing ──▶ installed
 *        ▲             └───────▶ failed
 *        └── retried ──────────────┘
 */
export const installStatuses = ['none', 'waiting', 'installing', 'installed', 'failed'] as const;
export type InstallStatus = (typeof installStatuses)[number];
