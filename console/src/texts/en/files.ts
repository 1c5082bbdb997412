/** The files of a version, and what changed between versions. */
export const files = {
  title: 'Files',
  changesTab: 'Changes',
  versionTitle: (version: string) => `Version ${version}`,
  backTo: (worker: string) => `Versions of ${worker}`,
  show: 'Files',
  compare: 'Compare',
  contentOf: (file: string) => `Content of ${file}`,
  changesOf: (file: string) => `Changes of ${file}`,
  truncated: 'This file is large. Only its first MiB is shown. Download the package for all of it.',
  binary: 'This file is not text. Download the package to open it.',
  binaryChanged: 'This file is not text, so its lines cannot be compared.',
  notListed: (count: number) =>
    count === 1 ? '1 more file is not listed' : `${count} more files are not listed`,
  compareWith: 'Compare with',
  onlyVersion: 'This is the only version.',
  oldestVersion: 'This is the oldest version. Choose another one to compare with.',
  noChanges: 'Both versions have the same files.',
  changedFiles: 'Changed files',
  changes: { added: 'Added', removed: 'Removed', changed: 'Changed' },
  dependencies: 'Dependencies',
  inputFields: 'Input fields',
};
