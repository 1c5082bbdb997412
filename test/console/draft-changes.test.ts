import { expect, test } from 'vitest';
import { moveFile, removeFile, renameText } from '../../console/src/pages/workers/editor/draft-changes.ts';
import type { EditDraft } from '../../console/src/pages/workers/editor/edit-draft.ts';

const paths = ['logo.png', 'main.js'];
const untouched: EditDraft = { title: '', texts: {}, removed: [], renamed: {} };
const moved = moveFile(untouched, 'logo.png', 'images/logo.png');

test('a file that is not text is deleted under the path that it got', () => {
  expect(removeFile(moved, paths, 'images/logo.png')).toEqual({ ...untouched, removed: ['logo.png'] });
});

test('a file that gets its first path back has not changed', () => {
  expect(moveFile(moved, 'images/logo.png', 'logo.png')).toEqual(untouched);
});

test('a new file at the earlier path of another one is deleted or renamed without it', () => {
  const added = { ...moved, texts: { 'logo.png': 'a text' } };
  expect(removeFile(added, paths, 'logo.png')).toEqual(moved);
  expect(renameText(added, paths, { path: 'logo.png', next: 'logo.txt', text: 'a text' })).toEqual({
    ...moved,
    texts: { 'logo.txt': 'a text' },
  });
});

test('a text that is renamed is removed and added', () => {
  expect(renameText(untouched, paths, { path: 'main.js', next: 'index.js', text: '1' })).toEqual({
    ...untouched,
    texts: { 'index.js': '1' },
    removed: ['main.js'],
  });
});
