/**
 * Bundle static/js and static/css into static/build/. `--watch` rebuilds on change, `--out DIR` writes elsewhere.
 *
 * A page names one script and one style sheet (what a shared link shows has a small script of its own, pages around the
 * workbench have a second style sheet, some a third); Django's manifest storage adds the content hash to their names. What few pages need is fetched by import() when first needed, under a name
 * with esbuild's hash, so that one left over from an older build is never mixed in. There are two kinds:
 *
 * - a behaviour of the page (static/js/parts.js) shares its modules, and so their state, with the page;
 * - a heavy bundle (`heavy` below) shares no module with the page: what it imports is copied into it, so it may import
 *   functions, but nothing that holds state.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { build, context } from "esbuild";

const at = process.argv.indexOf("--out");
const outdir = at === -1 ? "static/build" : process.argv[at + 1];
const watch = process.argv.includes("--watch");

const app = "static/js/app.js";
const pages = ["static/js/reader.js", "static/css/app.css", "static/css/around.css", "static/css/counting.css", "static/css/reading.css"].filter((path) => existsSync(path));
const heavy = ["markdown/engine", "markdown/highlight", "markdown/katex", "body/editor", "diff/words", "structured/validator"].map((name) => `static/js/${name}.js`);

/** @type {import("esbuild").BuildOptions} */
const common = {
  outdir,
  bundle: true,
  format: "esm",
  minify: !watch,
  sourcemap: true,
  // The browsers of the last two years: light-dark(), :has(), dialog, popover are used as they are.
  target: ["chrome123", "firefox128", "safari17.5"],
  // Files named by url() in CSS are served by Django beside the bundle, not copied.
  external: ["*.svg", "*.woff2"],
  legalComments: "linked",
  logLevel: "info",
};

await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  ...common,
  entryPoints: heavy,
  entryNames: "chunks/[name]-[hash]",
  metafile: true,
});
/** Source of a heavy bundle → the bundle's path. */
const bundles = new Map(
  Object.entries(metafile.outputs)
    .filter(([, output]) => output.entryPoint)
    .map(([path, output]) => [resolve(output.entryPoint), relative(outdir, path)]),
);

/**
 * Leave heavy bundles outside, named as a file in `folder` names them.
 * @param {string} folder below `outdir` @param {(source: string) => import("esbuild").OnResolveResult} other what any other import() is
 * @returns {import("esbuild").Plugin}
 */
function fetchedWhenNeeded(folder, other) {
  return {
    name: "fetched-when-needed",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== "dynamic-import") return undefined;
        const source = resolve(resolveDir, path);
        const bundle = bundles.get(source);
        return bundle ? { path: `./${relative(folder, bundle)}`, external: true } : other(source);
      });
    },
  };
}

/**
 * Every behaviour that is fetched later imports the whole page first: what it shares with the page is there already, and
 * esbuild puts all of the page into one chunk, not into one for each set of behaviours that share a module.
 * @type {import("esbuild").Plugin}
 */
const afterThePage = {
  name: "after-the-page",
  setup({ onLoad }) {
    onLoad({ filter: /./, namespace: "part" }, ({ path }) => ({
      contents: `import ${JSON.stringify(resolve(app))};\nexport * from ${JSON.stringify(path)};`,
      resolveDir: dirname(path),
    }));
  },
};

/** @type {import("esbuild").BuildOptions[]} */
const builds = [
  {
    ...common,
    entryPoints: [app],
    entryNames: "[name]",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    // All code stands in chunks: app.js only names the first one.
    plugins: [fetchedWhenNeeded("chunks", (path) => ({ path, namespace: "part" })), afterThePage],
  },
  {
    ...common,
    entryPoints: pages,
    entryNames: "[name]",
    plugins: [fetchedWhenNeeded(".", (path) => ({ errors: [{ text: `${path} is not in the list of heavy bundles` }] }))],
  },
];
for (const options of builds) {
  if (watch) await (await context(options)).watch();
  else await build(options);
}
