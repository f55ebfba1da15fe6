/**
 * Bundles the command into `dist/cli`: from some thirty files instead of two hundred Node.js is up in half the time.
 * What is loaded on demand stays a file of its own, and so does what runs in a worker; packages stay outside, but for
 * commander, which every start loads: finding a package takes as long as reading it.
 */
import { readFileSync } from 'node:fs';

import { defineConfig } from 'rolldown';
import { globSync } from 'tinyglobby';

/** What is bundled brings its licence along. */
function generateBundle() {
  const source = readFileSync(new URL('./node_modules/commander/LICENSE', import.meta.url), 'utf8');
  this.emitFile({ type: 'asset', fileName: 'commander.LICENSE', source });
}

export default defineConfig({
  // Workers stand beside main.js, where `new URL('./x-worker.js', import.meta.url)` of any chunk finds them.
  input: ['src/cli/main.ts', ...globSync('src/**/*-worker.ts')],
  platform: 'node',
  external: (id) => !/^(?:[./]|commander$)/.test(id),
  plugins: [{ name: 'notices', generateBundle }],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  output: {
    dir: 'dist/cli',
    cleanDir: true,
    chunkFileNames: '[name]-[hash].js',
    // Without comments and blanks; names stay, for stack traces.
    minify: { compress: false, mangle: false, codegen: true },
  },
});
