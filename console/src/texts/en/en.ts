/** English, and the shape of every other language. One file per part of the console. */
import { account } from './account.ts';
import { common } from './common.ts';
import { reference } from './reference.ts';
import { signIn } from './sign-in.ts';

export const en = { account, common, reference, signIn };
