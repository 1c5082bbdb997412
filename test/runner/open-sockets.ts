/** Number of open TCP and UDP sockets of this process. A socket that was just closed may still count for a moment. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(?:TCP|UDP)/.test(name)).length;
}
