/** @returns whether there is an up-to-date build of the program now */
export function buildServer(options?: { onBuild?: () => void }): boolean;
