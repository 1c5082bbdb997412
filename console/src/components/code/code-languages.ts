/** Highlighting by the name of a file. Each language is loaded when its first file is opened. */
import type { Extension } from '@codemirror/state';

type Load = () => Promise<Extension>;

const script: Load = async () => (await import('@codemirror/lang-javascript')).javascript();
const typedScript: Load = async () =>
  (await import('@codemirror/lang-javascript')).javascript({ typescript: true });
const python: Load = async () => (await import('@codemirror/lang-python')).python();
const json: Load = async () => (await import('@codemirror/lang-json')).json();
const markdown: Load = async () => (await import('@codemirror/lang-markdown')).markdown();

const byEnding: Readonly<Record<string, Load>> = {
  js: script,
  cjs: script,
  mjs: script,
  jsx: script,
  ts: typedScript,
  cts: typedScript,
  mts: typedScript,
  py: python,
  pyi: python,
  json,
  md: markdown,
};

/** @returns no extension for other files */
export async function languageOf(file: string): Promise<Extension> {
  const ending = file.slice(file.lastIndexOf('.') + 1).toLowerCase();
  return Object.hasOwn(byEnding, ending) ? ((await byEnding[ending]?.()) ?? []) : [];
}
