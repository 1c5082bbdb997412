/** The settings of a worker. */
export const workerSettings = {
  saved: 'Settings saved',
  chooseIcon: 'Choose icon',
  removeIcon: 'Remove icon',
  iconHint: 'PNG, JPEG, GIF or WebP, up to 256 KiB',
  iconTooLarge: 'The image is larger than 256 KiB.',
  description: 'Description',
  descriptionHint: 'Shown in the store and above the form.',
  noCategory: 'None',
  public: 'Public in the store',
  publicHint: 'Everyone on this installation can run it.',
  delete: 'Delete worker',
  deleteTitle: 'Delete this worker',
  deleteText:
    'Deletes the worker and its versions. Its tasks can no longer run. Its runs stay readable, and its name can be used again.',
  typeToDelete: (path: string) => `Type ${path} to confirm`,
  deleted: (path: string) => `${path} deleted`,
};
