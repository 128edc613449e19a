/**
 * Bundle static/js and static/css into static/build/. `--watch` rebuilds on change.
 *
 * Names stay stable here: Django's manifest storage adds the content hash to the entries and to whatever they
 * import. Lazy parts carry esbuild's own hash, so that a chunk left over from an older build is never mixed in.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { context, build } from "esbuild";

const entryPoints = ["static/js/app.js", "static/css/app.css"].filter((path) => existsSync(path));

/** @type {import("esbuild").BuildOptions} */
const options = {
  entryPoints,
  outdir: "static/build",
  outbase: "static",
  entryNames: "[name]",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  format: "esm",
  splitting: true,
  minify: true,
  sourcemap: true,
  // The browsers of the last two years: light-dark(), :has(), dialog, popover are used as they are.
  target: ["chrome123", "firefox128", "safari17.5"],
  // Files named by url() in CSS are served by Django beside the bundle, not copied.
  external: ["*.svg", "*.woff2"],
  logLevel: "info",
  legalComments: "linked",
};

await rm("static/build", { recursive: true, force: true });
if (process.argv.includes("--watch")) {
  const watcher = await context({ ...options, minify: false });
  await watcher.watch();
} else {
  await build(options);
}
