/** @returns whether there is an up-to-date build of the console now */
export function buildConsole(options?: { onBuild?: () => void }): boolean;
