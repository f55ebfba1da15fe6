/**
 * Bundles the command into `dist/cli`, as CommonJS: the loader of ES modules alone takes as long as a tenth of a start,
 * and some milliseconds more for each file. What is loaded on demand stays a file of its own, and so does what runs in
 * a worker. Packages stay outside, but for commander, which every start loads (finding a package takes as long as
 * reading it), and D3, which is of ES modules alone, that not every Node.js 20 lets CommonJS require.
 */
import { readFileSync } from 'node:fs';

import { defineConfig } from 'rolldown';
import { globSync } from 'tinyglobby';
import { loading } from './rolldown.loading.js';

/** What few inputs or options need, each in a chunk of its own that is loaded at its first use. */
const cold = {
  mdp3: /\/src\/(?:schema\/sbe|protocol\/mdp3)\//,
  'mdp3-session': /\/src\/session\/mdp3(?!-stream)/,
  pcapng: /\/src\/capture\/pcapng/,
  binaryfile: /\/src\/session\/binaryfile/,
  tcp: /\/src\/(?:session\/(?:soup|tcp-)|capture\/(?:tcp-|tunnel))/,
  inflate: /\/src\/io\/(?:gunzip|unzstd|zstd)/,
  // Calls of a system library, what writes captures, and what counts for a report.
  native: /\/src\/io\/native\//,
  written: /\/src\/(?:capture\/frame-writer|session\/moldudp64-builder|io\/(?:file-writer|text-file))/,
  figures: /\/src\/core\/(?:histogram|value-counts|exact-sum)/,
  index: /\/src\/(?:core|io|analysis)\/(?:seek-index|column-)/,
  codec: /\/src\/schema\/(?:batch-|block-|columns|count-|csv|encode|generate|interpret|object|partition|reference)/,
};
const isCold = (id) => Object.values(cold).some((part) => part.test(id));
/** Chunks that what uses them uses per message, and modules of Node.js that are there before any program. */
const eager = /^\.\/(?:base|rolldown-runtime|errors|text-buffer|time)-|^node:(?:events|fs|path|process|module|url)$/;

/** What is bundled brings its licence along; the files are CommonJS within a package of ES modules. */
function generateBundle(_options, bundle) {
  const modules = Object.values(bundle).flatMap((chunk) => Object.keys(chunk.modules ?? {}));
  const packages = new Set(modules.map((id) => /.*\/node_modules\/([^/]+)\//.exec(id)?.[1]));
  packages.delete(undefined);
  for (const name of packages) {
    const source = readFileSync(new URL(`./node_modules/${name}/LICENSE`, import.meta.url), 'utf8');
    this.emitFile({ type: 'asset', fileName: `${name}.LICENSE`, source });
  }
  this.emitFile({ type: 'asset', fileName: 'package.json', source: '{ "type": "commonjs" }\n' });
}

export default defineConfig({
  // Workers stand beside main.js, where `new URL('./x-worker.js', import.meta.url)` of any chunk finds them.
  input: ['src/cli/main.ts', ...globSync('src/**/*-worker.ts')],
  platform: 'node',
  preserveEntrySignatures: 'allow-extension',
  external: (id) => !/^(?:[./]|(?:commander|internmap|d3-\w+(?:-\w+)?)$)/.test(id),
  plugins: [{ name: 'notices', generateBundle }, loading((from) => !eager.test(from))],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  output: {
    dir: 'dist/cli',
    cleanDir: true,
    format: 'cjs',
    // Text of one byte a character is read and parsed faster.
    charset: 'ascii',
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        ...Object.entries(cold).map(([name, test]) => ({ name, test, minShareCount: 2 })),
        // What a dozen commands and workers share.
        { name: 'base', test: (id) => !isCold(id), minShareCount: 12 },
      ],
    },
    // Without comments and blanks, and with short names for variables of functions; names in stack traces stay.
    minify: { compress: false, mangle: { keepNames: true, toplevel: false }, codegen: true },
  },
});
