/** Parses options in lines of requirements.txt, in pip's requirements file format. */

/** Options that are passed on to pip, because they access nothing. */
const flags = ['--pre', '--require-hashes'] as const;

export type RequirementFlag = (typeof flags)[number];

export type RequirementOption =
  | { readonly kind: 'requirements' | 'constraints'; readonly file: string }
  | { readonly kind: 'flag'; readonly flag: RequirementFlag }
  /** The package itself. */
  | { readonly kind: 'package' }
  | { readonly kind: 'refused' | 'ignored'; readonly reason: string };

const fromIndex =
  'packages come from the index that the operator of this platform configured: remove the line';
const alreadyPreferred = 'built packages are preferred here anyway';
const noEffect = 'it has no effect here';

/** All options that take a value, and how each is handled. */
const withValue: Readonly<Record<string, (value: string) => RequirementOption>> = {
  '--requirement': (file) => included('requirements', file),
  '--constraint': (file) => included('constraints', file),
  '--editable': (place) =>
    place === '.' || place === './'
      ? { kind: 'package' }
      : {
          kind: 'refused',
          reason:
            'packages must come from the package index by name: write the name and version, or import the code from the package',
        },
  '--index-url': (url) => ({
    kind: /^https:\/\/pypi\.org\/simple\/?$/.test(url) ? 'ignored' : 'refused',
    reason: fromIndex,
  }),
  '--extra-index-url': () => ({ kind: 'refused', reason: fromIndex }),
  '--find-links': () => ({ kind: 'refused', reason: fromIndex }),
  '--trusted-host': () => ({ kind: 'ignored', reason: noEffect }),
  '--only-binary': () => ({ kind: 'ignored', reason: alreadyPreferred }),
  '--no-binary': () => ({ kind: 'ignored', reason: alreadyPreferred }),
  '--use-feature': () => ({ kind: 'ignored', reason: noEffect }),
};

const withoutValue: Readonly<Record<string, RequirementOption>> = {
  '--no-index': { kind: 'refused', reason: fromIndex },
  '--prefer-binary': { kind: 'ignored', reason: alreadyPreferred },
  ...Object.fromEntries(flags.map((flag) => [flag, { kind: 'flag', flag }])),
};

const shortNames: Readonly<Record<string, string>> = {
  '-r': '--requirement',
  '-c': '--constraint',
  '-e': '--editable',
  '-i': '--index-url',
  '-f': '--find-links',
};

const unknown: RequirementOption = { kind: 'refused', reason: 'pip options are not supported here' };

function included(kind: 'requirements' | 'constraints', file: string): RequirementOption {
  if (file.includes('://'))
    return { kind: 'refused', reason: 'only files within the package can be included' };
  return { kind, file };
}

/** Splits an option from a value in the same word. */
function splitWord(word: string): { name: string; value: string | undefined } {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    return equals === -1
      ? { name: word, value: undefined }
      : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  }
  const rest = word.slice(2);
  const name = shortNames[word.slice(0, 2)] ?? word;
  return { name, value: rest === '' ? undefined : rest.startsWith('=') ? rest.slice(1) : rest };
}

function withoutQuotes(value: string): string {
  const quote = value.charAt(0);
  const isQuoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote);
  return isQuoted ? value.slice(1, -1) : value;
}

/**
 * @param line starts with a dash; without comments and surrounding spaces
 * @returns its options in order; the last one is a refusal if the line continues with something else
 */
export function readRequirementOptions(line: string): RequirementOption[] {
  const options: RequirementOption[] = [];
  const words = line.split(/[ \t]+/).values();
  for (const word of words) {
    const { name, value } = splitWord(word);
    const plain = Object.hasOwn(withoutValue, name) ? withoutValue[name] : undefined;
    const read = Object.hasOwn(withValue, name) ? withValue[name] : undefined;
    if (plain !== undefined && value === undefined) {
      options.push(plain);
      continue;
    }
    const given = value ?? (read === undefined ? undefined : words.next().value);
    if (read === undefined || given === undefined || given === '') return [...options, unknown];
    options.push(read(withoutQuotes(given)));
  }
  return options;
}
