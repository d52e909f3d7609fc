// A page loads the styles of all panels that it shows: no class means one thing in one of them and another elsewhere.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = join(import.meta.dirname, "..", "src");
/** Classes that a second sheet adds to, alike wherever they are. */
const ADDED_TO = new Set(["nbt-facts", "nbt-labels-name"]);

/** A sheet and all that it imports. */
function sheetsOf(path: string): string[] {
  const imports = [...readFileSync(join(SRC, path), "utf8").matchAll(/@import "\.{1,2}\/(.+?)"/g)];
  return [path, ...imports.flatMap(([, name]) => sheetsOf(name as string))];
}

function selectorsOf(path: string): string[] {
  const rules = readFileSync(join(SRC, path), "utf8").replace(/\/\*.*?\*\//gs, "");
  return [...rules.matchAll(/([^{};]+)\{/g)]
    .map(([, found]) => (found as string).trim())
    .filter((found) => !found.startsWith("@"))
    .flatMap((found) => found.split(/,(?![^(]*\))/).map((one) => one.trim()));
}

const classesIn = (selector: string) =>
  [...selector.matchAll(/\.(nbt-[\w-]+)/g)].map(([, name]) => name as string);

/** The classes that a sheet gives looks to wherever they stand: nothing else is told of the element. */
function anywhere(path: string): Set<string> {
  const alone = selectorsOf(path).map((one) =>
    /^\.nbt-live (?:\w*\.[\w-]+(?:[[:][^ ]*)?|:is\([^)]*\))$/.exec(one),
  );
  return new Set(
    alone.flatMap((found) => (found ? classesIn(found[0]) : [])).filter((name) => name !== "nbt-live"),
  );
}

const bundles = readdirSync(join(SRC, "bundles")).filter((name) => name.endsWith(".css"));
const sheets = [...new Set(bundles.flatMap((name) => sheetsOf(`bundles/${name}`)))];
const ruledBy = new Map<string, string[]>();
for (const sheet of sheets)
  for (const name of anywhere(sheet)) ruledBy.set(name, [...(ruledBy.get(name) ?? []), sheet]);

describe("a class", () => {
  it("has its looks from one sheet", () => {
    expect(ruledBy.size).toBeGreaterThan(200);
    const torn = [...ruledBy].filter(([name, by]) => by.length > 1 && !ADDED_TO.has(name));
    expect(Object.fromEntries(torn)).toEqual({});
  });

  it.each(bundles)("of %s has no looks from the sheet of another bundle", (bundle) => {
    const own = sheetsOf(`bundles/${bundle}`);
    const used = new Set(own.flatMap(selectorsOf).flatMap(classesIn));
    const foreign = [...ruledBy].filter(
      ([name, by]) => used.has(name) && !by.some((one) => own.includes(one)),
    );
    expect(Object.fromEntries(foreign)).toEqual({});
  });
});
