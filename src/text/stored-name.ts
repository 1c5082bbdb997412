/** Names that workers choose for what they store: files, stores and keys. */

/** Control characters, which no name needs and which confuse terminals and headers. */
const control = /\p{Cc}/u;

interface NameRules {
  /** What the name is for, such as `file name`. */
  readonly subject: string;
  /** Maximum length in UTF-8. */
  readonly bytes: number;
  /** Whether `/` may separate parts. */
  readonly hasFolders: boolean;
}

/** @returns what is wrong with a name; undefined if it is valid */
export function nameProblem(name: string, { subject, bytes, hasFolders }: NameRules): string | undefined {
  if (name === '') return `the ${subject} is empty`;
  const length = Buffer.byteLength(name);
  if (length > bytes) return `the ${subject} has ${length} bytes in UTF-8: the limit is ${bytes}`;
  if (!name.isWellFormed()) return `the ${subject} contains half of a surrogate pair`;
  if (control.test(name)) return `the ${subject} contains a control character`;
  const parts = name.split('/');
  if (!hasFolders && parts.length > 1) return `the ${subject} must not contain /`;
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    return `the ${subject} must not have an empty part, . or ..`;
  return undefined;
}
