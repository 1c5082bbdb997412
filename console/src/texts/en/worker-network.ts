/** The hosts that a worker may connect to. */
export const workerNetwork = {
  title: 'Network access',
  limited: 'Only listed hosts',
  limitedHint: 'Connections to all other hosts are refused, in runs of every account. Off: any public host.',
  hosts: 'Allowed hosts',
  hostsHint:
    'One per line: a name (example.com), its subdomains (*.example.com), an address or a range (192.0.2.0/24). Add a port to allow only that one (example.com:443).',
  emptyList: 'The list is empty: the worker cannot connect to any host.',
  fromRuns: 'Propose from the last runs',
  fromPackage: 'Add hosts of the package',
  noRuns: 'There are no successful runs to propose hosts from.',
  runs: (count: number, text: string) =>
    count === 1 ? 'Hosts of your last successful run.' : `Hosts of your last ${text} successful runs.`,
  notComplete: 'They connected to more hosts than are listed.',
  apply: 'Apply',
  saved: 'Network access saved',
};
