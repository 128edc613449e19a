/**
 * Bundle static/js and static/css into static/build/. `--watch` rebuilds on change, `--out DIR` writes elsewhere.
 *
 * A page loads one script and one style sheet (what a shared link shows has a small script of its own); Django's manifest storage adds the content hash to their names.
 * Heavy parts that few pages need are bundles of their own, fetched by import() when first needed; they carry
 * esbuild's hash, so that one left over from an older build is never mixed in. Such a part shares no module with the
 * page: what it imports is copied into it, so it may import functions, but nothing that holds state.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { build, context } from "esbuild";

const at = process.argv.indexOf("--out");
const outdir = at === -1 ? "static/build" : process.argv[at + 1];
const watch = process.argv.includes("--watch");

const pages = ["static/js/app.js", "static/js/reader.js", "static/css/app.css"].filter((path) => existsSync(path));
const lazy = ["markdown/engine", "markdown/highlight", "markdown/katex", "body/editor", "diff/words", "structured/validator"].map((name) => `static/js/${name}.js`);

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
  entryPoints: lazy,
  entryNames: "chunks/[name]-[hash]",
  metafile: true,
});
/** Source of a lazy part → its bundle, as the page's script names it. */
const bundles = new Map(
  Object.entries(metafile.outputs)
    .filter(([, output]) => output.entryPoint)
    .map(([path, output]) => [resolve(output.entryPoint), `./${relative(outdir, path)}`]),
);

/** @type {import("esbuild").Plugin} */
const fetchedWhenNeeded = {
  name: "fetched-when-needed",
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== "dynamic-import") return undefined;
      const bundle = bundles.get(resolve(resolveDir, path));
      return bundle ? { path: bundle, external: true } : { errors: [{ text: `${path} is not in the list of lazy parts` }] };
    });
  },
};

const options = { ...common, entryPoints: pages, entryNames: "[name]", plugins: [fetchedWhenNeeded] };
if (watch) await (await context(options)).watch();
else await build(options);
