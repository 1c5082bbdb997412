/** Set up before every test file: hashes of passwords take a millisecond, and contain their lower cost. */
import { costs } from '../../src/accounts/passwords.ts';

costs.logN = 10;
