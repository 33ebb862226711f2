import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { precompress } from './precompress.ts';

export default defineConfig({
    plugins: [react(), precompress()],
    build: {
        // Nothing inline: the page must work under `default-src 'self'`.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        chunkSizeWarningLimit: 1500,
    },
});
