/** The settings of a worker. */
export const workerSettings = {
  saved: 'The settings were saved',
  chooseIcon: 'Choose icon',
  removeIcon: 'Remove icon',
  iconHint: 'PNG, JPEG, GIF or WebP of at most 256 KiB',
  iconTooLarge: 'The image is larger than 256 KiB.',
  description: 'Description',
  descriptionHint: 'Shown in the store and above the form.',
  noCategory: 'None',
  public: 'In the store',
  publicHint: 'Everybody on this installation may run it.',
  delete: 'Delete worker',
  deleteTitle: 'Delete this worker',
  deleteText:
    'It disappears with its versions, its tasks cannot run any more, and its name is free. Its runs stay readable.',
  typeToDelete: (path: string) => `Type ${path} to confirm`,
  deleted: (path: string) => `${path} was deleted`,
};
