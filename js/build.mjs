// Build the one bundle that the widget carries: panel.js (ESM, minified) and panel.css.
import { mkdir, readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const out = fileURLToPath(new URL("../nbtransformers/static/", import.meta.url));
const source = (path) => fileURLToPath(new URL(path, import.meta.url));

// A saved notebook may carry one copy per widget instance, so size is a feature.
const LIMIT_BYTES = 150_000;

const shared = { bundle: true, minify: true, legalComments: "none", logLevel: "warning", target: "es2022" };

await mkdir(out, { recursive: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: [source("src/index.ts")],
    outfile: `${out}panel.js`,
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    // Plain ASCII: no host can mangle the bundle by guessing its encoding.
    charset: "ascii",
  }),
  build({
    ...shared,
    entryPoints: [source("src/index.css")],
    outfile: `${out}panel.css`,
    target: ["chrome111", "firefox113", "safari16.4"],
  }),
]);

let total = 0;
for (const name of ["panel.js", "panel.css"]) {
  const { size } = await stat(out + name);
  total += size;
  console.log(`${name.padEnd(10)} ${(size / 1000).toFixed(1)} kB`);
}
console.log(`${"together".padEnd(10)} ${(total / 1000).toFixed(1)} kB of ${LIMIT_BYTES / 1000} kB`);
if (total > LIMIT_BYTES) {
  console.error("The bundle is over its limit.");
  process.exit(1);
}

// What must never be in it: code made from text, markup made from text, or anything fetched from elsewhere.
const code = await readFile(`${out}panel.js`, "utf8");
const forbidden = [/\beval\(/, /new Function\(/, /createObjectURL/, /https?:\/\/(?!www\.w3\.org\/)/];
for (const pattern of forbidden) {
  if (pattern.test(code)) {
    console.error(`The bundle contains ${pattern}.`);
    process.exit(1);
  }
}
