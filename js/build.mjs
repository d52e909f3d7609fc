// Build the bundles that the widgets carry, one a family of results: NAME.js (ESM, minified) and NAME.css.
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const out = fileURLToPath(new URL("../nbtransformers/static/", import.meta.url));
const source = (path) => fileURLToPath(new URL(path, import.meta.url));

const BUNDLES = ["panel", "tokens", "vectors", "attention", "training", "runs", "models", "workbench"];
// A saved notebook may carry a copy of its bundle per widget instance, so size is a feature.
const LIMIT_BYTES = 150_000;

/** uPlot's styles without those of its legend and title: no chart of ours has them. */
const withoutLegend = {
  name: "without-legend",
  setup({ onLoad }) {
    onLoad({ filter: /uPlot\.min\.css$/ }, async ({ path }) => {
      const rules = (await readFile(path, "utf8")).split(/(?<=\})/);
      const kept = rules.filter((rule) => !/\.u-(legend|title|inline|series)/.test(rule));
      return { contents: kept.join(""), loader: "css" };
    });
  },
};

const shared = { bundle: true, minify: true, legalComments: "none", logLevel: "warning", outdir: out };

await mkdir(out, { recursive: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: BUNDLES.map((name) => source(`src/bundles/${name}.ts`)),
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    target: "es2022",
    // Plain ASCII: no host can mangle the bundle by guessing its encoding.
    charset: "ascii",
  }),
  build({
    ...shared,
    entryPoints: BUNDLES.map((name) => source(`src/bundles/${name}.css`)),
    plugins: [withoutLegend],
    target: ["chrome111", "firefox113", "safari16.4"],
  }),
]);

// What the licences of what is bundled ask for: their text goes with it.
const { dependencies } = JSON.parse(await readFile(source("package.json"), "utf8"));
const licences = Object.entries(dependencies).map(async ([name, version]) => {
  const text = await readFile(source(`node_modules/${name}/LICENSE`), "utf8");
  return `${name} ${version}\n\n${text.trim()}\n`;
});
await writeFile(`${out}LICENSES.txt`, (await Promise.all(licences)).join(`\n${"-".repeat(80)}\n\n`));

let failed = false;
for (const name of BUNDLES) {
  const sizes = await Promise.all(["js", "css"].map((kind) => stat(`${out}${name}.${kind}`)));
  const total = sizes.reduce((sum, { size }) => sum + size, 0);
  console.log(`${name.padEnd(10)} ${(total / 1000).toFixed(1)} kB of ${LIMIT_BYTES / 1000} kB`);
  if (total > LIMIT_BYTES) {
    console.error(`The bundle ${name} is over its limit.`);
    failed = true;
  }
}

// What must never be in it: code made from text, markup made from text, or anything fetched from elsewhere.
const forbidden = [/\beval\(/, /new Function\(/, /createObjectURL/, /https?:\/\/(?!www\.w3\.org\/)/];
for (const name of BUNDLES) {
  const code = await readFile(`${out}${name}.js`, "utf8");
  for (const pattern of forbidden) {
    if (pattern.test(code)) {
      console.error(`The bundle ${name} contains ${pattern}.`);
      failed = true;
    }
  }
}
if (failed) process.exit(1);
