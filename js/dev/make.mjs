// Write dev/out/index.html: the panel in one self-contained page, with a fake kernel behind it.
// Open it with ?case=NAME&theme=light|dark; without a case it shows them all.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const bundle = await build({
  entryPoints: [here("main.ts")],
  bundle: true,
  write: false,
  format: "iife",
  jsx: "automatic",
  jsxImportSource: "preact",
  target: "es2022",
});
const script = bundle.outputFiles[0].text.replaceAll("</script", "<\\/script");
const styles = await build({ entryPoints: [here("../src/index.css")], bundle: true, write: false });
const css = styles.outputFiles[0].text;

// The strictest policy that an inline script allows: what the panel does must not need more.
const policy = "default-src 'none'; script-src 'nonce-dev'; style-src 'nonce-dev'";
const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>nbtransformers panels</title>
<style nonce="dev">
body { margin: 0; padding: 16px; background: #fff; font: 13px system-ui, sans-serif; }
body.dark { background: #111418; color: #ddd; }
h2 { font-size: 12px; font-weight: 400; opacity: 0.6; margin: 18px 0 6px; }
${css}</style>
<body>
<script nonce="dev">${script}</script>
</html>
`;
await mkdir(here("out"), { recursive: true });
await writeFile(here("out/index.html"), html);
console.log("dev/out/index.html");
