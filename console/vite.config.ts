import react from '@vitejs/plugin-react';
import path from 'node:path';
import { defineConfig } from 'vite';
import { compressedCopies } from './compressed-copies.ts';

/** Where `npm run console` finds the API. */
const api = process.env['CHELA_URL'] ?? 'http://127.0.0.1:8080';

/** Small modules that many pages share: in a file each, they would be three times as many requests. */
const widelyShared = {
  name: 'shared',
  minShareCount: 10,
  test: /node_modules.(?:@mantine.(?:core|hooks)|@tabler|@floating-ui|@tanstack|use-sync-external-store)|console.src/,
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compressedCopies(path.join(import.meta.dirname, 'dist'))],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The Content-Security-Policy of the console allows no data: URL but for images.
    assetsInlineLimit: 0,
    // Most licenses demand that copies of the code carry their text.
    license: { fileName: 'THIRD-PARTY-LICENSES.md' },
    chunkSizeWarningLimit: 600,
    rolldownOptions: { output: { codeSplitting: { groups: [widelyShared] } } },
  },
  server: {
    proxy: Object.fromEntries(['/api', '/openapi.json', '/files', '/setup'].map((path) => [path, api])),
  },
});
