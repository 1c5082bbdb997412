/** Why the platform ends a subtask before it ends by itself, and what its err_msg says of that. */
import { abortedMessage } from '../../runs/statuses.ts';

export type StopReason =
  | { readonly kind: 'abort' }
  | { readonly kind: 'limit'; readonly errMsg: string }
  | { readonly kind: 'runner stopped' };

export function stopMessage(reason: StopReason): string {
  switch (reason.kind) {
    case 'abort':
      return abortedMessage;
    case 'limit':
      return reason.errMsg;
    case 'runner stopped':
      return 'the runner was stopped while it executed the subtask';
    default:
      return reason satisfies never;
  }
}
