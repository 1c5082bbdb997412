#!/usr/bin/env node
/** The `chela` command. */
import { enableCompileCache } from 'node:module';
import path from 'node:path';

// Loading the program takes a third of the processor time once it is compiled. The cache is code: it has to lie where only the
// operator can write, and Node's default is a folder that everybody shares.
enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/chela-compiled'));
const { runProgram } = await import('./commands/program.ts');
await runProgram();
