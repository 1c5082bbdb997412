/** Checks an unpacked worker package. Errors block the upload; warnings are shown to its author. */
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { decodeText, withoutByteOrderMark } from '../text/decoded-text.ts';
import { Findings, quoted, type Finding } from './findings.ts';
import { inputSchemaFile, inspectInputSchema, type InputSchema } from './input-schema.ts';
import type { Language } from './languages.ts';
import { inspectOutputSchema, outputSchemaFile, type OutputSchema } from './output-schema.ts';
import {
  checkNodeDependencies,
  checkNodeVersion,
  checkPythonVersion,
  manifestFile,
  nodeDependencies,
  pythonDependencies,
  readManifest,
} from './package-dependencies.ts';
import { readNetworkFile } from './network-file.ts';
import { findEntry, inspectGoEntry } from './package-entry.ts';
import { readSources } from './package-sources.ts';
import { isPackageFile, readPackageBytes, readPackageText } from './package-text.ts';
import { reachedSources } from './run-sources.ts';
import { checkSdkFiles } from './sdk-files.ts';
import { inspectSources } from './source-check.ts';

export interface PackageReport {
  readonly language: Language;
  /** Path of the file to run, below the package root. */
  readonly entry: string;
  /** input_schema.json verbatim, including a byte order mark; a schema without fields if the package has none. */
  readonly inputSchemaText: string;
  readonly inputSchema: InputSchema;
  readonly outputSchema: OutputSchema | undefined;
  /** Empty if there is none. */
  readonly readme: string;
  readonly warnings: Finding[];
  /** Hosts of network.json; undefined if there is none. */
  readonly declaredHosts: string[] | undefined;
  /** Whether there is anything to install before the first run. */
  readonly declaredDependencies: boolean;
}

const schemaLimitBytes = 1024 * 1024;
const readmeLimitBytes = 1024 * 1024;

/** The input schema of a package without input_schema.json. */
const noFields = JSON.stringify({ properties: [] } satisfies InputSchema);

async function readReadme(dir: string, findings: Findings): Promise<string> {
  const names = (await readdir(dir)).filter((name) => name.toLowerCase() === 'readme.md');
  const file = names.includes('README.md') ? 'README.md' : (names[0] ?? 'README.md');
  const bytes = await readPackageBytes(dir, file, readmeLimitBytes + 1);
  // PostgreSQL text cannot contain NUL.
  const shown = bytes?.subarray(0, readmeLimitBytes);
  const decoded = shown === undefined ? '' : withoutByteOrderMark(decodeText(shown, { lenient: true }));
  const text = decoded.replaceAll('\0', '\uFFFD').trim();
  if (text === '') findings.warn(file, bytes === undefined ? 'is missing' : 'is empty');
  if ((bytes?.length ?? 0) > readmeLimitBytes) {
    findings.warn(file, `is larger than ${readmeLimitBytes} bytes; the rest is not shown`);
  }
  return text;
}

async function readInputSchema(dir: string, findings: Findings): Promise<{ text: string; schema: unknown }> {
  const text = await readPackageText(dir, inputSchemaFile, schemaLimitBytes, findings);
  if (text !== undefined) return { text, schema: inspectInputSchema(text, findings) };
  const found = await lstat(path.join(dir, inputSchemaFile)).catch(() => undefined);
  if (found !== undefined) {
    if (!found.isFile()) findings.error(inputSchemaFile, 'is not a file');
    return { text: '', schema: undefined };
  }
  findings.warn(inputSchemaFile, 'is missing, so the worker has no input fields');
  return { text: noFields, schema: JSON.parse(noFields) };
}

async function readOutputSchema(dir: string, findings: Findings): Promise<unknown> {
  const text = await readPackageText(dir, outputSchemaFile, schemaLimitBytes, findings);
  if (text !== undefined) return inspectOutputSchema(text, findings);
  if (!(await isPackageFile(dir, outputSchemaFile))) {
    findings.warn(outputSchemaFile, 'is missing, so the columns are unknown until rows arrive');
  }
  return undefined;
}

/** @returns whether the package asks for a runtime that has to be found before its first run */
async function checkRuntime(
  dir: string,
  { language, entry }: Pick<PackageReport, 'language' | 'entry'>,
  findings: Findings,
): Promise<boolean> {
  switch (language) {
    case 'node':
      return checkNodeVersion(dir, entry, findings);
    case 'python':
      return checkPythonVersion(dir, findings);
    case 'go':
      return false;
    default:
      return language satisfies never;
  }
}

/**
 * Checks an unpacked package.
 * @param dir its root
 * @param findings may contain earlier findings; the report has all warnings
 * @throws ChelaError INVALID_ARGUMENT with every error in its details
 */
export async function checkPackage(dir: string, findings = new Findings()): Promise<PackageReport> {
  const manifest = await readManifest(dir, findings);
  const found = await findEntry(dir, manifest, findings);
  const input = await readInputSchema(dir, findings);
  const outputSchema = await readOutputSchema(dir, findings);
  const readme = await readReadme(dir, findings);
  const declaredHosts = await readNetworkFile(dir, findings);
  const python = found?.language === 'python' ? await pythonDependencies(dir, findings) : undefined;
  const dependencies = python?.names ?? nodeDependencies(manifest);
  if (found?.language === 'node' && manifest !== undefined) await checkNodeDependencies(dir, findings);
  const asksForRuntime = found !== undefined && (await checkRuntime(dir, found, findings));
  const sources = found === undefined ? [] : await readSources(dir, found.language);
  if (found !== undefined) {
    const reached = reachedSources(sources, found.entry, found.language);
    await checkSdkFiles({ dir, language: found.language, reached, dependencies }, findings);
  }
  findings.throwErrors();
  if (found === undefined) throw new Error(`neither an entry file nor an error was found in ${quoted(dir)}`);

  const { language, entry } = found;
  const columns = outputSchema as OutputSchema | undefined;
  if (language === 'go') await inspectGoEntry(dir, entry, findings);
  inspectSources(
    {
      sources,
      entry,
      language,
      dependencies,
      dependencyFile: python?.file ?? manifestFile,
      columns: columns === undefined ? undefined : new Set(columns.map(({ name }) => name)),
    },
    findings,
  );
  return {
    language,
    entry,
    inputSchemaText: input.text,
    inputSchema: input.schema as InputSchema,
    outputSchema: columns,
    readme,
    warnings: findings.warnings,
    declaredHosts,
    declaredDependencies: asksForRuntime || (language !== 'go' && dependencies.size > 0),
  };
}
