/**
 * States of an account.
 *
 *     keys_only ──▶ invited ──▶ active
 *        its keys work    a set-up link     it has a password
 *                         was made
 *
 * Any of them may be disabled, and enabled again.
 */
export const accountStates = ['keys_only', 'invited', 'active', 'disabled'] as const;
export type AccountState = (typeof accountStates)[number];
