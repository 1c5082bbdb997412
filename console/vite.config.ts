import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run console` finds the API. */
const api = process.env['CHELA_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The Content-Security-Policy of the console allows no data: URL but for images.
    assetsInlineLimit: 0,
    // Most licenses demand that copies of the code carry their text.
    license: { fileName: 'THIRD-PARTY-LICENSES.md' },
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: Object.fromEntries(['/api', '/openapi.json', '/files', '/setup'].map((path) => [path, api])),
  },
});
