#!/usr/bin/env node
/** The `chela` command. */
import { enableCompileCache } from 'node:module';
import path from 'node:path';

// With the compile cache, loading the program takes a third of the processor time. The cache contains code, so it must be
// in a folder that only the operator can write to. Node's default is a folder that all users share.
enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/chela-compiled'));
const { runProgram } = await import('./commands/program.ts');
await runProgram();
