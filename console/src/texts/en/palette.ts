/** The command palette. */
export const palette = {
  open: 'Go to…',
  placeholder: 'Page, worker, task or run',
  pages: 'Pages',
  workers: 'Workers',
  tasks: 'Tasks',
  runs: 'Runs',
  nothing: 'No results',
  searching: 'Searching…',
};
